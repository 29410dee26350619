"""Groups of customers: by the category that they bought first, or most of, and by what they are, such as a channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import narwhals as nw

from churnrisk.dated import AttributeTable
from churnrisk.engines import collect_arrays, int_sum
from churnrisk.errors import ColumnError
from churnrisk.retention.histories import OrderLog

KEY = "customer_id"


class LineLog(OrderLog, Protocol):
    """A log whose lines name categories: :class:`churnrisk.orders.Orders`."""

    has_categories: bool

    @property
    def attributes(self) -> Mapping[str, AttributeTable]:
        """Return the attributes of customers, by the names of their tables."""

    def lines(self) -> nw.LazyFrame[Any] | None:
        """Return the purchase rows, as :data:`churnrisk.schema.LINES`."""

    def made_elsewhere(self, made: tuple[Any, Any]) -> Any:
        """Return the same log with other frames."""


CATEGORY = "category"
"""What stands for the category of the first order, where groups are named."""


def group_customers(log: LineLog, by: str) -> OrderLog:
    """Put customers into groups by ``"category"`` (that of the first order) or by ``"TABLE.attribute"``."""
    return group_by_first_category(log) if by == CATEGORY else group_by_attribute(log, by)


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


def group_by_attribute(log: LineLog, name: str) -> OrderLog:
    """Put each customer into the group of an attribute, from the day on from which it holds.

    In the column ``customer_group`` each order has the value that held on its day, and each later change is a row of
    its own, which is no purchase and has no amount. So on the morning of a day a customer is in the group of the latest
    ``valid_from`` before it, and one whose attribute was not known then is in the group of empty text: what became
    known afterwards would tell who stayed.

    Parameters
    ----------
    log : Orders
        The log, on any engine, with its attributes.
    name : str
        ``TABLE.attribute``.

    Raises
    ------
    ColumnError
        Where there is no such attribute, or it is no text.
    """
    table = log.attributes[name.partition(".")[0]]
    attribute = name.partition(".")[2]
    if attribute not in table.texts:
        known = ", ".join(f"{table.name}.{one}" for one in table.texts) or "none"
        raise ColumnError(
            f"--by {name}: {table.name} has no such attribute of text. It has: {known}.", code="columns.not_found"
        )
    values = table.frame().select(KEY, "valid_day", customer_group=nw.col(attribute))
    orders = log.frame()
    days = orders.select(KEY, "order_day").unique()
    held = days.join(values, on=KEY).filter(nw.col("valid_day") <= nw.col("order_day"))
    latest = held.group_by(KEY, "order_day").agg(nw.col("valid_day").max()).join(values, on=[KEY, "valid_day"])
    named = orders.join(latest.drop("valid_day"), on=[KEY, "order_day"], how="left")
    firsts = days.group_by(KEY).agg(first_day=nw.col("order_day").min())
    changes = values.join(firsts, on=KEY).filter(nw.col("valid_day") > nw.col("first_day"))
    number = nw.lit(0, dtype=nw.Int64)
    rows = changes.select(
        KEY, "customer_group", order_day=nw.col("valid_day"), amount=number, is_purchase=number, undone_day=number
    )
    columns = [KEY, "order_day", "amount", "is_purchase", "undone_day", "customer_group"]
    group = nw.col("customer_group").fill_null("")
    whole = [
        frame.with_columns(nw.col(*columns[1:5]).cast(nw.Int64), customer_group=group).select(columns)
        for frame in (named, rows)
    ]
    made: OrderLog = log.made_elsewhere((nw.concat(whole, how="vertical"), None))
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
