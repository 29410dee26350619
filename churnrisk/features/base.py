"""The rows that features are made of, and the customer base.

Only rows before the cutoff get past :func:`order_history` and :func:`line_history`; this is the one place where
features meet the log. One pass over the orders gives each of them the day of the order before it and the last day
of its kind (purchases and others apart), so that gaps need neither a join nor a second window.
"""

from __future__ import annotations

from typing import Any, Protocol

import narwhals as nw

from churnrisk.engines import as_int, int_sum, known_before, place_days
from churnrisk.timeline import Snapshot, within

CUSTOMER = "customer_id"
is_new_day = nw.col("is_new_day")
gap_days = nw.col("gap_days")
order_day = nw.col("order_day")
amount = nw.col("amount")
first_day = nw.col("first_day")
last_day = nw.col("last_day")
place_from_end = nw.col("place_from_end")


class PurchaseLog(Protocol):
    """What features and labels need of a log: :class:`churnrisk.orders.Orders`, or anything shaped like it."""

    @property
    def has_amounts(self) -> bool:
        """Whether amounts are known."""

    @property
    def has_quantities(self) -> bool:
        """Whether numbers of items are known."""

    @property
    def has_products(self) -> bool:
        """Whether rows name products."""

    @property
    def has_categories(self) -> bool:
        """Whether rows name categories."""

    def frame(self) -> nw.LazyFrame[Any]:
        """Return the orders, one row each, as :data:`churnrisk.schema.ORDERS`."""

    def lines(self) -> nw.LazyFrame[Any] | None:
        """Return the purchase rows as :data:`churnrisk.schema.LINES`, or None."""


def order_history(log: PurchaseLog, snapshot: Snapshot) -> nw.LazyFrame[Any]:
    """Return the orders before the cutoff as they were known then, each with its gap to the purchase day before it.

    ``previous_day`` is the day of the customer's order before this one, among purchases for a purchase. Orders of
    one day are in no order among themselves, and need none: exactly one of them, whichever, has an earlier
    previous day (or none) and so stands for the day in ``is_new_day``; the others see a gap of zero. Of those that
    stand for their day, ``place_from_end`` is 1 for the last purchase day, 2 for the one before, and so on.
    """
    past = known_before(log.frame(), snapshot.cutoff)
    placed = place_days(past, (CUSTOMER, "is_purchase"), "order_day")
    previous = nw.col("previous_day")
    return placed.with_columns(
        is_new_day=as_int(is_purchase() & (previous.is_null() | (previous < order_day))),
        gap_days=nw.when(is_purchase() & (previous < order_day)).then(order_day - previous),
    )


def line_history(log: PurchaseLog, snapshot: Snapshot) -> nw.LazyFrame[Any]:
    """Return the bought (not the returned) purchase rows before the cutoff."""
    lines = log.lines()
    if lines is None:
        raise TypeError("this log has no lines; basket features of products and categories need them")
    bought = amount > 0 if log.has_amounts else nw.col("quantity") >= 0
    return lines.filter(snapshot.is_past(order_day), bought)


def in_base(snapshot: Snapshot) -> nw.Expr:
    """Tell, of a customer's aggregates, whether the customer is in the base: the last purchase day decides."""
    condition: nw.Expr = snapshot.in_base(nw.col("last_purchase_day"))
    return condition


def has_purchased() -> nw.Expr:
    """Tell, of a customer's aggregates, whether the customer has ever bought before the cutoff."""
    return ~nw.col("last_purchase_day").is_null()


def is_purchase() -> nw.Expr:
    """Tell whether an order of :func:`order_history` is a purchase."""
    return nw.col("is_purchase") == 1


def days_back(snapshot: Snapshot, farthest: int, *, nearest: int = 0) -> nw.Expr:
    """Tell whether an order lies more than ``nearest`` and at most ``farthest`` days before the cutoff."""
    condition: nw.Expr = within(order_day, snapshot.cutoff - farthest, snapshot.cutoff - nearest)
    return condition


def sum_where(condition: nw.Expr, value: nw.Expr) -> nw.Expr:
    """Sum a whole number over the rows that meet a condition."""
    return int_sum(nw.when(condition).then(value).otherwise(nw.lit(0, dtype=nw.Int64)))


def count_where(condition: nw.Expr) -> nw.Expr:
    """Count the rows that meet a condition."""
    return int_sum(as_int(condition))


def pick_where(condition: nw.Expr, value: nw.Expr) -> nw.Expr:
    """Return a value where a condition is met and nothing elsewhere, for minima, maxima and medians."""
    return nw.when(condition).then(value)
