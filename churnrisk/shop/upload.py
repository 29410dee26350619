"""Score a file that came over HTTP in a process of its own, within bounds of memory and time.

Whoever sends a file is not trusted with the process that serves others: a file that makes a reader eat memory or hang
ends its own process, and no other. Every file has a fresh one. To start an interpreter and load the libraries takes
longer than most files do, so a fork server does that once: it is started by the first upload, never sees a file itself,
and gives each upload a copy of itself, which dies with it. The copy loads the model, then gives up what it no longer
needs (other files, the network, where it can its user id: see :mod:`churnrisk.confine`), and only then opens the file.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from churnrisk import errors
from churnrisk.confine import Reach, choose_user, confine, hand_over, keep_environment
from churnrisk.errors import ChurnriskError, LimitExceeded, ModelNotFound, NoModel
from churnrisk.forecast import Valuation
from churnrisk.orders import IntakeOptions
from churnrisk.schema import RISKS
from churnrisk.sources import tell_kind

MEMORY = 2 * 2**30
UPLOAD, CONTENT, FACTS, FAILURE = "upload", "content", "facts.json", "failure.json"
LOADED = (
    "__main__",
    "churnrisk.shop.upload",
    "churnrisk.workflows.scoring",
    "churnrisk.learning.estimators",
    "duckdb",
    "joblib",
)
"""What the fork server loads; none of it starts a thread by that, which would not survive a fork."""


@dataclass(frozen=True)
class Uploaded:
    """Scores of a file: the whole answer, and how many of each risk are in it."""

    content: bytes
    by_risk: Mapping[str, int]


@dataclass(frozen=True)
class Task:
    """What a process is told: the parameters of :func:`score_upload`, and the folder that the file is in."""

    folder: Path
    models_dir: Path
    options: IntakeOptions
    valuation: Valuation
    answer: Literal["json", "csv"]
    most_rows: int
    seconds: float
    how: Mapping[str, Any]
    user: int | None


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
        folder = Path(name).resolve()
        (folder / UPLOAD).write_bytes(body)
        user = choose_user(folder)
        if user is not None:
            hand_over(user, folder, folder / UPLOAD)
        options = replace(options, engine=None, keep=None, rejects=None, threads=1)
        code = _run(Task(folder, models_dir.resolve(), options, valuation, answer, most_rows, seconds, how, user))
        if code == 0:
            return Uploaded(_read(folder / CONTENT), json.loads(_read(folder / FACTS))["by_risk"])
        raise _explain(folder, code)


def _run(task: Task) -> int:
    """Do a task in a process of its own, and give its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LOADED))
    process = context.Process(target=work, args=(task,), daemon=True)
    process.start()
    try:
        process.join(task.seconds)
        if process.exitcode is None:
            raise LimitExceeded(f"to read and score the file took more than {task.seconds:.0f} seconds; send less.")
        return process.exitcode
    finally:
        process.kill()
        process.join()
        process.close()


def _explain(folder: Path, code: int) -> Exception:
    """Return what the end of the process means."""
    failure = folder / FAILURE
    if code == 2 and failure.exists():
        found = json.loads(_read(failure))
        known = {kind.__name__: kind for kind in vars(errors).values() if isinstance(kind, type)}
        word = found.get("code") if found.get("code") in errors.CODES else None
        error: ChurnriskError = known.get(found["kind"], ChurnriskError)(found["message"], code=word)
        return error
    if code < 0:
        died = f"the process that read the file died by {signal.Signals(-code).name}"
        return LimitExceeded(f"{died}; it may use {MEMORY // 2**20} MiB of memory. Send less.")
    return RuntimeError(f"the process that scores files ended with {code}")


def _read(path: Path) -> bytes:
    """Read what the process has left; were it a link, it could point to what only this process may read."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
        return file.read()


def work(task: Task) -> None:
    """Score one file; the exit code is 0, or 2 where ``failure.json`` says why not."""
    _limit(task.seconds)
    try:
        _score(task)
    except ChurnriskError as error:
        _fail(task, error)
    except MemoryError:
        needed = f"it needs more than {MEMORY // 2**20} MiB of memory; send less."
        _fail(task, LimitExceeded(needed, code="limit.memory"))


def _limit(seconds: float) -> None:
    """Bound this process before it looks at the file, and let what libraries print go nowhere."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches all; a request that has begun is answered
    for which, bound in (
        (resource.RLIMIT_DATA, MEMORY),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, math.ceil(seconds) + 1),  # should nobody be left to end it
    ):
        _, hard = resource.getrlimit(which)
        resource.setrlimit(which, (bound if hard == resource.RLIM_INFINITY else min(bound, hard), hard))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _give_up(task: Task) -> None:
    """Keep the file, this folder and the libraries; Python may start once more only for what is no plain text."""
    kept = keep_environment(os.environ, task.folder)
    os.environ.clear()
    os.environ.update(kept)
    tempfile.tempdir = str(task.folder)
    starts = tell_kind(task.folder / UPLOAD, UPLOAD) != "text"
    confine(Reach(task.folder, starts=starts, user=task.user))


def _fail(task: Task, error: ChurnriskError) -> None:
    said = {"kind": type(error).__name__, "message": str(error), "code": error.code}
    (task.folder / FAILURE).write_text(json.dumps(said), encoding="utf-8")
    sys.exit(2)


def _score(task: Task) -> None:
    from churnrisk.shop.answers import refuse_tables
    from churnrisk.tables import to_csv
    from churnrisk.workflows import describe_scores, load, score_source

    try:
        model = refuse_tables(load(models_dir=task.models_dir))
    except ModelNotFound as error:
        raise NoModel(str(error)) from None  # nobody asked for this model: it is the service that has none
    _give_up(task)
    how = dict(task.how)
    if model.model.sample is None:
        how["reasons"] = "none"
    result = score_source(model, task.folder / UPLOAD, options=task.options, valuation=task.valuation, **how)
    rows = result.intake["customers"]["rows_in"]
    if rows > task.most_rows:
        raise LimitExceeded(f"the file has {rows} rows, and one request may have {task.most_rows}; send several.")
    if task.answer == "csv":
        content = to_csv(result.table)
    else:
        content = json.dumps(describe_scores(model, result), ensure_ascii=False, allow_nan=False)
    (task.folder / CONTENT).write_bytes(content.encode())
    by_risk = {risk: result.scores.count("risk", risk) for risk in RISKS}
    (task.folder / FACTS).write_text(json.dumps({"by_risk": by_risk}), encoding="utf-8")
