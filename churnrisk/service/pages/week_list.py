"""The list of this week: whole on a page of its own, and as a workbook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from churnrisk.errors import ChurnriskError, NoHistory
from churnrisk.messages import mark, say
from churnrisk.report import describe_week_list, list_sheets
from churnrisk.retelling import retell
from churnrisk.service.pages.exports import XLSX
from churnrisk.service.pages.frame import View, page
from churnrisk.state import note_audit
from churnrisk.tables import book_of
from churnrisk.week_list import WeekList

CUSTOMER_PAGE = "/customer"
IS_COMING = mark("Another model is used from now on. This week’s list is there as soon as it has scored everybody.")


@page("/list")
def week_list(view: View) -> Response:
    """Show everybody on the list."""
    listed = find_list(view)
    blocks = [] if listed is None else list(describe_week_list(listed, page=CUSTOMER_PAGE, people=called(view, listed)))
    return view.show("week_list.html", blocks=blocks, has_lapsed=listed is not None and bool(listed.lapsed))


@page("/list.xlsx", lane="files")
def export_list(view: View) -> Response:
    """Return the list as a workbook in the language of the reader, as the weekly run writes it."""
    listed = find_list(view)
    if listed is None:
        return view.go("/list")
    note_audit(view.state, "list exported", key_id=view.key_id, customers=len(listed.customer_ids))
    people = view.reach(sorted(listed.customer_ids))
    content = book_of(list_sheets(listed, people=people))
    headers = {"Content-Disposition": 'attachment; filename="list.xlsx"'}
    return Response(content, media_type=XLSX, headers=headers)


def find_list(view: View) -> WeekList | None:
    """Return the list of this week; None where there is none, and then the page says why."""
    try:
        listed = view.shop.week_list(view.known_contacts)
    except NoHistory:
        raise
    except ChurnriskError as error:  # of a file of contacts, or of customers who have opted out
        view.list_problem = say("This week’s list cannot be made: {problem}", problem=retell(str(error)))
        return None
    if listed is None:
        is_scored = view.shop.freshness()["model"] is not None and view.shop.grade() is not None
        view.list_problem = say(IS_COMING) if is_scored else say("Nobody is scored, so there is no list.")
    return listed


def called(view: View, listed: WeekList) -> dict[str, str]:
    """Return what the listed customers are called, or their addresses, for those who may see them."""
    people: Mapping[str, Mapping[str, Any]] = view.reach(sorted(listed.customer_ids))
    return {one: str(known.get("name") or known.get("email") or "") for one, known in people.items()}
