"""The next order: a day and an interval around it, of customers who order again within a year.

The curve of :mod:`churnrisk.forecast.survival` gives a distribution of the day. How often it holds is not left to the
model: at past cutoffs that the curve was not fitted to, one sees which shares of it the orders really fell into, and
these shares are what the interval is cut at, apart for customers who are expected soon and for those expected late
(cross-conformal prediction: Vovk 2015, Annals of Mathematics and Artificial Intelligence 74). Newer cutoffs are not yet
known for a year: what they tell of the first days is weighed against the older ones, which alone tell of the later days
(inverse probability of censoring: Robins & Finkelstein 2000, Biometrics 56(3)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from churnrisk.forecast.survival import days_at, survival_at
from churnrisk.types import Bools, Floats

COVERAGE = 0.8
GROUPS, GROUP_ROWS, LEAST_ROWS = 10, 200, 20
PRIOR_SHARES = (0.1, 0.5, 0.9)
"""For groups of fewer customers than the least."""

SHARE_FLOOR = 0.002
TOLERANCE = 0.03
"""The interval is said to hold within so much of the coverage; 1.64 standard errors more may be chance."""

STRETCHES = np.round(np.arange(1.0, 2.525, 0.025), 3)
"""Tried one after the other."""


@dataclass(frozen=True)
class PastWaits:
    """What was forecast at a past cutoff, by a curve that its customers were not fitted to, and what came.

    Parameters
    ----------
    log_survival : ndarray of shape (n, days + 1)
        The curves.
    wait_days : ndarray of shape (n,)
        Days to the next order, infinite where none is known.
    known_days : int
        Days that the customers were followed.
    weight : float
        How much the cutoff counts.
    """

    log_survival: Floats
    wait_days: Floats
    known_days: int
    weight: float = 1.0


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
    holds : bool
        False where a look back showed that no width makes the interval hold: then the day stands alone.
    """

    edges: Floats
    shares: Floats
    window: int
    holds: bool = True

    def days(self, log_survival: Floats, knots: Sequence[int], within: int) -> Floats:
        """Return lower end, day and upper end in whole days from the start of the outcome window, shape (n, 3).

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
        ends = (low, np.maximum(low, high)) if self.holds else (np.full(len(day), np.nan),) * 2
        return np.column_stack([ends[0], np.clip(day, low, high), ends[1]])

    def stretch(self, factor: float) -> OrderBand:
        """Move both ends away from the middle, in log-odds of their shares."""
        ends = self.shares[:, [0, 2]]
        odds = np.log(ends / (1 - ends)) * factor
        shares = self.shares.copy()
        shares[:, [0, 2]] = np.clip(1 / (1 + np.exp(-odds)), SHARE_FLOOR, 1 - SHARE_FLOOR / 10)
        return replace(self, shares=shares)


def median_days(log_survival: Floats, knots: Sequence[int], within: int) -> Floats:
    """Return the median day of ordering, of those who order within so many days."""
    return days_of_share(log_survival, knots, np.full(len(log_survival), 0.5), within)


def days_of_share(log_survival: Floats, knots: Sequence[int], share: Floats, within: int) -> Floats:
    """Return the day by which a share of each customer's distribution has ordered."""
    never = np.exp(survival_at(log_survival, knots, np.full(len(share), float(within))))
    return days_at(log_survival, knots, np.log(np.maximum(1 - share * (1 - never), 1e-26)))


def shares_of_days(log_survival: Floats, knots: Sequence[int], days: Floats, within: int) -> Floats:
    """Return the share of each customer's distribution that has ordered before a day."""
    never = survival_at(log_survival, knots, np.full(len(days), float(within)))
    so_far = survival_at(log_survival, knots, days)
    share: Floats = np.expm1(so_far) / np.minimum(np.expm1(never), -1e-12)
    return np.asarray(np.minimum(share, 1.0))


def fit_band(past: Sequence[PastWaits], knots: Sequence[int], window: int) -> OrderBand:
    """Learn the shares from past cutoffs.

    Days are whole: a customer who may come today cannot be missed below. So the lower end is cut where at most a
    tenth came before it, and the upper end so that four fifths lie between. One more order than was seen is counted,
    beyond the end that is being cut, as the next one may lie there.

    Parameters
    ----------
    past : sequence of PastWaits
        Of each cutoff.
    knots : sequence of int
        Days of the curves.
    window : int
        Days of follow-up; who did not order in them is not looked at.
    """
    seen = _Seen.of(past, knots, window)
    effective = seen.weight[seen.ordered].sum() ** 2 / max(float((seen.weight[seen.ordered] ** 2).sum()), 1e-9)
    groups = int(np.clip(effective // GROUP_ROWS, 1, GROUPS))
    medians = seen.median[seen.ordered]
    cuts = [_quantile(medians, seen.weight[seen.ordered], k / groups) for k in range(1, groups)]
    edges = np.unique(np.array(cuts, dtype=np.float64))
    group = np.searchsorted(edges, seen.median, side="right")
    shares = [_cut(*seen.weigh(group == k)) for k in range(len(edges) + 1)]
    return OrderBand(edges, np.array(shares), window)


@dataclass(frozen=True)
class _Seen:
    """Customers of past cutoffs.

    ``known`` is the share of the own distribution up to which each was followed; ``before`` and ``after`` are those at
    the beginning and at the end of the day of the order, where one was seen.
    """

    median: Floats
    weight: Floats
    known: Floats
    ordered: Bools
    before: Floats
    after: Floats

    @classmethod
    def of(cls, past: Sequence[PastWaits], knots: Sequence[int], window: int) -> _Seen:
        parts = [cls._columns(one, knots, window) for one in past] or [(np.zeros(0),) * 6]
        median, weight, known, ordered, before, after = (np.concatenate([part[k] for part in parts]) for k in range(6))
        return cls(median, weight, known, ordered > 0, before, after)

    @staticmethod
    def _columns(past: PastWaits, knots: Sequence[int], window: int) -> tuple[Floats, ...]:
        curve, known_days = past.log_survival, float(min(past.known_days, window))
        ordered = past.wait_days < known_days
        day, everyone = np.where(ordered, past.wait_days, 0.0), np.ones(len(curve))
        known = shares_of_days(curve, knots, known_days * everyone, window) if known_days < window else everyone
        before, after = (shares_of_days(curve, knots, day + k, window) for k in (0, 1))
        return (
            median_days(curve, knots, window),
            past.weight * everyone,
            known,
            ordered.astype(np.float64),
            before,
            after,
        )

    def weigh(self, group: Bools) -> tuple[Floats, Floats, Floats]:
        """Return the shares before and after the orders of a group, and their weights: each stands for those unseen.

        An order at some share of its distribution could be seen only of those who are known beyond that share.
        """
        known, weight, chosen = self.known[group], self.weight[group], group & self.ordered
        rank = np.argsort(known, kind="stable")
        so_far = np.concatenate([[0.0], np.cumsum(weight[rank])])
        unknown = so_far[np.searchsorted(known[rank], self.before[chosen], side="right")]
        least = weight[known >= 1].sum()
        visible = np.maximum(so_far[-1] - unknown, max(float(least), 1e-9))
        return self.before[chosen], self.after[chosen], self.weight[chosen] * so_far[-1] / visible


def _cut(before: Floats, after: Floats, weights: Floats) -> tuple[float, float, float]:
    """Return the three shares of a group."""
    missed, total = (1 - COVERAGE) / 2, float(weights.sum())
    one = float((weights**2).sum()) / total**2 if total > 0 else 1.0  # the weight of one more order, as a share of all
    if one > 1 / LEAST_ROWS:
        return PRIOR_SHARES
    low = _quantile(after, weights, missed * (1 + one) - one)
    below = float(weights[after <= low].sum()) / total
    if below > missed + 0.02:  # a whole day's worth of customers: rather none of them
        low, below = SHARE_FLOOR, float(weights[after <= SHARE_FLOOR].sum()) / total
    high = _quantile(before, weights, (1 - max(1 - COVERAGE - below, 0.0)) * (1 + one))
    middle = _quantile((before + after) / 2, weights, 0.5)
    low = min(max(low, SHARE_FLOOR), 0.4)
    high = min(max(high, 0.55), 1 - SHARE_FLOOR / 10)
    return low, min(max(middle, low), high), high


def _quantile(values: Floats, weights: Floats, share: float) -> float:
    """Return the least value up to which a share of the weight lies."""
    order = np.argsort(values, kind="stable")
    so_far = np.cumsum(weights[order])
    place = np.searchsorted(so_far, share * so_far[-1] * (1 - 1e-12), side="left")
    return float(values[order][min(place, len(values) - 1)])


def choose_stretch(
    band: OrderBand, curves: Sequence[tuple[Floats, Floats]], knots: Sequence[int], window: int
) -> float | None:
    """Return the stretch with which the interval would have held for four fifths of those who ordered.

    1 where it held within the tolerance, or where too few ordered to say so; None where no stretch is enough.
    """
    chosen = [(curve[wait < window], wait[wait < window]) for curve, wait in curves]
    ordered = sum(len(wait) for _, wait in chosen)
    if ordered < GROUP_ROWS // 2:
        return 1.0
    least = COVERAGE - TOLERANCE - 1.64 * float(np.sqrt(COVERAGE * (1 - COVERAGE) / ordered))
    if measure_coverage(band, chosen, knots, window)[0] >= least:
        return 1.0
    for factor in STRETCHES.tolist():
        if measure_coverage(band.stretch(factor), chosen, knots, window)[0] >= COVERAGE:
            return float(factor)
    return None


def measure_coverage(
    band: OrderBand, curves: Sequence[tuple[Floats, Floats]], knots: Sequence[int], window: int
) -> tuple[float, tuple[float, ...]]:
    """Return the share of orders inside their interval, in all and by tenth of the predicted day."""
    inside, days = [], []
    for log_survival, wait in curves:
        chosen = wait < window
        low, day, high = band.days(log_survival[chosen], knots, window).T
        inside.append((wait[chosen] >= low) & (wait[chosen] <= high))
        days.append(day)
    held, order = np.concatenate(inside), np.argsort(np.concatenate(days), kind="stable")
    tenths = [float(held[part].mean()) for part in np.array_split(order, 10) if len(part)]
    return float(held.mean()) if len(held) else float("nan"), tuple(tenths)
