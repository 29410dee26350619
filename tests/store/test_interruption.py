"""Killed, out of space, or not allowed: nothing half written."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from churnrisk.errors import StoreError
from churnrisk.store import list_models, load_model
from support.failing import Failing

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")

RunPython = Callable[..., "subprocess.CompletedProcess[str]"]

KILL_WRITERS = """
import os, signal, sys, time
from pathlib import Path
from churnrisk.store import list_models, remove_model, save_model

models_dir = Path(sys.argv[1])

def save_for_ever():
    while True:
        save_model(os.urandom(50000), {}, models_dir=models_dir)
        for entry in list_models(models_dir)[2:]:
            remove_model(models_dir, entry.version)

def leftovers():
    return {name for name in os.listdir(models_dir) if name.startswith(".churnrisk")}

save_model(0, {}, models_dir=models_dir)
for line in sys.stdin:
    old, writer = leftovers(), os.fork()
    if writer == 0:
        save_for_ever()
    while line.startswith("in a write") and not leftovers() - old:
        pass
    time.sleep(float(line.split()[-1]))
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    print("killed", flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_whole_models_only(save: Callable[..., str], models_dir: Path) -> None:
    chance = random.Random(0)
    moments = [f"in a write, after {chance.uniform(0, 0.003)}" for _ in range(30)]
    moments += [f"anywhere, after {chance.uniform(0.005, 0.06)}" for _ in range(10)]
    leftovers, newest = 0, ""
    command = [sys.executable, "-c", KILL_WRITERS, str(models_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as killer:
        assert killer.stdin is not None
        assert killer.stdout is not None
        for moment in moments:
            killer.stdin.write(f"{moment}\n")
            assert killer.stdout.readline() == "killed\n"
            leftovers += any(path.name.startswith(".churnrisk") for path in models_dir.iterdir())
            assert {entry.status for entry in list_models(models_dir)} == {"ok"}
            current = load_model(models_dir, feature_fingerprint=None).version
            assert current >= newest
            newest = current
        killer.stdin.close()
    save()
    assert leftovers, "no kill hit a write, so this test proves nothing: change the moments"
    assert not [path for path in models_dir.iterdir() if path.name.startswith(".churnrisk")]


LIMITED = """
import resource, sys
from pathlib import Path
from churnrisk.errors import StoreError
from churnrisk.store import save_model
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
try:
    save_model(bytes(range(256)) * 4, {"note": "x" * 30000}, models_dir=Path(sys.argv[1]))
except StoreError as error:
    print(type(error).__name__, error)
"""


def test_a_full_disk_leaves_the_store_as_it_was(
    save: Callable[..., str], models_dir: Path, run_python: RunPython
) -> None:
    version = save()
    before = {path.name for path in models_dir.iterdir()}
    answer = run_python(LIMITED, models_dir)
    assert answer.stdout.startswith("StoreError cannot write to "), answer.stderr
    assert "File too large" in answer.stdout
    assert {path.name for path in models_dir.iterdir()} == before
    assert load_model(models_dir, feature_fingerprint=None).version == version


@pytest.mark.parametrize("call", ["fsync", "replace", "ftruncate", "write"])
def test_each_failing_call_leaves_the_store_as_it_was_or_does_no_harm(
    call: str, save: Callable[..., str], models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save()
    for number in itertools.count(1):
        before = stored(models_dir)
        with monkeypatch.context() as patch:
            failing = Failing(patch, call, number)
            version, said = try_to(save)
        if said:
            assert said.startswith(f"cannot write to {models_dir}: Input/output error")
            assert stored(models_dir) == before
        else:
            assert load_model(models_dir, feature_fingerprint=None).version == version
        if not failing.has_failed:
            break
    assert number > 1, f"nothing calls os.{call}, so this test proves nothing"


def try_to(save: Callable[..., str]) -> tuple[str, str]:
    """Save; give the version, or what was said instead."""
    try:
        return save(), ""
    except StoreError as error:
        return "", str(error)


def stored(models_dir: Path) -> dict[Path, bytes]:
    """All that lies in a folder of models but the lock, which is there for its name."""
    return {path: path.read_bytes() for path in models_dir.rglob("*") if path.is_file() and path.name != ".lock"}


FORBIDDEN = """
import ctypes, os, sys
from pathlib import Path
from churnrisk.errors import StoreError
from churnrisk.store import list_models, load_model, save_model

def obey_file_modes():
    # Root may write anywhere; without the capability DAC_OVERRIDE (bit 1) it is held to the modes as its owner is.
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    sets[0] &= ~2
    assert libc.capset(header, sets) == 0

if os.geteuid() == 0:
    obey_file_modes()
models_dir = Path(sys.argv[1])
try:
    save_model([1], {}, models_dir=models_dir)
except StoreError as error:
    print(error)
print(load_model(models_dir, feature_fingerprint=None).model)
print([entry.status for entry in list_models(models_dir)])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux")
@pytest.mark.parametrize("lock_mode", [0o444, 0o644])
def test_a_folder_that_may_only_be_read_is_read_and_not_written(
    lock_mode: int, save: Callable[..., str], models_dir: Path, run_python: RunPython
) -> None:
    save("readable")
    (models_dir / ".lock").chmod(lock_mode)
    models_dir.chmod(0o555)
    try:
        answer = run_python(FORBIDDEN, models_dir)
    finally:
        models_dir.chmod(0o755)
    lines = answer.stdout.splitlines()
    assert len(lines) == 3, answer.stderr
    assert lines[0].startswith(f"cannot write to {models_dir}: Permission denied")
    assert lines[1:] == ["readable", "['ok']"]


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_leftovers_are_swept_and_links_among_them_not_followed(
    kind: str, save: Callable[..., str], models_dir: Path, tmp_path: Path
) -> None:
    save()
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("x")
    leftover = models_dir / ".churnrisk-temporary-0123456789abcdef"
    if kind == "file":
        leftover.write_text("x")
    elif kind == "folder":
        shutil.copytree(kept, leftover)
    else:
        leftover.symlink_to(kept)
    (models_dir / ".mine").write_text("not ours to delete")
    save()
    assert not leftover.is_symlink()
    assert not leftover.exists()
    assert (kept / "file").exists()
    assert (models_dir / ".mine").exists()
