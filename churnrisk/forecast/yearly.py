"""Customers who buy once a year, always at about the same date: before Christmas, for a birthday, when a term begins.

Their next order is due a year after the last one, however long the silence of others may be. How many of them a shop
has, how exactly they keep their date and how many come again is learned. Whether one customer is of them is a
probability, from the gaps between the orders so far and from the silence since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, gammaln, ndtr

from churnrisk.btyd import BtydModel, Summary
from churnrisk.timeline import YEAR
from churnrisk.types import Floats

SPREADS = (7.0, 40.0)
"""Between these lies the standard deviation of the days between two yearly orders; where it would be more, it is chance
that some gaps are about a year."""

LEAST_YEARLY = 10
"""So many customers must be likely to buy once a year; else it is not asked."""

SKIPPED = 0.1
"""Probability that the longest gap is one of two years or more, since a year was left out."""

FEATURES = (
    "purchase_day_count",
    "mean_gap_days",
    "std_gap_days",
    "max_gap_days",
    "days_since_last_order",
    "tenure_days",
)
START_SHARE, START_SPREAD, ROUNDS = 0.05, 20.0, 30


@dataclass(frozen=True)
class Habits:
    """What tells whether customers buy once a year, each of shape (n,).

    Parameters
    ----------
    gaps : ndarray of float64
        How many gaps between purchase days there are.
    squares : ndarray of float64
        Sum of the squares of what each gap differs from a year; the longest may be of several years.
    log_others : ndarray of float64
        Logarithm of how likely the history is of any other customer, less that of the years left out.
    due_days : ndarray of float64
        Days from the start of the outcome window to a year after the last purchase.
    """

    gaps: Floats
    squares: Floats
    log_others: Floats
    due_days: Floats

    @classmethod
    def of(cls, values: Floats, names: Sequence[str], silence: BtydModel | None, *, lead: int) -> Habits:
        """Read them off features; without a buy-till-you-die model no customer is seen to buy once a year."""
        days, mean, deviation, longest, last, tenure = (values[:, list(names).index(name)] for name in FEATURES)
        gaps = days - 1
        years = np.where(gaps > 0, np.maximum(np.round(longest / YEAR), 1.0), 1.0)
        squares = np.where(gaps > 1, (gaps - 1) * deviation**2, 0.0)
        squares += np.where(gaps > 0, gaps * (mean - YEAR) ** 2, 0.0)
        squares += np.where(gaps > 0, (longest - years * YEAR) ** 2 - (longest - YEAR) ** 2, 0.0)
        others = np.full(len(gaps), np.inf) if silence is None else _log_others(gaps, last, tenure, silence)
        return cls(gaps, np.maximum(squares, 0.0), others - (years - 1) * np.log(SKIPPED), YEAR - last - lead)


def _log_others(gaps: Floats, last: Floats, tenure: Floats, silence: BtydModel) -> Floats:
    """Return the logarithm of the density of a history by chance: rates are gamma, a silent customer may have left."""
    r, alpha = (silence.parameters[name] for name in ("r", "alpha"))
    density = gammaln(r + gaps) - gammaln(r) + r * np.log(alpha) - (r + gaps) * np.log(alpha + tenure)
    alive = silence.alive_probability(Summary(gaps, np.where(gaps > 0, tenure - last, 0.0), tenure))
    return np.asarray(density - np.log(np.maximum(alive, 1e-9)))


@dataclass(frozen=True)
class YearlyBuyers:
    """How many customers buy once a year, and how they do.

    Parameters
    ----------
    share : float
        Of all customers; 0 in a shop that has none.
    spread : float
        Standard deviation of the days between two of their orders.
    returning : float
        Share of them who order again at the next date.
    """

    share: float = 0.0
    spread: float = START_SPREAD
    returning: float = 0.5

    @classmethod
    def learn(cls, habits: Habits) -> YearlyBuyers:
        """Learn the share and the spread from histories.

        By expectation and maximisation (Dempster, Laird & Rubin 1977, J. Royal Stat. Soc. B 39(1)).
        """
        if not (habits.gaps > 0).any() or not np.isfinite(habits.log_others).any():
            return cls()
        found = cls(START_SHARE)
        for _ in range(ROUNDS):
            likely = found.probability(habits)
            variance = float((likely * habits.squares).sum() / max(float((likely * habits.gaps).sum()), 1e-9))
            found = cls(float(np.clip(likely.mean(), 1e-6, 0.999)), float(np.clip(np.sqrt(variance), *SPREADS)))
        is_found = found.spread < SPREADS[1] and found.share * len(habits.gaps) >= LEAST_YEARLY
        return found if is_found else cls()

    def probability(self, habits: Habits) -> Floats:
        """Return the probability that each customer buys once a year."""
        if self.share == 0:
            return np.zeros(len(habits.gaps))
        yearly = -habits.gaps * np.log(self.spread * np.sqrt(2 * np.pi)) - habits.squares / (2 * self.spread**2)
        odds = np.log(self.share / (1 - self.share)) + yearly - habits.log_others
        return np.asarray(expit(odds))

    def ordered_before(self, days: Sequence[int], habits: Habits) -> Floats:
        """Return P(the next order comes within so many days) of a yearly buyer, shape (n, len(days))."""
        due = habits.due_days[:, None]
        begun = ndtr((-0.5 - due) / self.spread)
        passed = ndtr((np.asarray(days) - 0.5 - due) / self.spread)
        return np.asarray(self.returning * np.maximum(passed - begun, 0.0) / np.maximum(1 - begun, 1e-9))
