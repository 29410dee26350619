"""Campaigns: made from the list with a control group, measured by the history, and what they came to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from starlette.responses import Response

from churnrisk.campaigns import (
    Campaign,
    CampaignList,
    create_campaign,
    load_campaign,
    load_members,
)
from churnrisk.errors import ChurnriskError, NoModel
from churnrisk.messages import mark, say, say_heading, write_date
from churnrisk.report import CHOICES, Block, describe_campaigns, whole
from churnrisk.retelling import retell
from churnrisk.schema import OUTCOMES, RISKS, Outcome
from churnrisk.service.pages.customer_filter import read_number, read_whole
from churnrisk.service.pages.exports import XLSX
from churnrisk.service.pages.frame import View, page
from churnrisk.service.pages.left_out import pasted_text, read_left_out
from churnrisk.service.pages.week_list import find_list
from churnrisk.service.problems import Problem, problem_of
from churnrisk.shop import CustomerQuery
from churnrisk.state import note_audit, recording
from churnrisk.tables import Sheet, Table, book_of, to_csv
from churnrisk.timeline import date_of
from churnrisk.workflows import describe_campaign

MOST_CUSTOMERS = 10_000
LISTED_AT_A_TIME = 500
USUAL_WINDOW = 90
FIELDS = {
    "--holdout": mark("Kept back, in percent"),
    "--drop-overlap": mark("Leave out customers in another campaign on these days"),
}
"""Options of the command that the form has fields for."""

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
EMPTY = dict.fromkeys(
    ("name", "of", "segment", "risk", "min_value", "left_out", "drop_overlap", "starts_on", "most"), ""
)
USUAL = {"customers": "500", "holdout": "10", "outcome": "retained"}
FORMATS = {"churn_probability": "0%", "value_at_risk": "#,##0.00"}
TERMS = ("contact_cost", "incentive_cost", "margin")
WHOLE_LIST = mark(
    "This week’s list is taken as it is. Leave risk, segment and value empty, or take the campaign from all customers."
)


@page("/campaigns")
def campaigns(view: View) -> Response:
    """Show the form for a new campaign, those that there are, and what they came to."""
    return _show(view, given=_usual(view), message="", made=view.ask("made"), now_measured=view.ask("measured"))


def _usual(view: View) -> dict[str, str]:
    config = view.request.app.state.config
    costs = (1.0, 0.0) if config.terms is None else (config.terms.contact_cost, config.terms.incentive_cost)
    known = (*costs, config.valuation.margin * 100)
    terms = {name: f"{value:g}" for name, value in zip(TERMS, known, strict=True)}
    listing, chosen = view.shop.plan.listing, {}
    if view.ask("of") == "list":
        chosen = {"of": "list", "customers": str(listing.size)}
    elif view.ask("of") == "lapsed":
        chosen = {"of": "lapsed", "customers": str(listing.lapsed), "holdout": f"{100 * listing.lapsed_holdout:g}"}
    return {**EMPTY, **USUAL, **terms, "window": str(_horizon(view)), **chosen}


def _show(
    view: View,
    *,
    given: dict[str, str],
    message: str,
    made: str = "",
    now_measured: str = "",
    status: int = 200,
) -> Response:
    stored = view.shop.campaigns()
    measured = [describe_campaign(one["campaign"], one["result"]) for one in stored if one["result"]]
    blocks: list[Block] = list(describe_campaigns(measured)) if measured else []
    rows = [_show_row(one) for one in stored]
    return view.show(
        "campaigns.html",
        status=status,
        rows=rows,
        blocks=blocks,
        given=given,
        message=name_fields(retell(message)),
        made=next((row for row in rows if made and row["name"] == made), None),
        now_measured=now_measured if now_measured in {one.name for one in measured} else "",
        has_opted_out=view.request.app.state.config.suppress is not None,
        consent_unknown=_tell_unknown_consent(view),
        segments=CHOICES["segment"],
        risks=RISKS,
        outcomes=OUTCOMES,
    )


def _tell_unknown_consent(view: View) -> str:
    """Say that the file of contacts has no column of consents, where that is so."""
    try:
        known = view.known_contacts
    except ChurnriskError:
        return ""  # making a campaign says what is wrong with the file
    return "" if known is None or known.says_consent else retell(known.tell_consent(0))


def name_fields(message: str) -> str:
    """Name fields of the form where a message names options; what it has no field for is set in churnrisk.toml."""

    def instead(option: re.Match[str]) -> str:
        label = FIELDS.get(option[0])
        return f"`{option[0][2:].replace('-', '_')}`" if label is None else f"“{say(label)}”"

    return _OPTION.sub(instead, message)


def _horizon(view: View) -> int:
    try:
        return view.shop.model().model.snapshot.horizon
    except NoModel:
        return USUAL_WINDOW


def _show_row(one: dict[str, Any]) -> dict[str, Any]:
    stored = one["campaign"]
    campaign = stored.campaign
    waits = say("waits for orders up to {day}", day=write_date(date_of(campaign.ends_on - 1)))
    return {
        "name": campaign.name,
        "from": write_date(date_of(campaign.starts_on)),
        "to": write_date(date_of(campaign.ends_on - 1)),
        "contacted": whole(stored.treated),
        "kept_back": whole(stored.control),
        "left_out": whole(campaign.suppressed) if campaign.suppressed else "",
        "state": say("measured") if one["result"] else say("not measured yet") if one["is_over"] else waits,
        "can_be_measured": one["is_over"] and not one["result"],
    }


@page("/campaigns", role="scorer", method="POST")
def create(view: View) -> Response:
    """Draw a campaign from the list and remember it; show the form again where that cannot be."""
    names = (*EMPTY, *USUAL, *TERMS, "window")
    given = {name: view.ask(name) for name in names} | {"left_out": pasted_text(view)}
    try:
        left_out, contacts = read_left_out(view), view.known_contacts
        listed = _take_list(view)
        _refuse_most(view, listed)
        campaign = _read_campaign(view, listed)
        with view.state.transaction():
            is_alone = given["drop_overlap"] == "yes"
            create_campaign(
                view.state,
                listed,
                campaign,
                output=None,
                suppressed=left_out,
                contacts=contacts,
                drop_overlap=is_alone,
            )
            note_audit(view.state, "campaign created", key_id=view.key_id, name=campaign.name)
    except Problem as refused:
        given["most"] = given["most"] or ("ask" if "most" in refused.extra else "")
        return _show(view, given=given, message=refused.detail, status=422)
    except ChurnriskError as refused:
        return _show(view, given=given, message=str(refused), status=422)
    return view.go("/campaigns", made=campaign.name)


@page("/campaigns/measure", role="scorer", method="POST")
def measure(view: View) -> Response:
    """Measure a campaign by the history, and remember what it came to; say when it can be, where it is too early."""
    name = view.ask("name")
    try:
        with recording(view.state, "campaign measured", key_id=view.key_id, name=name):
            view.shop.measure_campaign(name)
    except ChurnriskError as refused:
        return _show(view, given=_usual(view), message=retell(str(refused)), status=problem_of(refused).status)
    return view.go("/campaigns", measured=name)


def _read_campaign(view: View, listed: CampaignList) -> Campaign:
    outcome: Outcome = next((one for one in OUTCOMES if one == view.ask("outcome")), "retained")
    holdout = read_number(view, "holdout")
    window = read_whole(view, "window")
    window = _horizon(view) if window is None else window
    contact_cost, incentive_cost = (read_number(view, name) or 0.0 for name in TERMS[:2])
    if min(contact_cost, incentive_cost) < 0:
        raise Problem(422, "Invalid request", say("A cost cannot be negative."))
    percent = read_number(view, "margin")
    margin = view.request.app.state.config.valuation.margin if percent is None else percent / 100
    if not 0 <= margin <= 1:
        raise Problem(422, "Invalid request", say("The profit in percent of revenue must be 0 to 100."))
    if not 1 <= window <= 3650:
        raise Problem(422, "Invalid request", say("The days that count must be 1 to 3,650."))
    return Campaign(
        name=view.ask("name"),
        starts_on=listed.first_day(view.ask("starts_on") or None),
        window_days=window,
        outcome=outcome,
        holdout=(10.0 if holdout is None else holdout) / 100,
        seed=0,
        contact_cost=contact_cost,
        incentive_cost=incentive_cost,
        margin=margin,
    )


def _refuse_most(view: View, listed: CampaignList) -> None:
    """Ask before a campaign keeps more than half of all customers from every other one on its days."""
    everybody = view.shop.customers(CustomerQuery(statuses=("scored",), limit=1)).total
    if 2 * len(listed.customer_ids) <= everybody or view.ask("most") == "yes":
        return
    asked = say(
        "{count} of {all} customers would be in this campaign, and in no other on its days. Take fewer, or say below "
        "that this is meant.",
        count=whole(len(listed.customer_ids)),
        all=whole(everybody),
    )
    raise Problem(422, "Invalid request", asked, most=True)


def _take_list(view: View) -> CampaignList:
    """Take the first customers of the list behind a filter."""
    wanted = read_whole(view, "customers") or 0
    if not 1 <= wanted <= MOST_CUSTOMERS:
        most = whole(MOST_CUSTOMERS)
        raise Problem(422, "Invalid request", say("A campaign takes 1 to {most} customers.", most=most))
    of_week = {"list": _contact_rows, "lapsed": _lapsed_rows}.get(view.ask("of"))
    if of_week is not None and any(view.ask(name) for name in ("segment", "risk", "min_value")):
        raise Problem(422, "Invalid request", say(WHOLE_LIST))
    rows = list((of_week or _rows)(view, wanted))
    if not rows:
        raise Problem(422, "Invalid request", view.list_problem or say("Nobody is behind this filter."))
    names = ("churn_probability", "value_at_risk", "as_of")
    columns = {name: ["" if row[name] is None else str(row[name]) for row in rows] for name in names}
    return CampaignList(say("the list"), [row["customer_id"] for row in rows], columns)


def _contact_rows(view: View, wanted: int) -> Iterator[dict[str, Any]]:
    """Yield the first customers to contact of this week's list."""
    listed = find_list(view)
    if listed is not None:
        day = date_of(listed.as_of).isoformat()
        yield from ({**vars(one), "as_of": day} for one in listed.contact[:wanted])


def _lapsed_rows(view: View, wanted: int) -> Iterator[dict[str, Any]]:
    """Yield the first lapsed customers of this week's list; the chance that none returns stands for that of leaving."""
    listed = find_list(view)
    if listed is None:
        return
    day = date_of(listed.as_of).isoformat()
    for one in listed.lapsed[:wanted]:
        chance = None if one.return_probability is None else 1 - one.return_probability
        yield {**vars(one), "as_of": day, "churn_probability": chance}


def _rows(view: View, wanted: int) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    taken = 0
    while taken < wanted:
        query = CustomerQuery(
            segments=view.ask_all("segment"),
            risks=view.ask_all("risk"),
            statuses=("scored",),
            min_value=read_number(view, "min_value"),
            limit=min(LISTED_AT_A_TIME, wanted - taken),
            cursor=cursor,
        )
        found = view.shop.customers(query)
        yield from found.rows
        taken += len(found.rows)
        cursor = found.next_cursor
        if cursor is None:
            return


@page("/campaigns/contacts.csv", role="scorer")
def contacts(view: View) -> Response:
    """Return the members of a campaign that are to be contacted; not those who have withdrawn their consent since."""
    headers = {"Content-Disposition": 'attachment; filename="contacts.csv"'}
    return Response(to_csv(_contacted(view)), media_type="text/csv; charset=utf-8", headers=headers)


@page("/campaigns/contacts.xlsx", lane="files", role="scorer")
def contacts_book(view: View) -> Response:
    """Return the same as a workbook in the language of the reader."""
    table = _contacted(view)
    content = book_of([Sheet(say("To contact"), table, [say_heading(name) for name in table.names], FORMATS)])
    headers = {"Content-Disposition": 'attachment; filename="contacts.xlsx"'}
    return Response(content, media_type=XLSX, headers=headers)


def _contacted(view: View) -> Table:
    stored, known = load_campaign(view.state, view.ask("name")), view.known_contacts
    members = [one for one in load_members(view.state, stored.campaign_id) if one.is_treated]
    out = known.without_consent(one.customer_id for one in members) if known else set()
    members = [one for one in members if one.customer_id not in out]
    table = Table(
        {
            "customer_id": [one.customer_id for one in members],
            "churn_probability": [one.churn_probability for one in members],
            "value_at_risk": [one.value for one in members],
        }
    )
    return known.add_to(table) if known is not None and view.sees_contacts else table
