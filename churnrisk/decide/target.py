"""Whom to contact: the list that is expected to bring the most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from churnrisk.decide.doubt import Doubt, profit_interval
from churnrisk.decide.offers import NOBODY, Offers, choose_offers
from churnrisk.decide.profit import (
    ContactTerms,
    Terms,
    break_even,
    expected_cost,
    expected_profit,
    least_break_even,
    say_rate,
)
from churnrisk.errors import SettingsError
from churnrisk.types import Floats, Places

USUAL_THRESHOLD = 0.5
CURVE_POINTS = 100


@dataclass(frozen=True)
class Candidates:
    """Customers who may be contacted.

    Parameters
    ----------
    customer_ids : ndarray of object, shape (n,)
        Who, each once.
    churn_probability : ndarray of float64, shape (n,)
        Known for everybody.
    value_kept : ndarray of float64, shape (n,)
        What keeping each is worth, in currency units of margin.
    response : ndarray of float64, shape (n,), or float
        How many times the acceptance rate each one accepts, as a campaign has shown; 1 where none has.
    """

    customer_ids: np.ndarray
    churn_probability: Floats
    value_kept: Floats
    response: Floats | float = 1.0

    def __len__(self) -> int:
        return len(self.customer_ids)

    def take(self, chosen: Places) -> Candidates:
        """Return some of them, by place or by a mask."""
        response = self.response if isinstance(self.response, float) else self.response[chosen]
        return Candidates(self.customer_ids[chosen], self.churn_probability[chosen], self.value_kept[chosen], response)


@dataclass(frozen=True)
class Comparison:
    """What another way of choosing is expected to bring.

    Parameters
    ----------
    name : str
        The list itself, or whom else one might contact.
    customers : int
        How many would be contacted.
    expected_cost, expected_profit : float
        In currency units, against contacting nobody.
    """

    name: str
    customers: int
    expected_cost: float
    expected_profit: float


@dataclass(frozen=True)
class Target:
    """The list, and why it is this one.

    Parameters
    ----------
    candidates : Candidates
        Who was to choose from, sorted by id.
    chosen : ndarray of int64
        Places of the chosen among the candidates, by falling expected profit, ties by id.
    profit, cost : ndarray of float64, shape (n,)
        Expected profit and cost of contacting each candidate.
    comparisons : tuple of Comparison
        The list, everybody, the riskiest so many, the usual threshold, nobody.
    curve : tuple of (int, float)
        How many are contacted, the most profitable first, and what they are expected to bring together.
    break_even : float or None
        The acceptance rate from which the list pays; of an empty list, from which a single contact would.
    best_possible : float
        No list within the limit is expected to bring more than this.
    reason : str
        In words: from when the list pays, or why it is empty.
    interval : (float, float)
        80 % interval of the profit of the list; see :func:`churnrisk.decide.doubt.profit_interval`.
    terms : ContactTerms or EachTerms
        For everybody, or of the action for each candidate.
    actions : ndarray of int64, shape (n,), optional
        Place of the offer to each candidate, or of the best one for those who are not chosen; None without offers.
    """

    candidates: Candidates
    chosen: Places
    profit: Floats
    cost: Floats
    comparisons: tuple[Comparison, ...]
    curve: tuple[tuple[int, float], ...]
    break_even: float | None
    best_possible: float
    reason: str
    interval: tuple[float, float]
    terms: Terms
    actions: Places | None = None

    @property
    def expected_profit(self) -> float:
        """Of the list."""
        return self.comparisons[0].expected_profit

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, without single customers."""
        return {
            "customers": len(self.chosen),
            "candidates": len(self.candidates),
            "expected_profit_low": self.interval[0],
            "expected_profit_high": self.interval[1],
            "comparisons": [vars(one) for one in self.comparisons],
            "break_even_acceptance_rate": self.break_even,
            "best_possible_profit": self.best_possible,
            "reason": self.reason,
            "profit_curve": [{"customers": n, "expected_profit": profit} for n, profit in self.curve],
        }


def choose_target(
    candidates: Candidates,
    terms: ContactTerms | Offers,
    *,
    budget: float | None = None,
    capacity: int | None = None,
    doubt: Doubt | None = None,
) -> Target:
    """Choose the customers whose contact is expected to bring the most together.

    Without a limit these are all whose own expected profit is above 0; with a capacity, the most profitable of them,
    which is exactly the best list. A budget is a knapsack: customers are taken by falling profit per unit of cost
    as long as they fit, and the single most profitable one instead where that brings more. That is below the best
    possible by less than one customer's profit, and ``best_possible`` says how much at most. With offers each customer
    has at most one of several actions, each with terms of its own; see :func:`churnrisk.decide.offers.choose_offers`.

    Parameters
    ----------
    candidates : Candidates
        Who may be contacted; their order does not matter.
    terms : ContactTerms or Offers
        Costs and acceptance; or several actions, open to the candidates in their order, each with its own.
    budget : float, optional
        What the list may be expected to cost, in currency units: contacts and incentives.
    capacity : int, optional
        How many can be contacted.
    doubt : Doubt, optional
        How far the forecasts were off before, for the interval of the profit.

    Raises
    ------
    SettingsError
        For two limits, or one that is not above 0.
    """
    _check_limits(budget, capacity)
    order = np.argsort(candidates.customer_ids, kind="stable")
    candidates = candidates.take(order)
    if isinstance(terms, Offers):
        plan = _plan_offers(candidates, terms.take(order), budget, capacity)
    else:
        plan = _plan_one(candidates, terms, budget, capacity)
    listed, of_list = candidates.take(plan.chosen), plan.terms.take(plan.chosen)
    facts = listed.churn_probability, listed.value_kept, of_list
    rate = break_even(*facts, response=listed.response)
    interval = profit_interval(*facts, response=listed.response, doubt=doubt or Doubt())
    if not len(plan.chosen):
        known = candidates.churn_probability, candidates.value_kept, plan.terms
        rate = least_break_even(*known, response=candidates.response)
        reason = _say_why_empty(candidates, plan, budget=budget, least=rate)
    else:
        reason = _say_break_even(rate, of_list)
    comparisons = _compare(candidates, plan.profit, plan.cost, chosen=plan.chosen)
    curve = _curve(-np.sort(-plan.profit, kind="stable"))
    how = plan.profit, plan.cost, comparisons, curve, rate, plan.best_possible, reason, interval
    return Target(candidates, plan.chosen, *how, plan.terms, plan.actions)


@dataclass(frozen=True)
class _Plan:
    """Who is chosen of some candidates, and under which terms each would be."""

    chosen: Places
    profit: Floats
    cost: Floats
    best_possible: float
    terms: Terms
    actions: Places | None = None


def _plan_one(candidates: Candidates, terms: ContactTerms, budget: float | None, capacity: int | None) -> _Plan:
    """Choose among candidates who would all have one action."""
    known = candidates.churn_probability, candidates.value_kept, terms
    profit = expected_profit(*known, response=candidates.response)
    cost = expected_cost(candidates.churn_probability, terms, response=candidates.response)
    ranked = np.argsort(-profit, kind="stable")
    paying = ranked[profit[ranked] > 0]
    if budget is None:
        chosen = paying[:capacity]
        return _Plan(chosen, profit, cost, float(profit[chosen].sum()), terms)
    inside, best_possible = _fill_budget(profit, cost, budget, paying=paying)
    return _Plan(paying[np.isin(paying, inside)], profit, cost, best_possible, terms)


def _plan_offers(candidates: Candidates, offers: Offers, budget: float | None, capacity: int | None) -> _Plan:
    """Choose among candidates and several actions."""
    profits = offers.profits(candidates.churn_probability, candidates.value_kept, candidates.response)
    costs = offers.costs(candidates.churn_probability, candidates.response)
    actions, bound = choose_offers(profits, costs, budget=budget, capacity=capacity)
    is_chosen = actions != NOBODY
    actions = np.where(is_chosen, actions, profits.argmax(axis=1))
    rows = np.arange(len(actions))
    profit, cost = profits[rows, actions], costs[rows, actions]
    ranked = np.argsort(-profit, kind="stable")
    chosen = ranked[is_chosen[ranked]]
    most = float(profit[chosen].sum())
    return _Plan(chosen, profit, cost, most if budget is None else max(bound, most), offers.terms_of(actions), actions)


def _check_limits(budget: float | None, capacity: int | None) -> None:
    if budget is not None and capacity is not None:
        raise SettingsError("--budget and --capacity: give one of them, the one that is scarce.")
    if budget is not None and not (math.isfinite(budget) and budget > 0):
        raise SettingsError(f"--budget {budget}: give an amount above 0.")
    if capacity is not None and capacity < 1:
        raise SettingsError(f"--capacity {capacity}: give 1 or more customers.")


def _fill_budget(profit: Floats, cost: Floats, budget: float, *, paying: Places) -> tuple[Places, float]:
    """Return the customers taken within a budget, and a bound on what any list within it can bring."""
    if not len(paying):
        return paying, 0.0
    ids = np.sort(paying)
    yields = np.divide(profit[ids], cost[ids], out=np.full(len(ids), np.inf), where=cost[ids] > 0)
    order = ids[np.argsort(-yields, kind="stable")]
    spent = np.cumsum(cost[order])
    whole = int(np.searchsorted(spent, budget, side="right"))
    bound = float(profit[order[:whole]].sum())
    if whole < len(order):  # a part of the first customer that does not fit: any that may be cut does at least as well
        left = budget - (float(spent[whole - 1]) if whole else 0.0)
        bound += left / float(cost[order[whole]]) * float(profit[order[whole]])
    taken, left, least = [], budget, float(cost[order].min())
    for place in order.tolist():
        if cost[place] <= left:
            taken.append(place)
            left -= float(cost[place])
        if left < least:
            break
    alone = next((one for one in paying.tolist() if cost[one] <= budget), None)
    if alone is not None and profit[alone] > profit[taken].sum():
        taken = [alone]
    return np.array(taken, dtype=np.int64), bound


def _compare(candidates: Candidates, profit: Floats, cost: Floats, *, chosen: Places) -> tuple[Comparison, ...]:
    risk = candidates.churn_probability
    riskiest = np.argsort(-risk, kind="stable")[: len(chosen)]
    lists = {
        "this list": chosen,
        f"the riskiest {len(chosen):,}": riskiest,
        f"churn probability of {USUAL_THRESHOLD} or more": np.flatnonzero(risk >= USUAL_THRESHOLD),
        "everybody": np.arange(len(candidates)),
        "nobody": np.arange(0),
    }
    return tuple(
        Comparison(name, len(places), float(cost[places].sum()), float(profit[places].sum()))
        for name, places in lists.items()
    )


def _curve(falling: Floats) -> tuple[tuple[int, float], ...]:
    """Return the profit of the first n for some n, the best n among them."""
    total = np.concatenate([[0.0], np.cumsum(falling)])
    steps = np.linspace(0, len(falling), CURVE_POINTS + 1).round().astype(int)
    chosen = sorted({*steps.tolist(), int((falling > 0).sum())})
    return tuple((n, float(total[n])) for n in chosen)


def _say_break_even(rate: float | None, terms: Terms) -> str:
    if rate is None and isinstance(terms, ContactTerms):  # cannot be: each of the list pays at a rate of at most 1
        raise AssertionError("a list that pays, and breaks even nowhere")
    if rate is None:
        return "This list pays by the acceptance rate of each of its actions, and by no one rate for all of them."
    return (
        f"This list pays if at least {say_rate(rate)} would-be leavers stay because of it; "
        f"{_say_assumed(terms)} of 100 are assumed to."
    )


def _say_assumed(terms: Terms) -> str:
    rates = np.atleast_1d(terms.acceptance_rate) * 100
    least, most = f"{float(rates.min()):.3g}", f"{float(rates.max()):.3g}"
    return least if least == most else f"{least} to {most}"


def _say_why_empty(candidates: Candidates, plan: _Plan, *, budget: float | None, least: float | None) -> str:
    if not len(candidates):
        return "There is nobody to choose from."
    profit, terms = plan.profit, plan.terms
    if budget is not None and (profit > 0).any():
        cheapest = float(plan.cost[profit > 0].min())
        return f"A budget of {budget:,.2f} is not enough for one customer: the cheapest who pays costs {cheapest:,.2f}."
    most, incentive = float(candidates.value_kept.max()), float(np.min(terms.incentive_cost))
    if most <= incentive:
        worth = f"keeping a customer is worth at most {most:,.2f} of margin"
        return f"No list pays: {worth}, and the incentive costs {incentive:,.2f}."
    best = int(profit.argmax())
    rate = float(np.broadcast_to(terms.acceptance_rate, len(profit))[best])
    said = f"the best single customer would bring {float(profit[best]):,.2f}, with {rate * 100:.3g} "
    said += "of 100 would-be leavers staying because of the contact"
    if least is None:
        return f"No list pays: {said}, and it would not pay if all of them stayed either."
    return f"No list pays: {said}. The first contact pays if at least {say_rate(least)} stay because of it."
