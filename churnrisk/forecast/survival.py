"""The waiting time until the next order, as a curve for each customer: P(no purchase within t days).

The days after a cutoff are cut into intervals. For each a logistic regression says how likely a customer who has not
bought until then buys in it, learned from all past cutoffs that are known so far; the curve is the product of not
buying in each. Newer cutoffs tell of the first intervals only, older ones of all: nothing is thrown away for being
censored (Singer & Willett 1993, It's about time, J. Educational Stat. 18(2)). Where no cutoff is known long enough, the
buy-till-you-die model says how the curve goes on; without such a model the last interval's hazard does.

Intervals are of shop time, so that one curve serves every season. Customers who buy once a year have their own law.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from churnrisk.btyd import BtydModel, Summary
from churnrisk.dataset import FollowUpData
from churnrisk.forecast.shop_time import to_shop_time
from churnrisk.forecast.yearly import Habits, YearlyBuyers
from churnrisk.regression import LinearPredictor, fit_logistic, to_log_odds, to_probability
from churnrisk.timeline import YEAR
from churnrisk.types import Floats

REPORTED = (30, 60, 90, 180)
FIRST_DAYS, DAYS_APART = (1, 2, 3, 5), 7
"""The days at which a curve is given: the first ones, every week, and those that are asked for."""

INNER_KNOTS = 10
"""Intervals that the waiting times themselves cut, so that each sees about as many orders."""

INTERVAL_ROWS = 8_000
LEAST_EVENTS = 20
AGE_WEIGHT = 0.93
"""Weight of a cutoff against the one after it."""

LEAST_LOG = -60.0


@dataclass(frozen=True)
class Waiters:
    """Some customers at one cutoff, as the waiting time sees them.

    Parameters
    ----------
    terms : ndarray of shape (n, p)
        Columns without missing values.
    histories : Summary
        Their purchases in three numbers.
    habits : Habits
        What tells whether they buy once a year.
    elapsed : ndarray of shape (366,)
        Shop time by days from the start of the outcome window.
    """

    terms: Floats
    histories: Summary
    habits: Habits
    elapsed: Floats


@dataclass(frozen=True)
class WaitingCurve:
    """P(no purchase within t days) from columns.

    Parameters
    ----------
    knots : tuple of int
        Days of shop time at which intervals end, rising; the first begins at 0.
    hazards : tuple of LinearPredictor
        Log-odds of buying in an interval for who has not bought before it; as many as there are data for.
    days : tuple of int
        Days of the calendar at which the curve is given, rising.
    yearly : YearlyBuyers
        The customers who buy once a year, of whom the hazards say nothing.
    lead : int
        Days between the cutoff and the day from which the intervals count.
    """

    knots: tuple[int, ...]
    hazards: tuple[LinearPredictor, ...]
    days: tuple[int, ...]
    yearly: YearlyBuyers
    lead: int = 0

    @property
    def learned_days(self) -> int:
        """Days up to which the curve was learned; after them it is the buy-till-you-die model's."""
        return self.knots[len(self.hazards) - 1] if self.hazards else 0

    def log_survival(self, waiters: Waiters, silence: BtydModel | None) -> Floats:
        """The logarithm of the curve on day 0 and on each of the days, shape (n, days + 1), falling along rows."""
        return self._mix(self._by_day(waiters, silence), waiters.habits)

    def passing_through(self, probability: Floats, horizon: int, waiters: Waiters, silence: BtydModel | None) -> Floats:
        """Return the same with P(no purchase within the horizon) given.

        Where that cannot be of a customer who surely buys once a year, the date is believed.
        """
        likely = self.yearly.probability(waiters.habits)
        never = 1 - self.yearly.ordered_before([horizon], waiters.habits)[:, 0]
        others = np.clip((probability - likely * never) / np.maximum(1 - likely, 1e-9), 0.0, 1.0)
        shifted = shift_curve(self._by_day(waiters, silence), self.days, horizon, others)
        return self._mix(shifted, waiters.habits)

    def _mix(self, others: Floats, habits: Habits) -> Floats:
        """Mix in the law of those who buy once a year."""
        if self.yearly.share == 0:
            return others
        likely = self.yearly.probability(habits)[:, None]
        yearly = 1 - self.yearly.ordered_before(self.days, habits)
        result = others.copy()
        result[:, 1:] = np.log(np.maximum((1 - likely) * np.exp(others[:, 1:]) + likely * yearly, 1e-26))
        return result

    def _by_day(self, waiters: Waiters, silence: BtydModel | None) -> Floats:
        """Read the curve of all other customers off in days of the calendar."""
        curve = self.in_shop_time(waiters.terms, waiters.histories, silence)
        ends = np.array([0, *self.knots], dtype=np.float64)
        wanted = to_shop_time(np.array([0, *self.days], dtype=np.float64), waiters.elapsed)
        place = np.clip(np.searchsorted(ends, wanted, side="left"), 1, len(self.knots))
        share = np.clip((wanted - ends[place - 1]) / (ends[place] - ends[place - 1]), 0.0, 1.0)
        by_day: Floats = curve[:, place - 1] + share * (curve[:, place] - curve[:, place - 1])
        return by_day

    def in_shop_time(self, terms: Floats, histories: Summary, silence: BtydModel | None) -> Floats:
        """Return the logarithm of the curve of the others at 0 and at each knot, shape (n, knots + 1)."""
        result = np.zeros((len(terms), len(self.knots) + 1), order="F")
        for place, hazard in enumerate(self.hazards):
            stays = to_probability(-hazard.apply(terms))
            result[:, place + 1] = result[:, place] + np.log(np.maximum(stays, 1e-12))
        if len(self.hazards) < len(self.knots):
            for place, step in enumerate(self._tail(result, histories, silence), start=len(self.hazards)):
                result[:, place + 1] = result[:, place] + step
        return np.maximum(result, LEAST_LOG)

    def _tail(self, learned: Floats, histories: Summary, silence: BtydModel | None) -> list[Floats]:
        """Return the logarithm of not buying in each interval that nothing was learned of."""
        count, ends = len(self.hazards), (0, *self.knots)
        if silence is None or not len(learned):
            last = learned[:, count] - learned[:, max(count - 1, 0)]
            days = max(ends[count] - ends[max(count - 1, 0)], 1)
            return [last * (end - start) / days for start, end in itertools.pairwise(ends[count:])]
        silent = silence.no_purchase_curve(histories, ends[count:], lead=self.lead)
        curve = list(np.log(np.maximum(silent, 1e-12)).T)
        return [np.minimum(after - before, 0.0) for before, after in itertools.pairwise(curve)]


def choose_knots(waits: Floats, horizon: int) -> tuple[int, ...]:
    """Cut shop time at the reported horizons, the model's own, a year, and at quantiles of the waiting times."""
    known = waits[np.isfinite(waits) & (waits < YEAR)]
    shares = np.arange(1, INNER_KNOTS + 1) / (INNER_KNOTS + 1)
    inner = np.ceil(np.quantile(known, shares) + 1).astype(int).tolist() if len(known) else []
    fixed = {*REPORTED, YEAR, 240, 300, horizon}
    near = {one for one in inner if all(abs(one - other) > 0.1 * other for other in fixed)}
    return tuple(sorted({int(one) for one in fixed | near if one > 0}))


def fit_curve(
    data: Sequence[FollowUpData],
    waiters: Sequence[Waiters],
    yearly: YearlyBuyers,
    *,
    horizon: int,
    penalty: Floats,
    seed: int,
    like: WaitingCurve | None = None,
) -> WaitingCurve:
    """Fit the curve on past cutoffs.

    Parameters
    ----------
    data : sequence of FollowUpData
        Oldest first.
    waiters : sequence of Waiters
        The customers of each.
    yearly : YearlyBuyers
        A customer counts by the probability of not being one of them.
    horizon : int
        The model's own; the curve is given there too.
    penalty : ndarray of shape (p,)
        Of each term.
    seed : int
        Of the draw of rows.
    like : WaitingCurve, optional
        One that was fitted to more cutoffs; it gives the knots.
    """
    parts = [_Followed.of(one, who, yearly) for one, who in zip(data, waiters, strict=True)]
    knots = like.knots if like else choose_knots(np.concatenate([one.waits for one in parts]), horizon)
    known = like.hazards if like else ()
    hazards: list[LinearPredictor] = []
    for (start, end), near in itertools.zip_longest(itertools.pairwise((0, *knots)), known):
        rows = _rows_of_interval(parts, start, end, seed=seed)
        if rows is None:
            break
        columns = np.concatenate([one.terms[chosen] for one, (chosen, _, _) in zip(waiters, rows, strict=True)])
        outcome, weights = (np.concatenate([part[k] for part in rows]) for k in (1, 2))
        hazards.append(fit_logistic(columns, outcome, weights, penalty=penalty, near=near))
    days = sorted({*FIRST_DAYS, *range(DAYS_APART, YEAR, DAYS_APART), *REPORTED, horizon, YEAR})
    return WaitingCurve(knots, tuple(hazards), tuple(days), yearly, data[0].snapshot.lead)


@dataclass(frozen=True)
class _Followed:
    """Waits of a cutoff and how long they are known, both in shop time, and the weight of each customer."""

    waits: Floats
    known: float
    weights: Floats

    @classmethod
    def of(cls, data: FollowUpData, waiters: Waiters, yearly: YearlyBuyers) -> _Followed:
        known = float(to_shop_time(np.array([float(data.known_days)]), waiters.elapsed)[0])
        waits = to_shop_time(data.wait_days, waiters.elapsed)
        return cls(waits, known, 1 - yearly.probability(waiters.habits))


Rows = tuple[np.ndarray, Floats, Floats]


def _rows_of_interval(data: Sequence[_Followed], start: int, end: int, *, seed: int) -> list[Rows] | None:
    """Who was still waiting at the start, whether they bought by the end, and their weights, cutoff by cutoff."""
    generator = np.random.default_rng(seed + end)
    waiting = [np.flatnonzero(one.waits >= start) if one.known >= end else np.zeros(0, int) for one in data]
    total = sum(len(rows) for rows in waiting)
    share = min(1.0, INTERVAL_ROWS / max(total, 1))
    result: list[Rows] = []
    for age, (one, rows) in enumerate(zip(reversed(data), reversed(waiting), strict=True)):
        drawn = rows if share >= 1 else np.sort(generator.choice(rows, int(share * len(rows)), replace=False))
        bought = (one.waits[drawn] < end).astype(np.float64)
        result.append((drawn, bought, AGE_WEIGHT**age * one.weights[drawn]))
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


def _odds(log_survival: Floats) -> Floats:
    """Log-odds of a probability given as a logarithm, exact near 1."""
    return np.asarray(log_survival - np.log(np.maximum(-np.expm1(log_survival), 1e-15)))


def days_at(log_survival: Floats, knots: Sequence[int], target: Floats) -> Floats:
    """Return the day, with its fraction, at which each curve has fallen to its target, a logarithm of a probability."""
    ends = np.array([0, *knots], dtype=np.float64)
    place = np.clip((log_survival > target[:, None]).sum(axis=1), 1, len(knots))
    rows = np.arange(len(target))
    before, after = log_survival[rows, place - 1], log_survival[rows, place]
    drop = before - after
    share = np.where(drop > 0, (before - target) / np.where(drop > 0, drop, 1.0), 1.0)
    days: Floats = ends[place - 1] + np.clip(share, 0.0, 1.0) * (ends[place] - ends[place - 1])
    return days


def survival_at(log_survival: Floats, knots: Sequence[int], days: Floats) -> Floats:
    """Return the logarithm of each curve at a day of its own."""
    ends = np.array([0, *knots], dtype=np.float64)
    place = np.clip(np.searchsorted(ends, days, side="left"), 1, len(knots))
    rows = np.arange(len(days))
    before, after = log_survival[rows, place - 1], log_survival[rows, place]
    share = np.clip((days - ends[place - 1]) / (ends[place] - ends[place - 1]), 0.0, 1.0)
    value: Floats = before + share * (after - before)
    return value
