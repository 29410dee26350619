"""Whether a file of any kind names a customer, as far as that can be told without reading what it means."""

from __future__ import annotations

import html
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

CHUNK = 2**20


def names_any(path: Path, customer_ids: Sequence[str]) -> bool | None:
    """Tell whether a file holds one of some ids as a word of its own; None where it cannot be read as text."""
    spelled = {form for one in customer_ids for form in (one, html.escape(one))}
    wanted = [one.encode("utf-8", "surrogatepass") for one in spelled]
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return any(_holds(archive.open(name), wanted) for name in archive.namelist())
        if path.suffix in (".parquet", ".gz", ".zst", ".bz2", ".xz"):
            return None
        with path.open("rb") as file:
            return _holds(file, wanted)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return None


def _holds(file: IO[bytes], wanted: Sequence[bytes]) -> bool:
    kept = b""
    overlap = max(map(len, wanted), default=0) + 1
    for chunk in _chunks(file):
        text = kept + chunk
        if any(_stands_in(one, text) for one in wanted):
            return True
        kept = text[-overlap:]
    return False


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk
    yield b"\n"  # the last word of the file ends here


def _stands_in(word: bytes, text: bytes) -> bool:
    start = text.find(word)
    while start >= 0:
        before, after = text[start - 1 : start] if start else b"", text[start + len(word) : start + len(word) + 1]
        if after and not _continues(before) and not _continues(after):
            return True
        start = text.find(word, start + 1)
    return False


def _continues(byte: bytes) -> bool:
    """Tell whether a byte beside a word makes it a part of a longer one."""
    return byte.isalnum() or byte in (b"_", b"-") or byte >= b"\x80"
