"""What a process that reads files has no business to do, tried without harm: each attempt tells how it ended."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SYSTEM = ctypes.CDLL(None, use_errno=True)


def attempt_all(folder: Path, secret: Path) -> dict[str, str]:
    """Try all that is to be refused, and what is to work; give `done` or the name of the error for each.

    Parameters
    ----------
    folder : Path
        Where the process may write.
    secret : Path
        A file beside it that is no business of the process, in a folder of its own.
    """
    attempts: dict[str, Callable[[], object]] = {
        "read a file": secret.read_bytes,
        "list a folder": lambda: list(secret.parent.iterdir()),
        "write a file": lambda: secret.open("r+b").close(),
        "make a file": lambda: (secret.parent / "made").write_bytes(b""),
        "truncate a file": lambda: os.truncate(secret, secret.stat().st_size),
        "change a mode": lambda: secret.chmod(secret.stat().st_mode),
        "link a file": lambda: os.link(secret, folder / "link"),
        "make a symbolic link": lambda: (folder / "pointer").symlink_to(secret),
        "read the environment of its parent": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
        "look at its parent": lambda: list(Path(f"/proc/{os.getppid()}/fd").iterdir()),
        "open a TCP socket": lambda: socket.socket(socket.AF_INET).detach(),
        "open a socket of this machine": lambda: socket.socket(socket.AF_UNIX).detach(),
        "open a pair of sockets": lambda: [one.detach() for one in socket.socketpair()],
        "make a namespace": lambda: _ask(SYSTEM.unshare, 0x10000000),
        "trace": lambda: _ask(SYSTEM.ptrace, 0, 0, 0, 0),
        "signal its parent": lambda: os.kill(os.getppid(), 0),
        "start a shell": lambda: subprocess.run(["/bin/sh", "-c", ":"], check=True),
        "start Python": lambda: subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True, capture_output=True),
        "write where it may": lambda: (folder / "note").write_bytes(b"note"),
        "read what it wrote": (folder / "note").read_bytes,
        "make a folder and move a file there": lambda: _move(folder),
        "import a library": lambda: __import__("xmlrpc.client"),
    }
    return {name: _try(work) for name, work in attempts.items()}


ALWAYS_REFUSED = (
    "read a file",
    "list a folder",
    "write a file",
    "make a file",
    "truncate a file",
    "change a mode",
    "link a file",
    "make a symbolic link",
    "read the environment of its parent",
    "look at its parent",
    "open a TCP socket",
    "open a socket of this machine",
    "open a pair of sockets",
    "make a namespace",
    "trace",
    "signal its parent",
    "start a shell",
)
ALWAYS_DONE = (
    "write where it may",
    "read what it wrote",
    "make a folder and move a file there",
    "import a library",
)


def check_attempts(ended: dict[str, str], *, starts: bool) -> None:
    """Say which attempts ended otherwise than they must."""
    refused = [*ALWAYS_REFUSED, *([] if starts else ["start Python"])]
    done = [*ALWAYS_DONE, *(["start Python"] if starts else [])]
    assert {name: ended[name] for name in refused if ended[name] not in ("EPERM", "EACCES", "EXDEV")} == {}
    assert {name: ended[name] for name in done if ended[name] != "done"} == {}
    assert len(ended) == len(refused) + len(done)


def _try(work: Callable[[], object]) -> str:
    try:
        work()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    except Exception as error:  # told, and not an end
        return repr(error)
    return "done"


def _ask(function: Callable[..., int], *arguments: int) -> None:
    if function(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def _move(folder: Path) -> None:
    with contextlib.suppress(FileExistsError):
        (folder / "below").mkdir()
    (folder / "moved").write_bytes(b"")
    (folder / "moved").rename(folder / "below" / "moved")
