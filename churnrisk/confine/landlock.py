"""Rules that leave a process only some files; see landlock(7) and ``linux/landlock.h``.

Linux has them from 5.13 on, unless it was built or started without. A kernel knows the rights of its version and of
those before it; one that is newer than this module gives more than is asked for, and refuses no less.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

from churnrisk.confine.libc import call

_CREATE, _ADD, _ENFORCE = 444, 445, 446  # the same on every architecture
_ASK_VERSION, _PATH_BENEATH = 1, 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_REG, REFER, TRUNCATE, IOCTL_DEV = 1 << 7, 1 << 8, 1 << 13, 1 << 14, 1 << 15
READ = READ_FILE | READ_DIR
CHANGE = WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # bits that a version knows; 16 from the fifth on
_NETWORK = 0b11  # to bind and to connect TCP, from the fourth version on
_SCOPES = 0b11  # abstract sockets and signals stay within, from the sixth version on


def find_version() -> int:
    """Return the version of landlock that the kernel has; 0 where it has none, or may not be asked."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        return call(_CREATE, None, 0, _ASK_VERSION)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EACCES):
            return 0
        raise


class Rules:
    """A ruleset, made and not yet in force.

    Parameters
    ----------
    allowed : iterable of (Path, int)
        Rights of files, and of folders with all that is below; paths that are not there are left out.
    """

    def __init__(self, allowed: Iterable[tuple[Path, int]]) -> None:
        self._ruleset = -1
        version = find_version()
        if not version:
            return
        handled = (1 << _RIGHTS.get(version, 16)) - 1
        asked = struct.pack("=QQQ", handled, _NETWORK if version >= 4 else 0, _SCOPES if version >= 6 else 0)
        self._ruleset = call(_CREATE, asked, len(asked), 0)
        for path, rights in allowed:
            self._allow(path, rights & handled)

    def _allow(self, path: Path, rights: int) -> None:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return
        try:
            if not stat.S_ISDIR(os.fstat(place).st_mode):
                rights &= _OF_FILES
            call(_ADD, self._ruleset, _PATH_BENEATH, ctypes.create_string_buffer(struct.pack("=Qi", rights, place)), 0)
        finally:
            os.close(place)

    def enforce(self) -> None:
        """Put it in force for this thread and for all that it starts, where the kernel has landlock."""
        if self._ruleset >= 0:
            call(_ENFORCE, self._ruleset, 0)
            os.close(self._ruleset)
            self._ruleset = -1
