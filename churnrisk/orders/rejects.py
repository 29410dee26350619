"""The file of rows that were set aside: which line, which column, which value, and why."""

from __future__ import annotations

import csv
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from churnrisk.errors import OutputError


def write_reject_rows(rows: Iterable[Sequence[Any]], path: Path, *, has_files: bool) -> int:
    """Write rows of file, line, column, value and reason, whole or not at all; give how many there were.

    Values are cut at 200 characters; the name of the file comes first where several were read.

    Raises
    ------
    OutputError
        Where the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    start = 0 if has_files else 1
    count = 0
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["file", "line", "column", "value", "reason"][start:])
            for row in rows:
                writer.writerow([*row[start:3], escape_value(row[3]), row[4]])
                count += 1
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"cannot write the rejected rows to {path}: {error.strerror}.") from error
    return count


def escape_value(value: str | None) -> str:
    """Make a value safe to print on one line: no control characters, no formula."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value or "")
    return (
        "'" + text
        if text[:1] in ("=", "+", "-", "@") and not text[1:].replace(".", "").replace(",", "").isdigit()
        else text
    )
