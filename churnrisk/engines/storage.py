"""Errors of a disk that is full or fails, told from all others and said with their place."""

from __future__ import annotations

import contextlib
import errno
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from churnrisk.engines.database import engine_error
from churnrisk.errors import ChurnriskError, StorageError

_OF_DISKS = frozenset(
    getattr(errno, name) for name in ("EIO", "ENOSPC", "EDQUOT", "EFBIG", "EROFS") if hasattr(errno, name)
)
_SIGNS = re.compile(
    r"Could not (?:write|truncate|sync|create|rename|move)|fsync failed|Failed to offload|max_temp_directory_size|"
    r"No space left|Input/output error|Read-only file system|Disk quota exceeded|"
    r"invalidated because of a previous fatal error",  # what comes after a file of the engine's own was not written
    re.IGNORECASE,
)
_FILE = re.compile(r'file \\?"([^"\\]+)\\?": ([^"]+)')


@contextlib.contextmanager
def explaining_storage(output: Path) -> Iterator[None]:
    """Tell temporary files that an engine cannot write from the result that it writes.

    Parameters
    ----------
    output : Path
        The result.

    Raises
    ------
    StorageError
        Where temporary files cannot be written.
    OSError
        Where the result cannot be written; raised by the caller that puts it in its place.
    """
    try:
        yield
    except (OSError, engine_error()) as error:  # the system's own come of temporary files: the engine writes the result
        if isinstance(error, engine_error()) and str(output) in str(error):
            raise OSError(_reason(str(error))) from None
        found = storage_error(error)
        if found is None:
            raise
        raise found from error


def storage_error(error: BaseException) -> StorageError | None:
    """Return what an error means that comes of a full or failing disk; None for any other."""
    if isinstance(error, ChurnriskError):
        return None
    if isinstance(error, engine_error()):
        return storage_error_in(str(error))
    if not isinstance(error, OSError):
        return None
    if "usable temporary directory" in str(error):
        return StorageError(f"temporary files cannot be written anywhere; {_WAY_OUT}")
    if error.errno not in _OF_DISKS:
        return None
    reason, name = error.strerror or str(error), str(error.filename or "")
    if name and not name.startswith(tempfile.gettempdir()):
        return StorageError(f"{name}: {reason}. Make room there, or see whether the disk is sound.")
    return _of_temporary_files(reason)


def storage_error_in(said: str) -> StorageError | None:
    """Return what the words of an engine, or of another process, mean that comes of a full or failing disk."""
    return _of_temporary_files(_reason(said)) if _SIGNS.search(said) else None


_WAY_OUT = "make room, or name another folder with the environment variable TMPDIR."
_EITHER = "Input/output error"  # said without a file it may be of one that was read


def _of_temporary_files(reason: str) -> StorageError:
    what = "temporary files cannot be written there" + (", or the source not read" if reason == _EITHER else "")
    return StorageError(f"{tempfile.gettempdir()}: {what}: {reason}; {_WAY_OUT}")


def _reason(said: str) -> str:
    """Return what the system has said of a file, from what the engine or another process makes of it."""
    found = _FILE.search(said)
    last = found[2] if found else said.strip().splitlines()[-1].rpartition("] ")[2]
    return last.rstrip("\\.!")
