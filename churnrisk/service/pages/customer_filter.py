"""The filter of the list of customers: read from an address, written as one, and kept under a name."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from churnrisk.desk import delete_filter, list_filters, save_filter
from churnrisk.errors import ChurnriskError
from churnrisk.messages import mark, say
from churnrisk.retelling import retell
from churnrisk.service.pages.frame import View, address, page
from churnrisk.service.problems import Problem
from churnrisk.shop import CustomerQuery
from churnrisk.state import note_audit

LIST = "/customers"
ROWS = 50
NO_NUMBER = mark("{given}: this is no number.")
NO_WHOLE = mark("{given}: this is no whole number.")
NUMBERS = (
    *("min_days_since_last_order", "max_days_since_last_order", "min_order_count", "max_order_count", "due_within"),
)
DAYS = ("first_order_from", "first_order_to")
MORE = ("segment", *NUMBERS, "overdue", "last_bought", *DAYS)
"""Fields that are folded away while none of them is used."""

FIELDS = ("risk", "status", "min_value", "id", "sort", *MORE)
"""Everything that is written into addresses; the place in the list is not."""


def read_query(view: View) -> CustomerQuery:
    """Take the filter, the order and the place in the list from the address."""
    past: dict[str, Any] = {name: read_whole(view, name) for name in NUMBERS}
    past |= {name: view.ask(name) or None for name in DAYS}
    return CustomerQuery(
        segments=view.ask_all("segment"),
        risks=view.ask_all("risk"),
        statuses=view.ask_all("status"),
        min_value=read_number(view, "min_value"),
        prefix=view.ask("id"),
        sort=view.ask("sort") or "value",  # type: ignore[arg-type]  # checked there
        limit=ROWS,
        cursor=view.ask("cursor") or None,
        overdue=bool(view.ask("overdue")),
        last_bought=view.ask("last_bought"),
        **past,
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
        raise Problem(422, "Invalid request", say(NO_NUMBER, given=given[:40]))
    return number


def read_whole(view: View, name: str) -> int | None:
    """Take a whole number from the address or a form; None where there is none.

    Raises
    ------
    Problem
        For what is no whole number.
    """
    number = read_number(view, name)
    if number is not None and number != int(number):
        raise Problem(422, "Invalid request", say(NO_WHOLE, given=view.ask(name)[:40]))
    return None if number is None else int(number)


def kept_fields(view: View) -> dict[str, Any]:
    """Return the filter as it is written into addresses."""
    return {name: view.ask_all(name) for name in FIELDS}


def used_fields(fields: dict[str, Any]) -> list[str]:
    """Return the names of the fields that are used: what they hold may name a customer."""
    return sorted(name for name, given in fields.items() if given)


def saved_filters(view: View) -> list[dict[str, str]]:
    """Return the saved filters with their addresses."""
    return [{"name": one.name, "address": f"{LIST}?{one.address}"} for one in list_filters(view.state)]


@page("/customers/filters", role="scorer", method="POST")
def keep_filter(view: View) -> Response:
    """Keep the filter that the form brings under a name; a part of a customer id is left out of it."""
    read_query(view)  # what cannot be asked is not kept
    fields = {name: given for name, given in kept_fields(view).items() if name != "id"}
    name, written = view.ask("name"), address("", fields).removeprefix("?")
    try:
        with view.state.transaction():
            save_filter(view.state, name, written, key_id=view.key_id)
            note_audit(view.state, "filter saved", key_id=view.key_id, fields=used_fields(fields))
    except ChurnriskError as refused:
        raise Problem(422, "Invalid request", retell(str(refused))) from None
    return view.go(LIST, **fields, saved=name)


@page("/customers/filters/delete", role="scorer", method="POST")
def drop_filter(view: View) -> Response:
    """Delete a saved filter."""
    with view.state.transaction():
        if delete_filter(view.state, view.ask("name")):
            note_audit(view.state, "filter deleted", key_id=view.key_id)
    return view.go(LIST)
