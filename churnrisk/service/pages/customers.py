"""The list of customers at risk, and the page of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from churnrisk.desk import LONGEST_NOTE, find_note
from churnrisk.errors import ModelNotFound, NoScore
from churnrisk.messages import mark, say, write_date
from churnrisk.report import (
    CHOICES,
    Block,
    Card,
    Cards,
    Words,
    amount,
    draw_history,
    draw_reasons,
    draw_timeline,
    name_action,
    name_segment,
    percent,
    whole,
)
from churnrisk.retelling import retell
from churnrisk.retention import SEGMENTS
from churnrisk.schema import RISKS
from churnrisk.service.pages.customer_filter import MORE, kept_fields, read_query, saved_filters
from churnrisk.service.pages.customer_parts import (
    show_return,
    show_revenue,
    tell_bought,
    tell_campaigns,
    tell_horizons,
    tell_rows,
)
from churnrisk.service.pages.frame import View, nothing_without, page
from churnrisk.shop import CustomerView
from churnrisk.state import load_history
from churnrisk.timeline import date_of, day_number

SORTS = (
    ("value", mark("value at risk, highest first")),
    ("risk", mark("churn probability, highest first")),
    ("id", mark("customer")),
)


BOUNDS = (
    ("min_days_since_last_order", mark("Days without an order from")),
    ("max_days_since_last_order", mark("Days without an order to")),
    ("min_order_count", mark("Orders from")),
    ("max_order_count", mark("Orders to")),
    ("due_within", mark("Next order within days")),
)
DAY_BOUNDS = (
    ("first_order_from", mark("First order from")),
    ("first_order_to", mark("First order to")),
)


@page("/customers")
def customers(view: View) -> Response:
    """Show a page of the list."""
    query = read_query(view)
    found, fields = view.shop.customers(query), kept_fields(view)
    return view.show(
        "customers.html",
        contacts=view.reach(row["customer_id"] for row in found.rows),
        found=found,
        rows=[_show_row(row) for row in found.rows],
        query=query,
        fields=fields,
        more=any(fields[name] for name in MORE),
        saved=saved_filters(view),
        now_saved=view.ask("saved"),
        may_save=view.may("scorer") and view.has_session,
        bounds=BOUNDS,
        days=DAY_BOUNDS,
        segments=CHOICES["segment"],
        risks=RISKS,
        statuses=tuple(CHOICES["status"].items()),
        sorts=SORTS,
    )


def _show_row(row: dict[str, Any]) -> dict[str, Any]:
    risk, status = row["risk"], CHOICES["status"].get(row["status"], "")  # without a model there may be neither
    return {
        "id": row["customer_id"],
        "churn": percent(row["churn_probability"]),
        "risk": risk,
        "level": say(risk or status),
        "value": whole(row["value_at_risk"]),
        "segment": name_segment(row["segment"]),
        "quiet": whole(row["days_since_last_order"]),
        "next": "" if row["next_order_on"] is None else write_date(row["next_order_on"]),
        "reason": retell(row["reason_1"] or "") or _tell_return(row),
    }


def _tell_return(row: dict[str, Any]) -> str:
    chance = row["return_probability"]
    return "" if chance is None else say("chance of return: {chance}", chance=percent(chance))


@page("/customer")
def customer(view: View) -> Response:
    """Show one customer. The id is a parameter and no part of the path, since it may be any text."""
    name = (view.fields.get("id") or [""])[-1]
    found = view.shop.customer(name)
    return view.show(
        "customer.html",
        contact=view.reach([found.customer_id]).get(found.customer_id),
        found=found,
        segment=name_segment(found.segment),
        cards=Cards(tuple(_make_cards(view, found))),
        advice=_advise(view, found),
        reasons=[retell(reason) for reason in found.reasons],
        observation=retell(found.observation or ""),
        horizons=list(tell_horizons(found)),
        campaigns=list(tell_campaigns(view, found)),
        note=find_note(view.state, found.customer_id),
        longest_note=LONGEST_NOTE,
        explained=list(_explain(view, found)),
        blocks=list(_draw(view, found)),
        bought=[*tell_rows(found), *tell_bought(view.shop.bought(name))],
    )


def _make_cards(view: View, found: CustomerView) -> Iterator[Card]:
    score = found.score
    if score["churn_probability"] is not None:
        level = str(score["risk"])
        yield Card(
            say("Churn probability"), percent(score["churn_probability"]), say("risk: {level}", level=say(level))
        )
    if score["value_at_risk"] is not None:
        meaning = say("the purchase that is lost if nothing is bought in the horizon, times the churn probability")
        most = say("up to {most} if the customer stays for good", most=amount(score["value_at_risk_most"]))
        yield Card(say("Value at risk"), amount(score["value_at_risk"]), most, meaning)
    if found.next_order is not None:
        yield _show_next_order(found.next_order)
    yield from show_return(view, found)
    quiet = score["days_since_last_order"]
    orders = say("orders so far: {orders}", orders=whole(score["order_count"]))
    yield Card(say("Days without an order"), whole(quiet), orders)
    yield from show_revenue(found)


def _show_next_order(due: Mapping[str, str | None]) -> Card:
    first, day, last = due["from_on"], due["on"] or "", due["to_on"]
    if first is None or last is None:
        return Card(say("Next order"), write_date(day), "", say("if the customer orders again within a year"))
    span = say("{low} to {high}", low=write_date(first), high=write_date(last))
    meaning = say("if the customer orders again within a year: most likely between these days")
    return Card(say("Next order"), write_date(day), span, meaning)


def _advise(view: View, found: CustomerView) -> dict[str, str]:
    """Return what is to be done, in the language of now."""
    action, plays = found.advice["action"], view.shop.plan.plays(day_number(dt.date.fromisoformat(found.as_of)))
    meaning, about = plays.text(action), SEGMENTS.get(found.segment or "", "")
    return {"action": name_action(action), "meaning": say(meaning), "segment": say(about)}


def _explain(view: View, found: CustomerView) -> Iterator[Block]:
    """Yield what each family of features adds to the score, where there is one."""
    if found.score["status"] == "scored":
        with nothing_without(NoScore, ModelNotFound):
            yield draw_reasons(view.shop.explain(found.customer_id)["families"])


def _draw(view: View, found: CustomerView) -> Iterator[Block]:
    if found.orders:
        yield draw_timeline(found.orders, currency=view.shop.summary()["currency"])
    history = _remembered(view, found.customer_id)
    if len(history) > 1:
        yield draw_history(history)
    else:
        yield Words(say("Each scoring run adds a point; with two of them there is a chart of the score over time."))


def _remembered(view: View, customer_id: str) -> Sequence[tuple[str, float | None]]:
    """Return the churn probability on each day that was scored, of the last run of that day."""
    days = {
        date_of(run.run.snapshot.cutoff): score.churn_probability
        for run, score in load_history(view.state, customer_id)
        if score.churn_probability is not None
    }
    return [(day.isoformat(), probability) for day, probability in sorted(days.items())]
