"""The file of rows that were set aside: which line, which column, which value, and why."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

from churnrisk.engines import Database
from churnrisk.errors import OutputError


def write_rejects(database: Database, path: Path, *, files: tuple[str, ...] = ()) -> int:
    """Write every row that was set aside, whole or not at all; give how many there were.

    The columns are line, column, value (cut at 200 characters) and reason; where several files were read, the name
    of the file comes first.

    Raises
    ------
    OutputError
        Where the file cannot be written.
    """
    query = "SELECT file, line, column_name, value, reason FROM set_aside ORDER BY ALL"
    result = database.connection.execute(query)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            count = _write_rows(csv.writer(file), result, files)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"cannot write the rejected rows to {path}: {error.strerror}.") from error
    return count


def _write_rows(write: Any, result: Any, files: tuple[str, ...]) -> int:
    names = [[name] for name in files] or [[]]
    write.writerow([*(["file"] if files else []), "line", "column", "value", "reason"])
    count = 0
    while rows := result.fetchmany(10_000):
        for file, line, column, value, reason in rows:
            write.writerow([*names[file], line, column, escape_value(value), reason])
        count += len(rows)
    return count


def escape_value(value: str | None) -> str:
    """Make a value safe to print on one line: no control characters, no formula."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value or "")
    return (
        "'" + text
        if text[:1] in ("=", "+", "-", "@") and not text[1:].replace(".", "").replace(",", "").isdigit()
        else text
    )
