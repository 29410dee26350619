"""The file of rows that were set aside: which line, which column, which value, and why."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from churnrisk.writing import replacing


def write_reject_rows(rows: Iterable[Sequence[Any]], path: Path, *, has_files: bool) -> int:
    """Write rows of file, line, column, value and reason, whole or not at all; give how many there were.

    Values are cut at 200 characters; the name of the file comes first where several were read.

    Raises
    ------
    OutputError
        Where the file cannot be written.
    """
    start = 0 if has_files else 1
    count = 0
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "line", "column", "value", "reason"][start:])
        for row in rows:
            writer.writerow([*row[start:3], escape_value(row[3]), row[4]])
            count += 1
    return count


def escape_value(value: str | None) -> str:
    """Make a value safe to print on one line: no control characters, no formula."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value or "")
    return (
        "'" + text
        if text[:1] in ("=", "+", "-", "@") and not text[1:].replace(".", "").replace(",", "").isdigit()
        else text
    )
