"""The next order: a day and an interval around it, for a customer who orders within a year.

The curve of :mod:`churnrisk.learning.survival` gives a distribution of the day. How often it holds is not left to the
model: at past cutoffs one sees which shares of it the orders really fell into, and these shares are what the interval
is cut at, apart for customers who are expected soon and for those expected late (split conformal prediction: Vovk,
Gammerman & Shafer 2005, Algorithmic Learning in a Random World). What time brings besides, a season above all, shows
only where one forecasts from an earlier day and looks at what came; where that was missed too often the interval is
stretched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from churnrisk.learning.survival import days_at, survival_at

Floats = np.ndarray

COVERAGE = 0.8
GROUPS, GROUP_ROWS = 10, 200
PRIOR_SHARES = (0.1, 0.5, 0.9)
SHARE_FLOOR = 0.002
STRETCHES = np.round(np.arange(1.0, 2.525, 0.025), 3)
"""Tried one after the other."""

TRUST_IN_LOOK_BACK = 0.7
"""The power to which the stretch is raised that one look back asks for."""


@dataclass(frozen=True)
class OrderBand:
    """At which shares of a customer's own distribution the interval and the day are cut.

    Parameters
    ----------
    edges : ndarray of shape (g - 1,)
        Days of the predicted median that part the groups.
    shares : ndarray of shape (g, 3)
        Lower end, day, and upper end, for each group.
    window : int
        Days of follow-up that the shares were learned from.
    """

    edges: Floats
    shares: Floats
    window: int

    def days(self, log_survival: Floats, knots: Sequence[int], within: int) -> Floats:
        """Give lower end, day and upper end in whole days from the start of the outcome window, shape (n, 3).

        Parameters
        ----------
        log_survival : ndarray of shape (n, knots + 1)
            The curves.
        knots : sequence of int
            Their days.
        within : int
            The distribution is that of customers who order within so many days.
        """
        group = np.searchsorted(self.edges, median_days(log_survival, knots, within), side="right")
        cuts = [days_of_share(log_survival, knots, self.shares[group, k], within) for k in range(3)]
        low, day, high = (np.clip(np.floor(cut), 0, within - 1) for cut in cuts)
        return np.column_stack([low, np.clip(day, low, high), np.maximum(low, high)])

    def stretch(self, factor: float) -> OrderBand:
        """Move both ends away from the middle, in log-odds of their shares."""
        ends = self.shares[:, [0, 2]]
        odds = np.log(ends / (1 - ends)) * factor
        shares = self.shares.copy()
        shares[:, [0, 2]] = np.clip(1 / (1 + np.exp(-odds)), SHARE_FLOOR, 1 - SHARE_FLOOR / 10)
        return replace(self, shares=shares)


def median_days(log_survival: Floats, knots: Sequence[int], within: int) -> Floats:
    """Give the median day of ordering, of those who order within so many days."""
    return days_of_share(log_survival, knots, np.full(len(log_survival), 0.5), within)


def days_of_share(log_survival: Floats, knots: Sequence[int], share: Floats, within: int) -> Floats:
    """Give the day by which a share of each customer's distribution has ordered."""
    never = np.exp(survival_at(log_survival, knots, np.full(len(share), float(within))))
    return days_at(log_survival, knots, np.log(np.maximum(1 - share * (1 - never), 1e-26)))


def shares_of_days(log_survival: Floats, knots: Sequence[int], days: Floats, within: int) -> Floats:
    """Give the share of each customer's distribution that has ordered before a day."""
    never = survival_at(log_survival, knots, np.full(len(days), float(within)))
    so_far = survival_at(log_survival, knots, days)
    share: Floats = np.expm1(so_far) / np.minimum(np.expm1(never), -1e-12)
    return np.asarray(np.minimum(share, 1.0))


def fit_band(curves: Sequence[tuple[Floats, Floats]], knots: Sequence[int], window: int) -> OrderBand:
    """Learn the shares from past cutoffs.

    Days are whole: a customer who may come today cannot be missed below. So the lower end is cut where at most a
    tenth came before it, and the upper end so that four fifths lie between.

    Parameters
    ----------
    curves : sequence of (log_survival, wait_days)
        Of each cutoff.
    knots : sequence of int
        Days of the curves.
    window : int
        Days of follow-up; who did not order in them is not looked at.
    """
    medians, before, after = _observe(curves, knots, window)
    groups = int(np.clip(len(medians) // GROUP_ROWS, 1, GROUPS))
    edges = np.unique(np.quantile(medians, np.arange(1, groups) / groups)) if len(medians) else np.zeros(0)
    group = np.searchsorted(edges, medians, side="right")
    shares = [_cut(before[group == k], after[group == k]) for k in range(len(edges) + 1)]
    return OrderBand(edges, np.array(shares), window)


def _observe(
    curves: Sequence[tuple[Floats, Floats]], knots: Sequence[int], window: int
) -> tuple[Floats, Floats, Floats]:
    """Give the predicted medians of those who ordered, and the shares before and after the day on which they did."""
    parts = []
    for log_survival, wait in curves:
        chosen = wait < window
        rows, days = log_survival[chosen], wait[chosen]
        shares = [shares_of_days(rows, knots, days + k, window) for k in (0, 1)]
        parts.append((median_days(rows, knots, window), *shares))
    medians, before, after = (np.concatenate([part[k] for part in parts] or [np.zeros(0)]) for k in range(3))
    return medians, before, after


def _cut(before: Floats, after: Floats) -> tuple[float, float, float]:
    """Give the three shares of a group."""
    if len(before) < GROUP_ROWS // 4:
        return PRIOR_SHARES
    missed = (1 - COVERAGE) / 2
    low = float(np.quantile(after, missed))
    below = float((after <= low).mean())
    if below > missed + 0.02:  # a whole day's worth of customers: rather none of them
        low, below = SHARE_FLOOR, float((after <= SHARE_FLOOR).mean())
    high = float(np.quantile(before, 1 - max(1 - COVERAGE - below, 0.0)))
    middle = float(np.median((before + after) / 2))
    low = min(max(low, SHARE_FLOOR), 0.4)
    high = min(max(high, 0.55), 1 - SHARE_FLOOR / 10)
    return low, min(max(middle, low), high), high


def choose_stretch(
    band: OrderBand, curves: Sequence[tuple[Floats, Floats]], knots: Sequence[int], window: int
) -> float:
    """Give most of the stretch with which the interval would have held for four fifths of those who ordered.

    Not all of it, since one look back is one season: what it brought need not come again.
    """
    chosen = [(curve[wait < window], wait[wait < window]) for curve, wait in curves]
    if sum(len(wait) for _, wait in chosen) < GROUP_ROWS // 2:
        return 1.0
    for factor in STRETCHES:
        if measure_coverage(band.stretch(float(factor)), chosen, knots, window)[0] >= COVERAGE:
            return float(factor**TRUST_IN_LOOK_BACK)
    return float(STRETCHES[-1] ** TRUST_IN_LOOK_BACK)


def measure_coverage(
    band: OrderBand, curves: Sequence[tuple[Floats, Floats]], knots: Sequence[int], window: int
) -> tuple[float, tuple[float, ...]]:
    """Give the share of orders inside their interval, in all and by tenth of the predicted day."""
    inside, days = [], []
    for log_survival, wait in curves:
        chosen = wait < window
        low, day, high = band.days(log_survival[chosen], knots, window).T
        inside.append((wait[chosen] >= low) & (wait[chosen] <= high))
        days.append(day)
    held, order = np.concatenate(inside), np.argsort(np.concatenate(days), kind="stable")
    tenths = [float(held[part].mean()) for part in np.array_split(order, 10) if len(part)]
    return float(held.mean()) if len(held) else float("nan"), tuple(tenths)
