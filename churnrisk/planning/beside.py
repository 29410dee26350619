"""What the tables beside the purchases hold, whom they match, and what they are enough for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from churnrisk.dated import AttributeTable, DatedReport, DatedTable
from churnrisk.engines import collect_arrays
from churnrisk.messages import mark
from churnrisk.orders import Orders
from churnrisk.timeline import date_of

LEAST_CUSTOMERS = 100
"""Fewer customers with rows tell nothing that a test over customers could confirm."""

LEAST_DAYS = 180
"""Days of rows before the end of the log: a table that begins later is missing in nearly every training snapshot."""


LEAST_ROWS = 30
"""With fewer customers nothing is said of how their rows are dated."""

NO_HISTORY = mark(
    "each customer has one row in it and no history, so that it may have been written over since; say `fixed = true` "
    "if it never changes, or --trust if it was as it is on those days"
)
REFRESHED = mark(
    "most of its dates lie after the day from which they hold, so that they were written over since; --trust takes it "
    "as it is"
)
BEGINS_LATE = mark("it begins so late that nearly no past day has rows of it; --trust takes it as it is")
ONE_DAY = mark("all its rows are of one day, as of an export; --trust takes it as it is")
CHANGED_SINCE = mark(
    "a column says when its rows were last written, so that they may tell what came later; name it as `known_at`, or "
    "--trust if the rest of a row never changes"
)


def question_tables(orders: Orders, as_of: int) -> dict[str, str]:
    """Return the tables that look as if they knew the future, each with the reason.

    Such are attributes of what customers are *now*, with the day of the first purchase as the day from which they hold;
    dates that were written over since; rows that begin shortly before ``as_of``, are all of one day, or were changed
    later. All of them tell of the end of the log at earlier days.

    Parameters
    ----------
    orders : Orders
        With the tables.
    as_of : int
        The day where the history that is learned from ends.
    """
    found = {name: _question_attributes(one, orders.last_day) for name, one in orders.attributes.items()}
    found |= {name: _question_rows(one, as_of) for name, one in orders.tables.items()}
    return {name: reason for name, reason in found.items() if reason}


def _question_attributes(table: AttributeTable, last_day: int) -> str:
    report = table.report
    if table.is_fixed or report is None or report.customers < LEAST_ROWS:
        return ""
    if report.rows_used == report.customers:
        return NO_HISTORY
    return REFRESHED if any(_is_refreshed(table, name, last_day) for name in table.days) else ""


def _is_refreshed(table: AttributeTable, name: str, last_day: int) -> bool:
    """Tell whether most days of an attribute lie after the day from which they hold, and none after the log.

    A day on which something will end lies later too, but for some customers after the log.
    """
    day, valid = nw.col(name), nw.col("valid_day")
    later, last = (day > valid).cast(nw.Int64).sum(), day.max()
    known = table.frame().filter(~day.is_null()).select(rows=nw.len(), later=later, last=last)
    [rows], [after], [end] = (collect_arrays(known, sort_by=["rows"])[one] for one in ("rows", "later", "last"))
    return bool(rows and after > rows / 2 and end <= last_day)


def _question_rows(table: DatedTable, as_of: int) -> str:
    report = table.report
    if report is None or report.customers < LEAST_ROWS:
        return ""
    if report.first_on == report.last_on:
        return ONE_DAY
    if as_of - table.first_day < LEAST_DAYS:
        return BEGINS_LATE
    return CHANGED_SINCE if report.change_column else ""


@dataclass(frozen=True)
class TableReadiness:
    """One table: its account, whom it matches, and whether it is enough to be learned from.

    Parameters
    ----------
    account : mapping
        As of :meth:`churnrisk.dated.DatedReport.to_dict`.
    customers_matched, customers_unknown, buyers_without_rows : int
        Customers with rows who have bought; those who have not; buyers without rows.
    is_enough : bool
        Whether a model may learn from it.
    reason : str
        The numbers that say so.
    """

    account: Mapping[str, Any]
    customers_matched: int
    customers_unknown: int
    buyers_without_rows: int
    is_enough: bool
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {**vars(self), "account": dict(self.account)}


def judge_tables(orders: Orders) -> tuple[TableReadiness, ...]:
    """Judge all tables beside the purchases, by name."""
    found: list[DatedTable | AttributeTable] = [*orders.tables.values(), *orders.attributes.values()]
    return tuple(_judge(orders, table) for table in sorted(found, key=lambda one: one.name))


def _judge(orders: Orders, table: DatedTable | AttributeTable) -> TableReadiness:
    buyers = orders.frame().select("customer_id").unique()
    named = table.frame().select("customer_id").unique()
    matched, everybody, customers = (
        _count(frame) for frame in (named.join(buyers, on="customer_id", how="semi"), buyers, named)
    )
    report = table.report
    account = {} if report is None else report.to_dict()
    is_enough, reason = _tell(orders, table, matched)
    if report is not None and (late := _say_late(report)):
        reason = f"{reason} {late}"
    return TableReadiness(account, matched, customers - matched, everybody - matched, is_enough, reason)


def _count(frame: nw.LazyFrame[Any]) -> int:
    return int(collect_arrays(frame.select(n=nw.len()), sort_by=["n"])["n"][0])


def _tell(orders: Orders, table: DatedTable | AttributeTable, matched: int) -> tuple[bool, str]:
    """Tell whether customers and days are enough."""
    if not matched:
        return False, "None of its customers has bought: the ids are of another kind, or written otherwise."
    if matched < LEAST_CUSTOMERS:
        return False, f"It has rows of {matched:,} buyers; {LEAST_CUSTOMERS} are needed."
    if isinstance(table, AttributeTable):
        return True, f"It has attributes of {matched:,} buyers."
    days = orders.last_day + 1 - table.first_day
    begins = date_of(table.first_day).isoformat()
    if days < LEAST_DAYS:
        return False, f"Its rows begin on {begins}, {days} days before the log ends; {LEAST_DAYS} are needed."
    return True, f"It has rows of {matched:,} buyers, from {begins} on, {days} days before the log ends."


def _say_late(report: DatedReport) -> str:
    """Say how much of a table was known late, or whether nothing tells."""
    if report.family == "attributes":
        return ""
    if report.change_column:
        return f"Its column {report.change_column} may be the day on which a row was known: then name it as known_at."
    if "known_at" not in report.columns:
        return "It does not say when a row was known; each counts as known on the day on which it happened."
    return f"Rows known after the day on which they happened: {report.rows_late:,}." if report.rows_late else ""
