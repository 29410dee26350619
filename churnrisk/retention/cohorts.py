"""Cohorts: customers by the period of their first purchase, followed from period to period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from churnrisk.engines import Arrays
from churnrisk.errors import SettingsError
from churnrisk.retention.definitions import Definition
from churnrisk.retention.histories import OrderLog, Rows, find_cells, map_orders, read_rows
from churnrisk.retention.periods import USUAL, Calendar, Period, clip_period, make_periods
from churnrisk.schema import MONEY_SCALE, CohortMeasure
from churnrisk.timeline import DEFAULT_LOOKBACK, date_of, within

MOST_COHORTS = 520

DEFINITIONS = (
    Definition(
        "classic",
        "bought in k",
        "share",
        "share of the cohort with a purchase in the k-th period after that of the first purchase; by revenue: net "
        "revenue of the cohort in that period, over that of period 0",
        "k = 0 is 100 %. A cell whose period the log does not cover whole is empty, not 0. A customer belongs to the "
        "cohort of the first purchase that was not undone by the end of its period, and each cell is as known at the "
        "end of its own.",
        "Also called N-period or bounded retention. Some count k in days from each customer's own first purchase.",
    ),
    Definition(
        "unbounded",
        "bought in k or after",
        "share",
        "share of the cohort with a purchase in the k-th period or any later one",
        "Cells with less than one lookback of log after them are marked: customers may still come back, so they are "
        "biased low. Orders of an unfinished last period count as later ones.",
        "Also called rolling retention.",
    ),
    Definition(
        "cumulative",
        "bought again by k",
        "share",
        "share of the cohort with a purchase in any of the periods 1 to k; by revenue: net revenue of periods 0 to k, "
        "over that of period 0",
        "By customers it begins with k = 1. Further purchases within period 0 do not count.",
    ),
)


@dataclass(frozen=True)
class Cohort:
    """One cohort.

    Parameters
    ----------
    period : Period
        When its customers first bought.
    size : int
        How many customers.
    base : float
        What shares are taken of: the size, or the net revenue of period 0.
    classic, unbounded, cumulative : tuple of float or None
        By k; None where the log does not cover the period whole, or the base is not above 0.
    biased_from : int or None
        The first k whose unbounded share is biased low.
    may_include_older : bool
        The log has less than one lookback before the cohort, so some of its customers may have bought before the log.
    """

    period: Period
    size: int
    base: float
    classic: tuple[float | None, ...]
    unbounded: tuple[float | None, ...]
    cumulative: tuple[float | None, ...]
    biased_from: int | None
    may_include_older: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "cohort": self.period.name,
            "starts_on": date_of(self.period.starts_on).isoformat(),
            "ends_on": date_of(self.period.ends_on).isoformat(),
            "last_day": date_of(self.period.ends_on - 1).isoformat(),
            "is_partial": self.period.is_partial,
            "customers": self.size,
            "base": self.base,
            "classic": list(self.classic),
            "unbounded": list(self.unbounded),
            "cumulative": list(self.cumulative),
            "unbounded_biased_from": self.biased_from,
            "may_include_older": self.may_include_older,
        }


@dataclass(frozen=True)
class CohortTable:
    """Cohorts, oldest first; by customers or by revenue."""

    kind: str | int
    measure: CohortMeasure
    lookback_days: int
    cohorts: tuple[Cohort, ...]
    calendar: Calendar = USUAL

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "period": self.kind,
            **self.calendar.to_dict(),
            "measure": self.measure,
            "lookback_days": self.lookback_days,
            "cohorts": [cohort.to_dict() for cohort in self.cohorts],
        }


def build_cohorts(
    log: OrderLog,
    kind: str | int = "month",
    *,
    measure: CohortMeasure = "customers",
    start: int | None = None,
    stop: int | None = None,
    lookback: int = DEFAULT_LOOKBACK,
    calendar: Calendar = USUAL,
) -> CohortTable:
    """Follow customers from the period of their first purchase on.

    Parameters
    ----------
    log : Orders
        The log, on any engine.
    kind : str or int
        Kind of period, or its length in days.
    measure : {"customers", "revenue"}
        What to follow. Revenue is net of returns; returns before a first purchase belong to no cohort.
    start, stop : int, optional
        Cohorts of the customers whose first purchase lies in ``[start, stop)``, by default of all; they are followed
        to the end of the log. A cohort of which only some days lie in it is partial: it has those customers alone.
    lookback : int
        Days after which a silent customer is not active any more; for the marks only.
    calendar : Calendar
        On which day years and weeks begin.

    Raises
    ------
    SettingsError
        Revenue of a log without amounts, or more than 520 periods.
    """
    if measure not in get_args(CohortMeasure):
        raise SettingsError(f"--by {measure}: cohorts are followed by one of {', '.join(get_args(CohortMeasure))}.")
    if measure == "revenue" and not log.has_amounts:
        raise SettingsError("--by revenue: the log has no amounts; use --by customers.", code="data.no_amounts")
    periods = make_periods(kind, log.first_day, log.last_day + 1, calendar=calendar)
    if len(periods) > MOST_COHORTS:
        raise SettingsError(f"{len(periods)} cohorts are more than {MOST_COHORTS}; choose a longer --period.")
    bounds = (*(period.starts_on for period in periods), periods[-1].ends_on)
    first, last = bounds[0] if start is None else start, bounds[-1] if stop is None else stop
    totals = _sum(log, bounds, first, last)
    covered = sum(period.ends_on <= log.last_day + 1 for period in periods)
    made = [_make_cohort(log, periods, k, totals, covered, measure, lookback) for k in range(len(periods))]
    shown = [replace(one, period=clip_period(one.period, start, stop)) for one in made if one.size]
    return CohortTable(kind, measure, lookback, tuple(shown), calendar)


def _sum(log: OrderLog, bounds: tuple[int, ...], first: int, last: int) -> Arrays:
    count = len(bounds) - 1
    totals = {name: np.zeros((count, count), np.int64) for name in ("bought", "last", "again", "revenue")}
    for part in map_orders(log, partial(follow_batch, bounds, first, last), until=log.last_day):
        for name, values in part.items():
            totals[name] += values
    return totals


def follow_batch(bounds: tuple[int, ...], first: int, last: int, batch: Arrays) -> Arrays:
    """Count a batch of whole customers who first bought in ``[first, last)``, by cohort and by periods since.

    A purchase counts as known at the end of its own period.
    """
    rows = read_rows(batch)
    count, days = len(bounds) - 1, np.array(bounds, np.int64)
    period = find_cells(days, rows.day) - 1
    bought = rows.purchases()
    bought = bought[rows.was_purchase(bought, days[period[bought] + 1])]
    bought = _of_newcomers(rows, bought, first, last)
    customer, when = rows.customer[bought], period[bought]
    is_new = np.ones(len(bought), bool)
    is_new[1:] = (customer[1:] != customer[:-1]) | (when[1:] != when[:-1])
    customer, when = customer[is_new], when[is_new]
    is_first = np.ones(len(customer), bool)
    is_first[1:] = customer[1:] != customer[:-1]
    is_last = np.append(is_first[1:], True)[: len(is_first)]
    is_second = np.append(False, is_first[:-1])[: len(is_first)] & ~is_first
    cohort_of = np.full(rows.customers, -1)
    cohort_of[customer[is_first]] = when[is_first]
    cohort, age = cohort_of[customer], when - cohort_of[customer]
    return {
        "bought": _table(count, cohort, age),
        "last": _table(count, cohort[is_last], age[is_last]),
        "again": _table(count, cohort[is_second], age[is_second]),
        "revenue": _revenue_table(count, rows, period, cohort_of),
    }


def _of_newcomers(rows: Rows, bought: NDArray[np.intp], first: int, last: int) -> NDArray[np.intp]:
    """Return those of some purchases, in order, that are of customers who first bought in ``[first, last)``."""
    customer, day = rows.customer[bought], rows.day[bought]
    is_first = np.ones(len(bought), bool)
    is_first[1:] = customer[1:] != customer[:-1]
    is_newcomer = np.zeros(rows.customers, bool)
    is_newcomer[customer[is_first]] = within(day[is_first], first, last)
    return bought[is_newcomer[customer]]


def _table(count: int, cohort: NDArray[Any], age: NDArray[Any]) -> NDArray[np.int64]:
    return np.bincount(cohort * count + age, minlength=count * count).reshape(count, count).astype(np.int64)


def _revenue_table(count: int, rows: Rows, period: NDArray[Any], cohort_of: NDArray[np.int64]) -> NDArray[np.int64]:
    cohort = cohort_of[rows.customer]
    age = period - cohort
    known = (cohort >= 0) & (age >= 0)
    table = np.zeros(count * count, np.int64)
    np.add.at(table, (cohort * count + age)[known], rows.amount[known])
    return table.reshape(count, count)


def _make_cohort(
    log: OrderLog,
    periods: Sequence[Period],
    k: int,
    totals: Arrays,
    covered: int,
    measure: CohortMeasure,
    lookback: int,
) -> Cohort:
    size, ages = int(totals["bought"][k, 0]), len(periods) - k
    curves = _revenue_curves(totals, k, ages) if measure == "revenue" else _customer_curves(totals, k, ages)
    base = float(curves[0][0])
    classic, unbounded, cumulative = (_shares(curve, base, covered - k) for curve in curves)
    if measure == "customers":
        cumulative = (None, *cumulative[1:])
    unsure = [age for age in range(1, ages) if periods[k + age].ends_on + lookback > log.last_day + 1]
    return Cohort(
        periods[k],
        size,
        base,
        classic,
        unbounded,
        cumulative,
        min(unsure, default=None),
        periods[k].starts_on < log.first_day + lookback,
    )


def _customer_curves(totals: Arrays, k: int, ages: int) -> list[NDArray[np.float64]]:
    bought, last, again = (totals[name][k, :ages].astype(np.float64) for name in ("bought", "last", "again"))
    return [bought, np.cumsum(last[::-1])[::-1], np.cumsum(again)]


def _revenue_curves(totals: Arrays, k: int, ages: int) -> list[NDArray[np.float64]]:
    revenue = totals["revenue"][k, :ages] / MONEY_SCALE
    return [revenue, np.cumsum(revenue[::-1])[::-1], np.cumsum(revenue)]


def _shares(curve: NDArray[np.float64], base: float, covered: int) -> tuple[float | None, ...]:
    return tuple(
        float(value / base) if base > 0 and age < covered else None for age, value in enumerate(curve.tolist())
    )
