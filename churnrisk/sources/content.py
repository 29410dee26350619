"""What the files of a source hold, told by digests, which are not taken again while a file stands as it was."""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.clock import wall
from churnrisk.errors import ChurnriskError, OutputError
from churnrisk.sources.databases import is_database_url
from churnrisk.sources.open import list_files
from churnrisk.writing import replacing

_INDEX = "digests.json"
_PIECE = 1 << 24
_MOST_KNOWN = 500
_SETTLED = 2_000_000_000
"""Nanoseconds that a file must have stood still: within the clock's step, a change would leave no trace."""

Stamp = tuple[int, int, int, int, int]
"""Device, number, size, and times of the last change of a file: any writing to it changes one of these."""


@dataclass(frozen=True)
class SourceContent:
    """The files of a source as they stood when it was looked at.

    Parameters
    ----------
    files : tuple of Path
        In the order in which they are read.
    stamps : tuple of Stamp
        Of each file.
    is_many : bool
        Whether the source is a folder or a pattern.
    """

    files: tuple[Path, ...]
    stamps: tuple[Stamp, ...]
    is_many: bool

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(stamp[2] for stamp in self.stamps)

    def is_unchanged(self) -> bool:
        """Tell whether the files still stand as they did."""
        with contextlib.suppress(OSError):
            return self.stamps == tuple(_stamp(path) for path in self.files)
        return False

    def digests(self, folder: Path, *, threads: int | None = None) -> tuple[str, ...] | None:
        """Return the digest of what is in each file; None where one changed meanwhile.

        Parameters
        ----------
        folder : Path
            Has the list of digests that were taken before; one that has not changed since is not read again.
        threads : int, optional
            Threads to use; by default as many as there are processors, and four at most.
        """
        known = _load_index(folder)
        found: dict[str, Any] = {}
        for path, stamp in zip(self.files, self.stamps, strict=True):
            name = str(path.absolute())
            if known.get(name, [])[:1] == [list(stamp)]:
                found[name] = known[name]
                continue
            began = round(wall() * 1e9)
            digest = digest_file(path, threads=threads)
            is_settled = began - max(stamp[3], stamp[4]) > _SETTLED
            found[name] = [list(stamp) if is_settled else None, digest]
        if not self.is_unchanged():
            return None
        if any(known.get(name) != one for name, one in found.items()):
            _save_index(folder, {**{name: one for name, one in known.items() if name not in found}, **found})
        return tuple(found[str(path.absolute())][1] for path in self.files)


def find_content(source: Any) -> SourceContent | None:
    """Find the files of a source; None where there are none that can be told by their content.

    Those are frames, standard input, databases (a SQLite file has parts of itself in others), and what is not there.
    """
    if not isinstance(source, str | Path) or str(source) == "-":
        return None
    if isinstance(source, str) and is_database_url(source):
        return None
    try:
        many = list_files(source)
        files = tuple(many) or (Path(source).expanduser(),)
        if not all(path.is_file() and not _is_sqlite(path) for path in files):
            return None
        return SourceContent(files, tuple(_stamp(path) for path in files), bool(many))
    except (OSError, ValueError, ChurnriskError):
        return None  # reading says what is wrong


def digest_file(path: Path, *, threads: int | None = None) -> str:
    """Digest a file: of pieces of 16 MiB, each by itself so that several are at work, and of their digests."""
    starts = range(0, path.stat().st_size, _PIECE)
    workers = max(1, min(threads or os.cpu_count() or 1, 4))
    whole = hashlib.blake2b(digest_size=16)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for digest in pool.map(lambda start: _digest_piece(path, start), starts):
            whole.update(digest)
    return whole.hexdigest()


def _digest_piece(path: Path, start: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return hashlib.blake2b(file.read(_PIECE)).digest()


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def _load_index(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    is_whole = isinstance(found, dict) and all(isinstance(one, list) and len(one) == 2 for one in found.values())
    return found if is_whole else {}


def _save_index(folder: Path, index: dict[str, Any]) -> None:
    """Write the list anew; where it cannot be, files are only read again the next time."""
    newest = dict(list(index.items())[-_MOST_KNOWN:])
    with contextlib.suppress(OutputError), replacing(folder / _INDEX, holds=None, mode=0o600) as temporary:
        temporary.write_text(json.dumps(newest), encoding="utf-8")
