"""Files that are whole or absent, and reads that cannot be led astray."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from churnrisk.errors import StoreError
from churnrisk.writing import put_in_place, sync

# Hidden, and long enough that no file of the user starts like this: the sweep deletes what does.
TEMPORARY_PREFIX = ".churnrisk-temporary-"

# Without O_NOFOLLOW (Windows) the check of the file's kind below is all there is; O_NONBLOCK keeps a named pipe from
# stopping the reader before that check.
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class NotPlainFile(Exception):  # noqa: N818 - named for what is wrong
    """A file is a link, a pipe or the like, or larger than it may be. Never leaves the store."""


def read_plain_file(path: Path, *, limit: int) -> bytes:
    """Read a regular file of at most ``limit`` bytes, once, through one descriptor, following no link."""
    if path.is_symlink():
        raise NotPlainFile(f"{path.name} is a symbolic link")
    with os.fdopen(os.open(path, _READ_FLAGS | _NO_LINK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotPlainFile(f"{path.name} is not a regular file")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise NotPlainFile(f"{path.name} is larger than {limit} bytes")
    return content


def list_plain_files(folder: Path) -> frozenset[str]:
    """Name everything in a folder, which must hold regular files only: no link, no folder, no pipe."""
    names = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                raise NotPlainFile(f"{entry.name!r} is a symbolic link")
            if not entry.is_file(follow_symlinks=False):
                raise NotPlainFile(f"{entry.name!r} is not a regular file")
            names.add(entry.name)
    return frozenset(names)


def write_synced(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write a new file down to the disk. Its mode counts from the first byte on (less the umask)."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def name_temporary(folder: Path) -> Path:
    """Choose a name in ``folder`` that nobody uses and that the sweep knows."""
    return folder / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"


def replace_file(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write a file so that whoever reads ``path`` finds the old content or the new, and never a part."""
    temporary = name_temporary(path.parent)
    try:
        write_synced(temporary, content, mode=mode)
        put_in_place(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_folder(folder: Path, contents: dict[str, bytes]) -> None:
    """Write a new folder of files that appears under its name whole, or not at all."""
    temporary = name_temporary(folder.parent)
    try:
        temporary.mkdir()
        for name, content in contents.items():
            write_synced(temporary / name, content)
        put_in_place(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def remove_folder(folder: Path) -> None:
    """Remove a folder so that it vanishes at once; a link is removed and not followed."""
    temporary = name_temporary(folder.parent)
    folder.rename(temporary)
    sync(folder.parent)
    _delete(temporary)


def sweep_leftovers(folder: Path) -> None:
    """Delete what killed writers left. Only for the holder of the lock: nobody else's work is then under way."""
    for path in folder.glob(f"{TEMPORARY_PREFIX}*"):
        _delete(path)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


@contextmanager
def explain_failure(action: str, *, way_out: str, error_class: type[StoreError] = StoreError) -> Iterator[None]:
    """Turn an error of the operating system into one that says what failed, why, and what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        place = f" ({error.filename})" if error.filename else ""
        raise error_class(f"cannot {action}: {reason}{place}; {way_out}") from error
