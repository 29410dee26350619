"""``POST /v1/tables/NAME``: new rows of a table beside the purchases, kept before the answer is given."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from churnrisk.service.access import Caller, Needs
from churnrisk.service.api.bodies import check_rows, form_of_body
from churnrisk.service.api.shapes import Id, Number, Strict, Text, inline, parse, problems, to_text
from churnrisk.service.problems import Problem

router = APIRouter(prefix="/v1", tags=["tables"])
EXAMPLE_EVENTS: list[Any] = [
    {"customer_id": "13085", "happened_at": "2011-12-01", "ended_at": "2011-12-05", "kind": "complaint", "value": 2}
]
Moment = Annotated[str, StringConstraints(max_length=40)]


class TableRow(Strict):
    """One row of a table beside the purchases, by the names of its options in the settings."""

    customer_id: Id
    happened_at: Moment = Field(description="ISO date or time, by the shop's clock.", examples=["2011-12-01"])
    known_at: Moment | None = Field(None, description="When the shop knew it; by default when it happened.")
    ended_at: Moment | None = Field(None, description="When it was over; none while it is open.")
    kind: Text | None = None
    value: Number | None = None
    value_at: Moment | None = Field(None, description="When the value was known; by default with the row.")

    def to_texts(self) -> dict[str, str]:
        """Return what the row says, as text by name."""
        said = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: to_text(cell) or "" for name, cell in said.items() if cell is not None}


class RowsRequest(Strict):
    """Rows to keep."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rows": EXAMPLE_EVENTS}]})
    rows: list[TableRow] = Field(min_length=1)


class RowReceipts(BaseModel):
    """What became of the rows; all of them are on the disk."""

    accepted: int
    duplicates: int


BODY = {"required": True, "content": {"application/json": {"schema": inline(RowsRequest)}}}


@router.post(
    "/tables/{name}",
    response_model=RowReceipts,
    summary="Keep new rows of a table",
    openapi_extra={"requestBody": BODY},
    responses=problems(404, 413, 415),
)
async def tables(
    request: Request,
    name: Annotated[str, Path(max_length=40, description="As the settings declare it under `[tables.NAME]`.")],
    caller: Annotated[Caller, Needs("scorer")],
) -> Response:
    """Keep rows of a table beside the purchases. They are on the disk when this answers.

    A request with a row that is not right keeps nothing. A row that was kept before, and is sent again as it was, is a
    ``duplicate`` and changes nothing, so send again whatever was not answered. A row that is sent again with an end or
    a value takes the place of the same row without it. A row that the source of the table has, too, counts once. The
    next answer for a customer has the rows in it.
    """
    form_of_body(request, "json")
    return await run_in_threadpool(_keep, request.app.state, await request.body(), name, caller)


def _keep(kept: Any, body: bytes, name: str, caller: Caller) -> Response:
    _check_name(kept.shop.plan.options.tables, name)
    rows = parse(RowsRequest, body).rows
    check_rows(rows, kept.config.bounds.rows)
    accepted = kept.shop.receive_rows(name, [one.to_texts() for one in rows], key_id=caller.key_id)
    return JSONResponse({"accepted": accepted, "duplicates": len(rows) - accepted})


def _check_name(declared: Any, name: str) -> None:
    known = sorted(one for one, table in declared.items() if table.family != "attributes")
    if name in known:
        return
    if name in declared:
        said = f"{name} is a table of attributes; send them to its source, which is read again when it changes."
    else:
        said = f"No table {name!r} is declared. Known: {', '.join(known) or 'none'}. Declare it in churnrisk.toml."
    raise Problem(404, "Unknown table", said)
