"""What campaigns came to: outcomes from the purchase history, and the journeys that measure and learn from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from churnrisk.campaigns.effect import Outcomes
from churnrisk.campaigns.records import (
    Campaign,
    Measured,
    Member,
    StoredCampaign,
    add_measured,
    load_campaign,
    load_members,
)
from churnrisk.campaigns.result import CampaignResult, measure_outcomes
from churnrisk.decide import RISK, UpliftTest, compare_rankings, learn_effect, response_of
from churnrisk.engines import collect_arrays, int_sum, known_before
from churnrisk.errors import CampaignError
from churnrisk.features import customer_features
from churnrisk.messages import wording
from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.schema import MONEY_SCALE
from churnrisk.scoring import find
from churnrisk.state import State
from churnrisk.timeline import DEFAULT_LOOKBACK, Snapshot, date_of


def measure_campaign(
    state: State, name: str, purchases: Any, *, options: IntakeOptions | None = None
) -> tuple[StoredCampaign, CampaignResult]:
    """Compare contacted and control on what they bought in the window, and remember the result.

    Parameters
    ----------
    state : State
        The open state file.
    name : str
        Of the campaign.
    purchases : str, Path or frame
        The purchase history, up to the end of the window at least.
    options : IntakeOptions, optional
        How to read it.

    Raises
    ------
    CampaignError
        For a campaign that is not there or not over; the message says when it can be measured.
    """
    stored = load_campaign(state, name)  # an unknown name is said before anything is read
    with read_orders(purchases, options or IntakeOptions()) as orders:
        return stored, measure_on(state, stored, orders)


def measure_on(state: State, stored: StoredCampaign, orders: Orders) -> CampaignResult:
    """Measure a campaign on orders that have been read, and remember the result; see :func:`measure_campaign`."""
    check_over(stored.campaign, orders)
    members = load_members(state, stored.campaign_id)
    result = measure_outcomes(stored.campaign, outcomes_of(members, stored.campaign, orders))
    measured = Measured(orders.fingerprint, result.acceptance, result.acceptance_error, result.to_dict())
    add_measured(state, stored.campaign_id, measured)
    return result


def check_over(campaign: Campaign, orders: Orders) -> None:
    """Refuse a window that is not over at the end of the log: a customer may still buy."""
    if orders.last_day + 1 < campaign.ends_on:
        raise CampaignError(
            wording(
                "the window of {name} runs from {first} to {until}, and the log ends on {end}. Measure it with a log "
                "that holds all orders up to and including {last}."
            ).format(
                name=campaign.name,
                first=date_of(campaign.starts_on),
                until=date_of(campaign.ends_on - 1),
                end=date_of(orders.last_day),
                last=date_of(campaign.ends_on - 1),
            )
        )


def outcomes_of(members: list[Member], campaign: Campaign, orders: Orders) -> Outcomes:
    """Look up what the members of a campaign did in its window; one that is not in the log bought nothing.

    A purchase counts unless returns took it back whole before the end of the window.
    """
    ids = np.array([one.customer_id for one in members], dtype=object)
    bought = collect_arrays(
        known_before(orders.frame(), campaign.ends_on)
        .filter(nw.col("order_day") >= campaign.starts_on)
        .group_by("customer_id")
        .agg(orders=int_sum(nw.col("is_purchase")), amount=int_sum(nw.col("amount"))),
        sort_by=["customer_id"],
    )
    places, is_there = find(ids, bought["customer_id"])
    counts, amounts = np.zeros(len(ids)), np.zeros(len(ids))
    counts[is_there] = bought["orders"][places[is_there]]
    amounts[is_there] = bought["amount"][places[is_there]] / MONEY_SCALE
    probability, value = (_column([getattr(one, name) for one in members]) for name in ("churn_probability", "value"))
    return Outcomes(
        np.array([one.is_treated for one in members], dtype=bool),
        np.array([one.stratum for one in members], dtype=np.int64),
        np.column_stack([probability, value]),
        (counts > 0).astype(np.float64),
        counts,
        amounts,
        probability,
        value,
    )


def learn_uplift(
    state: State,
    name: str,
    purchases: Any,
    *,
    lookback: int = DEFAULT_LOOKBACK,
    seed: int = 0,
    options: IntakeOptions | None = None,
) -> tuple[UpliftTest, int]:
    """Learn from a campaign for whom a contact does most, and tell whether that beats ranking by risk.

    Parameters
    ----------
    state : State
        The open state file.
    name : str
        Of a campaign that is over and had a control group.
    purchases : str, Path or frame
        The purchase history; features are as of the first day of the window.
    lookback : int
        Days that features of the customer base look at.
    seed : int
        Of folds and resamples.
    options : IntakeOptions, optional
        How to read the purchases.

    Returns
    -------
    test : UpliftTest
        The comparison.
    left_out : int
        Members without a purchase before the window or without a score.
    """
    with read_orders(purchases, options or IntakeOptions()) as orders:
        sample = _read_sample(state, name, orders, lookback=lookback)
    return sample.compare(seed=seed), sample.left_out


@dataclass(frozen=True)
class UpliftSample:
    """The members of a campaign who can be learned from: features at its first day, and what they did."""

    snapshot: Snapshot
    features: np.ndarray
    outcomes: np.ndarray
    is_treated: np.ndarray
    treated_probability: np.ndarray
    risk: np.ndarray
    left_out: int

    def compare(self, *, seed: int) -> UpliftTest:
        """Compare the learners with ranking by risk."""
        return compare_rankings(
            self.features,
            self.outcomes,
            self.is_treated,
            treated_probability=self.treated_probability,
            risk=self.risk,
            seed=seed,
        )


def _read_sample(state: State, name: str, orders: Orders, *, lookback: int) -> UpliftSample:
    stored = load_campaign(state, name)
    campaign = stored.campaign
    members = load_members(state, stored.campaign_id)
    check_over(campaign, orders)
    outcomes = outcomes_of(members, campaign, orders)
    snapshot = Snapshot(campaign.starts_on, lookback, campaign.window_days)
    features = customer_features(orders, snapshot, who="all")
    ids = np.array([one.customer_id for one in members], dtype=object)
    places, is_known = find(ids, features.customer_ids)
    is_known &= ~np.isnan(outcomes.churn_probability)
    share = 1 - np.array([one.control_probability for one in members])
    return UpliftSample(
        snapshot,
        features.values[places[is_known]],
        outcomes.retained[is_known],
        outcomes.is_treated[is_known],
        share[is_known],
        outcomes.churn_probability[is_known],
        int((~is_known).sum()),
    )


def find_response(
    state: State,
    name: str,
    orders: Orders,
    *,
    as_of: int,
    customer_ids: np.ndarray,
    churn_probability: np.ndarray,
    lookback: int = DEFAULT_LOOKBACK,
    seed: int = 0,
) -> tuple[np.ndarray | None, str]:
    """Return each customer's response to a contact as a campaign has shown it, where it tells more than risk does.

    Parameters
    ----------
    state : State
        The open state file.
    name : str
        Of a campaign that is over and had a control group.
    orders : Orders
        The log; it holds the window of the campaign.
    as_of : int
        The day to choose customers at.
    customer_ids, churn_probability : ndarray of shape (n,)
        Scored customers, sorted by id.
    lookback : int
        Days that features of the customer base look at.
    seed : int
        Of folds and resamples.

    Returns
    -------
    response : ndarray of shape (n,) or None
        See :func:`churnrisk.decide.response_of`; None where no learner ranks better than risk.
    sentence : str
        What was found.
    """
    sample = _read_sample(state, name, orders, lookback=lookback)
    test = sample.compare(seed=seed)
    if test.chosen == RISK:
        said = "no learned ranking is surely better than risk, so all would-be leavers are taken to respond alike."
        return None, f"Campaign {name}: {said}"
    score = learn_effect(
        test.chosen,
        sample.features,
        sample.outcomes,
        sample.is_treated,
        treated_probability=sample.treated_probability,
    )
    now = customer_features(orders, sample.snapshot.at(as_of), who="all")
    places, _ = find(customer_ids, now.customer_ids)
    gain = test.rankings[test.chosen].gain
    return response_of(score(now.values[places]), churn_probability), (
        f"Campaign {name}: which customers respond is learned from it ({test.chosen}; Qini over risk {gain.value:+.3f} "
        f"[{gain.low:+.3f}, {gain.high:+.3f}])."
    )


def _column(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if one is None else one for one in values], dtype=np.float64)
