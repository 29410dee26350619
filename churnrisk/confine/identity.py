"""Another user id for a process that reads files, where this one has the right to give it one.

An id is drawn from a range that neither Debian nor systemd gives to anybody, so that a process finds no file that is
its own but those that were handed over to it.
"""

from __future__ import annotations

import os
import stat
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

from churnrisk.confine.libc import set_capabilities
from churnrisk.confine.needs import OWN

FIRST, LAST = 60_800, 61_183
_NEEDED = sum(1 << bit for bit in (0, 1, 5, 6, 7))
"""To hand files over, to read what comes back, to end the process, and to take another group and user id."""

_FILES = 0b110
"""To pass over the modes of files, which a root does; rules for files bind it all the same."""

_CAPABILITY_VERSION = 0x20080522


def is_able() -> bool:
    """Tell whether this process can give another a user id of its own, under which Python and its libraries start."""
    if not sys.platform.startswith("linux") or _read_capabilities("CapEff") & _NEEDED != _NEEDED:
        return False
    import tempfile  # late: the process that is confined does without

    return all(can_reach(path, FIRST) for path in (*OWN, Path(tempfile.gettempdir())))


def choose_user(folder: Path, reads: Iterable[Path] = ()) -> int | None:
    """Choose the user id of a process that writes below a folder and reads some files.

    Parameters
    ----------
    folder : Path
        A folder of this process alone; the id of one that was opened to another before is kept.
    reads : iterable of Path
        What it must be able to read as somebody who owns nothing.

    Returns
    -------
    int, optional
        None where there is no right to give one, or where it would reach less than it needs.
    """
    if not is_able():
        return None
    group = folder.stat().st_gid
    user = group if FIRST <= group <= LAST else FIRST + int.from_bytes(os.urandom(4)) % (LAST - FIRST + 1)
    return user if all(can_reach(path, user) for path in (folder.parent, *reads)) else None


def hand_over(user: int, *given: Path, through: Path | None = None) -> None:
    """Give files and folders to another user, and let that user pass through a folder which stays ours."""
    if through is not None:
        os.chown(through, -1, user)
        through.chmod(0o710)
    for path in given:
        os.chown(path, user, -1)


def switch_user(user: int) -> None:
    """Become another user, of a group of the same number and of no other."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def drop_capabilities() -> None:
    """Give up what a root may do beyond others, but to read and write where it was allowed to."""
    held = _read_capabilities("CapPrm")
    kept = held & _FILES
    if held == kept:
        return
    set_capabilities(struct.pack("=Ii", _CAPABILITY_VERSION, 0), struct.pack("=IIIIII", kept, kept, 0, 0, 0, 0))


def can_reach(path: Path, user: int) -> bool:
    """Tell whether a user of its own group alone may read a file or look into a folder, by the modes on the way."""
    whole = Path(os.path.realpath(path))
    try:
        return all(_allows(one.stat(), user, 1) for one in whole.parents) and _allows(
            whole.stat(), user, 5 if whole.is_dir() else 4
        )
    except OSError:
        return False


def _allows(found: os.stat_result, user: int, wanted: int) -> bool:
    mode = stat.S_IMODE(found.st_mode)
    given = mode >> 6 if found.st_uid == user else mode >> 3 if found.st_gid == user else mode
    return given & wanted == wanted


def read_status(name: str) -> str:
    """Return what the system says of this process under a name, such as ``Threads``; see proc_pid_status(5)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines)[name].strip()


def _read_capabilities(name: str) -> int:
    return int(read_status(name), 16)
