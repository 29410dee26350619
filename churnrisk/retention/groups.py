"""Groups of customers by the category that they bought first, or most of."""

from __future__ import annotations

from typing import Any, Protocol

import narwhals as nw

from churnrisk.engines import collect_arrays, int_sum
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
    lines = _lines_of(log)
    days = log.frame().filter(nw.col("is_purchase") == 1).group_by("customer_id").agg(nw.col("order_day").min())
    chosen = _most_paid(log, lines.join(days, on=["customer_id", "order_day"]))
    named = log.frame().join(chosen, on="customer_id", how="left")
    grouped = named.with_columns(customer_group=nw.col("category").fill_null("")).drop("category")
    made: OrderLog = log.made_elsewhere((grouped, lines))
    return made


def main_categories(log: LineLog, as_of: int) -> dict[str, str]:
    """Return for each customer the category that most was paid for before a day; customers without any are left out.

    In a log without amounts it is the one with most rows; of equal ones the first by name.
    """
    chosen = _most_paid(log, _lines_of(log).filter(nw.col("order_day") < as_of))
    found = collect_arrays(chosen, sort_by=["customer_id"])
    return dict(zip(found["customer_id"].tolist(), found["category"].tolist(), strict=True))


def _lines_of(log: LineLog) -> nw.LazyFrame[Any]:
    lines = log.lines()
    if lines is None or not log.has_categories:
        raise ColumnError(
            "--by category: no column of these purchases is the category; name it with --column category=HEADER.",
            code="columns.not_found",
        )
    return lines


def _most_paid(log: LineLog, lines: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the category of each customer that most was paid for."""
    weight = nw.col("amount") if log.has_amounts else nw.lit(1, dtype=nw.Int64)
    bought = lines.filter(nw.col("amount") > 0) if log.has_amounts else lines
    keys = ["customer_id", "category"]
    rows = bought.filter(nw.col("category") != "").select(*keys, weight=weight)
    weighed = rows.group_by(*keys).agg(int_sum(nw.col("weight")).alias("weight"))
    most = weighed.group_by("customer_id").agg(nw.col("weight").max())
    return weighed.join(most, on=["customer_id", "weight"]).group_by("customer_id").agg(nw.col("category").min())
