"""The audit log: a change that needs an admin is written down by itself before it is made; no route can forget to."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.types import ASGIApp, Receive, Scope, Send

from churnrisk.service.access import SAFE_METHODS, Needs
from churnrisk.service.api.queries import NoOthers
from churnrisk.service.api.shapes import problems
from churnrisk.service.logs import log_defect
from churnrisk.state import State, amend_audit, list_audit, note_audit

router = APIRouter(tags=["audit"])


class Entry(BaseModel):
    """One action: when (UTC), with which key (none for the shell), and what."""

    model_config = ConfigDict(strict=True, extra="forbid")

    audit_id: int
    at: str
    key_id: int | None
    action: str
    detail: dict[str, Any]


class Entries(BaseModel):
    """The newest actions, newest first."""

    model_config = ConfigDict(strict=True, extra="forbid")

    entries: list[Entry]


@router.get("/v1/audit", dependencies=[Needs("admin"), NoOthers], summary="What admins did", responses=problems())
def audit(request: Request, limit: Annotated[int, Query(ge=1, le=1000, strict=False)] = 100) -> Entries:
    """Return the newest entries of the audit log."""
    found = list_audit(request.app.state.state, limit=limit)
    return Entries(entries=[Entry(**{**vars(one), "detail": dict(one.detail)}) for one in found])


class Recorded:
    """Middleware behind the access: a change that needs an admin is written down first, or it is not made."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write the request down, and pass it on."""
        if scope["type"] == "http" and _is_change(scope):
            facts = {"key_id": scope["state"]["caller"].key_id, "request_id": scope["state"]["request_id"]}
            state: State = scope["app"].state.state
            scope["state"]["audit_id"] = await asyncio.to_thread(_note, state, _action(scope), **facts)
        await self.app(scope, receive, send)


async def note_outcome(scope: Scope, status: int) -> None:
    """Write down how such a request ended, a refused one too; where that cannot be, the log says so."""
    if not _is_change(scope):
        return
    state, audit_id = scope["app"].state.state, scope["state"].get("audit_id")
    facts = {"status": status, "request_id": scope["state"]["request_id"]}
    try:
        if audit_id is not None:
            await asyncio.to_thread(amend_audit, state, audit_id, **facts)
        else:
            key_id = scope["state"]["caller"].key_id
            await asyncio.to_thread(_note, state, _action(scope), key_id=key_id, **facts)
    except Exception as error:  # the answer stays what it is
        log_defect(error, route=_action(scope), **facts)


def _is_change(scope: Scope) -> bool:
    """Tell whether a request, of somebody who is known, needs an admin and may change something."""
    door, caller = scope["state"].get("door"), scope["state"].get("caller")
    if door is None or caller is None or scope["method"] in SAFE_METHODS:
        return False
    return door.need is not None and door.need.role == "admin"


def _note(state: State, action: str, **facts: Any) -> int:
    return note_audit(state, action, **facts)


def _action(scope: Scope) -> str:
    return f"{scope['method']} {scope['state']['door'].template}"
