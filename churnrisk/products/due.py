"""When each customer is due to buy each product again, and whether the product is bought any more.

The next gap of a pair is forecast from what is usual of it, of the product and of the customer. How far forecasts
miss, and how often nothing follows, is taken from the second half of the log: forecasts from each purchase there, with
what was usual before that half. Nothing after the cutoff is used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churnrisk.errors import NotEnoughData
from churnrisk.products.curves import Curves, fit_curves
from churnrisk.products.gaps import Gaps, UsualGaps, fit_usual_gaps, measure_gaps
from churnrisk.products.items import PairDays
from churnrisk.types import Bools, Floats, Places

LEAST_DAYS = 3
"""Purchase days of a pair from which on a due date is told."""

WITHIN = 180
"""A product that is not bought again for half a year counts as given up, where the log is long enough to tell."""

LEAST_SEEN = 100
MOST_ORIGINS = 400_000
"""Past forecasts that are looked at; more change no digit that is shown."""

CLEARLY = 1.5
"""A silence shorter than so many usual gaps is not late: the interval ends by :data:`WITHIN`, rare purchases do not."""

RIDGE = 1e-3
LEAST_MISS = 0.05
"""Added to a miss before its log is taken: a miss of 5 % is as good as none, since days are whole."""


@dataclass(frozen=True)
class DueModel:
    """Forecasts of the next purchase of pairs, as of the cutoff.

    Parameters
    ----------
    customer, item, last_day : ndarray of int32, shape (n,)
        The pairs, in their order, and the day of their last purchase.
    purchase_days : ndarray of int32, shape (n,)
        On how many days the item was bought.
    own_gap : ndarray of float64, shape (n,)
        Geometric mean of the pair's own gaps in days; NaN where it has none.
    mean, spread : ndarray of float64, shape (n,)
        Forecast of the log of the next gap, and its standard deviation.
    curves : Curves
        What past forecasts missed by.
    within, cutoff : int
        Days within which a next purchase counts as coming again, and the first day that is not known.
    """

    customer: NDArray[np.int32]
    item: NDArray[np.int32]
    last_day: NDArray[np.int32]
    purchase_days: NDArray[np.int32]
    own_gap: Floats
    mean: Floats
    spread: Floats
    curves: Curves
    within: int
    cutoff: int

    def quantiles(self, *shares: float) -> list[Floats]:
        """Return the days from the last purchase to the next one, at some shares of those that come within the time."""
        found = [np.zeros(len(self.mean)) for _ in shares]
        for curve, at in self.curves.classes(self.purchase_days - 1, self.mean):
            comes = curve.at(self._missed_by(at, np.full(len(at), float(self.within))))
            for share, days in zip(shares, found, strict=True):
                days[at] = np.exp(self.mean[at] + curve.inverse(share * comes) * self.spread[at])
        return [np.minimum(days, self.within) for days in found]

    def is_late(self, latest: Floats) -> Bools:
        """Tell which pairs have been silent for more days than ``latest``, and clearly longer than is usual of them."""
        silence = self.cutoff - self.last_day
        found: Bools = (silence > latest) & ~(silence < CLEARLY * self.own_gap)
        return found

    def chance(self, days: int | None = None) -> Floats:
        """Return the chance of a purchase within so many days from the cutoff, given the silence up to it.

        Without ``days``: the chance that the next purchase comes within the time of the last one.
        """
        silence = (self.cutoff - self.last_day).astype(np.float64)
        end = np.full(len(silence), float(self.within))
        end = end if days is None else np.minimum(end, silence - 1 + days)
        found = np.zeros(len(silence))
        for curve, at in self.curves.classes(self.purchase_days - 1, self.mean):
            so_far = curve.at(self._missed_by(at, silence[at] - 1))
            until = curve.at(self._missed_by(at, end[at]))
            found[at] = np.clip((until - so_far) / np.maximum(1 - so_far, 1e-12), 0, 1)
        return found

    def _missed_by(self, at: Places, days: Floats) -> Floats:
        """Return what the forecast misses a gap of so many days by; a gap rounds to whole days."""
        return np.asarray((np.log(np.maximum(days + 0.5, 0.5)) - self.mean[at]) / self.spread[at])


def fit_due(pairs: PairDays, *, within: int | None = None, least_days: int = LEAST_DAYS) -> DueModel:
    """Forecast the next purchase of each pair with so many purchase days.

    Parameters
    ----------
    pairs : PairDays
        The purchases before the cutoff.
    within : int, optional
        Days after the last purchase within which the next one counts as coming again; by default 180, or half of the
        log where that is less, since no more was ever followed.
    least_days : int
        Purchase days of a pair from which on it is forecast.

    Raises
    ------
    NotEnoughData
        Where too few purchases were followed to tell by how much forecasts miss.
    """
    half = (pairs.cutoff - pairs.first_day) // 2
    within = max(min(WITHIN if within is None else within, half), 1)
    gaps = measure_gaps(pairs, least_days=min(least_days, 2))
    middle = gaps.cutoff - half
    origins = np.flatnonzero((gaps.count >= least_days - 1) & (gaps.day >= middle))
    origins = origins[:: math.ceil(max(len(origins), 1) / MOST_ORIGINS)]
    is_seen = ~gaps.is_last[origins]
    _check_enough(int(is_seen.sum()), least_days)
    now = np.flatnonzero(gaps.is_last & (gaps.count >= least_days - 1))
    facts_then, spread_then = _facts(fit_usual_gaps(gaps, middle), gaps, origins)
    facts_now, spread_now = _facts(fit_usual_gaps(gaps, gaps.cutoff), gaps, now)
    followed = np.where(is_seen, gaps.next_log_gap[origins], np.log(gaps.cutoff - gaps.day[origins]))
    weights = _least_squares(facts_then, followed, is_seen)
    mean_then, mean_now = _weigh(facts_then, weights), _weigh(facts_now, weights)
    more = _least_squares(spread_then, np.log(np.abs(followed - mean_then) + LEAST_MISS), is_seen)
    scale_then, scale_now = np.exp(_weigh(spread_then, more)), np.exp(_weigh(spread_now, more))
    curves = fit_curves(gaps.count[origins], mean_then, (followed - mean_then) / scale_then, is_seen)
    own = np.where(gaps.count[now] > 0, np.exp(gaps.total[now] / np.maximum(gaps.count[now], 1)), np.nan)
    return DueModel(
        gaps.customer[now],
        gaps.item[now],
        gaps.day[now],
        gaps.count[now] + 1,
        own,
        mean_now,
        scale_now,
        curves,
        within,
        gaps.cutoff,
    )


Facts = tuple[Floats, ...]


def _facts(usual: UsualGaps, gaps: Gaps, at: Places) -> tuple[Facts, Facts]:
    """Return what the next gap after some purchases is forecast from, and what its spread is, column by column."""
    mean, spread = usual.posterior(gaps, at)
    prior = usual.prior(gaps, at)
    count = gaps.count[at]
    last = np.where(count > 0, gaps.log_gap[at], prior)
    before = np.where(count > 1, gaps.log_gap[np.maximum(at - 1, 0)], last)
    one = np.ones(len(at))
    # What customer and item say is in the mean, weighed by the pair's own gaps. As facts of their own they took weight
    # from it: a product bought every 28 days for a year was due after 16 where others came at random.
    return (one, mean, last, before), (one, mean, prior, np.log(spread), np.log1p(count))


def _least_squares(facts: Facts, values: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """Fit weights by least squares, with a little ridge: facts of few pairs may say the same twice.

    Sums are taken by NumPy alone, which adds in the same order whatever the number of threads.
    """
    columns, wanted = [column[chosen] for column in facts], values[chosen]
    products = np.array([[(one * other).sum() for other in columns] for one in columns])
    with_values = np.array([(one * wanted).sum() for one in columns])
    return np.asarray(np.linalg.solve(products + RIDGE * np.eye(len(columns)), with_values))


def _weigh(facts: Facts, weights: Floats) -> Floats:
    total = np.zeros(len(facts[0]))
    for column, weight in zip(facts, weights, strict=True):
        total += weight * column
    return total


def _check_enough(seen: int, least_days: int) -> None:
    if seen < LEAST_SEEN:
        raise NotEnoughData(
            f"{seen} purchases in the second half of the log were followed by another of the same customer and item, "
            f"after {least_days} purchase days or more; {LEAST_SEEN} are needed to tell when the next one is due. Take "
            "a longer log, or --unit category."
        )
