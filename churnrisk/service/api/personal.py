"""What the law gives a customer, for admins: all that is held of them, erasure, and objections."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, StringConstraints
from starlette.responses import JSONResponse

from churnrisk import memory
from churnrisk.service.access import Caller, Needs
from churnrisk.service.api.queries import NoOthers
from churnrisk.service.api.shapes import Open, problems
from churnrisk.service.config import ServiceConfig
from churnrisk.state import recording
from churnrisk.timeline import date_of

router = APIRouter(prefix="/v1", tags=["personal data"])
CustomerId = Annotated[str, Path(), StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Admin = Annotated[Caller, Needs("admin")]


class HeldAnswer(BaseModel):
    """All that is held of a customer: rows of the state by table, and of files; null where a file cannot be read."""

    customer_id: str
    tables: dict[str, list[dict[str, Any]]]
    files: list[dict[str, Any]]


class ForgottenAnswer(Open):
    """What was erased of a customer, and the files that still hold the id, or may."""

    customers: int
    known: int
    runs: list[dict[str, Any]]
    campaigns: list[dict[str, Any]]
    received_orders: int
    received_rows: int
    files: list[dict[str, Any]]
    is_dry: bool
    is_scrubbed: bool


@router.get(
    "/held/{customer_id:path}",
    dependencies=[NoOthers],
    response_model=HeldAnswer,
    summary="All that is held of a customer",
    responses=problems(),
)
def held(request: Request, customer_id: CustomerId, caller: Admin) -> Response:
    """Return every row of the state and of the files that churnrisk wrote that is of this customer, and of nobody else.

    Contacts are not among them: they stay in the shop's own file, and are shown with the customer.
    """
    config: ServiceConfig = request.app.state.config
    with recording(request.app.state.state, "show all that is held of a customer", key_id=caller.key_id):
        found = memory.find_all_held(
            config.state,
            customer_id,
            models_dir=config.models_dir,
            files=_as_files(config.purchases),
            stored_as=config.options.own_id,
        )
    return JSONResponse({"customer_id": customer_id, **asdict(found)})


@router.delete(
    "/customers/{customer_id:path}",
    dependencies=[Needs("admin"), NoOthers],
    response_model=ForgottenAnswer,
    summary="Forget a customer",
    responses=problems(),
)
def forget(
    request: Request,
    customer_id: CustomerId,
    dry_run: Annotated[bool, Query(description="Only say what would be erased.")] = False,
) -> Response:
    """Erase a customer from all that is remembered, for good; name the files that still hold the id.

    No file of the shop is changed: ``churnrisk forget --files`` rewrites those that churnrisk wrote. A customer of whom
    nothing is known gets the same answer, with ``known`` 0.
    """
    config: ServiceConfig = request.app.state.config
    found = memory.forget_customers(
        config.state,
        [customer_id],
        models_dir=config.models_dir,
        files=_as_files(config.purchases, config.contacts and config.contacts.place),
        stored_as=config.options.own_id,
        is_dry=dry_run,
    )
    return JSONResponse(_describe(found))


@router.post(
    "/objections/{customer_id:path}",
    dependencies=[Needs("admin"), NoOthers],
    response_model=ForgottenAnswer,
    summary="Leave out a customer who objects",
    responses=problems(),
)
def object_(request: Request, customer_id: CustomerId) -> Response:
    """Leave a customer out of training, scores, segments and lists, until the objection is withdrawn.

    Scores and memberships of campaigns go at once; received orders stay, unread.
    """
    return _settle_objection(request.app.state.config, customer_id, is_withdrawn=False)


@router.delete(
    "/objections/{customer_id:path}",
    dependencies=[Needs("admin"), NoOthers],
    response_model=ForgottenAnswer,
    summary="Withdraw an objection",
    responses=problems(),
)
def withdraw(request: Request, customer_id: CustomerId) -> Response:
    """Read a customer again from now on, as if there had been no objection."""
    return _settle_objection(request.app.state.config, customer_id, is_withdrawn=True)


def _settle_objection(config: ServiceConfig, customer_id: str, *, is_withdrawn: bool) -> Response:
    found = memory.object_customers(
        config.state,
        [customer_id],
        models_dir=config.models_dir,
        stored_as=config.options.own_id,
        is_withdrawn=is_withdrawn,
    )
    return JSONResponse(_describe(found))


def _describe(found: memory.Forgotten) -> dict[str, Any]:
    return asdict(found) | {"runs": [one | {"as_of": str(date_of(one["as_of"]))} for one in found.runs]}


def _as_files(*places: Any) -> list[FilePath]:
    """Return those of the shop's own places that are files; what churnrisk wrote is known to the state."""
    return [FilePath(one) for one in places if one and "://" not in str(one) and FilePath(one).is_file()]
