"""A process that reads what others wrote can reach its file, its folder and its libraries, and nothing else."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from churnrisk.confine import describe_means, keep_environment
from support.attempts import check_attempts

MEANS = describe_means()
TESTS = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(
    not (MEANS["landlock"] and MEANS["call_filter"]), reason="this system cannot confine a process"
)

ITSELF = """
from churnrisk.confine import Reach, confine
if sys.argv[4] == "threads":
    import threading
    threading.Thread(target=threading.Event().wait, daemon=True).start()
confine(Reach(folder, starts=sys.argv[4] == "starts"))
(folder / "ended.json").write_text(json.dumps(attempt_all(folder, secret)))
"""
READER = """
from churnrisk.sources import child
def parse(task):
    assert task.path.read_bytes()
    return attempt_all(task.folder, secret)
child.parse = parse
limits = dict.fromkeys(("max_size", "max_memory"), 2**30)
limits |= dict.fromkeys(("max_ratio", "max_columns", "max_cells", "max_depth"), 100)
task = {"kind": "gzip", "path": sys.argv[3], "folder": str(folder), **limits}
sys.exit(child.main([json.dumps(task)]))
"""
SCORER = """
from churnrisk.forecast import Valuation
from churnrisk.orders import IntakeOptions
from churnrisk import workflows
from churnrisk.shop import upload
def score_source(model, path, **how):
    assert path.read_bytes()
    found = attempt_all(folder, secret)
    found["the password"] = os.environ.get("PGPASSWORD", "gone")
    found["the model"] = attempt_all(folder, Path(sys.argv[4]) / "current")["read a file"]
    (folder / "ended.json").write_text(json.dumps(found))
    sys.exit(0)
workflows.score_source = score_source
task = upload.Task(folder, Path(sys.argv[4]), IntakeOptions(), Valuation(), "csv", 10, 60.0, {}, None)
if not (process := os.fork()):
    upload.work(task)  # libraries may have started threads, of which a fork has none
assert os.waitpid(process, 0)[1] == 0
"""
HEAD = """
import json, os, sys
from pathlib import Path
from support.attempts import attempt_all
folder, secret = Path(sys.argv[1]), Path(sys.argv[2])
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    """Run a script with a folder, a secret and more; give what the process is left with."""
    folder, secret = tmp_path / "folder", tmp_path / "state" / "signing_key.pem"
    for one in (folder, secret.parent):
        one.mkdir()
    secret.write_bytes(b"secret")

    def start(script: str, name: str, *arguments: str) -> Any:
        path = os.pathsep.join([str(TESTS.parent), str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run(
            [sys.executable, "-c", HEAD + script, str(folder), str(secret), *arguments],
            env={**os.environ, "PYTHONPATH": path, "PGPASSWORD": "secret"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert secret.read_bytes() == b"secret"
        return json.loads((folder / name).read_text())

    return start


@pytest.mark.parametrize("kind", ["starts", "starts nothing"])
def test_a_confined_process_reaches_what_it_was_left(run: Callable[..., Any], kind: str) -> None:
    check_attempts(run(ITSELF, "ended.json", "", kind), starts=kind == "starts")


def test_a_process_with_threads_is_not_half_confined(run: Callable[..., Any]) -> None:
    with pytest.raises(AssertionError, match="before it has threads, and this one has 2"):
        run(ITSELF, "ended.json", "", "threads")


def test_the_process_that_parses_files_is_confined_before_it_looks(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "file.gz").write_bytes(gzip.compress(b"customer,date\n"))
    check_attempts(run(READER, "meta.json", str(tmp_path / "file.gz")), starts=False)


@pytest.mark.parametrize(
    "content", [b"customer,date\n", gzip.compress(b"customer,date\n", mtime=0)], ids=["text", "gzip"]
)
def test_the_process_that_scores_an_upload_has_loaded_the_model_and_can_no_longer(
    run: Callable[..., Any], tmp_path: Path, small_trained: Path, content: bytes
) -> None:
    (tmp_path / "folder" / "upload").write_bytes(content)
    ended = run(SCORER, "ended.json", "", str(small_trained / "models"))
    assert (ended.pop("the password"), ended.pop("the model")) == ("gone", "EACCES")
    check_attempts(ended, starts=content.startswith(b"\x1f"))


def test_what_says_how_to_run_is_kept_of_an_environment_and_no_password(tmp_path: Path) -> None:
    given = {"PATH": "/bin", "LC_ALL": "C", "PYTHONPATH": "x", "TMPDIR": "/var/tmp"}
    secrets = {"PGPASSWORD": "a", "CHURNRISK_WEBHOOK_SECRET": "b", "AWS_SECRET_ACCESS_KEY": "c"}
    assert keep_environment({**given, **secrets}, tmp_path) == {**given, "TMPDIR": str(tmp_path)}
