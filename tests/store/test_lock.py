"""One writer at a time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from churnrisk.errors import StoreLocked
from churnrisk.store import list_models, load_model, promote_model, remove_model, save_model
from churnrisk.store.lock import EXCLUSIVE_FILE, FLOCK, LOCK_NAME, LockKind, hold_lock

KINDS = [
    pytest.param(FLOCK, id="flock", marks=pytest.mark.skipif(os.name != "posix", reason="Windows has no flock")),
    pytest.param(EXCLUSIVE_FILE, id="exclusive file"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_writer_waits_then_names_the_first(kind: LockKind, tmp_path: Path) -> None:
    with hold_lock(tmp_path, timeout=0, kind=kind):
        started = time.monotonic()
        with (
            pytest.raises(StoreLocked, match=rf"pid {os.getpid()} on '.+', for \d+ s") as refusal,
            hold_lock(tmp_path, timeout=0.1, kind=kind),
        ):
            pass
        assert time.monotonic() - started >= 0.1
        assert str(tmp_path / LOCK_NAME) in str(refusal.value)
        assert kind.way_out in str(refusal.value)
    with hold_lock(tmp_path, timeout=0, kind=kind):
        pass


@pytest.mark.parametrize("kind", KINDS)
def test_the_lock_is_freed_after_an_error(kind: LockKind, tmp_path: Path) -> None:
    with pytest.raises(KeyError), hold_lock(tmp_path, timeout=0, kind=kind):
        raise KeyError
    with hold_lock(tmp_path, timeout=0, kind=kind):
        pass


@pytest.mark.parametrize("kind", KINDS)
def test_never_two_at_once(kind: LockKind, tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(5):
            with hold_lock(tmp_path, timeout=30, kind=kind):
                inside += 1
                most = max(most, inside)
                time.sleep(0.002)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)


def test_a_holder_without_a_description_is_another_process(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).write_text("")
    refused = pytest.raises(StoreLocked, match=r"^another process is writing")
    with refused, hold_lock(tmp_path, timeout=0, kind=EXCLUSIVE_FILE):
        pass


HOLD = """
import sys
from pathlib import Path
from churnrisk.store.lock import hold_lock
with hold_lock(Path(sys.argv[1]), timeout=0):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.skipif(os.name != "posix", reason="flock and SIGKILL are POSIX")
def test_another_process_stops_writers_but_no_reader_and_its_death_frees_the_lock(
    save: Callable[..., str], models_dir: Path
) -> None:
    first, second = save("first"), save("second")
    command = [sys.executable, "-c", HOLD, str(models_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        operations: list[Callable[[], object]] = [
            lambda: save_model(0, {}, models_dir=models_dir, lock_timeout=0),
            lambda: promote_model(models_dir, first, lock_timeout=0),
            lambda: remove_model(models_dir, first, lock_timeout=0),
        ]
        for operation in operations:
            with pytest.raises(StoreLocked, match=re.escape(f"pid {holder.pid} on ")):
                operation()
        assert load_model(models_dir, feature_fingerprint=None).version == second
        assert len(list_models(models_dir)) == 2
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    promote_model(models_dir, first, lock_timeout=0)


SAVE_SOME = """
import sys
from pathlib import Path
from churnrisk.store import save_model
for number in range(10):
    print(save_model([sys.argv[2], number], {}, models_dir=Path(sys.argv[1])))
"""


def test_two_processes_saving_at_once_both_save(models_dir: Path) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", SAVE_SOME, str(models_dir), name], stdout=subprocess.PIPE, text=True)
        for name in "ab"
    ]
    saved = [version for child in children for version in child.communicate(timeout=60)[0].split()]
    entries = list_models(models_dir)
    assert len(set(saved)) == 20
    assert [entry.version for entry in entries] == sorted(saved, reverse=True)
    assert {entry.status for entry in entries} == {"ok"}
    assert [entry.version for entry in entries if entry.is_current] == [max(saved)]
