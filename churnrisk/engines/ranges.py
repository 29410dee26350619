"""Ranges of a sorted key, each with about as many rows: what is too large for one query is asked range by range.

Ranges and not hashes: their results, put one after the other, are sorted by the key.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw

from churnrisk.engines.database import Database

BYTES_PER_ROW = 300
"""Memory that windows and a hundred aggregates take for a row, measured; a range is to stay within the limit."""

MOST_ROWS, LEAST_ROWS = 4_000_000, 500_000
_SAMPLED = 64


def choose_rows(database: Database) -> int:
    """Return the rows of a range that a database's memory limit allows."""
    limit = database.memory_bytes
    return MOST_ROWS if limit is None else max(LEAST_ROWS, min(MOST_ROWS, limit // BYTES_PER_ROW))


def split_points(database: Database, table: str, key: str, *, rows: int) -> list[str]:
    """Return keys that cut a table into ranges of about so many rows each; none for a table that is no larger.

    Each range begins with its key. The counts come from one key in 64, chosen by a hash, so a key is never split.
    """
    sampled_keys = f"SELECT {key}, count(*) FROM {table} WHERE hash({key}) % {_SAMPLED} = 0 GROUP BY 1 ORDER BY 1"  # noqa: S608 - names of ours
    cursor = database.connection.cursor()  # of its own: others may be asking the same database
    try:
        [(count,)] = cursor.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608 - names of ours
        if count <= rows:
            return []
        sample = cursor.execute(sampled_keys).fetchall()
    finally:
        cursor.close()
    points, filled = [], 0
    for value, sampled in sample:
        if filled >= rows:
            points.append(str(value))
            filled = 0
        filled += sampled * _SAMPLED
    return points


def key_ranges(
    database: Database | None, *, table: str, key: str, rows: int | None = None
) -> list[tuple[str | None, str | None]]:
    """Return first keys and ends of ranges that each fit into memory; one range without either where all does."""
    if database is None:
        return [(None, None)]
    points = split_points(database, table, key, rows=rows or choose_rows(database))
    return list(zip([None, *points], [*points, None], strict=True))


def cut_range(frame: nw.LazyFrame[Any], key: str, ends: tuple[str | None, str | None]) -> nw.LazyFrame[Any]:
    """Return the rows whose key lies in a range: from the first on, and before the end."""
    first, end = ends
    if first is not None:
        frame = frame.filter(nw.col(key) >= first)
    return frame if end is None else frame.filter(nw.col(key) < end)
