"""``/v1/customers``: one customer, and the list of those at risk."""

from __future__ import annotations

import functools
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from churnrisk.errors import NoModel, UnknownCustomer
from churnrisk.messages import mark
from churnrisk.schema import Risk, Segment, Sort, Status
from churnrisk.service.access import Needs
from churnrisk.service.api.queries import NoOthers
from churnrisk.service.api.shapes import CustomerAnswer, CustomersAnswer, Date, ListAnswer, problems
from churnrisk.service.contacts import Contacts, are_shown
from churnrisk.service.finished import Finished, FinishedAnswers
from churnrisk.shop import MOST_NUMBER, CustomerQuery, Shop

router = APIRouter(prefix="/v1", tags=["customers"])
Several = Query(max_length=10, description="Only these; repeatable.")
Number = Annotated[int | None, Query(ge=0, le=MOST_NUMBER)]


@router.get(
    "/customers/{customer_id:path}",
    dependencies=[Needs("reader")],
    response_model=CustomerAnswer,
    summary="One customer",
    responses=problems(404),
)
async def customer(
    request: Request,
    customer_id: str,
    explain: Annotated[bool, Query(description="Also give what each family of features adds to the score.")] = False,
) -> Response:
    """Return a customer's score, reasons, next order and orders; orders received a moment ago are in it.

    Any text is an id; what is special in an address is percent-encoded, a slash as ``%2F`` or as it is. A key of the
    role ``contacts`` is also given name, addresses and consent, as the shop's own file has them now.
    """
    answers: FinishedAnswers = request.app.state.finished
    last = answers.find(request.scope)
    try:
        finished = await run_in_threadpool(_answer, request.app.state.shop, customer_id, explain=explain, last=last)
    except UnknownCustomer:
        answers.drop(request.scope)  # of a forgotten customer nothing is kept
        raise
    answers.keep(request.scope, finished)
    if not are_shown(request.scope):
        return Response(finished.content, media_type="application/json")
    told = json.loads(finished.content)
    found = await run_in_threadpool(request.app.state.contacts.find, [told["customer_id"]])
    return JSONResponse(told | {"contact": found.get(told["customer_id"])})


def _answer(shop: Shop, customer_id: str, *, explain: bool, last: Finished | None) -> Finished:
    """Return the last answer where it still holds, else make another."""
    version = shop.customer_version(customer_id)  # before the rest: what comes meanwhile makes the answer an old one
    if last is not None and last.version == version:
        return last
    view = shop.customer(customer_id).to_dict()
    if explain:
        is_scored = view["score"]["status"] == "scored"
        view |= {"explanation": shop.explain(customer_id) if is_scored else None}
    look = functools.partial(shop.customer_version_at_once, customer_id)
    return Finished(bytes(JSONResponse(view).body), version, look)


def _read_past(
    *,
    min_days_since_last_order: Number = None,
    max_days_since_last_order: Number = None,
    min_order_count: Number = None,
    max_order_count: Number = None,
    due_within: Annotated[
        int | None, Query(ge=0, le=MOST_NUMBER, description="Next order expected within so many days.")
    ] = None,
    overdue: Annotated[bool, Query(description="Silent for clearly longer than is usual of the customer.")] = False,
    last_bought: Annotated[
        str, Query(max_length=200, description="Product id, category, or words of a product's name, bought last.")
    ] = "",
    first_order_from: Annotated[Date | None, Query(description="First purchase on this day or later.")] = None,
    first_order_to: Annotated[Date | None, Query(description="First purchase on this day or before.")] = None,
) -> dict[str, Any]:
    """Take the part of the filter that is about what customers did."""
    return dict(locals())


Past = Annotated[dict[str, Any], Depends(_read_past)]


@router.get(
    "/list",
    dependencies=[Needs("reader"), NoOthers],
    response_model=ListAnswer,
    summary="The list of this week",
    responses=problems(404),
)
def week_list(request: Request) -> Response:
    """Return the customers to contact this week, why and with what; the orders due; the lapsed worth winning back.

    The rows and their order are those of ``churnrisk weekly``, the report and the first page. Customers in a campaign,
    contacted a short while ago, or with an order since the last reading are left out. A key of the role ``contacts`` is
    also given name, addresses and consent.
    """
    contacts: Contacts = request.app.state.contacts
    listed = request.app.state.shop.week_list(contacts.as_told(request.state.caller))
    if listed is None:
        raise NoModel(
            mark("Nobody is scored, so there is no list; `churnrisk train`, or a training job, makes a model.")
        )
    told = listed.to_dict()
    if are_shown(request.scope):
        found = contacts.find(listed.customer_ids)
        for one in (*told["contact"], *told["due"], *told["lapsed"]):
            one["contact"] = found.get(one["customer_id"])
    return JSONResponse(told)


@router.get(
    "/customers",
    dependencies=[Needs("reader"), NoOthers],
    response_model=CustomersAnswer,
    summary="The list of customers",
    responses=problems(404),
)
def customers(
    request: Request,
    past: Past,
    segment: Annotated[list[Segment] | None, Several] = None,
    risk: Annotated[list[Risk] | None, Several] = None,
    status: Annotated[list[Status] | None, Several] = None,
    min_value: Annotated[float | None, Query(allow_inf_nan=False, description="Least value at risk.")] = None,
    prefix: Annotated[str, Query(max_length=200, description="How the id begins.")] = "",
    sort: Annotated[Sort, Query()] = "value",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=4000, description="The next_cursor of the page before.")] = None,
) -> Response:
    """Return a page of all customers, by default those with the most value at risk first.

    The list is as of the last reading of the history; orders received since are in the answers for single customers.
    """
    query = CustomerQuery(
        tuple(segment or ()),
        tuple(risk or ()),
        tuple(status or ()),
        min_value=min_value,
        prefix=prefix,
        sort=sort,
        limit=limit,
        cursor=cursor,
        **past,
    )
    page = request.app.state.shop.customers(query)
    shown = {"as_of": page.as_of, "model": page.model, "total": page.total, "next_cursor": page.next_cursor}
    rows = page.rows
    if are_shown(request.scope):
        found = request.app.state.contacts.find(row["customer_id"] for row in rows)
        rows = [row | {"contact": found.get(row["customer_id"])} for row in rows]
    return JSONResponse({**shown, "customers": rows})
