"""``/v1/models``: what is stored, and which is used."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import JSONResponse

from churnrisk.service.access import Caller, Needs
from churnrisk.service.api.shapes import ModelsAnswer, Open, PromotionAnswer, problems
from churnrisk.state import recording
from churnrisk.store import ModelEntry, promote_model

router = APIRouter(prefix="/v1", tags=["models"])
Version = Annotated[str, Path(max_length=100, examples=["20261122T014500.250Z-1a2b3c4d"])]


@router.get(
    "/models",
    dependencies=[Needs("reader")],
    response_model=ModelsAnswer,
    summary="Stored models",
    responses=problems(),
)
def models(request: Request) -> Response:
    """List the stored models, newest first, those that cannot be used with the reason."""
    return JSONResponse({"models": [_describe(one) for one in request.app.state.shop.models()]})


@router.get(
    "/models/{version}",
    dependencies=[Needs("reader")],
    response_model=Open,
    summary="The card of a model",
    responses=problems(404),
)
def model(request: Request, version: Version) -> Response:
    """Return the card of a model: its data, its test, its grade."""
    return JSONResponse(request.app.state.shop.model_view(version))


@router.post(
    "/models/{version}/promote",
    response_model=PromotionAnswer,
    summary="Make a model the current one",
    responses=problems(404),
)
def promote(request: Request, version: Version, caller: Annotated[Caller, Needs("admin")]) -> Response:
    """Let all workers score with this model from now on; the list follows as soon as everybody is scored anew."""
    kept = request.app.state
    with recording(kept.state, "promote model", key_id=caller.key_id, version=version) as entry:
        promotion = promote_model(kept.config.models_dir, version)
        entry["previous"] = promotion.previous
    return JSONResponse({"version": promotion.version, "previous": promotion.previous})


def _describe(entry: ModelEntry) -> dict[str, Any]:
    card = entry.card or {}
    return {
        "version": entry.version,
        "is_current": entry.is_current,
        "status": entry.status,
        "reason": entry.reason,
        "created_at": None if entry.created_at is None else entry.created_at.isoformat(),
        "signed_by": entry.signed_by,
        "snapshot": card.get("snapshot"),
        "grade": card.get("grade"),
    }
