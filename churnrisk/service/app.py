"""The application: what every worker serves, put together from the routes and what stands before them."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from churnrisk import __version__
from churnrisk.errors import ChurnriskError
from churnrisk.service import api, pages
from churnrisk.service.access import Access, Doors
from churnrisk.service.audit import Recorded
from churnrisk.service.audit import router as audit
from churnrisk.service.bounds import Bound
from churnrisk.service.config import ServiceConfig
from churnrisk.service.contacts import Contacts
from churnrisk.service.documents import router as documents
from churnrisk.service.files import read_static
from churnrisk.service.files import router as static
from churnrisk.service.finished import FinishedAnswers
from churnrisk.service.guard import Guard
from churnrisk.service.health import Readiness
from churnrisk.service.health import router as health
from churnrisk.service.identity import Identities
from churnrisk.service.login import Throttle
from churnrisk.service.login import router as login
from churnrisk.service.logs import log_defect
from churnrisk.service.metrics import router as metrics
from churnrisk.service.problems import add_handlers
from churnrisk.shop import Shop
from churnrisk.state import open_state

KEEP_UP_SECONDS = 1.0


def create_app(config: ServiceConfig) -> FastAPI:
    """Make the application of one worker.

    While it runs, ``app.state`` holds ``config``, ``state`` (what is remembered), ``shop`` (what routes and pages ask),
    ``identities`` (the holders of keys), ``static`` and ``doors``.

    Parameters
    ----------
    config : ServiceConfig
        How to run.
    """
    app = Guarded(
        title="churnrisk",
        version=__version__,
        summary="Which customers are about to stop buying.",
        docs_url=None,  # loads its scripts from elsewhere
        redoc_url=None,
        openapi_url=None,  # served by a route of ours, to callers with a key
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    app.state.config = config
    for router in (health, metrics, login, static, documents, audit, *api.ROUTERS, *pages.ROUTERS):
        app.router.routes.extend(router.routes)  # one flat list, in which each route shows what it declares
    app.state.doors = Doors(app)
    app.state.static, app.state.throttle, app.state.finished = read_static(), Throttle(), FinishedAnswers()
    app.state.contacts = Contacts(config.contacts, config.options)
    app.state.problem_page = pages.show_problem
    add_handlers(app)
    app.guards = Guard(Access(Recorded(Bound(app.framework, config.bounds))), config.known_hosts)
    return app


class Guarded(FastAPI):
    """An application behind its guards: nothing reaches the framework but through them, nor costs what it costs.

    As its middleware they would stand behind what it does itself for every request, the refused ones too.
    """

    guards: Guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand everything that comes to the guards."""
        scope["app"] = self
        await self.guards(scope, receive, send)

    async def framework(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do what the framework does: find the route, read its parameters, call it."""
        await super().__call__(scope, receive, send)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    config: ServiceConfig = app.state.config
    with open_state(config.state) as state:
        app.state.state = state
        app.state.identities = Identities(state)
        app.state.shop = Shop.open(config.shop_plan, state)
        app.state.readiness = Readiness(state, app.state.shop)
        app.state.warming = threading.Thread(target=app.state.shop.warm_up, name="warm-up", daemon=True)
        stop = threading.Event()
        keeping = threading.Thread(target=_keep_up, args=(app.state.shop, stop), name="keep-up", daemon=True)
        contacts = threading.Thread(target=_read_contacts, args=(app.state.contacts,), name="contacts", daemon=True)
        for thread in (app.state.warming, keeping, contacts):
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in (app.state.warming, keeping, contacts):
                await asyncio.to_thread(thread.join)
            app.state.readiness.close()
            app.state.shop.close()
            app.state.identities.close()


def _read_contacts(contacts: Contacts) -> None:
    """Read the contacts before somebody asks; whoever asks is told what is wrong with them."""
    with contextlib.suppress(ChurnriskError):
        contacts.now()


def _keep_up(shop: Shop, stop: threading.Event) -> None:
    """Let the shop take up what is new before somebody asks."""
    while not stop.wait(KEEP_UP_SECONDS):
        try:
            shop.keep_up()
        except Exception as error:  # whoever asks is told; this goes on
            log_defect(error, request_id="", route="(keeping up)")
