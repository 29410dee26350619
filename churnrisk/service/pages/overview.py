"""The first page: the figures that a retention analyst looks at each morning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from churnrisk.errors import ModelNotFound, NoModel
from churnrisk.messages import say, write_date
from churnrisk.report import (
    Card,
    Cards,
    Words,
    describe_periods,
    describe_week_list,
    percent,
    tell_value_trust,
    whole,
)
from churnrisk.retelling import retell
from churnrisk.retention import Change, RetentionTable
from churnrisk.service.pages.frame import View, nothing_without, page
from churnrisk.timeline import parse_day


@dataclass(frozen=True)
class Figures:
    """Figures by month, as the blocks of the report want them."""

    table: RetentionTable
    first_day: int
    last_day: int
    changes: tuple[Change, ...] = ()


@page("/")
def overview(view: View) -> Response:
    """Show what is known at once; the figures over periods come after, since they may need a moment."""
    freshness = view.shop.freshness()
    summary = view.shop.summary()
    blocks = [Cards((*_score_cards(summary), _grade_card(view), _freshness_card(freshness))), *_value_trust(view)]
    listed = view.shop.week_list(view.request.app.state.contacts.now())
    people = {} if listed is None else view.reach(sorted(listed.customer_ids))
    shown = [] if listed is None else list(describe_week_list(listed, page="/customer", people=_call(people)))
    return view.show("overview.html", blocks=blocks, week_list=shown, model_problem=retell(freshness["model_problem"]))


@page("/parts/trends")
def trends(view: View) -> Response:
    """Return the cards and charts over months."""
    freshness, table = view.shop.freshness(), view.shop.figures.retention("month")
    first, last = (parse_day(freshness[name], option=name) for name in ("first_order_on", "last_order_on"))
    figures = Figures(table, first, last)
    blocks = list(describe_periods(figures))
    return view.show("part.html", blocks=blocks, is_in_pairs=True)


def _call(people: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return what customers are called, or their addresses where no name is known."""
    return {one: known.get("name") or known.get("email") or "" for one, known in people.items()}


def _score_cards(summary: dict[str, Any]) -> tuple[Card, ...]:
    status, risk = summary["status"], summary["risk"]
    if summary["mean_churn_probability"] is None:
        known = say("{customers} customers, of whom none is scored", customers=whole(summary["customers"]))
        return (Card(say("Customers"), whole(summary["customers"]), "", known),)
    at_high = say(
        "of {scored} scored customers; on average {mean} are expected to leave",
        scored=whole(status["scored"]),
        mean=percent(summary["mean_churn_probability"]),
    )
    cards = (Card(say("Customers at high risk"), whole(risk["high"]), "", at_high),)
    if summary["value_at_risk"] is None:
        return cards
    meaning = say("the purchase that is lost if nothing is bought in the horizon, times the churn probability")
    of_high = say("{value} of it with customers of high risk", value=whole(summary["value_at_high_risk"]))
    return (
        *cards,
        Card(
            say("Value at risk"),
            whole(summary["value_at_risk"]),
            of_high,
            meaning,
        ),
    )


def _value_trust(view: View) -> Iterator[Words]:
    """Say how far amounts are to be trusted, where there is a model."""
    with nothing_without(NoModel, ModelNotFound):
        if told := tell_value_trust(view.shop.model_view()["card"]):
            yield Words(told, is_note=True)


def _grade_card(view: View) -> Card:
    grade = view.shop.grade()
    if grade is None:
        return Card(say("Model"), say("none"), "", say("churnrisk train, or a training job, makes one"))
    return Card(say("Grade of the model"), grade["letter"], "", say("A is best, E is worst: the worst of its parts"))


def _freshness_card(freshness: dict[str, Any]) -> Card:
    newer = freshness["customers_with_newer_orders"]
    change = say("newer orders received: {customers} customers", customers=whole(newer)) if newer else ""
    read = say("the purchase history was read {at}", at=write_date(freshness["made_at"][:10]))
    return Card(say("Last order"), write_date(freshness["last_order_on"]), change, read)
