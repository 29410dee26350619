"""One writer at a time, and a message that names the other one."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from churnrisk.clock import steady, wall
from churnrisk.errors import StoreLocked

if sys.platform != "win32":
    import fcntl

LOCK_NAME = ".lock"
DEFAULT_LOCK_TIMEOUT = 10.0
"""Seconds that a writer waits for another one, whose turn takes well under a second."""

_RETRY_SECONDS = 0.02


@dataclass(frozen=True)
class LockKind:
    """A way to lock: ``take`` gives a descriptor, or None while another process holds the lock."""

    take: Callable[[Path], int | None]
    release: Callable[[Path, int], None]
    way_out: str


def _take_flock(path: Path) -> int | None:
    if sys.platform == "win32":
        raise AssertionError("flock is not there on Windows")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, _describe_self())
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _release_flock(_path: Path, descriptor: int) -> None:
    # The file stays: were it deleted, a waiting process could lock the deleted one while a third locks a new one.
    # It is unlocked by hand, since a forked child that outlives us shares the descriptor and would keep the lock.
    if sys.platform == "win32":
        raise AssertionError("flock is not there on Windows")
    with contextlib.suppress(OSError):  # what it says is of no use any more, and the next holder writes it anew
        os.ftruncate(descriptor, 0)
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def _take_exclusive_file(path: Path) -> int | None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return None
    try:
        os.write(descriptor, _describe_self())
    except BaseException:
        _release_exclusive_file(path, descriptor)
        raise
    return descriptor


def _release_exclusive_file(path: Path, descriptor: int) -> None:
    os.close(descriptor)
    path.unlink()


FLOCK = LockKind(_take_flock, _release_flock, "wait until it is done, or end it, and try again")
# The operating system does not free this one when its holder dies, hence another way out.
EXCLUSIVE_FILE = LockKind(
    _take_exclusive_file, _release_exclusive_file, "wait until it is done; if it no longer runs, delete that file"
)


@contextlib.contextmanager
def hold_lock(
    folder: Path, *, timeout: float, kind: LockKind = FLOCK if sys.platform != "win32" else EXCLUSIVE_FILE
) -> Iterator[None]:
    """Hold the only right to write in ``folder``; wait ``timeout`` seconds for it, then give up.

    Raises
    ------
    StoreLocked
        Another process still writes; the message names it.
    """
    path = folder / LOCK_NAME
    descriptor = _wait_for_lock(path, timeout=timeout, kind=kind)
    try:
        yield
    finally:
        kind.release(path, descriptor)


def _wait_for_lock(path: Path, *, timeout: float, kind: LockKind) -> int:
    give_up_at = steady() + timeout
    while (descriptor := kind.take(path)) is None:
        if steady() >= give_up_at:
            raise StoreLocked(f"{_describe_holder(path)} is writing to {path.parent} (lock {path}); {kind.way_out}")
        time.sleep(_RETRY_SECONDS)
    return descriptor


def _describe_self() -> bytes:
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": wall()}
    return json.dumps(holder).encode()


def _describe_holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_bytes())
        pid, host, age = int(holder["pid"]), str(holder["host"]), wall() - float(holder["since"])
    except (OSError, ValueError, KeyError, TypeError):  # taken this instant, and not yet described
        return "another process"
    return f"another process (pid {pid} on {host!r}, for {max(age, 0):.0f} s)"
