"""The rows of this week's list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from churnrisk.decide import Action, check_playbook, choose_actions
from churnrisk.explain import Told
from churnrisk.products import HABIT_COLUMNS
from churnrisk.timeline import date_of
from churnrisk.week_list.purchased import Purchased
from churnrisk.week_list.why import tell_why

ListPart = Literal["contact", "lapsed", "due"]
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
        Against the list before; None where there was none.
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
    playbook : mapping of str to str
        What to do for whom.
    before : set of str or None
        The customers of the list before; None where there was none.
    """

    bought: Mapping[str, Purchased]
    told: Mapping[str, Told]
    playbook: Mapping[str, str]
    before: frozenset[str] | None = None


def make_entries(part: ListPart, rows: Sequence[Mapping[str, Any]], known: Known) -> tuple[Entry, ...]:
    """Make the rows of a part of the list; a customer without a purchase before the day is left out."""
    rows = [row for row in rows if row["customer_id"] in known.bought]
    ids = [row["customer_id"] for row in rows]
    actions = choose_actions(
        ids,
        {row["customer_id"]: row["segment"] or "" for row in rows},
        playbook=check_playbook(known.playbook),
        reason_of={one: told.family for one, told in known.told.items()},
        habit_of={row["customer_id"]: row.get("habit") or "" for row in rows},
    )
    return tuple(
        _make_entry(part, place, row, action, known)
        for place, (row, action) in enumerate(zip(rows, actions, strict=True), start=1)
    )


def _make_entry(part: ListPart, place: int, row: Mapping[str, Any], action: Action, known: Known) -> Entry:
    customer = row["customer_id"]
    told = known.told.get(customer)
    return Entry(
        part=part,
        place=place,
        customer_id=customer,
        bought=known.bought[customer],
        reasons=() if told is None else told.texts,
        action=action,
        next_products=tuple(name for one in NEXT_PRODUCTS if (name := row.get(one)) is not None),
        change=None if known.before is None else ("again" if customer in known.before else "new"),
        **{name: _number(row.get(name)) for name in _NUMBERS},  # type: ignore[arg-type]
        **{name: row.get(name) for name in _TEXTS},
    )


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)  # NaN is not itself
