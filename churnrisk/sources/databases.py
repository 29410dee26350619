"""Tables and queries of PostgreSQL and SQLite, brought to the same text as a file; and tables written back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from churnrisk.engines import Database, connect_postgres
from churnrisk.errors import OutputError, SettingsError, SourceError
from churnrisk.sources.files import open_file, tell_kind
from churnrisk.sources.options import IntakeOptions
from churnrisk.sources.raw import RawRows
from churnrisk.sources.sql import quote_name
from churnrisk.sources.text import path_in, read_text

_POSTGRES = ("postgresql", "postgres")
_TYPED = {20, 21, 23, 26, 700, 701, 790, 1082, 1114, 1184, 1700}  # numbers of PostgreSQL's numeric and time types
_NO_IDS = {16, 114, 3802}  # boolean, json, jsonb


def is_database_url(source: str) -> bool:
    """Tell whether a source is named by the URL of a database."""
    return "://" in source and source.split("://", 1)[0].lower() in (*_POSTGRES, "sqlite")


def split_table(url: str) -> tuple[str, str | None]:
    """Return a URL without its ``table=``, and the table."""
    if url.lower().startswith("sqlite:"):  # its path may begin with any number of slashes
        path, _, query = url.partition("?")
        return path, dict(parse_qsl(query)).get("table")
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    tables = [value for key, value in pairs if key == "table"]
    rest = urlencode([pair for pair in pairs if pair[0] != "table"])
    return urlunsplit(parts._replace(query=rest)), tables[0] if tables else None


def read_database(url: str, database: Database, options: IntakeOptions) -> RawRows:
    """Return the rows of a table, ``...?table=orders``, or of a query."""
    bare, table = split_table(url)
    options = replace(options, table=table or options.table)
    if url.lower().startswith("sqlite"):
        return _read_sqlite(bare, database, options)
    return _read_postgres(bare, database, options)


def _read_sqlite(url: str, database: Database, options: IntakeOptions) -> RawRows:
    """Read ``sqlite:///relative`` or ``sqlite:////absolute``."""
    path = Path(unquote(re.sub(r"(?i)^sqlite:/{0,3}", "", url.split("?")[0])))
    if tell_kind(path, path.name) != "sqlite":
        raise SourceError(f"{path.name} is no SQLite database.")
    return open_file(path, database, options, name=path.name)


def _read_postgres(url: str, database: Database, options: IntakeOptions) -> RawRows:
    """Copy a table or query to a file of text, and read that as any other."""
    if not options.query and not options.table:
        raise SettingsError("name what to read: postgresql://user@host/database?table=orders, or --query 'SELECT ...'.")
    target = path_in(database, "copied.csv")
    query = options.query.strip().rstrip(";") if options.query else f"SELECT * FROM {_quote_table(options.table or '')}"
    with connect_postgres(url, error=SourceError) as connection:
        copied = _copy(connection, query, target, limit=options.max_size)
    name = f"table {options.table}" if not options.query else "the query"
    dialect = replace(options, encoding="utf-8", delimiter=",")
    raw = read_text(target, database, dialect, name=name, headers=copied.headers)
    return _mark_copied(raw, copied)


@dataclass(frozen=True)
class _Copied:
    """The columns of a table that was copied: their names, which hold numbers or times, and which what no id can be."""

    headers: tuple[str, ...]
    typed: frozenset[int]
    no_ids: frozenset[int]


def _mark_copied(raw: RawRows, copied: _Copied) -> RawRows:
    """Say that rows of text came out of a database, also where they have to be read again carefully."""
    again = raw.fallback
    fallback = None if again is None else lambda: _mark_copied(again(), copied)
    raw = replace(raw, format="PostgreSQL", is_escaped=False, texts=(), fallback=fallback)
    return replace(raw, typed=copied.typed, no_ids=copied.no_ids)


def _copy(connection: Any, query: str, target: Path, *, limit: int) -> _Copied:
    connection.read_only = True
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET DateStyle = 'ISO, YMD'")
    described = connection.execute(f"SELECT * FROM ({query}) AS purchases LIMIT 0").description
    size = 0
    with (
        target.open("wb") as file,
        connection.cursor().copy(f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')") as copy,
    ):
        for data in copy:
            size += len(data)
            if size > limit:
                raise SourceError(f"the table has more than {limit} bytes; the bound is --max-size.")
            file.write(data)
    codes, known = [column.type_code for column in described], connection.adapters.types
    arrays = {code for code in codes if (kind := known.get(code)) is not None and kind.array_oid == code}
    return _Copied(
        headers=tuple(str(column.name) for column in described),
        typed=frozenset(k for k, code in enumerate(codes) if code in _TYPED),
        no_ids=frozenset(k for k, code in enumerate(codes) if code in _NO_IDS or code in arrays),
    )


def _quote_table(name: str) -> str:
    return ".".join(quote_name(part) for part in name.split("."))


def write_database_table(url: str, columns: Mapping[str, Sequence[Any]], *, key: str = "as_of") -> int:
    """Write columns to the table of a PostgreSQL URL, replacing the rows of the same key; give the number of rows.

    All in one transaction: the table is made where it is absent, and given the columns that it lacks; the rows of the
    same ``key`` go, the new ones come, or nothing happens at all.

    Parameters
    ----------
    url : str
        ``postgresql://user@host/database?table=scores``.
    columns : mapping of str to sequence
        Columns of equal length, of text, whole numbers, floats, dates, and None.
    key : str
        The column whose values say which rows are replaced.
    """
    bare, table = split_table(url)
    if not table:
        raise SettingsError("name the table to write: postgresql://user@host/database?table=scores.")
    name = _quote_table(table)
    fields = ", ".join(quote_name(column) for column in columns)
    types = [f"{quote_name(column)} {_column_type(values)}" for column, values in columns.items()]
    with connect_postgres(bare, error=OutputError) as connection:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({', '.join(types)})")
        connection.execute(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")  # two writers come one after the other
        for column in types:
            connection.execute(f"ALTER TABLE {name} ADD COLUMN IF NOT EXISTS {column}")
        for value in sorted(set(columns[key])):
            connection.execute(f"DELETE FROM {name} WHERE {quote_name(key)} = %s", (value,))
        count = 0
        with connection.cursor().copy(f"COPY {name} ({fields}) FROM STDIN") as copy:
            for row in zip(*columns.values(), strict=True):
                copy.write_row([None if value != value else value for value in row])  # NaN is nothing
                count += 1
    return count


def _column_type(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {int, bool}:
        return "bigint"
    if kinds and kinds <= {int, float}:
        return "double precision"
    return "date" if kinds == {dt.date} else "text"
