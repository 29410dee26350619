"""``POST /v1/purchases``: new orders of the shop, kept before the answer is given."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from churnrisk.service.access import Caller, Needs
from churnrisk.service.api.bodies import check_rows, form_of_body, read_csv_purchases
from churnrisk.service.api.shapes import PurchasesRequest, Receipts, inline, parse, problems
from churnrisk.service.problems import Problem

router = APIRouter(prefix="/v1", tags=["purchases"])
CSV = {
    "schema": {"type": "string"},
    "example": "customer_id,order_id,ordered_at,amount\n13085,489434,2011-11-01,505.30\n",
}
BODY = {
    "required": True,
    "content": {"application/json": {"schema": inline(PurchasesRequest)}, "text/csv": CSV},
}


@router.post(
    "/purchases",
    response_model=Receipts,
    summary="Keep new purchases",
    openapi_extra={"requestBody": BODY},
    responses=problems(409, 413, 415),
)
async def purchases(request: Request, caller: Annotated[Caller, Needs("scorer")]) -> Response:
    """Keep new orders: all rows of an order in one request. They are on the disk when this answers.

    A request with a row that is not right keeps nothing. An order is known by its customer, its id and
    its day: sent again as it was it is a ``duplicate`` and changes nothing, so send again whatever was not answered;
    sent with other rows it is a ``conflict``, the answer is 409 and names it, and the other orders of the request are
    kept all the same. Rows of a known id on another day, such as a refund, are an order of their own. The next answer
    for a customer has the orders in it.
    """
    form = form_of_body(request, "json", "csv")
    return await run_in_threadpool(_keep, request.app.state, await request.body(), form, caller)


def _keep(kept: Any, body: bytes, form: str, caller: Caller) -> Response:
    sent = parse(PurchasesRequest, body).purchases if form == "json" else read_csv_purchases(body)
    check_rows(sent, kept.config.bounds.rows)
    receipts = kept.shop.receive([one.to_row() for one in sent], key_id=caller.key_id)
    names = ("customer_id", "order_id", "status", "ordered_on")
    orders = [dict(zip(names, receipt, strict=True)) for receipt in receipts]
    conflicts = [one for one in orders if one["status"] == "conflict"]
    if conflicts:
        first = conflicts[0]
        raise Problem(
            409,
            "Order conflict",
            f"{len(conflicts)} orders were kept before with other rows; the first is {first['order_id'][:100]!r} of "
            f"customer {first['customer_id'][:100]!r}; they stay as they were. The others of this request are kept.",
            orders=orders,
        )
    counts = {name: sum(one["status"] == word for one in orders) for name, word in _WORDS.items()}
    return JSONResponse({**counts, "orders": orders})


_WORDS = {"accepted": "accepted", "duplicates": "duplicate"}
