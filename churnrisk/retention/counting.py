"""Count customers and add up money, period by period: the whole numbers behind the retention figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from churnrisk.engines import Arrays
from churnrisk.retention.histories import (
    Histories,
    OrderLog,
    Rows,
    find_cells,
    follow_customers,
    group_at,
    map_orders,
    read_rows,
    split_rows,
)
from churnrisk.retention.periods import Period
from churnrisk.timeline import YEAR, within

SECOND_ORDER_DAYS = 90

Values = dict[str, NDArray[np.int64] | NDArray[np.bool_]]


@dataclass(frozen=True)
class Windows:
    """Which windows to count in.

    Parameters
    ----------
    bounds : tuple of int
        Where periods begin, and last where the last one ends.
    lookback : int
        Days within which a purchase makes a customer active.
    revenue_window : int
        Days of each of the two windows of revenue retention.
    end_day : int
        The day after the last one that is known.
    has_amounts : bool
        Whether revenue is counted.
    groups : tuple of str
        Names of the groups; empty where customers are not grouped.
    """

    bounds: tuple[int, ...]
    lookback: int
    revenue_window: int
    end_day: int
    has_amounts: bool
    groups: tuple[str, ...] = ()

    @cached_property
    def cuts(self) -> NDArray[np.int64]:
        """The days at which any window begins or ends, sorted."""
        ends, window = self.bounds[1:], self.revenue_window
        days = {*self.bounds, *(end - YEAR for end in ends)}
        if self.has_amounts:
            days |= {end - k * window for end in ends for k in (1, 2)}
        return np.array(sorted(days), np.int64)

    def place(self, cut: int) -> int:
        """Return the place of a day among the cuts."""
        return int(np.searchsorted(self.cuts, cut))

    @property
    def shape(self) -> tuple[int, int]:
        """Groups by periods: the shape of every total."""
        return max(1, len(self.groups)), len(self.bounds) - 1


def windows_of(
    periods: Sequence[Period], log: OrderLog, *, lookback: int, revenue_window: int, groups: Sequence[str] = ()
) -> Windows:
    """Describe the windows of consecutive periods over a log."""
    bounds = (*(period.starts_on for period in periods), periods[-1].ends_on)
    return Windows(bounds, lookback, revenue_window, log.last_day + 1, log.has_amounts, tuple(groups))


def count_totals(log: OrderLog, windows: Windows) -> Arrays:
    """Count everything in one pass over the orders; each total has one row per group, one column per period."""
    until = windows.bounds[-1] + SECOND_ORDER_DAYS
    parts = map_orders(log, partial(count_batch, windows), until=until, by_group=bool(windows.groups))
    return sum_totals(parts, count_batch(windows, _EMPTY))


def sum_totals(parts: Iterable[Arrays], nothing: Arrays) -> Arrays:
    """Add up the totals of batches."""
    totals = dict(nothing)
    for part in parts:
        for name, values in part.items():
            totals[name] = totals[name] + values
    return totals


_EMPTY: Arrays = {
    "customer": np.zeros(0, np.int64),
    "order_day": np.zeros(0, np.int64),
    "amount": np.zeros(0, np.int64),
    "bought_until": np.zeros(0, np.int64),
    "customer_group": np.zeros(0, object),
}


def count_batch(windows: Windows, batch: Arrays) -> Arrays:
    """Count in a batch of whole customers."""
    totals = {name: np.zeros(windows.shape, np.int64) for name in (*_ROW_TOTALS, *_CUSTOMER_TOTALS)}
    cuts = windows.cuts
    if not len(batch["customer"]):
        return totals
    for rows in split_rows(read_rows(batch, windows.groups), len(cuts)):
        starts = np.array(windows.bounds[:-1], np.int64)
        groups = group_at(rows, starts) if windows.groups else None
        _add_rows(totals, rows, windows, groups)
        _add_customers(totals, follow_customers(rows, cuts), windows, groups)
    return totals


_ROW_TOTALS = ("revenue", "purchases", "purchase_amount")


def _add_rows(totals: Arrays, rows: Rows, windows: Windows, groups: NDArray[np.int64] | None) -> None:
    """Add what orders count by themselves: net revenue, purchases (as known at the period's end) and their amount."""
    bounds = np.array(windows.bounds, np.int64)
    inside = np.flatnonzero(within(rows.day, windows.bounds[0], windows.bounds[-1]))
    period, customer = find_cells(bounds, rows.day)[inside] - 1, rows.customer[inside]
    group = np.zeros(len(period), np.int64) if groups is None else groups[period, customer]
    place = group * windows.shape[1] + period
    bought, amount = rows.was_purchase(inside, bounds[period + 1]), rows.amount[inside]
    values = (amount, bought.astype(np.int64), np.where(bought, amount, 0))
    for name, value in zip(_ROW_TOTALS, values, strict=True):
        np.add.at(totals[name].reshape(-1), place, value)


_CUSTOMER_TOTALS = (
    *("at_start", "at_end", "retained", "new", "reactivated", "buyers", "repeat_buyers", "start_buyers"),
    *("lapsed", "year_before", "year_retained", "first_timers", "second_timers"),
    *("valued", "unvalued", "revenue_before", "revenue_after", "revenue_kept", "revenue_left"),
)


def _add_customers(totals: Arrays, seen: Histories, windows: Windows, groups: NDArray[np.int64] | None) -> None:
    """Add what customers count by their state at the bounds of each period."""
    for k in range(len(windows.bounds) - 1):
        values = {**count_movement(seen, windows, k), **_count_revenue(seen, windows, k)}
        add = _add_all if groups is None else partial(_add_by_group, groups[k])
        for name, value in values.items():
            add(totals[name][:, k], value)


def _add_all(total: NDArray[np.int64], value: NDArray[np.generic]) -> None:
    total[0] += np.count_nonzero(value) if value.dtype == bool else value.sum()


def _add_by_group(group: NDArray[np.int64], total: NDArray[np.int64], value: NDArray[np.generic]) -> None:
    if value.dtype == bool:
        total += np.bincount(group[value.astype(bool)], minlength=len(total))
    else:
        np.add.at(total, group, value)


def count_movement(seen: Histories, windows: Windows, k: int) -> Values:
    """Tell of each customer which movements of period ``k`` he takes part in, as known at its end."""
    a, b = windows.bounds[k], windows.bounds[k + 1]
    place, lookback = windows.place, windows.lookback
    start, end = place(a), place(b)
    at_start, at_end = seen.active(start, a, lookback), seen.active(end, b, lookback)
    bought_days, first_day = seen.bought_between(start, end, a, b), seen.first_day(b)
    is_new = within(first_day, a, b)
    is_arrival = at_end & ~at_start
    year_before = seen.active(place(b - YEAR), b - YEAR, lookback)
    followed = is_new & (first_day + SECOND_ORDER_DAYS < windows.end_day)
    return {
        "at_start": at_start,
        "at_end": at_end,
        "retained": at_start & at_end,
        "new": is_arrival & is_new,
        "reactivated": is_arrival & ~is_new,
        "buyers": bought_days > 0,
        "repeat_buyers": bought_days > 1,
        "start_buyers": at_start & (bought_days > 0),
        "lapsed": ~at_start & seen.active(start, a, lookback + YEAR),
        "year_before": year_before,
        "year_retained": year_before & at_end,
        "first_timers": followed,
        "second_timers": followed & seen.came_back(first_day, SECOND_ORDER_DAYS),
    }


def _count_revenue(seen: Histories, windows: Windows, k: int) -> Values:
    """Compare the revenue of two windows before the end of period ``k``, of customers active between them."""
    if not windows.has_amounts:
        return {}
    b, place = windows.bounds[k + 1], windows.place
    middle = b - windows.revenue_window
    first, second, third = (seen.revenue[place(day)] for day in (middle - windows.revenue_window, middle, b))
    before, after = second - first, third - second
    active = seen.active(place(middle), middle, windows.lookback)
    valued = active & (before > 0)
    before, after = before * valued, after * valued
    return {
        "valued": valued,
        "unvalued": active & ~valued,
        "revenue_before": before,
        "revenue_after": after,
        "revenue_kept": np.minimum(np.maximum(after, 0), before),
        "revenue_left": before * (after <= 0),
    }
