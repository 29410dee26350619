"""Files that are whole or absent: the one home of writing for good.

Whoever writes makes a new file under a name of its own, which then takes the place that it is for. Where any step of
that fails, the last one included, what stood there before stands there again.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from churnrisk.errors import OutputError

Holds = Literal["scores", "list", "contacts", "rejected rows", "report", "purchases", "kept purchases"]
"""What a file with customers in it holds."""

Note = Callable[[Path, Holds, Path], None]
"""Told of such a file: where it will be, what it holds, and where it lies as yet."""

_NOTE: contextvars.ContextVar[Note | None] = contextvars.ContextVar("files with customers", default=None)


@contextlib.contextmanager
def noting(note: Note) -> Iterator[None]:
    """Have a function told of each file with customers in it, before the file is in its place."""
    before = _NOTE.set(note)
    try:
        yield
    finally:
        _NOTE.reset(before)


def note_file(path: Path, holds: Holds, lies_at: Path) -> None:
    """Tell of a file with customers in it; called by whatever writes one."""
    note = _NOTE.get()
    if note is not None:
        note(path, holds, lies_at)


def stamp_file(folder: Path, name: str) -> tuple[int, int] | None:
    """Return what changes when another file takes its place, without reading it; None where there is none."""
    try:
        found = _path_of(folder, name).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


@functools.lru_cache(maxsize=16)  # to put a path together takes longer than to look at it
def _path_of(folder: Path, name: str) -> Path:
    return folder / name


@contextlib.contextmanager
def replacing(path: Path, *, holds: Holds | None, mode: int | None = None) -> Iterator[Path]:
    """Yield a temporary path in the same folder that takes the place of ``path`` when all went well.

    What ``holds`` customers is told to the function of :func:`noting` first.

    Parameters
    ----------
    path : Path
        The file; its folder must be there.
    holds : str or None
        What is in it of customers; None where there is nothing of them.
    mode : int, optional
        With it the temporary file is there at once, empty and of this mode, so that it never has another.

    Raises
    ------
    OutputError
        Where the folder is missing or the file cannot be written; what stood at ``path`` is then still there.
    """
    check_place(path)
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        if mode is not None:
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        yield temporary
        if holds is not None:
            note_file(path, holds, temporary)
        put_in_place(temporary, path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}. Nothing was changed there.") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def check_place(path: Path) -> None:
    """Refuse a file whose folder is missing, or in whose place there is a folder."""
    if not path.parent.is_dir():
        raise OutputError(f"{path}: cannot be written: there is no folder {path.parent}.")
    if path.is_dir():
        raise OutputError(f"{path}: cannot be written: it is a folder.")


def put_in_place(made: Path, path: Path) -> None:
    """Give what was made, a file or a folder, its name for good, or leave everything as it was.

    The content is on the disk before it has the name, and the name is when this returns. Where the disk does not
    confirm the name, the file that had it before has it again, and what was made its first name. Only where the file
    system has no hard links the new file stays then.
    """
    sync(made)
    is_new = not os.path.lexists(path)
    old = None if is_new else _link(path, made.with_name(f"{made.name}.old"))
    try:
        made.replace(path)
        try:
            sync(path.parent)
        except OSError:
            if is_new:
                path.rename(made)
            elif old is not None:
                old.replace(path)
            raise
    finally:
        if old is not None:
            with contextlib.suppress(OSError):
                old.unlink(missing_ok=True)


def _link(path: Path, name: Path) -> Path | None:
    """Return a file a second name; None where there are no hard links."""
    try:
        os.link(path, name, follow_symlinks=False)
    except (OSError, NotImplementedError):
        return None
    return name


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if os.name != "posix" and path.is_dir():
        return  # Windows cannot open a folder
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
