"""Parquet files, their typed columns written as text."""

from __future__ import annotations

from pathlib import Path

from churnrisk.engines import Database, engine_error
from churnrisk.errors import SourceError
from churnrisk.orders.raw import RawRows
from churnrisk.orders.sql import quote_name, quote_text

_FLOATS = ("FLOAT", "DOUBLE")
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_TIMES = ("DATE", "TIMESTAMP")


def read_parquet(path: Path, database: Database, *, name: str) -> RawRows:
    """Give the rows of a Parquet file; numbers keep their digits, times their clock."""
    table = f"read_parquet({quote_text(str(path))})"
    try:
        described = database.connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
    except engine_error() as error:
        raise SourceError(f"{name} is not a readable Parquet file: {str(error).splitlines()[0]}") from error
    headers = tuple(str(row[0]) for row in described)
    kinds = [str(row[1]) for row in described]
    columns = ", ".join(
        f"{text_sql(quote_name(h), kind)} AS c{k}" for k, (h, kind) in enumerate(zip(headers, kinds, strict=True))
    )
    typed = frozenset(k for k, kind in enumerate(kinds) if is_typed(kind))
    return RawRows(name=name, format="Parquet", headers=headers, sql=f"(SELECT {columns} FROM {table})", typed=typed)


def is_typed(kind: str) -> bool:
    """Tell whether a column of this type holds numbers or times."""
    return kind in _FLOATS or kind in _NUMBERS or kind.startswith(("DECIMAL", *_TIMES))


def text_sql(column: str, kind: str) -> str:
    """Write a typed column as the text that means the same; NaN means missing."""
    if kind in _FLOATS:
        whole = f"{column} = floor({column}) AND abs({column}) < 1e22"
        text = f"CAST(CAST({column} AS HUGEINT) AS VARCHAR)"
        return f"CASE WHEN isnan({column}) THEN NULL WHEN {whole} THEN {text} ELSE CAST({column} AS VARCHAR) END"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime(timezone('UTC', {column}), '%Y-%m-%d %H:%M:%S') || 'Z'"
    return f"CAST({column} AS VARCHAR)"
