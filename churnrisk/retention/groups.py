"""Groups of customers by what they bought first."""

from __future__ import annotations

from typing import Any, Protocol

import narwhals as nw

from churnrisk.engines import int_sum
from churnrisk.errors import ColumnError
from churnrisk.retention.histories import OrderLog


class LineLog(OrderLog, Protocol):
    """A log whose lines name categories: :class:`churnrisk.orders.Orders`."""

    has_categories: bool

    def lines(self) -> nw.LazyFrame[Any] | None:
        """Return the purchase rows, as :data:`churnrisk.schema.LINES`."""

    def made_elsewhere(self, made: tuple[Any, Any]) -> Any:
        """Return the same log with other frames."""


def group_by_first_category(log: LineLog) -> OrderLog:
    """Put each customer into the group of the first order's category, in the column ``customer_group``.

    The first order is the first day with a purchase that no return has undone on that day. Of several categories it is
    the one that most was paid for, in a log without amounts the one with most rows; of equal ones the first by name.
    Customers whose first order names none are in the group of empty text.

    Parameters
    ----------
    log : Orders
        The log, on any engine.

    Raises
    ------
    ColumnError
        Where the log names no categories.
    """
    lines = log.lines()
    if lines is None or not log.has_categories:
        raise ColumnError(
            "--by category: no column of these purchases is the category; name it with --column category=HEADER.",
            code="columns.not_found",
        )
    days = log.frame().filter(nw.col("is_purchase") == 1).group_by("customer_id").agg(nw.col("order_day").min())
    weight = nw.col("amount") if log.has_amounts else nw.lit(1, dtype=nw.Int64)
    bought = lines.filter(nw.col("amount") > 0) if log.has_amounts else lines
    first = bought.filter(nw.col("category") != "").join(days, on=["customer_id", "order_day"])
    keys = ["customer_id", "category"]
    weighed = first.select(*keys, weight=weight).group_by(*keys).agg(int_sum(nw.col("weight")).alias("weight"))
    most = weighed.group_by("customer_id").agg(nw.col("weight").max())
    chosen = weighed.join(most, on=["customer_id", "weight"]).group_by("customer_id").agg(nw.col("category").min())
    named = log.frame().join(chosen, on="customer_id", how="left")
    grouped = named.with_columns(customer_group=nw.col("category").fill_null("")).drop("category")
    made: OrderLog = log.made_elsewhere((grouped, lines))
    return made
