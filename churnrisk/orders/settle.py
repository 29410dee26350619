"""What is settled once there are orders: exact copies of rows, and what the user should know about ids and zeros."""

from __future__ import annotations

from churnrisk.engines import SqlEngine
from churnrisk.messages import wording
from churnrisk.orders import clean
from churnrisk.orders.rows import RowTable
from churnrisk.sources import ColumnMatch, IntakeOptions

ZERO_SHARE = 0.05
DROPPED = wording("{copies} exact copies of rows were dropped.")
KEPT_COPIES = wording(
    "{copies} rows are exact copies of others and were kept, since an order may have equal rows; --drop-duplicates "
    "drops them."
)
ZEROS = wording("{zeros} of {orders} orders have an amount of zero; they are kept and count as no purchase.")


def settle_copies(
    engine: SqlEngine, table: RowTable, match: ColumnMatch, options: IntakeOptions, *, rows: int, keys: int
) -> tuple[RowTable, str, tuple[str, ...]]:
    """Drop exact copies where each order is one row, or where that is asked for; elsewhere keep them and say so.

    Gives the rows, the query of the copies that were dropped (empty for none), and what is to be said.
    """
    copies = 0 if rows == keys else clean.count_copies(engine, table)
    if copies == 0:
        return table, "", ()
    is_order_level = "order_id" in match.positions and clean.is_order_level(
        engine, table, rows=rows, keys=keys, copies=copies
    )
    if not (is_order_level or options.drop_duplicates):
        return table, "", (KEPT_COPIES.format(copies=copies),)
    kept, dropped = clean.drop_copies(engine, table)
    return kept, dropped, (DROPPED.format(copies=copies),)


def say_zeros(*, zeros: int, orders: int) -> list[str]:
    """Say where many orders have an amount of zero."""
    return [ZEROS.format(zeros=zeros, orders=orders)] if zeros > ZERO_SHARE * orders else []
