"""What campaigns came to: outcomes from the purchase history, and the journeys that measure and learn from them."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from churnrisk.decide import CampaignResult, Outcomes, UpliftTest, compare_rankings, measure_outcomes
from churnrisk.engines import collect_arrays, int_sum
from churnrisk.errors import CampaignError
from churnrisk.features import customer_features
from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.schema import MONEY_SCALE
from churnrisk.scoring import find
from churnrisk.state import Campaign, Measured, Member, State, StoredCampaign, add_measured, load_campaign, load_members
from churnrisk.timeline import DEFAULT_LOOKBACK, Snapshot, date_of, within


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
    stored = load_campaign(state, name)
    members = load_members(state, stored.campaign_id)
    with read_orders(purchases, options or IntakeOptions()) as orders:
        check_over(stored.campaign, orders)
        result = measure_outcomes(stored.campaign, outcomes_of(members, stored.campaign, orders))
        fingerprint = orders.fingerprint
    measured = Measured(fingerprint, result.acceptance, result.acceptance_error, result.to_dict())
    add_measured(state, stored.campaign_id, measured)
    return stored, result


def check_over(campaign: Campaign, orders: Orders) -> None:
    """Refuse a window that is not over at the end of the log: who has not bought yet may still do so."""
    if orders.last_day + 1 < campaign.ends_on:
        raise CampaignError(
            f"the window of {campaign.name} runs from {date_of(campaign.starts_on)} to "
            f"{date_of(campaign.ends_on - 1)}, and the log ends on {date_of(orders.last_day)}. Measure it with a "
            f"log that holds all orders up to and including {date_of(campaign.ends_on - 1)}."
        )


def outcomes_of(members: list[Member], campaign: Campaign, orders: Orders) -> Outcomes:
    """Look up what the members of a campaign did in its window; who is not in the log bought nothing."""
    ids = np.array([one.customer_id for one in members], dtype=object)
    bought = collect_arrays(
        orders.frame()
        .filter(within(nw.col("order_day"), campaign.starts_on, campaign.ends_on))
        .group_by("customer_id")
        .agg(orders=int_sum(nw.col("is_purchase")), amount=int_sum(nw.col("amount"))),
        sort_by=["customer_id"],
    )
    places, is_there = find(ids, bought["customer_id"])
    counts, amounts = np.zeros(len(ids)), np.zeros(len(ids))
    counts[is_there] = bought["orders"][places[is_there]]
    amounts[is_there] = bought["amount"][places[is_there]] / MONEY_SCALE
    probability = _column([one.churn_probability for one in members])
    return Outcomes(
        np.array([one.is_treated for one in members], dtype=bool),
        np.array([one.stratum for one in members], dtype=np.int64),
        np.column_stack([probability, _column([one.value for one in members])]),
        (counts > 0).astype(np.float64),
        counts,
        amounts,
        probability,
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
    stored = load_campaign(state, name)
    campaign = stored.campaign
    members = load_members(state, stored.campaign_id)
    with read_orders(purchases, options or IntakeOptions()) as orders:
        check_over(campaign, orders)
        outcomes = outcomes_of(members, campaign, orders)
        snapshot = Snapshot(campaign.starts_on, lookback, campaign.window_days)
        features = customer_features(orders, snapshot, who="all")
    ids = np.array([one.customer_id for one in members], dtype=object)
    places, is_known = find(ids, features.customer_ids)
    is_known &= ~np.isnan(outcomes.churn_probability)
    share = 1 - np.array([one.control_probability for one in members])
    test = compare_rankings(
        features.values[places[is_known]],
        outcomes.retained[is_known],
        outcomes.is_treated[is_known],
        treated_probability=share[is_known],
        risk=outcomes.churn_probability[is_known],
        seed=seed,
    )
    return test, int((~is_known).sum())


def _column(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if one is None else one for one in values], dtype=np.float64)
