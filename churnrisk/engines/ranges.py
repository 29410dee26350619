"""Ranges of a sorted key, each with about as many rows: what is too large for one query is asked range by range.

Ranges and not hashes: their results, put one after the other, are sorted by the key.
"""

from __future__ import annotations

from churnrisk.engines.database import Database

BYTES_PER_ROW = 300
"""Memory that windows and a hundred aggregates take for a row, measured; a range is to stay within the limit."""

MOST_ROWS, LEAST_ROWS = 4_000_000, 500_000
_SAMPLED = 64


def choose_rows(database: Database) -> int:
    """Give the rows of a range that a database's memory limit allows."""
    limit = database.memory_bytes
    return MOST_ROWS if limit is None else max(LEAST_ROWS, min(MOST_ROWS, limit // BYTES_PER_ROW))


def split_points(database: Database, table: str, key: str, *, rows: int) -> list[str]:
    """Give keys that cut a table into ranges of about so many rows each; none for a table that is no larger.

    Each range begins with its key. The counts come from one key in 64, chosen by a hash, so a key is never split.
    """
    [(count,)] = database.connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608 - names of ours
    if count <= rows:
        return []
    query = f"SELECT {key}, count(*) FROM {table} WHERE hash({key}) % {_SAMPLED} = 0 GROUP BY 1 ORDER BY 1"  # noqa: S608
    points, filled = [], 0
    for value, sampled in database.connection.execute(query).fetchall():
        if filled >= rows:
            points.append(str(value))
            filled = 0
        filled += sampled * _SAMPLED
    return points
