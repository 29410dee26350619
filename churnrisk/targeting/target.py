"""From purchases to a list of whom to contact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from churnrisk.campaigns import find_response
from churnrisk.cards import describe_intake, describe_snapshot, read_as_trained, warn_of_grade
from churnrisk.decide import (
    Action,
    Candidates,
    ContactTerms,
    Doubt,
    Target,
    check_playbook,
    choose_actions,
    choose_target,
    learn_error,
    value_of_keeping,
)
from churnrisk.errors import NotEnoughData
from churnrisk.explain import main_families
from churnrisk.features import TOLD_FAMILIES
from churnrisk.forecast import Valuation
from churnrisk.learning import MaxProfit, expected_maximum_profit
from churnrisk.orders import ContactList, IntakeOptions, Orders, read_opted_out, read_orders
from churnrisk.planning import Day, choose_as_of
from churnrisk.products import HABITS, Habits, ItemChoice, find_habits
from churnrisk.retention import build_segments
from churnrisk.scoring import score_orders
from churnrisk.state import StatePlace, open_state
from churnrisk.tables import Table
from churnrisk.timeline import Snapshot, date_of
from churnrisk.workflows import ChurnModel

MONEY_DECIMALS = 4
MOST_EXPLAINED = 2000
"""The first of the list, whose reasons may choose the action."""


@dataclass(frozen=True)
class ScoredCustomers:
    """The scored customers of a log, with all that a list says of them; arrays of one length."""

    snapshot: Snapshot
    customer_ids: np.ndarray
    churn_probability: np.ndarray
    risk: np.ndarray
    value_at_risk: np.ndarray
    value_kept: np.ndarray
    segments: Sequence[str]
    actions: Sequence[Action]
    response: np.ndarray | float = 1.0

    def take(self, chosen: np.ndarray) -> ScoredCustomers:
        """Return some of them, by place or by a mask."""
        places = np.arange(len(self.customer_ids))[chosen]
        return ScoredCustomers(
            self.snapshot,
            self.customer_ids[places],
            self.churn_probability[places],
            self.risk[places],
            self.value_at_risk[places],
            self.value_kept[places],
            [self.segments[k] for k in places],
            [self.actions[k] for k in places],
            self.response if isinstance(self.response, float) else self.response[places],
        )

    def by_id(self) -> ScoredCustomers:
        """Return them sorted by id."""
        return self.take(np.argsort(self.customer_ids, kind="stable"))

    def habits(self, orders: Orders, products: ItemChoice) -> Habits | None:
        """Return what they miss, are due to buy, and buy next; None in a log that names no products."""
        return find_habits(orders, self.customer_ids.tolist(), as_of=self.snapshot.cutoff, choice=products)

    def candidates(self) -> Candidates:
        """Return what the choice is made by."""
        return Candidates(self.customer_ids, self.churn_probability, self.value_kept, self.response)


@dataclass(frozen=True)
class LearnedFrom:
    """A campaign that has shown which customers respond, and the state file that it is in."""

    state: StatePlace
    campaign: str

    def respond(self, scored: ScoredCustomers, orders: Orders) -> tuple[ScoredCustomers, str]:
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
        return (scored if response is None else replace(scored, response=response)), found


@dataclass(frozen=True)
class TargetResult:
    """A list of whom to contact, and how it came about.

    Parameters
    ----------
    target : Target
        Who is on it and what that is expected to bring.
    table : Table
        The list: ``customer_id, rank, churn_probability, risk, value_at_risk, expected_profit, segment, action,
        action_reason``, in a log that names products :data:`churnrisk.products.HABIT_COLUMNS`, ``as_of``, and the terms
        that it was chosen under, the same in every row: ``contact_cost, incentive_cost, acceptance_rate, redemption,
        margin``.
    snapshot : mapping
        The day of scoring and the windows.
    counts : mapping of str to int
        ``scored`` customers; of them ``opted_out`` and with ``no_action`` in the playbook, who are no candidates.
    max_profit : mapping of str to MaxProfit
        The expected maximum profit of the model in its test, with the parameters of the literature (``standard``)
        and with the given costs (``at_these_costs``); empty for a model that has none.
    notices : tuple of str
        What a user should know.
    intake : mapping
        The account of the rows.
    """

    target: Target
    table: Table
    snapshot: Mapping[str, Any]
    counts: Mapping[str, int]
    max_profit: Mapping[str, MaxProfit]
    notices: tuple[str, ...]
    intake: Mapping[str, Any]

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
    playbook: Mapping[str, str] | None = None,
    suppress: Any = None,
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
    playbook : mapping of str to str, optional
        Segment or family of reasons to action; customers whose segment's action is ``none`` are no candidates. The
        main reason of the score decides before the segment, for the first 2,000 of the list.
    suppress : str, Path or frame, optional
        Customers who have opted out. They are no candidates, whatever else holds.
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
    plays = check_playbook(playbook or {})
    opted_out = None if suppress is None else read_opted_out(suppress, chosen)
    with read_orders(source, chosen) as orders:
        scored = score_customers(churn_model, orders, as_of, valuation=valuation, playbook=plays, multiple=multiple)
        intake, notices = describe_intake(orders), _notices(churn_model, orders, multiple)
        if learned_from is not None:
            scored, found = learned_from.respond(scored, orders)
            notices += (found,)
        is_out, said = _find_opted_out(scored, opted_out)
        is_idle = np.array([one.action == "none" for one in scored.actions], dtype=bool) & ~is_out
        eligible, doubt = scored.take(~is_out & ~is_idle).by_id(), doubt_of(churn_model.card)
        target = choose_target(eligible.candidates(), terms, budget=budget, capacity=capacity, doubt=doubt)
        habits = (listed := eligible.take(target.chosen)).habits(orders, products or ItemChoice())
        listed = _act_on_reasons(churn_model, orders, listed, plays, habits)
    return TargetResult(
        target,
        _make_table(listed, target.profit[target.chosen], habits, describe_terms(terms, valuation)),
        describe_snapshot(scored.snapshot),
        {"scored": len(is_out), "opted_out": int(is_out.sum()), "no_action": int(is_idle.sum())},
        measure_max_profit(churn_model.card, target.candidates, terms),
        notices + said + _warn_of_most(len(target.chosen), len(is_out)),
        intake,
    )


def score_customers(
    churn_model: ChurnModel,
    orders: Orders,
    as_of: Day,
    *,
    valuation: Valuation,
    playbook: Mapping[str, str],
    multiple: float | None = None,
) -> ScoredCustomers:
    """Score the customers of a log, and give each scored one a value, a segment and an action."""
    if not orders.has_amounts:
        raise NotEnoughData("the log has no amounts, so nobody can say what keeping a customer is worth.")
    model = churn_model.model
    scores = score_orders(model, orders, choose_as_of(model, orders, as_of), valuation=valuation)
    day = scores.snapshot.cutoff
    is_scored = scores.columns["status"] == "scored"
    if not is_scored.any():
        raise NotEnoughData("nobody in this log is active, so there is nobody to contact.")
    ids, probability, risk = (scores.columns[name][is_scored] for name in ("customer_id", "churn_probability", "risk"))
    segment_of = build_segments(orders, day).segment_of()
    return ScoredCustomers(
        scores.snapshot,
        ids,
        probability,
        risk,
        scores.columns["value_at_risk"][is_scored],
        value_of_keeping(scores.columns, margin=valuation.margin, multiple=multiple or 1.0)[is_scored],
        [segment_of.get(one, "") for one in ids.tolist()],
        choose_actions(ids.tolist(), segment_of, playbook=playbook),
    )


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


def _act_on_reasons(
    churn_model: ChurnModel,
    orders: Orders,
    listed: ScoredCustomers,
    playbook: Mapping[str, str],
    habits: Habits | None,
) -> ScoredCustomers:
    """Let the main reason of the score, or products, choose the action, where the playbook names one for it."""
    if not {*TOLD_FAMILIES, *HABITS} & playbook.keys():
        return listed
    ids = listed.customer_ids.tolist()
    first = ids[:MOST_EXPLAINED] if set(TOLD_FAMILIES) & playbook.keys() else []
    reason_of = main_families(churn_model.model, orders, listed.snapshot, first) if first else {}
    segment_of = dict(zip(ids, listed.segments, strict=True))
    habit_of = {} if habits is None else dict(zip(ids, habits.kinds.tolist(), strict=True))
    actions = choose_actions(ids, segment_of, playbook=playbook, reason_of=reason_of, habit_of=habit_of)
    return replace(listed, actions=actions)


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


def _find_opted_out(scored: ScoredCustomers, opted_out: ContactList | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Tell which customers have opted out, and what is to be said about it."""
    ids = scored.customer_ids.tolist()
    if opted_out is None:
        return np.zeros(len(ids), dtype=bool), ()
    is_out = np.array([one in opted_out.contacts for one in ids], dtype=bool)
    listed, found = len(opted_out.contacts), int(is_out.sum())
    if listed and not found:
        return is_out, (
            f"None of the {listed:,} ids in {opted_out.source} is a customer who was scored. Are they customer ids as "
            "in the purchases?",
        )
    return is_out, (f"{found:,} of the {listed:,} customers in {opted_out.source} were taken out.",)


def describe_terms(terms: ContactTerms, valuation: Valuation) -> dict[str, float]:
    """Return what contacting costs and brings, by the names of the settings."""
    return {**{name: float(value) for name, value in vars(terms).items()}, "margin": valuation.margin}


def _make_table(
    listed: ScoredCustomers, profit: np.ndarray, habits: Habits | None, terms: Mapping[str, float]
) -> Table:
    return Table(
        {
            "customer_id": listed.customer_ids.tolist(),
            "rank": list(range(1, len(profit) + 1)),
            "churn_probability": listed.churn_probability.tolist(),
            "risk": listed.risk.tolist(),
            "value_at_risk": listed.value_at_risk.tolist(),
            "expected_profit": np.round(profit, MONEY_DECIMALS).tolist(),
            "segment": listed.segments,
            "action": [one.action for one in listed.actions],
            "action_reason": [one.reason for one in listed.actions],
            **({} if habits is None else {name: values.tolist() for name, values in habits.columns.items()}),
            "as_of": [date_of(listed.snapshot.cutoff).isoformat()] * len(profit),
            **{name: [value] * len(profit) for name, value in terms.items()},
        }
    )
