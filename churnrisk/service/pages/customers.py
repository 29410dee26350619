"""The list of customers at risk, and the page of each."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.responses import Response, StreamingResponse

from churnrisk.campaigns import with_contacts
from churnrisk.errors import ModelNotFound, NoScore
from churnrisk.messages import mark, say, write_date
from churnrisk.report import (
    SEGMENT_NAMES,
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
from churnrisk.service.pages.frame import View, nothing_without, page
from churnrisk.service.problems import Problem
from churnrisk.shop import CustomerQuery, CustomerView
from churnrisk.state import load_history
from churnrisk.tables import Table, to_csv
from churnrisk.timeline import date_of, day_number

SORTS = (
    ("value", mark("value at risk, highest first")),
    ("risk", mark("churn probability, highest first")),
    ("id", mark("customer")),
)
STATUSES = (
    ("scored", mark("scored")),
    ("lapsed", mark("lapsed")),
    ("no_purchases", mark("without a purchase")),
)
ROWS = 50
EXPORTED_AT_A_TIME = 500


def read_query(view: View) -> CustomerQuery:
    """Take the filter, the order and the place in the list from the address."""
    return CustomerQuery(
        segments=view.ask_all("segment"),
        risks=view.ask_all("risk"),
        statuses=view.ask_all("status"),
        min_value=read_number(view, "min_value"),
        prefix=view.ask("id"),
        sort=view.ask("sort") or "value",  # type: ignore[arg-type]  # checked there
        limit=ROWS,
        cursor=view.ask("cursor") or None,
    )


def read_number(view: View, name: str) -> float | None:
    """Take a number from the address or a form, with a point or a comma; None where there is none.

    Raises
    ------
    Problem
        For what is no number.
    """
    given = view.ask(name)
    if not given:
        return None
    try:
        number = float(given.replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace(",", "."))
    except ValueError:
        number = float("nan")
    if not abs(number) < 1e15:
        raise Problem(422, "Invalid request", say("{given}: this is no number.", given=given[:40]))
    return number


@page("/customers")
def customers(view: View) -> Response:
    """Show a page of the list."""
    query = read_query(view)
    found = view.shop.customers(query)
    return view.show(
        "customers.html",
        contacts=view.reach(row["customer_id"] for row in found.rows),
        found=found,
        rows=[_show_row(row) for row in found.rows],
        query=query,
        fields=_kept_fields(view),
        segments=SEGMENT_NAMES,
        risks=RISKS,
        statuses=STATUSES,
        sorts=SORTS,
    )


def _kept_fields(view: View) -> dict[str, Any]:
    """Return the filter as it is written into addresses, without the place in the list."""
    return {name: view.ask_all(name) for name in ("segment", "risk", "status", "min_value", "id", "sort")}


def _show_row(row: dict[str, Any]) -> dict[str, Any]:
    risk, status = row["risk"], dict(STATUSES).get(row["status"], "")  # without a model there may be neither
    return {
        "id": row["customer_id"],
        "churn": percent(row["churn_probability"]),
        "risk": risk,
        "level": say(risk or status),
        "value": whole(row["value_at_risk"]),
        "segment": name_segment(row["segment"]),
        "quiet": whole(row["days_since_last_order"]),
        "next": "" if row["next_order_on"] is None else write_date(row["next_order_on"]),
        "reason": retell(row["reason_1"] or ""),
    }


@page("/customers.csv")
def export(view: View) -> Response:
    """Return the whole list behind the filter as CSV, as the command line writes scores."""
    query = replace(read_query(view), limit=EXPORTED_AT_A_TIME, cursor=None)
    most = view.request.app.state.config.bounds.rows
    parts = _csv_parts(view, query, most)
    lines = itertools.chain([next(parts)], parts)  # what cannot be given is said before the answer begins
    headers = {"Content-Disposition": 'attachment; filename="customers.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


def _csv_parts(view: View, query: CustomerQuery, most: int) -> Iterator[str]:
    shop, written, names = view.shop, 0, None
    contacts = view.request.app.state.contacts.now() if view.sees_contacts else None
    while written < most:
        found = shop.customers(query)
        names = names or list(found.rows[0] if found.rows else {"customer_id": None})
        table, _ = with_contacts(Table({name: [row[name] for row in found.rows] for name in names}), contacts)
        text = to_csv(table)
        yield text if not written else text.partition("\n")[2]
        written += len(found.rows)
        if found.next_cursor is None:
            return
        query = replace(query, cursor=found.next_cursor)


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
        cards=Cards(tuple(_make_cards(found))),
        advice=_advise(view, found),
        reasons=[retell(reason) for reason in found.reasons],
        observation=retell(found.observation or ""),
        blocks=list(_draw(view, found)),
    )


def _make_cards(found: CustomerView) -> Iterator[Card]:
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
    quiet = score["days_since_last_order"]
    orders = say("orders so far: {orders}", orders=whole(found.order_total))
    yield Card(say("Days without an order"), whole(quiet), orders)


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


def _draw(view: View, found: CustomerView) -> Iterator[Block]:
    note = ""
    if found.score["status"] == "scored":
        with nothing_without(NoScore, ModelNotFound):
            explained = view.shop.explain(found.customer_id)
            note = explained["note"]
            yield draw_reasons(explained["families"])
    if found.orders:
        yield draw_timeline(found.orders, currency=view.shop.summary()["currency"])
    history = _remembered(view, found.customer_id)
    if len(history) > 1:
        yield draw_history(history)
    else:
        yield Words(say("Each scoring run adds a point; with two of them there is a chart of the score over time."))
    if note:
        yield Words(say(note), is_note=True)


def _remembered(view: View, customer_id: str) -> Sequence[tuple[str, float | None]]:
    """Return the churn probability on each day that was scored, of the last run of that day."""
    days = {
        date_of(run.run.snapshot.cutoff): score.churn_probability
        for run, score in load_history(view.state, customer_id)
        if score.churn_probability is not None
    }
    return [(day.isoformat(), probability) for day, probability in sorted(days.items())]
