"""Whether the service is alive, and whether it can do its work: the only two answers that need no key."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from churnrisk.clock import steady
from churnrisk.errors import StateError
from churnrisk.service.access import OPEN_PROBE
from churnrisk.service.logs import describe_in_full, log
from churnrisk.service.problems import Problem, respond
from churnrisk.shop import Shop
from churnrisk.state import State

router = APIRouter(tags=["health"])

FRESH_SECONDS = 0.5
"""So long a look is believed: anyone may ask, and as often as they like."""

LOOK_SECONDS = 2.0
"""What takes longer cannot be reached."""

NO_STATE = "What the service remembers cannot be reached."
UNREADABLE = "The models or the purchase history cannot be read."


@router.get("/healthz", dependencies=[OPEN_PROBE], summary="Is the service alive?")
async def healthz() -> JSONResponse:
    """Answer, which is all; it never waits for anything."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", dependencies=[OPEN_PROBE], summary="Can the service score?")
async def readyz(request: Request) -> Response:
    """Answer 200 when the state can be reached and there are a model and a history, else 503 with what is missing."""
    readiness: Readiness = request.app.state.readiness
    missing = await readiness.find_missing()
    if not missing:
        return JSONResponse({"status": "ready"})
    # the reasons are our own words: whoever may not see more learns no path and no version from them
    return respond(Problem(503, "Not ready", " ".join(missing), headers={"Retry-After": "5"}), request.scope)


class Readiness:
    """What the service lacks to do its work: looked at in a thread of its own, since all of it may have to wait.

    Parameters
    ----------
    state : State
        What has to be within reach.
    shop : Shop
        What has to have a model and a history.
    """

    def __init__(self, state: State, shop: Shop) -> None:
        self._state, self._shop = state, shop
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self._look: asyncio.Future[list[str]] | None = None
        self._found: tuple[float, list[str]] = (-FRESH_SECONDS, [])
        self._told: list[str] = []

    async def find_missing(self) -> list[str]:
        """Return what is missing, in words that anyone may read; all who ask at a time share one look."""
        at, found = self._found
        if steady() - at < FRESH_SECONDS:
            return found
        if self._look is None or self._look.done():
            self._look = asyncio.get_running_loop().run_in_executor(self._thread, self._find)
        await asyncio.wait({self._look}, timeout=LOOK_SECONDS)
        return self._look.result() if self._look.done() else [NO_STATE]

    def _find(self) -> list[str]:
        error: Exception | None = None
        try:
            self._state.check()
            found = self._shop.missing()
        except Exception as caught:
            error, found = caught, [NO_STATE if isinstance(caught, StateError) else UNREADABLE]
        if found != self._told:  # once, and not at every probe
            log("not ready" if found else "ready", missing=found, **({} if error is None else describe_in_full(error)))
        self._told, self._found = found, (steady(), found)
        return found

    def close(self) -> None:
        """Look no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)
