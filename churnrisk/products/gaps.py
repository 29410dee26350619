"""Gaps between the days on which a customer bought an item, and what is usual: empirical Bayes on log gaps.

The log of a gap is an overall mean, plus what is usual of the item, of the customer and of the pair. A mean of few
gaps says little and is drawn towards what it is part of, by the number of gaps. So a pair with two gaps leans on the
customer's and the item's other gaps, and one with twenty on its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churnrisk.products.items import PairDays
from churnrisk.types import Floats, Places

ROUNDS = 3
PRIOR_GAPS = 10.0
"""An item's or a customer's mean counts for as much as the mean above it once it has so many gaps."""

PRIOR_DEGREES = 4.0
"""So many gaps of the usual spread are added to those of a pair, of which no spread can be told from a few."""

LEAST_SPREAD = 0.02


@dataclass(frozen=True)
class Gaps:
    """Purchases of pairs in the order of pairs and days, each with the gaps of its pair up to it.

    Parameters
    ----------
    customer, item, day : ndarray of int32, shape (n,)
        Of the purchase.
    count : ndarray of int32, shape (n,)
        Gaps of the pair so far: 0 at its first purchase.
    log_gap : ndarray of float64, shape (n,)
        Log of the days since the purchase before; 0 at the first.
    total, squares : ndarray of float64, shape (n,)
        Sum of the log gaps so far, and of their squares.
    is_last : ndarray of bool, shape (n,)
        Whether it is the last purchase of its pair.
    cutoff, first_day, customers, items : int
        As in :class:`~churnrisk.products.items.PairDays`; the latter two as numbers.
    """

    customer: NDArray[np.int32]
    item: NDArray[np.int32]
    day: NDArray[np.int32]
    count: NDArray[np.int32]
    log_gap: Floats
    total: Floats
    squares: Floats
    is_last: NDArray[np.bool_]
    cutoff: int
    first_day: int
    customers: int
    items: int

    @property
    def next_log_gap(self) -> Floats:
        """Return the log of the days until the next purchase; NaN where none is known."""
        return np.where(self.is_last, np.nan, np.roll(self.log_gap, -1))


def measure_gaps(pairs: PairDays, *, least_days: int) -> Gaps:
    """Measure the gaps of the pairs with so many purchase days or more."""
    is_new = np.ones(len(pairs.day), bool)
    is_new[1:] = (pairs.customer[1:] != pairs.customer[:-1]) | (pairs.item[1:] != pairs.item[:-1])
    starts = np.flatnonzero(is_new)
    sizes = np.diff(np.append(starts, len(is_new)))
    kept = np.repeat(sizes >= least_days, sizes)
    customer, item, day = pairs.customer[kept], pairs.item[kept], pairs.day[kept]
    is_new, sizes = is_new[kept], sizes[sizes >= least_days]
    starts = np.flatnonzero(is_new)
    log_gap = np.zeros(len(day))
    log_gap[1:] = np.log(np.where(is_new[1:], 1, np.diff(day)))
    return Gaps(
        customer,
        item,
        day,
        (np.arange(len(day)) - np.repeat(starts, sizes)).astype(np.int32),
        log_gap,
        _sum_so_far(log_gap, starts, sizes),
        _sum_so_far(log_gap * log_gap, starts, sizes),
        np.append(is_new[1:], True)[: len(is_new)],
        pairs.cutoff,
        pairs.first_day,
        len(pairs.customers),
        len(pairs.items),
    )


def _sum_so_far(values: Floats, starts: Places, sizes: Places) -> Floats:
    sums = np.cumsum(values)
    return np.asarray(sums - np.repeat(sums[starts], sizes), dtype=np.float64)  # the first value of a pair is 0


@dataclass(frozen=True)
class UsualGaps:
    """What is usual: the overall mean of log gaps, and what each item and customer adds to it.

    Parameters
    ----------
    mean : float
        Of all log gaps.
    items, customers : ndarray of float64
        What each adds, drawn towards 0.
    within, between : float
        Variance of log gaps of a pair about its mean, and of the means of pairs about what items and customers say.
    """

    mean: float
    items: Floats
    customers: Floats
    within: float
    between: float

    def prior(self, gaps: Gaps, at: Places) -> Floats:
        """Return the log gap that customer and item say, before the pair's own gaps."""
        return np.asarray(self.mean + self.items[gaps.item[at]] + self.customers[gaps.customer[at]])

    def posterior(self, gaps: Gaps, at: Places) -> tuple[Floats, Floats]:
        """Return the expected log of the next gap after some purchases, and its standard deviation."""
        count = gaps.count[at].astype(np.float64)
        weight = self.within / self.between
        own = gaps.total[at] / np.maximum(count, 1)
        squares = np.maximum(gaps.squares[at] - count * own * own, 0)
        mean = (count * own + weight * self.prior(gaps, at)) / (count + weight)
        variance = (PRIOR_DEGREES * self.within + squares) / (PRIOR_DEGREES + np.maximum(count - 1, 0))
        return mean, np.sqrt(variance * (1 + 1 / (count + weight)))


def fit_usual_gaps(gaps: Gaps, before: int) -> UsualGaps:
    """Fit what is usual to the gaps that ended before a day."""
    known = np.flatnonzero((gaps.count > 0) & (gaps.day < before))
    values, item, customer = gaps.log_gap[known], gaps.item[known], gaps.customer[known]
    mean = float(values.mean()) if len(known) else 0.0
    of_items, of_customers = np.zeros(gaps.items), np.zeros(gaps.customers)
    for _ in range(ROUNDS):
        of_items = _draw_in(item, values - mean - of_customers[customer], gaps.items)
        of_customers = _draw_in(customer, values - mean - of_items[item], gaps.customers)
    rest = values - mean - of_items[item] - of_customers[customer]
    return UsualGaps(mean, of_items, of_customers, *_spreads(rest, item, customer))


def _draw_in(key: NDArray[np.int32], values: Floats, size: int) -> Floats:
    sums, counts = np.bincount(key, weights=values, minlength=size), np.bincount(key, minlength=size)
    return np.asarray(sums / (counts + PRIOR_GAPS))


def _spreads(rest: Floats, item: NDArray[np.int32], customer: NDArray[np.int32]) -> tuple[float, float]:
    """Return the variance within pairs and that of their means; rows lie in the order of pairs."""
    is_new = np.ones(len(rest), bool)
    is_new[1:] = (item[1:] != item[:-1]) | (customer[1:] != customer[:-1])
    pair = np.cumsum(is_new) - 1
    count = np.bincount(pair)
    several = count >= 2
    if several.sum() < 2:
        return max(float(rest.var()) if len(rest) else 0.0, LEAST_SPREAD), LEAST_SPREAD
    sums, squares = np.bincount(pair, weights=rest)[several], np.bincount(pair, weights=rest * rest)[several]
    count = count[several]
    within = max(float((squares - sums * sums / count).sum() / (count - 1).sum()), LEAST_SPREAD)
    between = float((sums / count).var() - (within / count).mean())
    return within, max(between, LEAST_SPREAD)
