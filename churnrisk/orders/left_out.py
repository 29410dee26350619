"""Customers who are left out: their rows go before anything is found in the data, as if the source did not have them.

So whatever a column as a whole decides (how dates are written, what is a guest, whether too many rows are wrong) is
decided without them, and every figure is that of a source without them. Only what no reader can make a row of is of
nobody, and stays in the account.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from churnrisk.engines import Database, SqlEngine
from churnrisk.errors import SourceError
from churnrisk.orders.identity import find_guests, whose_sql
from churnrisk.orders.load import LOADED, LoadedRows, id_sql, load_rows
from churnrisk.orders.rows import RowTable
from churnrisk.sources import ColumnMatch, IntakeOptions, RawRows, fold_sql, own_sql

_REST = ("left_in", "left_in_again")
"""Tables of the rows of everybody else; one is made of the other."""


def leave_out_rows(
    raw: RawRows, loaded: LoadedRows, match: ColumnMatch, database: Database, options: IntakeOptions
) -> tuple[RawRows, LoadedRows]:
    """Read purchase rows again without those of customers who are left out, where there are some.

    It is done until nobody is found any more: whom a row is of, where it has no id of its own, depends on the others.
    """
    while options.left_out is not None:
        kept = _without(raw, _whose_rows(match, database, options), database, options)
        database.drop_table("whose_rows")
        if kept is raw:
            break
        raw, loaded = kept, load_rows(database, kept, match, options)
    return raw, loaded


def leave_out_listed(raw: RawRows, match: ColumnMatch, database: Database, options: IntakeOptions) -> RawRows:
    """Return the rows of a list of customers without those who are left out."""
    if options.left_out is None:
        return raw
    customer = own_sql(id_sql(f"c{match.positions['customer_id']}", raw.is_escaped), database, options)
    rows = f"SELECT row_number() OVER () - 1 AS row, {customer} AS customer FROM {raw.sql}"
    return _without(raw, rows, database, options)


def refuse_left_out(engine: SqlEngine, orders: str, name: str, options: IntakeOptions) -> None:
    """Stop where orders on a cluster have a customer who is to be left out, since rows are not read again there."""
    if options.left_out is None:
        return
    ids = (str(one) for (one,) in engine.iterate_rows(f"SELECT DISTINCT customer_id FROM {orders}"))
    found = len(options.left_out.among(ids))
    if found:
        raise SourceError(
            f"{name} holds {found} customers who have objected, and Spark does not leave them out. `churnrisk convert` "
            "writes the purchases without them; name what it has written.",
            code="source.holds_objected",
        )


def _whose_rows(match: ColumnMatch, database: Database, options: IntakeOptions) -> str:
    """Return the query of the customer of each row that was loaded, by its place."""
    words = [f"{role}_text" for role in ("email", "phone") if role in match.positions]
    columns = ", ".join(["rowid AS row", f"{fold_sql('customer_id', database, options)} AS customer_id", *words])
    rows = database.create_table("whose_rows", f"SELECT {columns} FROM {LOADED}", is_view=True)
    counts = "count(*) AS n, count(*) AS good"
    customers = database.create_table(
        "whose_customers", f"SELECT customer_id, {counts} FROM {rows} GROUP BY customer_id"
    )
    table = RowTable(rows, "0", "''", {}, tuple(words), customers=customers)
    customer = whose_sql(database, table, find_guests(database, table), options).customer
    return f"SELECT row, {customer} AS customer FROM {rows}"


def _without(raw: RawRows, rows: str, database: Database, options: IntakeOptions) -> RawRows:
    """Return the rows without those of customers who are left out; the same rows where none is.

    Each keeps its line, so that what is said of it names the line of the file.
    """
    distinct = database.iterate_rows(f"SELECT DISTINCT customer FROM ({rows}) WHERE customer IS NOT NULL")
    gone = set() if options.left_out is None else options.left_out.among(str(one) for (one,) in distinct)
    if not gone:
        return raw
    database.fill_table("left_out", {"customer": np.array(sorted(gone), dtype=object)})
    is_gone = f"SELECT row FROM ({rows}) SEMI JOIN left_out USING (customer)"
    gone_rows = database.create_table("left_out_rows", is_gone)
    fields = ", ".join(f"c{place}" for place in range(len(raw.headers)))
    line = "line" if raw.has_lines else f"row + {raw.first_line} AS line"
    numbered = f"SELECT *, row_number() OVER () - 1 AS row FROM {raw.sql}"
    kept = f"SELECT {fields}, {line}{', file' if raw.files else ''} FROM ({numbered}) ANTI JOIN {gone_rows} USING (row)"
    rest = database.create_table(next(one for one in _REST if one != raw.sql), f"{kept} ORDER BY row")
    return replace(raw, sql=rest, has_lines=True, expected_rows=None, fallback=None)
