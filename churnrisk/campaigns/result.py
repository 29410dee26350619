"""Did it help? Every figure of a campaign that is over, and a plain verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from churnrisk.campaigns.effect import Effect, Outcomes, estimate_effect, student_quantile
from churnrisk.campaigns.power import needed_customers, smallest_effect
from churnrisk.campaigns.records import Campaign
from churnrisk.messages import wording
from churnrisk.schema import OUTCOMES, Outcome

SMALL_EFFECT = 0.03
"""Three points: a campaign that could have shown so much, and has not, has no effect to speak of."""

NO_CONTROL = wording(
    "There was no control group, so nobody can tell what the campaign did: {share} of the contacted bought, and how "
    "many would have bought anyway is not known."
)
TOO_FEW = wording("Too few to tell: {said}.")
MORE = {
    "orders": wording("It brought {difference} more orders per customer [{low}, {high}]."),
    "revenue": wording("It brought {difference} more of revenue per customer [{low}, {high}]."),
}
LESS = {
    "orders": wording("It brought {difference} less orders per customer [{low}, {high}]."),
    "revenue": wording("It brought {difference} less of revenue per customer [{low}, {high}]."),
}
DIFFERENCE = {
    "orders": wording("the difference was {difference} orders per customer [{low}, {high}]"),
    "revenue": wording("the difference was {difference} of revenue per customer [{low}, {high}]"),
}


@dataclass(frozen=True)
class CampaignResult:
    """What came of a campaign, by assignment.

    Parameters
    ----------
    treated, control : int
        Customers in the groups.
    effects : mapping of outcome to Effect
        Per customer; empty without a control group.
    treated_means : mapping of outcome to float
        What the contacted did, per customer.
    cost : float
        Contacts, and an incentive for each contacted customer who bought.
    verdict : str
        In plain words, on the primary outcome.
    saves, saves_low, saves_high : float or None
        Customers kept because of the campaign, with a 95 % interval.
    profit, profit_low, profit_high : float or None
        Margin of the additional revenue less the cost.
    acceptance, acceptance_error : float or None
        Saves per would-be leaver among the contacted, by the churn of the control group, and its standard error.
    save_forecast : float or None
        Revenue of the one purchase of a would-be leaver, as the list expected it on average: value at risk over churn
        probability. None where the list carried no values.
    """

    treated: int
    control: int
    effects: dict[Outcome, Effect]
    treated_means: dict[Outcome, float]
    cost: float
    verdict: str
    saves: float | None = None
    saves_low: float | None = None
    saves_high: float | None = None
    profit: float | None = None
    profit_low: float | None = None
    profit_high: float | None = None
    acceptance: float | None = None
    acceptance_error: float | None = None
    save_forecast: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        effects = {name: effect.to_dict() for name, effect in self.effects.items()}
        return {**vars(self), "effects": effects}


def measure_outcomes(campaign: Campaign, outcomes: Outcomes) -> CampaignResult:
    """Compare contacted and control on every outcome, and judge by the one that was fixed beforehand.

    Parameters
    ----------
    campaign : Campaign
        As it was fixed.
    outcomes : Outcomes
        Of all members.
    """
    is_treated = outcomes.is_treated
    treated, control = int(is_treated.sum()), int((~is_treated).sum())
    columns = {name: getattr(outcomes, name) for name in OUTCOMES}
    means = {name: float(column[is_treated].mean()) for name, column in columns.items()}
    cost = treated * campaign.contact_cost + campaign.incentive_cost * float(outcomes.retained[is_treated].sum())
    if not control:
        verdict = NO_CONTROL.format(share=f"{means['retained']:.1%}")
        return CampaignResult(treated, 0, {}, means, cost=cost, verdict=verdict)
    effects = {
        name: estimate_effect(
            column, is_treated=is_treated, stratum=outcomes.stratum, known_before=outcomes.known_before
        )
        for name, column in columns.items()
    }
    kept, earned = effects["retained"], effects["revenue"]
    worth = treated * campaign.margin
    acceptance, acceptance_error = acceptance_of(kept)
    return CampaignResult(
        treated,
        control,
        effects,
        means,
        cost=cost,
        verdict=judge(campaign.outcome, effects[campaign.outcome], treated=treated, control=control),
        saves=treated * kept.difference,
        saves_low=treated * kept.low,
        saves_high=treated * kept.high,
        profit=worth * earned.difference - cost,
        profit_low=worth * earned.low - cost,
        profit_high=worth * earned.high - cost,
        acceptance=acceptance,
        acceptance_error=acceptance_error,
        save_forecast=_save_forecast(outcomes),
    )


def _save_forecast(outcomes: Outcomes) -> float | None:
    """Return what the list expected a saved purchase to bring, leavers being as many as it expected."""
    known = ~np.isnan(outcomes.churn_probability) & ~np.isnan(outcomes.value_at_risk)
    leavers = float(outcomes.churn_probability[known].sum())
    at_risk = float(outcomes.value_at_risk[known].sum())
    return at_risk / leavers if leavers > 0 and at_risk > 0 else None


def acceptance_of(kept: Effect) -> tuple[float | None, float | None]:
    """Return saves per would-be leaver, and the standard error with the number of leavers taken as known.

    Would-be leavers are as many among the contacted as the control group has shown; where all of it bought, there were
    none, and the rate is undefined.
    """
    leavers = 1 - (kept.treated_mean - kept.difference)
    if leavers <= 0 or kept.control_mean >= 1:
        return None, None
    return kept.difference / leavers, kept.error / leavers


def judge(outcome: Outcome, effect: Effect, *, treated: int, control: int) -> str:
    """Return the verdict on the outcome that was fixed beforehand."""
    if outcome == "retained":
        return _judge_retained(effect, treated=treated, control=control)
    low, high = f"{effect.low:,.2f}", f"{effect.high:,.2f}"
    if effect.low > 0 or effect.high < 0:
        words = MORE if effect.low > 0 else LESS
        return words[outcome].format(difference=f"{abs(effect.difference):,.2f}", low=low, high=high)
    said = DIFFERENCE[outcome].format(difference=f"{effect.difference:+,.2f}", low=low, high=high)
    needed = _needed_for_tenth(effect, treated=treated, control=control)
    if needed <= treated + control:
        return TOO_FEW.format(said=said)
    words_of_need = wording("Too few to tell: {said}; {needed} customers are needed to see a tenth more.")
    return words_of_need.format(said=said, needed=f"{needed:,}")


def _judge_retained(effect: Effect, *, treated: int, control: int) -> str:
    low, high = f"{100 * effect.low:.1f}", f"{100 * effect.high:.1f}"
    interval = {"points": f"{100 * abs(effect.difference):.1f}", "low": low, "high": high}
    if effect.low > 0:
        text = wording("It kept {points} points more [{low}, {high}]: of 100 contacted, so many stayed because of it.")
        return text.format(**interval)
    if effect.high < 0:
        text = wording("It did harm: {points} points fewer stayed [{low}, {high}] than without being contacted.")
        return text.format(**interval)
    difference = f"{100 * effect.difference:+.1f}"
    said = wording("the difference was {difference} points [{low}, {high}]").format(**interval, difference=difference)
    rate, points = effect.control_mean, f"{100 * SMALL_EFFECT:.0f}"
    if smallest_effect(rate, treated=treated, control=control) <= SMALL_EFFECT:
        return wording("No effect seen: {said}, and {points} points would have shown.").format(said=said, points=points)
    needed = _rounded(needed_customers(rate, SMALL_EFFECT, holdout=control / (treated + control)))
    text = wording("Too few to tell: {said}; {needed} customers are needed to see {points} points with this split.")
    return text.format(said=said, needed=f"{needed:,}", points=points)


def _needed_for_tenth(effect: Effect, *, treated: int, control: int) -> int:
    """Return the customers with whom a tenth of what the control group did would have shown."""
    goal = 0.1 * abs(effect.control_mean)
    if not goal or not effect.error:
        return 0
    reach = (student_quantile(1e9) + 0.8416) * effect.error
    return _rounded((treated + control) * (reach / goal) ** 2)


def _rounded(number: float) -> int:
    """Round up to two digits: a number of customers that is needed is no exact figure."""
    size: int = 10 ** max(0, math.floor(math.log10(max(number, 1))) - 1)
    return math.ceil(number / size) * size
