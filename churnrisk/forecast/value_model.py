"""What customers will bring: expected purchase days times the expected amount of one, at a level that was checked.

*Who brings more than whom* comes from a buy-till-you-die model and from each customer's own amounts; a churn
probability moves the outcome window, and so do the customer's recent purchase days, as far as the past shows it right.
*How much all bring together* is that forecast times its own realised over expected at the same time of earlier years.
Whatever is learned from amounts is learned from amounts that are cut where a purchase is far out of the ordinary, so
that one giant order changes the forecast of nobody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from churnrisk.btyd import BtydModel, Credibility, Spent, Summary
from churnrisk.timeline import RECENT_DAYS, YEAR
from churnrisk.types import Floats

LEAST = 1e-9


@dataclass(frozen=True)
class AtRisk:
    """What is lost with customers who do not buy in the outcome window, times the probability that they do not.

    Parameters
    ----------
    least : ndarray of shape (n,)
        If a kept customer makes the one purchase that was saved, and nothing else changes.
    most : ndarray of shape (n,)
        If a customer who had left comes back for good: the purchases of the rest of a year as well, but no more than
        the customer has brought so far.
    """

    least: Floats
    most: Floats


@dataclass(frozen=True)
class ValueModel:
    """Expected net revenue of customers over any window, without margin or discount.

    It never falls as the window grows: purchase days are expected day by day, and each stretch of days has a factor.

    Parameters
    ----------
    order_model : BtydModel
        For the number of purchase days.
    spending : Credibility
        For the amount of one.
    cap : float
        Where the amount of a single purchase is cut, in currency units.
    amount_factor : float
        Makes the expected amounts add up to the net amounts that they were learned from.
    horizon, lead : int
        The outcome window.
    soon, later : float
        Factors of the level in the horizon, and in the rest of the year and after it.
    trust : float
        How far the level of earlier years is believed against that of the churn probabilities, from 0 to 1.
    recent_share : float
        Weight of a customer's own rate of the last 90 and of the last 365 days, each against all, from 0 to 0.25.
    lift_soon, lift_later : float
        What keeps the total at its level when these move who brings more than whom.
    share_at_risk : float
        Makes the values at risk of the customer base add up to no more than its expected year.
    """

    order_model: BtydModel
    spending: Credibility
    cap: float
    amount_factor: float
    horizon: int
    lead: int = 0
    soon: float = 1.0
    later: float = 1.0
    trust: float = 0.0
    recent_share: float = 0.0
    lift_soon: float = 1.0
    lift_later: float = 1.0
    share_at_risk: float = 1.0

    def day_amount(self, histories: Summary, spent: Spent) -> Floats:
        """Return the expected net amount of a purchase day, shape (n,); 0 for those who got everything back."""
        days = histories.frequency + 1
        expected = self.spending.expect(days, spent.mean_of_day(days, self.cap))
        return np.where(spent.net > 0, np.maximum(expected, 0.0), 0.0) * self.amount_factor

    def expect_orders(
        self,
        histories: Summary,
        until: Sequence[float],
        *,
        probability: Floats | None = None,
        recent: Floats | None = None,
    ) -> Floats:
        """Return the expected purchase days in the first so many days of the outcome window, for several such lengths.

        Parameters
        ----------
        histories : Summary of n rows
            The customers, seen at the cutoff.
        until : sequence of float
            Lengths in days.
        probability : ndarray of shape (n,), optional
            Of churning within the horizon.
        recent : ndarray of shape (n, 2), optional
            Purchase days in the last 90 and in the last 365 days. The models take a customer's rate for constant; where
            the rates of a shop drift, what was bought last tells more than that.

        Returns
        -------
        ndarray of shape (n, len(until))
            Never falls as the length grows.
        """
        soon, later, inside = self._split(histories, until)
        if probability is not None or recent is not None:
            moved = self._moved(histories, probability) * self._drifted(inside, recent)
            soon *= (self.lift_soon * moved)[:, None]
            later *= (self.lift_later * np.sqrt(moved))[:, None]
        return self.soon * soon + self.later * later

    def expect(
        self,
        histories: Summary,
        spent: Spent,
        until: Sequence[float],
        *,
        probability: Floats | None = None,
        recent: Floats | None = None,
    ) -> Floats:
        """Return the expected net revenue, as :meth:`expect_orders` gives purchase days."""
        orders = self.expect_orders(histories, until, probability=probability, recent=recent)
        return orders * self.day_amount(histories, spent)[:, None]

    def at_risk(self, histories: Summary, spent: Spent, probability: Floats) -> AtRisk:
        """Return what is lost with those who do not buy in the outcome window.

        The least is the churn probability times one purchase. The most adds, for those who have left, what a
        customer with the rate of the time up to the last order would bring from the middle of the horizon to the end
        of the year. What a contact does lies between the two; only a control group tells where.
        """
        amount = self.day_amount(histories, spent)
        silent = self.order_model.no_purchase_probability(histories, self.horizon, lead=self.lead)
        has_left = np.minimum((1 - self.order_model.alive_probability(histories)) / np.maximum(silent, LEAST), 1.0)
        then = Summary(histories.frequency, histories.age_at_last_order, histories.age_at_last_order)
        alive = np.maximum(self.order_model.alive_probability(then), LEAST)
        rest = max(YEAR - self.horizon / 2, 0.0)
        back = self.order_model.expected_purchases(then, rest) / alive
        least = probability * amount * self.share_at_risk
        rest_of_year = np.minimum(back * self.later * amount, np.maximum(spent.net, 0.0))
        return AtRisk(least, least + probability * has_left * rest_of_year)

    def anchor(
        self, histories: Summary, spent: Spent, weight: Floats, recent: Floats, *, probability: Floats | None = None
    ) -> ValueModel:
        """Fix the totals of a customer base; ``weight`` says how many each customer is.

        Recent purchase days change no total. Churn probabilities do, unless the level of earlier years is trusted.
        """
        amount = self.day_amount(histories, spent) * weight
        soon, later, inside = self._split(histories, [YEAR])
        moved, drifted = self._moved(histories, probability), self._drifted(inside, recent)
        lifts = []
        for orders, by, then in ((soon, moved, drifted), (later, np.sqrt(moved), np.sqrt(drifted))):
            brought = orders[:, 0] * amount
            lifts.append(_compare(brought, by) ** self.trust * _compare(brought * by, then))
        fixed = replace(self, lift_soon=lifts[0], lift_later=lifts[1], share_at_risk=1.0)
        if probability is None:
            return fixed
        year = fixed.expect(histories, spent, [YEAR], probability=probability, recent=recent)[:, 0]
        risk = float((fixed.at_risk(histories, spent, probability).least * weight).sum())
        return replace(fixed, share_at_risk=min(1.0, float((year * weight).sum()) / risk) if risk > 0 else 1.0)

    def _split(self, histories: Summary, until: Sequence[float]) -> tuple[Floats, Floats, Floats]:
        """Return the purchase days expected inside the horizon and after it until so many days, and in the horizon."""
        distinct, place = histories.collapse()
        expected = self.order_model.expected_purchases
        before = expected(distinct, self.lead) if self.lead else np.zeros(len(distinct))
        known = {days: expected(distinct, self.lead + days) - before for days in {self.horizon, *until}}
        inside, counts = known[self.horizon], np.stack([known[days] for days in until], axis=1)
        soon = np.minimum(counts, inside[:, None])
        return soon[place], np.maximum(counts - inside[:, None], 0.0)[place], inside[place]

    def _moved(self, histories: Summary, probability: Floats | None) -> Floats:
        """Return by how much a churn probability moves the purchase days of the horizon.

        It says how likely a purchase is; the order model, how many there are if there is one. The mean of the two
        forecasts, in logarithms, is taken.
        """
        if probability is None:
            return np.ones(len(histories))
        silent = self.order_model.no_purchase_probability(histories, self.horizon, lead=self.lead)
        moved: Floats = np.sqrt(np.maximum(1 - probability, LEAST) / np.maximum(1 - silent, LEAST))
        return moved

    def _drifted(self, inside: Floats, recent: Floats | None) -> Floats:
        """Return by how much recent purchase days move those of the horizon: a weighted mean in logarithms.

        One purchase more is added on both sides, so that a few days say little.
        """
        if recent is None or not self.recent_share:
            return np.ones(len(inside))
        expected = inside[:, None] * (np.array(RECENT_DAYS) / self.horizon)
        drifted: Floats = np.prod((recent + 1) / (expected + 1), axis=1) ** self.recent_share
        return drifted


def _compare(amounts: Floats, moved: Floats) -> float:
    total, after = float(amounts.sum()), float((amounts * moved).sum())
    return total / after if total > 0 and after > 0 else 1.0
