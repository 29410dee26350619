"""What a customer will bring: net revenue in the outcome window and in a year, if they buy in the window and if not.

Not buying within the horizon is not leaving: who is silent for a month may well bring half of next year's revenue. So
what is at risk is no forecast of all that a customer brings, but of the difference that buying makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from churnrisk.btyd import BtydModel, Summary
from churnrisk.dataset import FollowUpData
from churnrisk.errors import SettingsError
from churnrisk.learning.glm import LinearPredictor, fit_amounts

Floats = np.ndarray

YEAR = 365
PENALTY = 100.0
LEAST_BUYERS = 30
VALUE_ROWS = 20_000
AGE_WEIGHT = 0.93
HEADROOM = 1.5
"""No forecast may exceed the largest one of the fit by more: beyond it a regression on logarithms runs away."""


@dataclass(frozen=True)
class Valuation:
    """What revenue is worth to the shop.

    Parameters
    ----------
    margin : float
        Share of revenue that is profit; 1 values customers by revenue.
    discount_rate : float
        Of a year; 0.1 means that 110 in a year is worth 100 today.
    """

    margin: float = 1.0
    discount_rate: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.margin <= 1:
            raise SettingsError(f"margin {self.margin}: give the share of revenue that is profit, such as 0.35.")
        if not 0 <= self.discount_rate < 10:
            raise SettingsError(f"discount_rate {self.discount_rate}: give a rate a year from 0, such as 0.1 for 10 %.")

    def factor(self, days: int) -> float:
        """Give what a unit of revenue is worth that comes evenly spread over so many days."""
        if not self.discount_rate:
            return self.margin
        years = days / YEAR
        return float(self.margin * (1 - (1 + self.discount_rate) ** -years) / (years * np.log1p(self.discount_rate)))


@dataclass(frozen=True)
class Amounts:
    """An expected amount from columns.

    Parameters
    ----------
    model : LinearPredictor or None
        Its logarithm; None where all amounts were 0.
    factor : float
        Makes the forecasts of the fit add up to the net amounts, returns taken off.
    most : float
        Forecasts are cut here.
    """

    model: LinearPredictor | None
    factor: float
    most: float

    def expect(self, terms: Floats) -> Floats:
        """Give the expected net amounts."""
        if self.model is None:
            return np.zeros(len(terms))
        amount: Floats = np.exp(np.minimum(self.model.apply(terms), np.log(self.most))) * self.factor
        return amount


@dataclass(frozen=True)
class WorthModel:
    """Expected net revenue, without margin or discount.

    Parameters
    ----------
    horizon, window : int
        Days of the outcome window, and of the follow-up that stands for a year; 365 where the history allows.
    soon_if_bought : Amounts
        In the outcome window, of those who buy in it.
    year_if_bought, year_if_not : Amounts
        In the window, of those who buy in the outcome window, and of the others.
    """

    horizon: int
    window: int
    soon_if_bought: Amounts
    year_if_bought: Amounts
    year_if_not: Amounts

    def expect(
        self, terms: Floats, histories: Summary, silence: BtydModel | None, probability: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Give the expected revenue in the horizon, in a year, and what of the latter is at risk.

        Parameters
        ----------
        terms : ndarray of shape (n, p)
            Columns.
        histories : Summary of n rows
            For the step from the window to a year, where the history is shorter than that.
        silence : BtydModel or None
            For the same.
        probability : ndarray of shape (n,)
            Of churning.
        """
        grown = self._to_a_year(histories, silence)
        bought, not_bought = self.year_if_bought.expect(terms) * grown, self.year_if_not.expect(terms) * grown
        soon = (1 - probability) * self.soon_if_bought.expect(terms)
        year = (1 - probability) * bought + probability * not_bought
        at_risk: Floats = probability * np.maximum(bought - not_bought, 0.0)
        return soon, year, at_risk

    def _to_a_year(self, histories: Summary, silence: BtydModel | None) -> Floats:
        if self.window == YEAR or not len(histories):
            return np.ones(len(histories))
        longest = YEAR / self.window
        if silence is None:
            return np.full(len(histories), longest)
        year, window = (silence.expected_purchases(histories, float(days)) for days in (YEAR, self.window))
        ratio: Floats = np.where(window > 0, year / np.where(window > 0, window, 1.0), longest)
        return np.asarray(np.clip(ratio, 1.0, longest))


def fit_worth(data: Sequence[FollowUpData], terms: Sequence[Floats], *, horizon: int, seed: int) -> WorthModel | None:
    """Fit on past cutoffs, oldest first, each with its matrix of terms.

    Returns
    -------
    WorthModel or None
        None where the log has no amounts, or too few customers bought in an outcome window that is over.
    """
    known = {days for one in data for days in one.revenue}
    if horizon not in known:
        return None
    window = choose_window(data, horizon)
    soon = _rows(data, terms, horizon, horizon, seed=seed)
    year = _rows(data, terms, window, horizon, seed=seed)
    if min(soon.bought.sum(), year.bought.sum()) < LEAST_BUYERS:
        return None
    return WorthModel(
        horizon,
        window,
        _fit_amounts(soon, soon.bought),
        _fit_amounts(year, year.bought),
        _fit_amounts(year, ~year.bought),
    )


def choose_window(data: Sequence[FollowUpData], horizon: int) -> int:
    """Choose the days that stand for a year: a year, else the longest that a third cutoff, or any, is known for."""
    least = min(YEAR, horizon)
    lengths = sorted({days for one in data for days in one.revenue if least <= days}, reverse=True)
    enough = [days for days in lengths if sum(days in one.revenue for one in data) >= 3]
    return YEAR if YEAR in lengths else (enough or lengths)[0]


@dataclass(frozen=True)
class _Rows:
    terms: Floats
    amounts: Floats
    bought: np.ndarray
    weights: Floats


def _rows(data: Sequence[FollowUpData], terms: Sequence[Floats], window: int, horizon: int, *, seed: int) -> _Rows:
    usable = [(one, table) for one, table in zip(data, terms, strict=True) if window in one.revenue]
    total = sum(len(table) for _, table in usable)
    share = min(1.0, VALUE_ROWS / max(total, 1))
    generator = np.random.default_rng(seed)
    parts = []
    for age, (one, table) in enumerate(reversed(usable)):
        size = len(table)
        rows = np.arange(size) if share >= 1 else np.sort(generator.choice(size, int(share * size), replace=False))
        weight = np.full(len(rows), AGE_WEIGHT**age)
        parts.append((table[rows], one.revenue[window][rows], one.wait_days[rows] < horizon, weight))
    return _Rows(*(np.concatenate([part[k] for part in parts]) for k in range(4)))


def _fit_amounts(rows: _Rows, chosen: np.ndarray) -> Amounts:
    terms, amounts, weights = rows.terms[chosen], rows.amounts[chosen], rows.weights[chosen]
    penalty = np.full(terms.shape[1], PENALTY)
    model = fit_amounts(terms, np.maximum(amounts, 0.0), weights, penalty=penalty)
    if model is None:
        return Amounts(None, 0.0, 0.0)
    expected = np.exp(model.apply(terms))
    factor = float((weights * amounts).sum()) / float((weights * expected).sum())
    return Amounts(model, max(factor, 0.0), float(expected.max()) * HEADROOM)
