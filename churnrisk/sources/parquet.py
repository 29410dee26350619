"""Parquet files, their typed columns written as text; runs in the limited process."""

from __future__ import annotations

from typing import Any

from churnrisk.sources.child import LIMIT, SOURCE, Refused, Task
from churnrisk.sources.sql import quote_name, quote_text

_FLOATS = ("FLOAT", "DOUBLE")
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_TIMES = ("DATE", "TIMESTAMP")
_NO_IDS = ("BOOLEAN", "STRUCT(", "MAP(", "UNION(")


def parse_parquet(task: Task) -> dict[str, Any]:
    """Write ``rows.parquet``, all text: numbers keep their digits, times their clock."""
    from churnrisk.engines import Database, engine_error
    from churnrisk.sources.checksum import check_pages

    check_pages(task.path)
    with Database(threads=task.threads, memory=f"{task.max_memory // 2 // 1024**2}MiB") as database:
        try:
            return _copy(database, task)
        except engine_error() as error:
            message = str(error).splitlines()[0]
            kind = LIMIT if "memory" in message.lower() or "too large" in message.lower() else SOURCE
            raise Refused(kind, message) from error


def _copy(database: Any, task: Task) -> dict[str, Any]:
    table = f"read_parquet({quote_text(str(task.path))})"
    described = database.connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
    if len(described) > task.max_columns:
        raise Refused(LIMIT, f"it has {len(described)} columns; the bound is --max-columns")
    headers, kinds = [str(row[0]) for row in described], [str(row[1]) for row in described]
    _refuse_bomb(database, task, columns=len(headers))
    columns = ", ".join(
        f"{text_sql(quote_name(header), kind)} AS c{k}"
        for k, (header, kind) in enumerate(zip(headers, kinds, strict=True))
    )
    target = task.folder / "rows.parquet"
    options = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 50000"
    [(rows,)] = database.connection.execute(
        f"COPY (SELECT {columns} FROM {table}) TO {quote_text(str(target))} ({options})"
    ).fetchall()
    floats = [
        k
        for k, (header, kind) in enumerate(zip(headers, kinds, strict=True))
        if kind in _FLOATS and _is_whole(database, table, quote_name(header))
    ]
    typed = [k for k, kind in enumerate(kinds) if is_typed(kind)]
    no_ids = [k for k, kind in enumerate(kinds) if kind.startswith(_NO_IDS) or kind.endswith("]")]
    found = {"headers": headers, "rows": int(rows), "rejects": 0, "file": target.name}
    return {**found, "typed": typed, "floats": floats, "no_ids": no_ids}


def _refuse_bomb(database: Any, task: Task, *, columns: int) -> None:
    """Refuse a small file of very many cells: a value that repeats takes no room in Parquet, and much once written."""
    [(rows,)] = database.connection.execute(
        f"SELECT sum(num_rows) FROM parquet_file_metadata({quote_text(str(task.path))})"
    ).fetchall()
    cells, size = int(rows or 0) * columns, task.path.stat().st_size
    if cells > max(task.max_ratio * size, 1 << 24):
        raise Refused(
            LIMIT, f"{size:,} bytes hold {cells:,} cells, more than {task.max_ratio} a byte; the bound is --max-ratio"
        )


def _is_whole(database: Any, table: str, column: str) -> bool:
    query = f"SELECT bool_and({column} = floor({column})) FROM {table} WHERE NOT isnan({column})"
    return bool(database.connection.execute(query).fetchall()[0][0])


def is_typed(kind: str) -> bool:
    """Tell whether a column of this type holds numbers or times."""
    return kind in _FLOATS or kind in _NUMBERS or kind.startswith(("DECIMAL", *_TIMES))


def text_sql(column: str, kind: str) -> str:
    """Write a typed column as the text that means the same; NaN means missing."""
    if kind in _FLOATS:
        # the statistics of a column leave NaN out, so that the engine takes isnan() for false: it is asked by its text
        whole = f"CASE WHEN {column} = floor({column}) AND abs({column}) < 1e22 THEN try_cast({column} AS HUGEINT) END"
        text = f"CAST({column} AS VARCHAR)"
        return f"coalesce(CAST({whole} AS VARCHAR), CASE WHEN NOT ends_with({text}, 'nan') THEN {text} END)"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime(timezone('UTC', {column}), '%Y-%m-%d %H:%M:%S') || 'Z'"
    return f"CAST({column} AS VARCHAR)"
