"""The audit log: a change that needs an admin, made or refused, is written down by itself; no route can forget to."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.types import Scope

from churnrisk.service.access import SAFE_METHODS, Needs
from churnrisk.service.api.queries import NoOthers
from churnrisk.service.api.shapes import problems
from churnrisk.state import State, list_audit, note_audit

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
    """Give the newest entries of the audit log."""
    found = list_audit(request.app.state.state, limit=limit)
    return Entries(entries=[Entry(**{**vars(one), "detail": dict(one.detail)}) for one in found])


async def note_change(scope: Scope, status: int) -> None:
    """Write down a request that only an admin may make and that may have changed something, with how it ended."""
    door, caller = scope["state"].get("door"), scope["state"].get("caller")
    if door is None or caller is None or scope["method"] in SAFE_METHODS:
        return
    if door.need is None or door.need.role != "admin":
        return
    facts = {"key_id": caller.key_id, "status": status, "request_id": scope["state"]["request_id"]}
    await asyncio.to_thread(_note, scope["app"].state.state, f"{scope['method']} {door.template}", **facts)


def _note(state: State, action: str, **facts: Any) -> None:
    note_audit(state, action, **facts)
