"""Retention figures and cohorts of a purchase history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.orders import IntakeOptions
from churnrisk.planning import Day
from churnrisk.public.result import Result, draw_line
from churnrisk.public.source import CATEGORY, days_of, is_attribute_of, opened
from churnrisk.retention import (
    Calendar,
    CohortTable,
    RetentionTable,
    build_cohorts,
    group_customers,
    measure_retention,
    parse_kind,
)
from churnrisk.schema import CohortMeasure
from churnrisk.timeline import DEFAULT_LOOKBACK


@dataclass(frozen=True)
class Metrics(Result):
    """Every retention figure, period by period.

    Parameters
    ----------
    table : RetentionTable
        The figures.
    by : str or None
        The column whose values the rows are divided by.
    intake : mapping
        The account of the rows.
    """

    table: RetentionTable
    by: str | None
    intake: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``churnrisk metrics --json`` prints them."""
        return {**self.table.to_dict(), "by": self.by, "intake": dict(self.intake)}

    def records(self) -> list[dict[str, Any]]:
        """Return a row per period (and group), without the reasons why a figure is missing."""
        return period_rows(self.table)

    def _chart(self) -> str:
        rows = [row for row in self.records() if row["complete"]]
        if self.by is not None or not rows:
            return ""
        return draw_line("Retention rate", [row["period"] for row in rows], [row["retention_rate"] for row in rows])


def period_rows(table: RetentionTable) -> list[dict[str, Any]]:
    """Return the figures of a table, a row per period (and group), without the reasons why one is missing."""
    rows = [row.to_dict() for row in table.rows]
    return [{name: value for name, value in row.items() if not isinstance(value, dict)} for row in rows]


def metrics(
    purchases: Any,
    *,
    period: str | int = "month",
    start: Day = None,
    stop: Day = None,
    lookback: int = DEFAULT_LOOKBACK,
    revenue_window: int = 365,
    by: str | None = None,
    year_starts: str = "01-01",
    week_starts: str = "monday",
    state: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    options: IntakeOptions | None = None,
) -> Metrics:
    """Measure every retention figure, period by period, under one definition of active.

    Parameters
    ----------
    purchases : str, Path or frame
        The purchase history, as for :func:`churnrisk.read_orders`.
    period : {"week", "month", "quarter", "year"} or int
        Length of a period; a number is one of days.
    start, stop : str or date, optional
        The first day to cover, and the day after the last. By default all of the history.
    lookback : int
        A customer is active with a purchase in so many last days.
    revenue_window : int
        Days of each window of revenue retention.
    by : str, optional
        A row per value of this column, as it was at the start; ``"category"`` is that of the first order, and
        ``"TABLE.attribute"`` an attribute of customers in a table of ``options``.
    year_starts, week_starts : str
        First day of the year, as ``"04-01"``, and of the week, by its English name.
    state : str or Path, optional
        State file, or URL of a state in PostgreSQL, as the commands keep one: customers who objected there are left
        out.
    columns : mapping, optional
        What your columns stand for, as ``{"customer_id": "Klient"}``, where their names do not say it.
    options : IntakeOptions, optional
        Everything else about reading, in place of ``columns``.

    Returns
    -------
    Metrics
        A row per period, oldest first: counts of customers, rates as shares of 1, amounts in the currency of the log.

    Raises
    ------
    ChurnriskError
        For anything that you can mend, with what to do.

    See Also
    --------
    docs/reference/glossary.md : The definition of each figure, with its source.

    Examples
    --------
    >>> import churnrisk
    >>> result = churnrisk.metrics("data/customers.csv", period="quarter", start="2011-04-01", stop="2011-10-01")
    >>> result.to_pandas()[["period", "customers_at_start", "lost_customers"]].values.tolist()
    [['2011-Q2', 201, 11], ['2011-Q3', 212, 17]]
    """
    kind = parse_kind(str(period))
    is_attribute = by is not None and is_attribute_of(by, options)
    more: dict[str, Any] = {} if by in (None, CATEGORY) or is_attribute else {"group_column": str(by)}
    calendar, days = Calendar(year_starts, week_starts), days_of(start, stop)
    with opened(purchases, columns, options, state, with_tables=is_attribute, **more) as orders:
        table = measure_retention(
            group_customers(orders, str(by)) if is_attribute or by == CATEGORY else orders,
            kind,
            **days,
            lookback=lookback,
            revenue_window=revenue_window,
            by_group=by is not None,
            calendar=calendar,
        )
        return Metrics(table, by, orders.report.describe())


@dataclass(frozen=True)
class Cohorts(Result):
    """Customers by the period of their first purchase, followed from period to period.

    Parameters
    ----------
    table : CohortTable
        The cohorts, oldest first.
    intake : mapping
        The account of the rows.
    """

    table: CohortTable
    intake: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``churnrisk cohorts --json`` prints them."""
        return {**self.table.to_dict(), "intake": dict(self.intake)}

    def records(self) -> list[dict[str, Any]]:
        """Return a row per cohort and ``k``, the number of periods since the first purchase, with three shares."""
        curves = ("classic", "unbounded", "cumulative")
        return [
            {"cohort": one.period.name, "customers": one.size, "k": k, **dict(zip(curves, shares, strict=True))}
            for one in self.table.cohorts
            for k, shares in enumerate(zip(*(getattr(one, name) for name in curves), strict=True))
        ]


def cohorts(
    purchases: Any,
    *,
    period: str | int = "month",
    by: CohortMeasure = "customers",
    start: Day = None,
    stop: Day = None,
    lookback: int = DEFAULT_LOOKBACK,
    year_starts: str = "01-01",
    week_starts: str = "monday",
    state: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    options: IntakeOptions | None = None,
) -> Cohorts:
    """Follow customers from the period of their first purchase on.

    Parameters
    ----------
    purchases, period, start, stop, year_starts, week_starts, state, columns, options
        As for :func:`metrics`; ``start`` and ``stop`` choose the cohorts.
    by : {"customers", "revenue"}
        What is followed.
    lookback : int
        Days of log after a cell without which its customers may still come back.

    Returns
    -------
    Cohorts
        A row per cohort and ``k``: ``classic`` is the share that bought in the k-th period, ``unbounded`` in it or any
        later one, ``cumulative`` in any from 1 to k. None where the log does not cover the period whole.

    Raises
    ------
    ChurnriskError
        For anything that you can mend, with what to do.

    Examples
    --------
    >>> import churnrisk
    >>> rows = churnrisk.cohorts("data/customers.csv", period="quarter", start="2011-01-01").records()
    >>> [(row["cohort"], row["k"], round(row["classic"], 2)) for row in rows[:3]]
    [('2011-Q1', 0, 1.0), ('2011-Q1', 1, 0.19), ('2011-Q1', 2, 0.08)]
    """
    kind, calendar = parse_kind(str(period)), Calendar(year_starts, week_starts)
    days = days_of(start, stop)
    with opened(purchases, columns, options, state) as orders:
        table = build_cohorts(orders, kind, measure=by, **days, lookback=lookback, calendar=calendar)
        return Cohorts(table, orders.report.describe())
