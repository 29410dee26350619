"""Write a purchase history anew in the plain form that every engine reads: typed Parquet, one row per purchase row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from churnrisk.engines import Database
from churnrisk.orders.log import Orders
from churnrisk.orders.read import build_orders
from churnrisk.orders.report import IntakeReport
from churnrisk.orders.rows import RowTable
from churnrisk.sources import IntakeOptions, match_source, open_source, quote_text

_DAY = "CAST(DATE '1970-01-01' + CAST(day AS INTEGER) AS DATE)"
_MONEY = "CAST(CAST({} AS DECIMAL(19, 0)) * 0.0001 AS DECIMAL(23, 4))"


def convert_purchases(source: Any, target: Path, options: IntakeOptions) -> IntakeReport:
    """Read purchases by all rules of intake, and write the rows that are used as one Parquet file.

    What is read from it gives the same orders, and so the same scores, on every engine. Times are days from then on.

    Parameters
    ----------
    source : str, Path or frame
        Anything that :func:`churnrisk.read_orders` takes.
    target : Path
        The file, overwritten.
    options : IntakeOptions
        How to read the source; what they ask for (rates, dropped copies and cancellations) is done to the rows.
    """
    with Database(threads=options.threads, memory=options.memory) as database:
        raw = open_source(source, database, options)
        match = match_source(raw, database, options)
        orders = build_orders(raw, match, database, options, before_dropping=lambda rows: _keep_rows(database, rows))
        columns = ", ".join(_columns(orders, has_ids="order_id" in match.positions))
        copy = f"COPY (SELECT {columns} FROM kept_rows) TO {quote_text(str(target))} (FORMAT parquet, COMPRESSION zstd)"
        database.connection.execute(copy)
        return orders.report


def _keep_rows(database: Database, rows: RowTable) -> None:
    """Set the good rows apart before they are dropped."""
    database.create_table("kept_rows", f"SELECT * FROM {rows.name} WHERE issue = 0")


def _columns(orders: Orders, *, has_ids: bool) -> list[str]:
    """Give the columns that the log knows, under the names that every reader knows."""
    known = {
        "customer_id": True,
        "order_id": has_ids,
        f"{_DAY} AS ordered_at": True,
        f"{_MONEY.format('amount')} AS amount": orders.has_amounts,
        f"{_MONEY.format('quantity')} AS quantity": orders.has_quantities,
        "product_id": orders.has_products,
        "category": orders.has_categories,
        f"{quote_text(orders.currency or '')} AS currency": orders.currency is not None,
    }
    return [column for column, is_known in known.items() if is_known]
