"""The file of rows that were set aside: which line, which column, which value, and why."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from churnrisk.errors import OutputError
from churnrisk.formulas import defuse
from churnrisk.messages import wording
from churnrisk.writing import Holds, replacing

MOST_ROWS, MOST_BYTES = 100_000, 20_000_000
"""So much is listed at most: nobody mends more by hand, and a log that is all wrong is not to fill the disk."""

FURTHER = wording("{number} further rows were set aside and are not listed here.")


def write_reject_rows(
    rows: Iterable[Sequence[Any]], path: Path, *, has_files: bool, holds: Holds | None = "rejected rows"
) -> int:
    """Write rows of file, line, column, value and reason, whole or not at all; give how many there were.

    Values are cut at 200 characters; the name of the file comes first where several were read. Of more rows than are
    listed, the last line says how many there are. What the file holds is told unless it is part of something larger.

    Raises
    ------
    OutputError
        Where the file cannot be written.
    """
    _make_folder(path.parent)
    with (
        replacing(path, holds=holds) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        return _write(rows, file, start=0 if has_files else 1)


def copy_rejects(listed: Path, path: Path) -> None:
    """Write a list that was made before to where it is asked for, whole or not at all.

    Raises
    ------
    OutputError
        Where the file cannot be written.
    """
    _make_folder(path.parent)
    with replacing(path, holds="rejected rows") as temporary:
        shutil.copyfile(listed, temporary)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made, for the list of rejected rows: {error.strerror}.") from None


def _write(rows: Iterable[Sequence[Any]], file: IO[str], *, start: int) -> int:
    writer = csv.writer(file)
    writer.writerow(["file", "line", "column", "value", "reason"][start:])
    count = listed = written = 0
    for row in rows:
        count += 1
        if listed < MOST_ROWS and written < MOST_BYTES:
            written += writer.writerow([*row[start:3], escape_value(row[3]), row[4]])
            listed += 1
    if listed < count:
        writer.writerow([*[""] * (4 - start), FURTHER.format(number=f"{count - listed:,}")])
    return count


def escape_value(value: str | None) -> str:
    """Make a value safe to print on one line: no control characters, no formula."""
    text = value or ""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return defuse(text)
