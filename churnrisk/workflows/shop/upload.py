"""Score a file that came over HTTP in a process of its own, within bounds of memory and time.

Whoever sends a file is not trusted with the process that serves others: a file that makes a reader eat memory or hang
ends its own process, and no other. Started as ``python -m churnrisk.workflows.shop.upload``; the task is JSON on
standard input, and what comes of it are files in the folder of the upload.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from churnrisk import errors
from churnrisk.errors import ChurnriskError, LimitExceeded
from churnrisk.learning import Valuation
from churnrisk.orders import IntakeOptions

MEMORY = 2 * 2**30
UPLOAD, CONTENT, FACTS, FAILURE = "upload", "content", "facts.json", "failure.json"


@dataclass(frozen=True)
class Uploaded:
    """Scores of a file: the whole answer, and how many of each risk are in it."""

    content: bytes
    by_risk: Mapping[str, int]


def score_upload(
    body: bytes,
    *,
    models_dir: Path,
    options: IntakeOptions,
    valuation: Valuation,
    answer: Literal["json", "csv"],
    most_rows: int,
    seconds: float,
    **how: Any,
) -> Uploaded:
    """Score the customers of a file as ``churnrisk score`` does.

    Parameters
    ----------
    body : bytes
        The file, in any form that a source of purchases may have.
    models_dir : Path
        Folder of the stored models.
    options : IntakeOptions
        How to read it.
    valuation : Valuation
        Margin and discount rate.
    answer : {"json", "csv"}
        The form of the answer.
    most_rows : int
        More rows are refused.
    seconds : float
        How long it may take.
    **how
        ``as_of, by, reasons, top`` of :func:`churnrisk.workflows.score_source`.

    Raises
    ------
    ChurnriskError
        What the command would say.
    """
    with tempfile.TemporaryDirectory(prefix="churnrisk-upload-") as name:
        folder = Path(name)
        (folder / UPLOAD).write_bytes(body)
        plain = asdict(replace(options, rejects=None, threads=1))
        task = {
            "folder": name,
            "models_dir": str(models_dir.resolve()),
            "options": plain,
            "valuation": asdict(valuation),
        }
        code = _run(
            {**task, "valuation": asdict(valuation), "answer": answer, "most_rows": most_rows, "how": how}, seconds
        )
        if code == 0:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            return Uploaded((folder / CONTENT).read_bytes(), facts["by_risk"])
        raise _explain(folder, code)


def _run(task: Mapping[str, Any], seconds: float) -> int:
    command = [sys.executable, "-P", "-m", "churnrisk.workflows.shop.upload"]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, input=json.dumps(task).encode(), capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise LimitExceeded(f"to read and score the file took more than {seconds:.0f} seconds; send less.") from None
    return done.returncode


def _explain(folder: Path, code: int) -> Exception:
    """Give what the end of the process means."""
    failure = folder / FAILURE
    if code == 2 and failure.exists():
        found = json.loads(failure.read_text(encoding="utf-8"))
        kind = getattr(errors, found["kind"], ChurnriskError)
        error: ChurnriskError = kind(found["message"])
        return error
    if code < 0:
        died = f"the process that read the file died by {signal.Signals(-code).name}"
        return LimitExceeded(f"{died}; it may use {MEMORY // 2**20} MiB of memory. Send less.")
    return RuntimeError(f"the process that scores files ended with {code}")


def main() -> int:
    """Score one file; the exit code is 0, or 2 where ``failure.json`` says why not."""
    task = json.loads(sys.stdin.buffer.read())
    folder = Path(task["folder"])
    for which, bound in ((resource.RLIMIT_DATA, MEMORY), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(which)
        resource.setrlimit(which, (bound if hard == resource.RLIM_INFINITY else min(bound, hard), hard))
    try:
        _score(task, folder)
    except ChurnriskError as error:
        said = {"kind": type(error).__name__, "message": str(error)}
        (folder / FAILURE).write_text(json.dumps(said), encoding="utf-8")
        return 2
    except MemoryError:
        said = {"kind": "LimitExceeded", "message": f"it needs more than {MEMORY // 2**20} MiB of memory; send less."}
        (folder / FAILURE).write_text(json.dumps(said), encoding="utf-8")
        return 2
    return 0


def _score(task: Mapping[str, Any], folder: Path) -> None:
    from churnrisk.tables import to_csv
    from churnrisk.workflows.model import load
    from churnrisk.workflows.scoring import describe_scores, score_source

    model = load(models_dir=task["models_dir"])
    how = dict(task["how"])
    if model.model.sample is None:
        how["reasons"] = "none"
    result = score_source(
        model,
        folder / UPLOAD,
        options=IntakeOptions(**task["options"]),
        valuation=Valuation(**task["valuation"]),
        **how,
    )
    rows = result.intake["customers"]["rows_in"]
    if rows > task["most_rows"]:
        raise LimitExceeded(f"the file has {rows} rows, and one request may have {task['most_rows']}; send several.")
    if task["answer"] == "csv":
        content = to_csv(result.table)
    else:
        content = json.dumps(describe_scores(model, result), ensure_ascii=False, allow_nan=False)
    (folder / CONTENT).write_bytes(content.encode())
    by_risk = {risk: result.scores.count("risk", risk) for risk in ("high", "medium", "low")}
    (folder / FACTS).write_text(json.dumps({"by_risk": by_risk}), encoding="utf-8")


if __name__ == "__main__":
    from churnrisk.workflows.shop import upload  # the classes of this module, and not a second copy of them

    sys.exit(upload.main())
