"""The waiting time until the next order, as a curve for each customer: P(no purchase within t days).

The days after a cutoff are cut into intervals. For each a logistic regression says how likely a customer who has not
bought until then buys in it, learned from all past cutoffs that are known so far; the curve is the product of not
buying in each. Newer cutoffs tell of the first intervals only, older ones of all: nothing is thrown away for being
censored (Singer & Willett 1993, It's about time, J. Educational Stat. 18(2)). Where no cutoff is known long enough, the
buy-till-you-die model says how the curve goes on; without such a model the last interval's hazard does.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from churnrisk.btyd import BtydModel, Summary
from churnrisk.dataset import FollowUpData
from churnrisk.learning.glm import LinearPredictor, fit_logistic
from churnrisk.learning.level import shift_to
from churnrisk.learning.linear import to_log_odds, to_probability

Floats = np.ndarray

YEAR = 365
REPORTED = (30, 60, 90, 180)
INNER_KNOTS = 10
"""Intervals that the waiting times themselves cut, so that each sees about as many orders."""

INTERVAL_ROWS = 8_000
LEAST_EVENTS = 20
AGE_WEIGHT = 0.93
"""Weight of a cutoff against the one after it."""

LEAST_LOG = -60.0


@dataclass(frozen=True)
class WaitingCurve:
    """P(no purchase within t days) from columns.

    Parameters
    ----------
    knots : tuple of int
        Days at which intervals end, rising; the first begins at 0.
    hazards : tuple of LinearPredictor
        Log-odds of buying in an interval for who has not bought before it; as many as there are data for.
    lead : int
        Days between the cutoff and the day from which the intervals count.
    """

    knots: tuple[int, ...]
    hazards: tuple[LinearPredictor, ...]
    lead: int = 0

    @property
    def learned_days(self) -> int:
        """Days up to which the curve was learned; after them it is the buy-till-you-die model's."""
        return self.knots[len(self.hazards) - 1] if self.hazards else 0

    def log_survival(self, terms: Floats, histories: Summary, silence: BtydModel | None) -> Floats:
        """Give the logarithm of the curve at 0 and at each knot, shape (n, knots + 1), falling along each row."""
        result = np.zeros((len(terms), len(self.knots) + 1), order="F")
        for place, hazard in enumerate(self.hazards):
            stays = to_probability(-hazard.apply(terms))
            result[:, place + 1] = result[:, place] + np.log(np.maximum(stays, 1e-12))
        if len(self.hazards) < len(self.knots):
            for place, step in enumerate(self._tail(result, histories, silence), start=len(self.hazards)):
                result[:, place + 1] = result[:, place] + step
        return np.maximum(result, LEAST_LOG)

    def _tail(self, learned: Floats, histories: Summary, silence: BtydModel | None) -> list[Floats]:
        """Give the logarithm of not buying in each interval that nothing was learned of."""
        count, ends = len(self.hazards), (0, *self.knots)
        if silence is None or not len(learned):
            last = learned[:, count] - learned[:, max(count - 1, 0)]
            days = max(ends[count] - ends[max(count - 1, 0)], 1)
            return [last * (end - start) / days for start, end in itertools.pairwise(ends[count:])]
        silent = silence.no_purchase_curve(histories, ends[count:], lead=self.lead)
        curve = list(np.log(np.maximum(silent, 1e-12)).T)
        return [np.minimum(after - before, 0.0) for before, after in itertools.pairwise(curve)]


def choose_knots(waits: Floats, horizon: int) -> tuple[int, ...]:
    """Cut the days at the reported horizons, the model's own, a year, and at quantiles of the waiting times."""
    known = waits[np.isfinite(waits) & (waits < YEAR)]
    shares = np.arange(1, INNER_KNOTS + 1) / (INNER_KNOTS + 1)
    inner = np.ceil(np.quantile(known, shares) + 1).astype(int).tolist() if len(known) else []
    fixed = {*REPORTED, YEAR, 240, 300, horizon}
    near = {one for one in inner if all(abs(one - other) > 0.1 * other for other in fixed)}
    return tuple(sorted({int(one) for one in fixed | near if one > 0}))


def fit_curve(
    data: Sequence[FollowUpData], terms: Sequence[Floats], *, horizon: int, penalty: Floats, seed: int
) -> WaitingCurve:
    """Fit the curve on past cutoffs.

    Parameters
    ----------
    data : sequence of FollowUpData
        Oldest first.
    terms : sequence of ndarray of shape (n, p)
        Of each of them, without missing values.
    horizon : int
        The model's own; one of the knots.
    penalty : ndarray of shape (p,)
        Of each term.
    seed : int
        Of the draw of rows.
    """
    knots = choose_knots(np.concatenate([one.wait_days for one in data]), horizon)
    hazards: list[LinearPredictor] = []
    for start, end in zip((0, *knots), knots, strict=False):
        rows = _rows_of_interval(data, start, end, seed=seed)
        if rows is None:
            break
        columns = np.concatenate([one[chosen] for one, (chosen, _, _) in zip(terms, rows, strict=True)])
        outcome, weights = (np.concatenate([part[k] for part in rows]) for k in (1, 2))
        hazards.append(fit_logistic(columns, outcome, weights, penalty=penalty))
    return WaitingCurve(knots, tuple(hazards), data[0].snapshot.lead)


Rows = tuple[np.ndarray, Floats, Floats]


def _rows_of_interval(data: Sequence[FollowUpData], start: int, end: int, *, seed: int) -> list[Rows] | None:
    """Give who was still waiting at the start, whether they bought by the end, and their weights, cutoff by cutoff."""
    generator = np.random.default_rng(seed + end)
    waiting = [np.flatnonzero(one.wait_days >= start) if one.known_days >= end else np.zeros(0, int) for one in data]
    total = sum(len(rows) for rows in waiting)
    share = min(1.0, INTERVAL_ROWS / max(total, 1))
    result: list[Rows] = []
    for age, (one, rows) in enumerate(zip(reversed(data), reversed(waiting), strict=True)):
        drawn = rows if share >= 1 else np.sort(generator.choice(rows, int(share * len(rows)), replace=False))
        bought = (one.wait_days[drawn] < end).astype(np.float64)
        result.append((drawn, bought, np.full(len(drawn), AGE_WEIGHT**age)))
    events = sum(float(bought.sum()) for _, bought, _ in result)
    return result[::-1] if min(events, total) >= LEAST_EVENTS else None


def shift_curve(log_survival: Floats, knots: Sequence[int], horizon: int, probability: Floats) -> Floats:
    """Shift curves in log-odds, so that they pass through the churn probability at the horizon.

    A shift in log-odds leaves a curve falling. A customer who is a little more likely to buy than their like is so
    in the first days most, and less and less later.
    """
    place = list(knots).index(horizon) + 1
    odds = _odds(log_survival)
    shift = to_log_odds(np.clip(probability, 1e-9, 1 - 1e-9)) - odds[:, place]
    shifted = np.log(np.maximum(to_probability(odds + shift[:, None]), 1e-26))
    shifted[:, 0] = 0.0
    return np.asarray(np.minimum.accumulate(shifted, axis=1))


def shift_level(log_survival: Floats, knots: Sequence[int], horizon: int, rate: float) -> Floats:
    """Shift all curves alike in log-odds, so that their mean at the horizon is a churn rate."""
    at_horizon = _odds(log_survival)[:, list(knots).index(horizon) + 1]
    shifted = to_probability(at_horizon + shift_to(at_horizon, rate))
    return shift_curve(log_survival, knots, horizon, shifted)


def _odds(log_survival: Floats) -> Floats:
    """Log-odds of a probability given as a logarithm, exact near 1."""
    return np.asarray(log_survival - np.log(np.maximum(-np.expm1(log_survival), 1e-15)))


def days_at(log_survival: Floats, knots: Sequence[int], target: Floats) -> Floats:
    """Give the day, with its fraction, at which each curve has fallen to its target, a logarithm of a probability."""
    ends = np.array([0, *knots], dtype=np.float64)
    place = np.clip((log_survival > target[:, None]).sum(axis=1), 1, len(knots))
    rows = np.arange(len(target))
    before, after = log_survival[rows, place - 1], log_survival[rows, place]
    drop = before - after
    share = np.where(drop > 0, (before - target) / np.where(drop > 0, drop, 1.0), 1.0)
    days: Floats = ends[place - 1] + np.clip(share, 0.0, 1.0) * (ends[place] - ends[place - 1])
    return days


def survival_at(log_survival: Floats, knots: Sequence[int], days: Floats) -> Floats:
    """Give the logarithm of each curve at a day of its own."""
    ends = np.array([0, *knots], dtype=np.float64)
    place = np.clip(np.searchsorted(ends, days, side="left"), 1, len(knots))
    rows = np.arange(len(days))
    before, after = log_survival[rows, place - 1], log_survival[rows, place]
    share = np.clip((days - ends[place - 1]) / (ends[place] - ends[place - 1]), 0.0, 1.0)
    value: Floats = before + share * (after - before)
    return value
