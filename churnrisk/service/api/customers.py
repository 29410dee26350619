"""``/v1/customers``: one customer, and the list of those at risk."""

from __future__ import annotations

from collections import OrderedDict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from churnrisk.service.access import Needs
from churnrisk.service.api.shapes import CustomerAnswer, CustomersAnswer, problems
from churnrisk.workflows import CustomerQuery, Shop

router = APIRouter(prefix="/v1", tags=["customers"])
Segment = Literal[
    "champions",
    "loyal",
    "promising",
    "new",
    "needs_attention",
    "about_to_sleep",
    "at_risk",
    "cannot_lose",
    "hibernating",
    "lost",
]
Risk = Literal["high", "medium", "low"]
Status = Literal["scored", "lapsed", "no_purchases"]
Several = Query(max_length=10, description="Only these; repeatable.")


class FinishedAnswers:
    """Finished answers, the last used last; one is good for as long as nothing it was made of has changed."""

    def __init__(self, *, most: int = 10_000, most_bytes: int = 64 * 2**20) -> None:
        self._most, self._most_bytes, self._bytes = most, most_bytes, 0
        self._kept: OrderedDict[str, tuple[tuple[Any, ...], bytes]] = OrderedDict()

    def find(self, name: str, version: tuple[Any, ...]) -> bytes | None:
        """Give the answer; None where there is none of this version."""
        kept = self._kept.get(name)
        if kept is None or kept[0] != version:
            return None
        self._kept.move_to_end(name)
        return kept[1]

    def keep(self, name: str, version: tuple[Any, ...], content: bytes) -> None:
        """Keep an answer, and let the oldest go."""
        old = self._kept.pop(name, None)
        self._bytes += len(content) - (len(old[1]) if old else 0)
        self._kept[name] = version, content
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self._bytes -= len(self._kept.popitem(last=False)[1][1])


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
    """Give a customer's score, reasons, next order and orders; orders received a moment ago are in it.

    Any text is an id; what is special in an address is percent-encoded, a slash as ``%2F`` or as it is.
    """
    kept, shop = request.app.state, request.app.state.shop
    if not hasattr(kept, "finished"):
        kept.finished = FinishedAnswers()
    if kept.state.dialect == "sqlite":
        version = shop.customer_version(customer_id)  # microseconds
    else:
        version = await run_in_threadpool(shop.customer_version, customer_id)
    name = f"{explain:d}{customer_id}"
    content = kept.finished.find(name, version)
    if content is None:
        content = await run_in_threadpool(_render, shop, customer_id, explain)
        kept.finished.keep(name, version, content)
    return Response(content, media_type="application/json")


def _render(shop: Shop, customer_id: str, explain: bool) -> bytes:
    view = shop.customer(customer_id).to_dict()
    if explain:
        is_scored = view["score"]["status"] == "scored"
        view |= {"explanation": shop.explain(customer_id) if is_scored else None}
    return bytes(JSONResponse(view).body)


@router.get(
    "/customers",
    dependencies=[Needs("reader")],
    response_model=CustomersAnswer,
    summary="The list of customers",
    responses=problems(404),
)
def customers(
    request: Request,
    segment: Annotated[list[Segment] | None, Several] = None,
    risk: Annotated[list[Risk] | None, Several] = None,
    status: Annotated[list[Status] | None, Several] = None,
    min_value: Annotated[float | None, Query(allow_inf_nan=False, description="Least value at risk.")] = None,
    prefix: Annotated[str, Query(max_length=200, description="How the id begins.")] = "",
    sort: Annotated[Literal["value", "risk", "id"], Query()] = "value",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=4000, description="The next_cursor of the page before.")] = None,
) -> Response:
    """Give a page of all customers, by default those with the most value at risk first.

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
    )
    page = request.app.state.shop.customers(query)
    shown = {"as_of": page.as_of, "model": page.model, "total": page.total, "next_cursor": page.next_cursor}
    return JSONResponse({**shown, "customers": page.rows})
