"""Who stands where on this week's list, before anybody is left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from churnrisk.decide import Action, ContactTerms, Playbook, Plays, value_of_keeping
from churnrisk.errors import NotEnoughData, SettingsError
from churnrisk.forecast import Valuation
from churnrisk.orders import ContactFile
from churnrisk.schema import ListedBy
from churnrisk.timeline import day_number
from churnrisk.types import Bools, Floats

WEEK = 7
MOST_USUAL = 0.99
"""The quantile of mean order amounts up to which that of a lapsed customer counts: one giant order leads no list."""


@dataclass(frozen=True)
class ListPlan:
    """How a shop wants its list.

    Parameters
    ----------
    size, lapsed, due : int
        How many customers to contact, lapsed customers, and orders due this week are shown; 0 for none.
    lapsed_holdout : float
        Share of the lapsed that a campaign made of them leaves alone.
    rest_days : int
        Days after the first day of a campaign in which a customer that it contacted is not listed again.
    least_purchases : int
        Customers with fewer purchases are not listed to be contacted.
    quiet_days : int
        Nor are customers whose last order is less than so many days ago.
    terms : ContactTerms, optional
        What contacting costs and brings. Without them the list goes by value at risk.
    valuation : Valuation
        Margin and discount rate.
    multiple : float
        How many times the one purchase that is expected a kept customer brings, as campaigns have measured it.
    playbook : Playbook
        What to do for whom; customers of segments whose action is ``none`` are not listed.
    suppress : str, optional
        A file of customers who have opted out.
    contacts : ContactFile, optional
        Where names, addresses and consents are; customers without consent are not listed.
    """

    size: int = 50
    lapsed: int = 20
    due: int = 20
    lapsed_holdout: float = 0.2
    rest_days: int = 30
    least_purchases: int = 1
    quiet_days: int = 7
    terms: ContactTerms | None = None
    valuation: Valuation = field(default_factory=Valuation)
    multiple: float = 1.0
    playbook: Playbook = field(default_factory=Playbook)
    suppress: str | None = None
    contacts: ContactFile | None = None

    def terms_of(self, action: str, plays: Plays) -> dict[str, float]:
        """Return what an action costs and brings, by the names of the settings; nothing where it is not known."""
        if self.terms is None:
            return {}
        terms = plays.actions[action].terms(self.terms) if action in plays.actions else self.terms
        return {**{name: float(value) for name, value in vars(terms).items()}, "margin": self.valuation.margin}

    def __post_init__(self) -> None:
        for name in ("size", "lapsed", "due", "rest_days", "least_purchases", "quiet_days"):
            if getattr(self, name) < 0:
                raise SettingsError(f"list_{name}: {getattr(self, name)} is below 0.")


@dataclass(frozen=True)
class Ranked:
    """Places on the three parts of the list; arrays of one length, NaN for customers that are not on a part.

    Parameters
    ----------
    by : {"profit", "value", "risk"}
        What those to contact are sorted by.
    contact, lapsed, due : ndarray of float64, shape (n,)
        Places from 0 on.
    profit : ndarray of float64, shape (n,)
        Expected profit of contacting, in currency units; known only where ``by`` is ``profit``.
    return_value : ndarray of float64, shape (n,)
        Of the lapsed: chance of return in the horizon times the usual order, in currency units; NaN without amounts.
    """

    by: ListedBy
    contact: Floats
    lapsed: Floats
    due: Floats
    profit: Floats
    return_value: Floats


def rank_customers(columns: Mapping[str, Any], segments: Any, plan: ListPlan, *, is_worth_acting_on: bool) -> Ranked:
    """Rank all customers of a log for the three parts of the list.

    Those to contact go by falling expected profit and only as far as that is above 0; where the terms of a contact are
    not known by falling value at risk, and in a log without amounts by falling churn probability. The lapsed go by
    the chance of return times the usual order, as far as the margin of it covers a contact, where its cost is known;
    in a log without amounts by the chance. Orders due go by the value expected in the horizon. Ties go by id.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n,)
        The columns of scores.
    segments : sequence of (str or None)
        The segment of each.
    plan : ListPlan
        How the shop wants it.
    is_worth_acting_on : bool
        Whether the model's grade allows a list of customers to contact.
    """
    ids = columns["customer_id"]
    count = np.asarray(columns["order_count"], dtype=np.float64)
    profit = np.full(len(ids), np.nan)
    options = list_options(segments, plan.playbook.on(_day_of(columns)))
    by, worth = _worth(columns, options, plan)
    if by == "profit":
        profit = np.where(np.isfinite(worth), worth, np.nan)
    is_open = (columns["status"] == "scored") & ~_is_idle(options) & (count >= plan.least_purchases)
    is_open &= columns["days_since_last_order"] >= plan.quiet_days
    is_open &= is_worth_acting_on & np.isfinite(worth) & ((worth > 0) | (by == "risk"))
    chance, lapsed = np.asarray(columns["return_probability"], dtype=np.float64), _return_value(columns)
    returning = chance if np.isnan(lapsed).all() else lapsed
    is_worth_it = (columns["status"] == "lapsed") & (returning > 0)
    if plan.terms is not None and returning is lapsed:
        is_worth_it &= lapsed * plan.valuation.margin > plan.terms.contact_cost
    return Ranked(
        by,
        _places(worth, is_open, ids),
        _places(returning, is_worth_it, ids),
        _places(_expected(columns), _is_due(columns), ids),
        profit,
        lapsed,
    )


def list_options(segments: Any, plays: Plays) -> list[list[Action]]:
    """Return what may be done for customers of some segments."""
    known = {one: plays.options(one or "", "", "") for one in set(segments)}
    return [known[one] for one in segments]


def best_profits(columns: Mapping[str, Any], options: Sequence[Sequence[Action]], plan: ListPlan) -> tuple[Any, Floats]:
    """Return the offers behind some options, and what each customer is expected to bring by each of them.

    Raises
    ------
    NotEnoughData
        Where the scores carry no value.
    """
    if plan.terms is None:
        raise NotEnoughData("the terms of a contact are not known")
    plays = plan.playbook.on(_day_of(columns))
    offers = plays.offers(options, plan.terms)
    kept = value_of_keeping(columns, margin=plan.valuation.margin, multiple=plan.multiple)
    risk = np.asarray(columns["churn_probability"], dtype=np.float64)
    if not offers.names:
        return offers, np.full((len(options), 1), -np.inf)
    return offers, offers.profits(risk, kept, 1.0)


def _worth(columns: Mapping[str, Any], options: Sequence[Sequence[Action]], plan: ListPlan) -> tuple[ListedBy, Floats]:
    """Return what to sort by, and that of each customer."""
    at_risk = np.asarray(columns["value_at_risk"], dtype=np.float64)
    if np.isnan(at_risk).all():
        return "risk", np.asarray(columns["churn_probability"], dtype=np.float64)
    try:
        _, profits = best_profits(columns, options, plan)
    except NotEnoughData:
        return "value", at_risk
    return "profit", profits.max(axis=1)


def _is_idle(options: Sequence[Sequence[Action]]) -> Bools:
    return np.array([each[0].action == "none" for each in options], dtype=bool)


def _day_of(columns: Mapping[str, Any]) -> int:
    return day_number(dt.date.fromisoformat(str(columns["as_of"][0]))) if len(columns["as_of"]) else 0


def _return_value(columns: Mapping[str, Any]) -> Floats:
    """Chance of return times the usual order; nothing is known in a log without amounts."""
    chance = np.asarray(columns["return_probability"], dtype=np.float64)
    if columns["total_amount"] is None or np.isnan(np.asarray(columns["total_amount"], dtype=np.float64)).all():
        return np.full(len(chance), np.nan)
    count = np.maximum(np.asarray(columns["order_count"], dtype=np.float64), 1)
    usual = np.asarray(columns["total_amount"], dtype=np.float64) / count
    found: Floats = chance * np.minimum(usual, np.nanquantile(usual, MOST_USUAL))
    return found


def _expected(columns: Mapping[str, Any]) -> Floats:
    value = np.asarray(columns["expected_value_horizon"], dtype=np.float64)
    return 1 - np.asarray(columns["churn_probability"], dtype=np.float64) if np.isnan(value).all() else value


def _is_due(columns: Mapping[str, Any]) -> Bools:
    """Whether the next order is expected within a week of the day that was scored at."""
    days = np.array(
        ["NaT" if one is None else one for one in columns["next_order_on"]], dtype="datetime64[D]"
    ) - np.array(list(columns["as_of"]), dtype="datetime64[D]")
    is_due: Bools = (days >= np.timedelta64(0, "D")) & (days <= np.timedelta64(WEEK, "D"))
    return is_due


def _places(worth: Floats, is_on: Bools, ids: Any) -> Floats:
    chosen = np.flatnonzero(is_on)
    order = chosen[np.lexsort((ids[chosen].astype(str), -np.nan_to_num(worth[chosen])))]
    places = np.full(len(worth), np.nan)
    places[order] = np.arange(len(order))
    return places
