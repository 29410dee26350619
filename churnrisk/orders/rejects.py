"""The file of rows that were set aside: which line, which column, which value, and why."""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from churnrisk.engines import Database
from churnrisk.errors import OutputError
from churnrisk.messages import mark
from churnrisk.sources import quote_text

_UNDER_DATE = mark("a number under the format of a date in the workbook")


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
    return write_reject_rows(_name_files(result, files), path, has_files=bool(files))


def write_reject_rows(rows: Iterable[list[Any]], path: Path, *, has_files: bool) -> int:
    """Write rows of file, line, column, value and reason as :func:`write_rejects` does."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
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


def _name_files(result: Any, files: tuple[str, ...]) -> Iterator[list[Any]]:
    while rows := result.fetchmany(10_000):
        for file, *row in rows:
            yield [files[file] if files else "", *row]


def name_date_cells(database: Database, headers: Collection[str]) -> None:
    """Say of rejected values of a workbook that they are numbers under the format of a date."""
    names = ", ".join(map(quote_text, headers))
    database.connection.execute(
        f"UPDATE set_aside SET reason = {quote_text(_UNDER_DATE)} WHERE kind = 'rejected' AND column_name IN ({names}) "
        r"AND regexp_full_match(value, '\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?')"
    )


def escape_value(value: str | None) -> str:
    """Make a value safe to print on one line: no control characters, no formula."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value or "")
    return (
        "'" + text
        if text[:1] in ("=", "+", "-", "@") and not text[1:].replace(".", "").replace(",", "").isdigit()
        else text
    )
