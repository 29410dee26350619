"""Orders as they were known on the morning of a day: no row of that day or after it changes what is read here."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from churnrisk.engines.expressions import as_int
from churnrisk.timeline import stands_at


def known_before(orders: nw.LazyFrame[Any], day: int) -> nw.LazyFrame[Any]:
    """Return the orders before a day, with ``is_purchase`` as it was known then.

    A purchase that returns have taken back whole is one until the day of the return, and none after it.

    Parameters
    ----------
    orders : LazyFrame
        As :data:`churnrisk.schema.ORDERS`.
    day : int
        The first day that is not known.
    """
    return orders.filter(nw.col("order_day") < day).with_columns(is_purchase=as_int(_stands(day)))


def purchases_before(orders: nw.LazyFrame[Any], day: int) -> nw.LazyFrame[Any]:
    """Return the purchases before a day as they were known then: the other orders are left out."""
    return orders.filter(was_purchase(day))


def was_purchase(day: int) -> nw.Expr:
    """Tell whether an order lies before a day and was a purchase as known then."""
    return _stands(day) & (nw.col("order_day") < day)


def _stands(day: int) -> nw.Expr:
    condition: nw.Expr = (nw.col("is_purchase") == 1) & stands_at(nw.col("undone_day"), day)
    return condition
