"""Tables and queries of SQLite files; runs in the limited process."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from churnrisk.sources.child import LIMIT, SOURCE, Refused, Task


def parse_sqlite(task: Task) -> dict[str, Any]:
    """Write ``rows.csv`` from a table, or from a query; the file is opened for reading only."""
    try:
        connection = _open_for_reading(task)
        connection.text_factory = lambda data: data.decode("utf-8", errors="replace")
        cursor = connection.execute(task.query or f"SELECT * FROM {_quote(_choose_table(connection, task))}")
        return _write_rows(cursor, task)
    except sqlite3.Error as error:
        if "authoriz" in str(error):
            raise Refused(SOURCE, "the query does more than read; write a SELECT") from error
        raise Refused(SOURCE, f"SQLite says: {error}") from error


def _name_to_read(task: Task) -> str:
    """Name the database so that nothing is written beside it, which SQLite does where one keeps a log of its writes."""
    path = task.path.resolve()
    log, index = (Path(f"{path}-{name}") for name in ("wal", "shm"))
    with path.open("rb") as file:
        has_log = file.read(20)[18:] == b"\x02\x02"
    if has_log and not index.exists():  # nobody has it open
        if not log.exists():
            return f"file:{quote(str(path))}?mode=ro&immutable=1"
        copy = task.folder / "copy.db"
        shutil.copyfile(path, copy)
        shutil.copyfile(log, f"{copy}-wal")
        path = copy
    return f"file:{quote(str(path))}?mode=ro"


_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


def _open_for_reading(task: Task) -> sqlite3.Connection:
    """Open a file so that nothing is written: not in it, not beside it, and by no statement into another one."""
    connection = sqlite3.connect(_name_to_read(task), uri=True)
    connection.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY)
    return connection


def _choose_table(connection: sqlite3.Connection, task: Task) -> str:
    query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
    names = [str(row[0]) for row in connection.execute(query)]
    if task.table in names:
        return task.table
    listed = ", ".join(names[:30]) or "none"
    if task.table:
        raise Refused(SOURCE, f"it has no table {task.table!r}; its tables: {listed}")
    if len(names) != 1:
        raise Refused(SOURCE, f"name one of its tables with sqlite:///FILE?table=NAME or --query; its tables: {listed}")
    return names[0]


def _write_rows(cursor: sqlite3.Cursor, task: Task) -> dict[str, Any]:
    if cursor.description is None:
        raise Refused(SOURCE, "the query gives no rows; write a SELECT")
    headers = [str(column[0]) for column in cursor.description]
    if len(headers) > task.max_columns:
        raise Refused(LIMIT, f"it has {len(headers)} columns; the bound is --max-columns")
    kinds: list[set[bool]] = [set() for _ in headers]
    count = 0
    with (task.folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for row in cursor:
            count += 1
            for kind, value in zip(kinds, row, strict=True):
                if value is not None:
                    kind.add(isinstance(value, int | float))
            write.writerow([count, *map(_text, row)])
    return {
        "headers": headers,
        "rows": count,
        "rejects": 0,
        "typed": [k for k, kind in enumerate(kinds) if kind == {True}],
    }


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="backslashreplace")
    return str(value)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
