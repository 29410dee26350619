"""Whether the service is alive, and whether it can do its work: the only two answers that need no key."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import JSONResponse, Response

from churnrisk.errors import ChurnriskError
from churnrisk.service.access import OPEN_PROBE
from churnrisk.service.problems import Problem, respond

router = APIRouter(tags=["health"])


@router.get("/healthz", dependencies=[OPEN_PROBE], summary="Is the service alive?")
async def healthz() -> JSONResponse:
    """Answer, which is all; it never waits for anything."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", dependencies=[OPEN_PROBE], summary="Can the service score?")
async def readyz(request: Request) -> Response:
    """Answer 200 when there are a model and a history, else 503 with what is missing."""
    missing = list_missing(request.app)
    if not missing:
        return JSONResponse({"status": "ready"})
    # the reasons are our own words: whoever may not see more learns no path and no version from them
    return respond(Problem(503, "Not ready", " ".join(missing), headers={"Retry-After": "5"}), request.scope)


def list_missing(app: FastAPI) -> list[str]:
    """Give what the service lacks to do its work, in words that anyone may read."""
    shop = app.state.shop
    if shop is None:
        return ["There is no model, or no purchase history, yet."]
    try:
        return [str(one) for one in shop.missing()]
    except ChurnriskError:
        return ["The models or the purchase history cannot be read; the log says why."]
