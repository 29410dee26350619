"""Parts of the page of a customer beside the score: risk by horizon, what was bought, campaigns, and the note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from starlette.responses import Response

from churnrisk.campaigns import Campaign, load_memberships
from churnrisk.desk import write_note
from churnrisk.errors import ChurnriskError, NoModel
from churnrisk.forecast import REPORTED
from churnrisk.messages import mark, say, say_many, write_date
from churnrisk.report import Block, Card, Column, DataTable, amount, percent, whole
from churnrisk.retelling import retell
from churnrisk.service.pages.frame import View, nothing_without, page
from churnrisk.service.problems import Problem
from churnrisk.shop import CustomerView
from churnrisk.state import note_audit
from churnrisk.timeline import date_of, parse_day, within

PAGE = "/customer"
MOST_LINES = 200
CONTACTED, KEPT_BACK = mark("contacted"), mark("kept back, not contacted")


def show_return(view: View, found: CustomerView) -> Iterator[Card]:
    """Yield the chance of return of a lapsed customer, where it is known."""
    chance, alive = found.score["return_probability"], found.score["p_alive"]
    if chance is None:
        return
    days = ""
    with nothing_without(NoModel):
        days = say_many("within one day", "within {count} days", view.shop.model().model.snapshot.horizon)
    meaning = "" if alive is None else say("still a customer, by the model of silence: {chance}", chance=percent(alive))
    yield Card(say("Chance of return"), percent(chance), days, meaning)


def show_revenue(found: CustomerView) -> Iterator[Card]:
    """Yield the revenue to date with the first order."""
    since = "" if found.first_order_on is None else say("first order: {day}", day=write_date(found.first_order_on))
    if found.score["total_amount"] is None:
        if since:
            yield Card(say("First order"), write_date(found.first_order_on or ""))
        return
    yield Card(say("Revenue to date"), amount(found.score["total_amount"]), since)


def tell_horizons(found: CustomerView) -> Iterator[Block]:
    """Yield the churn probability by horizon, where the model has others than its own."""
    risks = [(days, found.score[f"churn_probability_{days}_days"]) for days in REPORTED]
    rows = tuple((say_many("one day", "{count} days", days), percent(risk)) for days, risk in risks if risk is not None)
    if rows:
        columns = (Column(say("No order within"), is_number=False), Column(say("churn probability")))
        yield DataTable(say("Churn probability by horizon"), columns, rows)


def tell_bought(lines: Sequence[dict[str, Any]]) -> Iterator[Block]:
    """Yield what was bought, the newest first."""
    if not lines:
        return
    title = say("What was bought")
    if len(lines) > MOST_LINES:
        title = say("What was bought: the newest {shown} of {all} rows", shown=MOST_LINES, all=whole(len(lines)))
    columns = (
        Column(say("Day"), is_number=False),
        Column(say("product"), is_number=False, is_foreign=True),
        Column(say("category"), is_number=False, is_foreign=True, is_wide=True),
        Column(say("order"), is_number=False, is_foreign=True, is_wide=True),
        Column(say("items"), is_wide=True),
        Column(say("amount")),
    )
    rows = tuple(
        (
            write_date(one["ordered_on"]),
            one["name"] or one["product_id"],
            one["category"],
            one["order_id"],
            whole(one["quantity"]),
            amount(one["amount"]),
        )
        for one in lines[:MOST_LINES]
    )
    yield DataTable(title, columns, rows)


def tell_rows(found: CustomerView) -> Iterator[Block]:
    """Yield the rows of tables beside the purchases, what happened last first."""
    if not found.rows:
        return
    title = say("Events beside the orders")
    if found.row_total > MOST_LINES:
        title = say(
            "Events beside the orders: the newest {shown} of {all}", shown=MOST_LINES, all=whole(found.row_total)
        )
    columns = (
        Column(say("Day"), is_number=False),
        Column(say("table"), is_number=False, is_foreign=True),
        Column(say("kind"), is_number=False, is_foreign=True),
        Column(say("ended"), is_number=False, is_wide=True),
        Column(say("value"), is_wide=True),
    )
    rows = tuple(
        (
            write_date(one["happened_on"]),
            one["table"],
            one["kind"],
            "" if one["ended_on"] is None else write_date(one["ended_on"]),
            amount(one["value"]),
        )
        for one in found.rows[:MOST_LINES]
    )
    yield DataTable(title, columns, rows)


def tell_campaigns(view: View, found: CustomerView) -> Iterator[Block]:
    """Yield the campaigns of a customer and what followed."""
    known_until = max([view.shop.freshness()["last_order_on"], *(one["ordered_on"] for one in found.orders)])
    last_day = parse_day(known_until, option="last_order_on")
    rows = tuple(
        (
            campaign.name,
            say(CONTACTED if is_treated else KEPT_BACK),
            write_date(date_of(campaign.starts_on)),
            write_date(date_of(campaign.ends_on - 1)),
            _tell_outcome(campaign, found, last_day),
        )
        for campaign, is_treated in load_memberships(view.state, found.customer_id)
    )
    if rows:
        columns = (
            Column(say("Campaign"), is_number=False, is_foreign=True),
            Column(say("group"), is_number=False),
            Column(say("from"), is_number=False, is_wide=True),
            Column(say("to"), is_number=False, is_wide=True),
            Column(say("outcome"), is_number=False),
        )
        yield DataTable(say("Campaigns of this customer"), columns, rows)


def _tell_outcome(campaign: Campaign, found: CustomerView, last_day: int) -> str:
    days = [parse_day(one["ordered_on"], option="ordered_on") for one in found.orders if one["kind"] == "purchase"]
    bought = [day for day in days if within(day, campaign.starts_on, campaign.ends_on)]
    if bought:
        return say("bought on {day}", day=write_date(date_of(min(bought))))
    is_over = last_day + 1 >= campaign.ends_on
    return say("bought nothing in these days") if is_over else say("bought nothing so far")


@page("/customer/note", role="scorer", method="POST")
def keep_note(view: View) -> Response:
    """Keep the note on a customer; an empty one removes it."""
    name, text = ((view.fields.get(field) or [""])[-1] for field in ("id", "note"))
    own_id = view.shop.customer(name).customer_id
    try:
        with view.state.transaction():
            write_note(view.state, own_id, text, key_id=view.key_id)
            note_audit(view.state, "note written" if text.strip() else "note removed", key_id=view.key_id)
    except ChurnriskError as refused:
        raise Problem(422, "Invalid request", retell(str(refused))) from None
    return view.go(PAGE, id=own_id)
