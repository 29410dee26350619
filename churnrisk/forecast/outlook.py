"""The outlook of a customer beside the churn probability: other horizons, the next order, value, coming back.

Made from few columns by small regressions. It never changes the churn probability: the curve of each customer is
shifted to pass through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from churnrisk.btyd import BtydModel, Spent, Summary
from churnrisk.forecast.next_order import OrderBand
from churnrisk.forecast.shop_time import ShopTime
from churnrisk.forecast.survival import REPORTED, Waiters, WaitingCurve
from churnrisk.forecast.value_model import ValueModel
from churnrisk.forecast.yearly import Habits
from churnrisk.regression import ALIVE, Design, Terms, to_log_odds, to_probability
from churnrisk.timeline import RECENT_DAYS, YEAR
from churnrisk.types import Floats


@dataclass(frozen=True)
class Prospects:
    """What the outlook says of some customers; NaN where there is nothing to say.

    Parameters
    ----------
    churn : dict of int to ndarray of shape (n,)
        P(no purchase within so many days), by days.
    next_order : ndarray of float64, shape (n, 3)
        Lower end, day, upper end, in days from the start of the outcome window, if there is one within a year.
    revenue : ndarray of float64, shape (n, 4)
        Expected in the horizon, expected in a year, and at risk: the least and the most; without margin or discount.
    alive : ndarray of float64, shape (n,)
        P(alive) under the buy-till-you-die model.
    """

    churn: dict[int, Floats]
    next_order: Floats
    revenue: Floats
    alive: Floats


@dataclass(frozen=True)
class Outlook:
    """From features and churn probabilities to the outlook; it holds no customer.

    Parameters
    ----------
    design : Design
        From its few features to columns.
    terms : Terms
        Squares and products of these.
    silence : BtydModel or None
        Fitted to all customers before ``as_of``.
    curve : WaitingCurve
        The waiting time until the next order.
    time : ShopTime
        The season of the shop.
    band : OrderBand
        Where the interval of the next order is cut.
    value : ValueModel or None
        None in a log without amounts.
    return_shift : float
        What makes the buy-till-you-die model give as many lapsed customers back as there were, in log-odds; NaN where
        nobody had lapsed.
    season_trust : float or None
        How far the season of earlier years holds in later ones, from 0 to 1; None in a history of less than two years,
        or with too few orders in them.
    """

    design: Design
    terms: Terms
    silence: BtydModel | None
    curve: WaitingCurve
    time: ShopTime
    band: OrderBand
    value: ValueModel | None
    return_shift: float
    season_trust: float | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """The features that it needs, in order."""
        return self.design.features

    def with_value(self, value: ValueModel, values: Floats, probability: Floats, weight: Floats) -> Outlook:
        """Add a forecast of value whose totals are fixed for these customers, as :meth:`predict` takes them."""
        histories, spent = histories_of(values, self.features), spent_of(values, self.features)
        recent = recent_of(values, self.features)
        return replace(self, value=value.anchor(histories, spent, weight, recent, probability=probability))

    @property
    def knows_returns(self) -> bool:
        """Whether lapsed customers were followed, so that their return can be forecast."""
        return self.silence is not None and bool(np.isfinite(self.return_shift))

    def predict(self, values: Floats, probability: Floats, *, cutoff: int | None = None) -> Prospects:
        """Return the outlook of customers.

        Parameters
        ----------
        values : ndarray of shape (n, p)
            Their features, the columns as in :attr:`features`.
        probability : ndarray of shape (n,)
            Their churn probabilities, rounded as they are given out.
        cutoff : int, optional
            The day on which they are scored, for the season; by default that of the model.
        """
        snapshot = self.design.snapshot if cutoff is None else self.design.snapshot.at(cutoff)
        columns = self.design.apply(values, self.silence)
        waiters = make_waiters(
            values,
            self.features,
            self.terms.apply(columns),
            self.silence,
            self.time.elapsed(snapshot.outcome_start),
            lead=snapshot.lead,
        )
        curve = self.curve.passing_through(probability, snapshot.horizon, waiters, self.silence)
        days = self.band.days(curve, self.curve.days, YEAR)
        revenue = self._revenue(values, waiters.histories, probability)
        alive = to_probability(columns[:, self.design.columns.index(ALIVE)])
        if self.silence is None:
            alive = np.full(len(values), np.nan)
        return Prospects(self._churn_by_horizon(curve, probability), days, revenue, alive)

    def _revenue(self, values: Floats, histories: Summary, probability: Floats) -> Floats:
        if self.value is None:
            return np.full((len(values), 4), np.nan)
        spent, days = spent_of(values, self.features), (self.design.snapshot.horizon, YEAR)
        recent = recent_of(values, self.features)
        expected = self.value.expect(histories, spent, days, probability=probability, recent=recent)
        risk = self.value.at_risk(histories, spent, probability)
        return np.column_stack([expected, risk.least, risk.most])

    def return_probability(self, histories: Summary, *, lead: int) -> Floats:
        """Return P(a purchase in the outcome window) of lapsed customers, and NaN where it is not known."""
        if self.silence is None or not self.knows_returns or not len(histories):
            return np.full(len(histories), np.nan)
        silent = self.silence.no_purchase_probability(histories, self.design.snapshot.horizon, lead=lead)
        return to_probability(self.return_shift - to_log_odds(silent))

    def alive_probability(self, histories: Summary) -> Floats:
        """Return P(alive) from histories."""
        if self.silence is None or not len(histories):
            return np.full(len(histories), np.nan)
        return self.silence.alive_probability(histories)

    def _churn_by_horizon(self, curve: Floats, probability: Floats) -> dict[int, Floats]:
        """Read the curves off at the usual horizons; the model's own is the churn probability to the last digit."""
        horizon, result = self.design.snapshot.horizon, {}
        for days in REPORTED:
            read = np.asarray(np.round(np.exp(curve[:, self.curve.days.index(days) + 1]), 9), dtype=np.float64)
            if days == horizon:
                read = probability.copy()
            result[days] = np.maximum(read, probability) if days < horizon else np.minimum(read, probability)
        return result


def make_waiters(
    values: Floats, names: Sequence[str], terms: Floats, silence: BtydModel | None, elapsed: Floats, *, lead: int
) -> Waiters:
    """Return what the waiting time looks at."""
    return Waiters(terms, histories_of(values, names), Habits.of(values, names, silence, lead=lead), elapsed)


def histories_of(values: Floats, names: Sequence[str]) -> Summary:
    """Read the histories off the features."""
    days, active, tenure = (
        values[:, list(names).index(name)]
        for name in ("purchase_day_count", "days_from_first_to_last_order", "tenure_days")
    )
    return Summary(days - 1, np.where(days > 1, active, 0.0), tenure)


def spent_of(values: Floats, names: Sequence[str]) -> Spent:
    """Read what customers have spent off the features."""
    return Spent(*(values[:, list(names).index(name)] for name in ("net_amount", "max_order_amount")))


def recent_of(values: Floats, names: Sequence[str]) -> Floats:
    """Read the purchase days of the last days off the features."""
    return values[:, [list(names).index(f"purchase_day_count_last_{days}d") for days in RECENT_DAYS]]
