"""From purchases to a list of whom to contact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from churnrisk.campaigns import find_response
from churnrisk.cards import describe_intake, describe_snapshot, read_as_trained, warn_of_grade
from churnrisk.decide import Candidates, ContactTerms, Doubt, Playbook, Plays, Target, Terms, learn_error
from churnrisk.forecast import Valuation
from churnrisk.learning import MaxProfit, expected_maximum_profit
from churnrisk.orders import ContactFile, ContactList, IntakeOptions, Orders, read_orders
from churnrisk.planning import Day
from churnrisk.products import ItemChoice
from churnrisk.state import StatePlace, open_state
from churnrisk.tables import Table
from churnrisk.targeting.choosing import Chosen, Look, action_columns, choose_list
from churnrisk.targeting.left_out import LeftOut
from churnrisk.targeting.scored import ScoredCustomers, score_customers
from churnrisk.timeline import date_of
from churnrisk.workflows import ChurnModel

MONEY_DECIMALS = 4


@dataclass(frozen=True)
class LearnedFrom:
    """A campaign that has shown which customers respond, and the state file that it is in."""

    state: StatePlace
    campaign: str

    def respond(self, scored: ScoredCustomers, orders: Orders) -> tuple[ScoredCustomers, tuple[str]]:
        """Add their responses to the customers, and say in a sentence on what was found."""
        with open_state(self.state) as state:
            response, found = find_response(
                state,
                self.campaign,
                orders,
                as_of=scored.snapshot.cutoff,
                customer_ids=scored.customer_ids,
                churn_probability=scored.churn_probability,
                lookback=scored.snapshot.lookback,
            )
        return (scored if response is None else replace(scored, response=response)), (found,)


@dataclass(frozen=True)
class TargetResult:
    """A list of whom to contact, and how it came about.

    Parameters
    ----------
    target : Target
        Who is on it and what that is expected to bring.
    table : Table
        The list: ``customer_id, rank, churn_probability, risk, value_at_risk, expected_profit, segment, action,
        action_reason``, with actions of the shop's own ``action_text, channel``, in a log that names products
        :data:`churnrisk.products.HABIT_COLUMNS`, ``as_of``, and the terms of the row's action: ``contact_cost,
        incentive_cost, acceptance_rate, redemption, margin``.
    snapshot : mapping
        The day of scoring and the windows.
    counts : mapping of str to int
        ``scored`` customers; of them ``opted_out``, ``without_consent`` where there is a file of contacts, and with
        ``no_action`` in the playbook, who are no candidates.
    max_profit : mapping of str to MaxProfit
        The expected maximum profit of the model in its test, with the parameters of the literature (``standard``)
        and with the given costs (``at_these_costs``); empty for a model that has none.
    notices : tuple of str
        What a user should know.
    intake : mapping
        The account of the rows.
    actions : tuple of dict
        Where the shop has actions of its own, how many customers of the list have each, with its terms.
    contacts : ContactList, optional
        How customers are reached: for files alone, and in nothing else that is said of the list.
    """

    target: Target
    table: Table
    snapshot: Mapping[str, Any]
    counts: Mapping[str, int]
    max_profit: Mapping[str, MaxProfit]
    notices: tuple[str, ...]
    intake: Mapping[str, Any]
    actions: tuple[Mapping[str, Any], ...] = ()
    contacts: ContactList | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON; the customers are those of the list, by id."""
        return {
            **self.snapshot,
            "counts": dict(self.counts),
            **self.target.to_dict(),
            "expected_maximum_profit": {
                name: {"per_customer": one.value, "share_contacted": one.share} for name, one in self.max_profit.items()
            },
            "notices": list(self.notices),
            "intake": dict(self.intake),
            **({"actions": list(self.actions)} if self.actions else {}),
            "list": self.table.records(),
        }


def make_target(
    churn_model: ChurnModel,
    source: Any,
    terms: ContactTerms,
    *,
    valuation: Valuation,
    budget: float | None = None,
    capacity: int | None = None,
    playbook: Playbook | None = None,
    suppress: Any = None,
    contacts: ContactFile | None = None,
    multiple: float | None = None,
    learned_from: LearnedFrom | None = None,
    as_of: Day = None,
    options: IntakeOptions | None = None,
    products: ItemChoice | None = None,
) -> TargetResult:
    """Score a purchase history and choose whom it pays to contact.

    Parameters
    ----------
    churn_model : ChurnModel
        What to score with.
    source : str, Path or frame
        The purchase history. It needs amounts.
    terms : ContactTerms
        Costs, and the acceptance rate that is assumed.
    valuation : Valuation
        Share of revenue that is profit, and the discount rate.
    budget, capacity : optional
        What the list may cost, or how many it may hold; not both.
    playbook : Playbook, optional
        What to do for whom; customers whose segment's action is ``none`` are no candidates. The main reason of the
        score decides before the segment, for the first 2,000 of the list. With actions of the shop's own each customer
        has the one that makes the whole list bring the most.
    suppress : str, Path or frame, optional
        Customers who have opted out. They are no candidates, whatever else holds.
    contacts : ContactFile, optional
        How customers are reached. Those without consent are no candidates.
    multiple : float, optional
        How many times the one purchase that is expected a kept customer brings, as campaigns have measured it;
        1 by default. It counts up to the value of a customer who comes back for good.
    learned_from : LearnedFrom, optional
        A campaign to learn from which customers respond; it counts only where it ranks better than risk.
    as_of : str or date, optional
        The day to score at.
    options : IntakeOptions, optional
        How to read the purchases.
    products : ItemChoice, optional
        Codes that are no products, or are some, whatever the evidence says.
    """
    chosen = replace(read_as_trained(options or IntakeOptions(), churn_model.card), products=True)
    (playbook := playbook or Playbook()).on(0)  # refuses what cannot be before anything is read
    left_out = LeftOut.read(suppress, contacts, chosen)
    with read_orders(source, chosen) as orders:
        scored = score_customers(churn_model, orders, as_of, valuation=valuation, playbook=playbook, multiple=multiple)
        scored, found = (scored, ()) if learned_from is None else learned_from.respond(scored, orders)
        is_out, said, counts = left_out.find(scored.customer_ids.tolist())
        is_idle = np.array([one.action == "none" for one in scored.actions], dtype=bool) & ~is_out
        eligible, plays = scored.take(~is_out & ~is_idle).by_id(), playbook.on(scored.snapshot.cutoff)
        look, doubt = Look(churn_model, orders, products or ItemChoice()), doubt_of(churn_model.card)
        made = choose_list(look, eligible, terms, plays, budget=budget, capacity=capacity, doubt=doubt)
        intake, notices = describe_intake(orders), (*_notices(churn_model, orders, multiple), *found, *said)
    return TargetResult(
        made.target,
        _make_table(made, plays, valuation),
        describe_snapshot(scored.snapshot),
        {"scored": len(is_out), **counts, "no_action": int(is_idle.sum())},
        measure_max_profit(churn_model.card, made.target.candidates, terms),
        notices + _tell_ended(plays, playbook) + _warn_of_most(len(made.target.chosen), len(is_out)),
        intake,
        tuple(made.describe_actions()),
        left_out.contacts,
    )


def _tell_ended(plays: Plays, playbook: Playbook) -> tuple[str, ...]:
    """Say which actions have ended, and so are not chosen."""
    ended = (one for name, one in playbook.actions.items() if name not in plays.actions)
    return tuple(f"{one.name} ended on {date_of(one.until or 0)} and is not chosen." for one in ended)


def _notices(churn_model: ChurnModel, orders: Orders, multiple: float | None) -> tuple[str, ...]:
    """Say what is known of the model, of the log, and of what a customer kept brings."""
    notices = (*warn_of_grade(churn_model.card), *orders.report.notices)
    if multiple is None:
        return notices
    return (
        *notices,
        f"Campaigns have measured that a customer who was kept brings {multiple:.2f} times the one purchase that is "
        "expected; expected profit counts that, up to the value of a customer who stays for good.",
    )


def _warn_of_most(listed: int, scored: int) -> tuple[str, ...]:
    """Say it where a campaign from the list would keep most customers from every other one."""
    if 2 * listed <= scored:
        return ()
    return (
        f"{listed:,} of {scored:,} customers are on the list. While a campaign with all of them runs, no other can "
        "have them; --capacity or --budget limits the list.",
    )


def doubt_of(card: Mapping[str, Any]) -> Doubt:
    """Return how far the forecasts of a model were off in its test and its look back."""
    value = card["value"] or {"look_backs": [], "scatter_of_a_purchase": 1.0}
    test = card["test"]
    customers = sum(part["customers"] for part in test["reliability"])
    told = sum(part["customers"] * part["mean_probability"] for part in test["reliability"]) / customers
    off = np.log(told / (1 - told)) - np.log(test["churn_rate"] / (1 - test["churn_rate"]))
    amounts = [_amount_off(one) for one in value["look_backs"] if one["days"] == card["snapshot"]["horizon_days"]]
    return Doubt(learn_error(off), learn_error(amounts[0] if amounts else None), value["scatter_of_a_purchase"])


def _amount_off(check: Mapping[str, Any]) -> float | None:
    """Return the logarithm of expected over realised amount of a purchase in a look back."""
    revenue, orders = check["revenue_ratio"], check["orders_ratio"]
    return float(np.log(revenue / orders)) if revenue and orders and min(revenue, orders) > 0 else None


def measure_max_profit(card: Mapping[str, Any], candidates: Candidates, terms: ContactTerms) -> dict[str, MaxProfit]:
    """Return the expected maximum profit of a model in its test; nothing for a model stored without the curve."""
    test = card["test"]
    hull = [(float(churned), float(kept)) for churned, kept in test.get("roc_hull", ())]
    if not hull or not len(candidates):
        return {}
    costs = {"incentive_cost": terms.incentive_cost, "contact_cost": terms.contact_cost}
    mean_value = float(candidates.value_kept.mean())
    return {
        "standard": expected_maximum_profit(hull, test["churn_rate"]),
        "at_these_costs": expected_maximum_profit(hull, test["churn_rate"], value=mean_value, **costs),
    }


def describe_terms(terms: Terms, valuation: Valuation, customers: int) -> dict[str, list[float]]:
    """Return what contacting each customer costs and brings, by the names of the settings."""
    known = {**vars(terms), "margin": valuation.margin}
    return {name: np.broadcast_to(np.float64(value), customers).tolist() for name, value in known.items()}


def _make_table(made: Chosen, plays: Plays, valuation: Valuation) -> Table:
    target, listed, habits = made.target, made.listed, made.habits
    names, size = [one.action for one in listed.actions], len(listed.customer_ids)
    return Table(
        {
            "customer_id": listed.customer_ids.tolist(),
            "rank": list(range(1, size + 1)),
            "churn_probability": listed.churn_probability.tolist(),
            "risk": listed.risk.tolist(),
            "value_at_risk": listed.value_at_risk.tolist(),
            "expected_profit": np.round(target.profit[target.chosen], MONEY_DECIMALS).tolist(),
            "segment": listed.segments,
            "action": names,
            "action_reason": [one.reason for one in listed.actions],
            **action_columns(plays, names),
            **({} if habits is None else {name: values.tolist() for name, values in habits.columns.items()}),
            "as_of": [date_of(listed.snapshot.cutoff).isoformat()] * size,
            **describe_terms(target.terms.take(target.chosen), valuation, size),
        }
    )
