"""The rows of this week's list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from churnrisk.decide import Action
from churnrisk.errors import NotEnoughData
from churnrisk.explain import Told
from churnrisk.products import HABIT_COLUMNS
from churnrisk.timeline import date_of
from churnrisk.types import Floats
from churnrisk.week_list.purchased import Purchased
from churnrisk.week_list.ranked import ListPlan, best_profits
from churnrisk.week_list.why import ListPart, tell_why

Change = Literal["new", "again"]

NEXT_PRODUCTS = tuple(column.name for column in HABIT_COLUMNS if column.name.startswith("next_product"))


@dataclass(frozen=True)
class Entry:
    """A customer on the list.

    Parameters
    ----------
    part : {"contact", "lapsed", "due"}
        Which part of the list.
    place : int
        From 1 on.
    customer_id : str
        The customer.
    segment : str or None
        The RFM segment.
    bought : Purchased
        What was bought so far.
    reasons : tuple of str
        At most three sentences on the score, in English; none for lapsed customers.
    action : Action
        What to do, by the playbook.
    churn_probability, value_at_risk, value_at_risk_most, expected_profit : float or None
        As in the scores; the profit is known where the terms of a contact are.
    risk : str or None
        ``high``, ``medium`` or ``low``.
    return_probability, return_value : float or None
        Of the lapsed: the chance of an order in the horizon, and times the usual order.
    next_order_on : str or None
        Expected day of the next order, an ISO date.
    observation, due_product : str or None
        As :data:`churnrisk.products.HABIT_COLUMNS`.
    next_products : tuple of str
        At most three, the likeliest first.
    change : {"new", "again"} or None
        Of those to contact against the list before; None where there was none.
    """

    part: ListPart
    place: int
    customer_id: str
    segment: str | None
    bought: Purchased
    reasons: tuple[str, ...]
    action: Action
    churn_probability: float | None
    risk: str | None
    value_at_risk: float | None
    value_at_risk_most: float | None
    expected_profit: float | None
    return_probability: float | None
    return_value: float | None
    next_order_on: str | None
    observation: str | None
    due_product: str | None
    next_products: tuple[str, ...]
    change: Change | None
    terms: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self, *, as_of: int, horizon: int) -> dict[str, Any]:
        """Return plain values for JSON: days as ISO dates, ``why`` in the language of now."""
        bought = self.bought
        plain = {name: getattr(self, name) for name in _PLAIN}
        return {
            **plain,
            "why": tell_why(self, as_of=as_of, horizon=horizon),
            "reasons": list(self.reasons),
            "action": self.action.action,
            "action_reason": self.action.reason,
            "terms": dict(self.terms),
            "next_products": list(self.next_products),
            "first_order_on": date_of(bought.first_day).isoformat(),
            "last_order_on": date_of(bought.last_day).isoformat(),
            "last_order_amount": bought.last_amount,
            "last_order_products": list(bought.products),
            "purchase_days": bought.purchase_days,
            "usual_gap_days": bought.usual_gap,
            "revenue": bought.revenue,
            "revenue_365_days": bought.revenue_year,
            "revenue_365_days_before": bought.revenue_before,
        }


_NUMBERS = (
    *("churn_probability", "value_at_risk", "value_at_risk_most", "expected_profit", "return_probability"),
    "return_value",
)
_TEXTS = ("risk", "segment", "next_order_on", "observation", "due_product")
_PLAIN = ("place", "customer_id", "change", *_NUMBERS, *_TEXTS)


@dataclass(frozen=True)
class Known:
    """What is known of the customers of a part of the list, beside the rows of the scores.

    Parameters
    ----------
    bought : mapping of str to Purchased
        By customer.
    told : mapping of str to Told
        Reasons of the model, by customer.
    plan : ListPlan
        How the shop wants its list, with what it does for whom.
    as_of : int
        The day of the list.
    before : set of str or None
        The customers to contact of the list before; None where there was none.
    """

    bought: Mapping[str, Purchased]
    told: Mapping[str, Told]
    plan: ListPlan
    as_of: int
    before: frozenset[str] | None = None


def make_entries(part: ListPart, rows: Sequence[Mapping[str, Any]], known: Known) -> tuple[Entry, ...]:
    """Make the rows of a part of the list; a customer without a purchase before the day is left out.

    Where actions have terms of their own, reasons and products may choose another one than the segment, by which
    places were given: those to contact stand by what the action that is told brings, as far as that is above 0.
    """
    rows = [row for row in rows if row["customer_id"] in known.bought]
    chosen = choose_for_rows(rows, [_family_of(row, known.told) for row in rows], known.plan, known.as_of)
    if part == "contact" and any(profit is not None for _, profit in chosen):
        places = sorted(range(len(rows)), key=lambda k: -(chosen[k][1] or 0.0))
        places = [k for k in places if (chosen[k][1] or 0.0) > 0]
        rows, chosen = [rows[k] for k in places], [chosen[k] for k in places]
        rows = [row | {"expected_profit": profit} for row, (_, profit) in zip(rows, chosen, strict=True)]  # type: ignore[operator]
    return tuple(
        _make_entry(part, place, row, action, known)
        for place, (row, (action, _)) in enumerate(zip(rows, chosen, strict=True), start=1)
    )


def choose_for_rows(
    rows: Sequence[Mapping[str, Any]], families: Sequence[str], plan: ListPlan, as_of: int
) -> list[tuple[Action, float | None]]:
    """Choose what is expected to bring most for each customer, and tell how much.

    What the playbook says, and None, where that cannot be known, or the shop has no actions with terms of their own.

    Parameters
    ----------
    rows : sequence of mapping
        ``segment``, ``habit``, the churn probability and the value at risk of each customer.
    families : sequence of str
        The family of features that raises each score most; empty where none is known.
    plan : ListPlan
        What the shop does for whom, and what that costs and brings.
    as_of : int
        The day: an action that has ended is not chosen.
    """
    plays = plan.playbook.on(as_of)
    situations = zip(rows, families, strict=True)
    options = [plays.options(row["segment"] or "", family, row.get("habit") or "") for row, family in situations]
    usual: list[tuple[Action, float | None]] = [(each[0], None) for each in options]
    if not plays.actions or not rows:
        return usual
    names = ("churn_probability", "value_at_risk", "value_at_risk_most")
    columns = {name: np.array([_number(row[name]) for row in rows], dtype=np.float64) for name in names}
    try:
        offers, profits = best_profits({**columns, "as_of": [row["as_of"] for row in rows]}, options, plan)
    except NotEnoughData:
        return usual
    return [
        _choose_best(each, row, offers.names) if np.isfinite(row).any() else (each[0], None)
        for each, row in zip(options, profits, strict=True)
    ]


def _choose_best(options: Sequence[Action], profits: Floats, names: Sequence[str]) -> tuple[Action, float | None]:
    """Choose the option of a customer that brings most; a customer whom the playbook lets be is let be."""
    if options[0].action == "none":
        return options[0], None
    place = int(np.nan_to_num(profits, nan=-np.inf).argmax())
    return next(one for one in options if one.action == names[place]), float(profits[place])


def _family_of(row: Mapping[str, Any], told: Mapping[str, Told]) -> str:
    found = told.get(row["customer_id"])
    return "" if found is None else found.family


def _make_entry(part: ListPart, place: int, row: Mapping[str, Any], action: Action, known: Known) -> Entry:
    customer = row["customer_id"]
    told = known.told.get(customer)
    change: Change | None = None
    if part == "contact" and known.before is not None:  # of the other parts nothing is remembered
        change = "again" if customer in known.before else "new"
    return Entry(
        part=part,
        place=place,
        customer_id=customer,
        bought=known.bought[customer],
        reasons=() if told is None else told.texts,
        action=action,
        next_products=tuple(name for one in NEXT_PRODUCTS if (name := row.get(one)) is not None),
        change=change,
        terms=known.plan.terms_of(action.action, known.plan.playbook.on(known.as_of)),
        **{name: _number(row.get(name)) for name in _NUMBERS},  # type: ignore[arg-type]
        **{name: row.get(name) for name in _TEXTS},
    )


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)  # NaN is not itself
