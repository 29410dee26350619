"""The list of customers behind a filter as a file: CSV as the command line writes it, or a workbook for people."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from starlette.responses import Response, StreamingResponse

from churnrisk.messages import mark, say, say_heading
from churnrisk.orders import ContactList
from churnrisk.report import tell_table, whole
from churnrisk.service.pages.customer_filter import kept_fields, read_query, used_fields
from churnrisk.service.pages.frame import View, page
from churnrisk.service.problems import Problem
from churnrisk.state import note_audit
from churnrisk.tables import Table, to_csv, to_xlsx

AT_A_TIME = 500
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TOO_MANY = mark("{count} customers are behind this filter, and a file holds {most} at most. Narrow the filter.")


@page("/customers.csv", lane="files")
def export_csv(view: View) -> Response:
    """Return the whole list behind the filter as CSV, as the command line writes scores."""
    parts = _read_parts(view, "csv")
    lines = (text if not k else text.partition("\n")[2] for k, text in enumerate(map(to_csv, parts)))
    first = next(lines)  # what cannot be given is said before the answer begins
    return StreamingResponse(
        itertools.chain([first], lines), media_type="text/csv; charset=utf-8", headers=_named("customers.csv")
    )


@page("/customers.xlsx", lane="files")
def export_xlsx(view: View) -> Response:
    """Return the whole list behind the filter as a workbook, in the language of the reader."""
    parts = map(tell_table, _read_parts(view, "xlsx"))
    first = next(parts)
    content = to_xlsx(itertools.chain([first], parts), [say_heading(name) for name in first.names])
    return Response(content, media_type=XLSX, headers=_named("customers.xlsx"))


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _read_parts(view: View, form: str) -> Iterator[Table]:
    """Yield the list part by part; it is bounded, and written down, before the first one."""
    query = replace(read_query(view), limit=AT_A_TIME, cursor=None)
    most, shop = view.request.app.state.config.bounds.rows, view.shop
    found = shop.customers(query)
    if found.total > most:
        raise Problem(422, "Invalid request", say(TOO_MANY, count=whole(found.total), most=whole(most)))
    detail = {"format": form, "customers": found.total, "fields": used_fields(kept_fields(view))}
    note_audit(view.state, "customers exported", key_id=view.key_id, **detail)
    names = list(found.rows[0] if found.rows else {"customer_id": None})
    contacts = view.request.app.state.contacts.now() if view.sees_contacts else None
    yield _to_table(names, found.rows, contacts)
    while found.next_cursor is not None:
        query = replace(query, cursor=found.next_cursor)
        found = shop.customers(query)
        yield _to_table(names, found.rows, contacts)


def _to_table(names: list[str], rows: list[dict[str, Any]], contacts: ContactList | None) -> Table:
    table = Table({name: [row[name] for row in rows] for name in names})
    return table if contacts is None else contacts.add_to(table)
