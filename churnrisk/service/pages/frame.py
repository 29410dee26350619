"""What every page of the dashboard has: the user, the language, the menu, and what is said without a history.

A page is a function from a :class:`View` to an answer, declared by :func:`page`. It runs in a thread, in the language
of whoever looks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from churnrisk import __version__
from churnrisk.errors import ChurnriskError, NoHistory, UnknownCustomer
from churnrisk.messages import LANGUAGES, mark, say, speaking, write_date
from churnrisk.orders import ContactList
from churnrisk.report import make_environment
from churnrisk.retelling import retell
from churnrisk.schema import KeyRole
from churnrisk.service.access import Caller, Lane, Needs, read_fields
from churnrisk.service.contacts import Contacts
from churnrisk.service.identity import is_secure
from churnrisk.service.languages import LANGUAGE_COOKIE, language_of
from churnrisk.service.problems import Problem
from churnrisk.shop import Shop
from churnrisk.state import State

router = APIRouter(include_in_schema=False)

MENU = (
    ("/", mark("Overview")),
    ("/customers", mark("Customers")),
    ("/products", mark("Products")),
    ("/cohorts", mark("Cohorts")),
    ("/segments", mark("Segments")),
    ("/model", mark("Model")),
    ("/campaigns", mark("Campaigns")),
    ("/monitor", mark("Monitoring")),
    ("/jobs", mark("Jobs")),
)
"""The pages, as they stand in the menu. A new one is a line here and a function under :func:`page`."""

TITLES = (
    *(mark("Not Found"), mark("Method Not Allowed"), mark("Invalid request"), mark("Role too small")),
    *(mark("Form token missing"), mark("Body too large"), mark("Too many fields"), mark("Too many logins")),
    *(mark("Busy"), mark("Stopping"), mark("Not ready"), mark("Queue full")),
    *(mark("Took too long"), mark("Defect"), mark("Bad query"), mark("Campaign error"), mark("Model not found")),
    *(mark("No model"), mark("State error"), mark("Store error"), mark("Settings error"), mark("Source error")),
)
"""Kinds of problems that a page may tell of, as they are called."""

LONGEST_VALUE = 4000
RETRY_SECONDS = 3

STEPS = {
    "reading purchases": mark("purchases are being read"),
    "scoring": mark("customers are being scored, {share} %"),
    "writing": mark("they are being written"),
    "done": mark("they are being written"),
}
"""What is said of each step of a generation in the making."""


@dataclass
class View:
    """A page in the making: the user, and what is asked."""

    request: Request
    caller: Caller | None
    language: str
    fields: Mapping[str, list[str]] = field(default_factory=dict)
    contacts_problem: str = ""
    list_problem: str = ""

    @property
    def sees_contacts(self) -> bool:
        """Whether there are contacts, and the one who looks may see them."""
        contacts: Contacts = self.request.app.state.contacts
        return contacts.shown_to(self.caller)

    @property
    def known_contacts(self) -> ContactList | None:
        """How customers are reached, to leave out those without consent; None where the settings name no file.

        Raises
        ------
        ChurnriskError
            Where that cannot be read.
        """
        contacts: Contacts = self.request.app.state.contacts
        return contacts.as_told(self.caller)

    def reach(self, customer_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return how some customers are reached, where this may be seen; a page does without what cannot be read."""
        if self.sees_contacts:
            try:
                return dict(self.request.app.state.contacts.find(customer_ids))
            except ChurnriskError as error:
                self.contacts_problem = retell(str(error))
        return {}

    @property
    def shop(self) -> Shop:
        """What is known of the shop.

        Raises
        ------
        NoHistory
            Where there is nothing to know yet.
        """
        shop: Shop | None = self.request.app.state.shop
        if shop is None:
            raise NoHistory(mark("There is no model, or no purchase history, yet."))
        return shop

    @property
    def state(self) -> State:
        """What is remembered."""
        state: State = self.request.app.state.state
        return state

    @property
    def reading(self) -> str:
        """Say how far the next figures are, and of when those shown are; empty where none are being made."""
        shop: Shop | None = self.request.app.state.shop
        progress = None if shop is None or self.caller is None else shop.progress
        if shop is None or progress is None:
            return ""
        what, done, total = progress
        step = say(STEPS.get(what, what), share=100 * done // max(total, 1))
        try:
            made_at = shop.freshness()["made_at"]
        except NoHistory:
            return step
        at = f"{write_date(made_at[:10])}, {made_at[11:16]} UTC"
        return say("The figures are of {at}. The next ones are being made: {step}.", at=at, step=step)

    def ask(self, name: str) -> str:
        """Return a parameter of the address, or a field of the form; empty where it is missing."""
        given = self.fields.get(name) or [""]
        return given[-1].strip()[:LONGEST_VALUE]

    def ask_all(self, name: str) -> tuple[str, ...]:
        """Return every value of a parameter that is not empty."""
        return tuple(one[:LONGEST_VALUE] for one in self.fields.get(name, []) if one)

    def may(self, role: KeyRole) -> bool:
        """Tell whether the one who looks may do what a role may."""
        return self.caller is not None and self.caller.may(role)

    @property
    def has_session(self) -> bool:
        """Whether somebody has logged in, so that forms can be sent."""
        return self.caller is not None and self.caller.via == "session"

    @property
    def key_id(self) -> int | None:
        """The key of the one who looks."""
        return None if self.caller is None else self.caller.key_id

    def show(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Render a template of the dashboard."""
        path = self.request.url.path
        text = (
            environment()
            .get_template(f"dashboard/{template}")
            .render(
                view=self,
                menu=MENU,
                path=path,
                languages=LANGUAGES,
                version=__version__,
                **values,
            )
        )
        return HTMLResponse(text, status_code=status)

    def go(self, path: str, **parameters: Any) -> RedirectResponse:
        """Lead on to another page, after a form."""
        return RedirectResponse(address(path, parameters), status_code=303)


def address(path: str, parameters: Mapping[str, Any]) -> str:
    """Write an address of ours; what is empty is left out."""
    given = {name: value for name, value in parameters.items() if value not in ("", None, (), [])}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


@functools.cache
def environment() -> Environment:
    """Return the environment of all pages, with the blocks of the report."""
    made = make_environment("churnrisk.service")
    made.globals |= {"address": address, "write_date": write_date}
    return made


def page(
    path: str, *, role: KeyRole = "reader", method: str = "GET", lane: Lane | None = None
) -> Callable[[Callable[[View], Response]], Any]:
    """Declare a page: where it is, the role that may see it, and where it waits when the service is busy."""

    def register(build: Callable[[View], Response]) -> Callable[[View], Response]:
        async def handle(request: Request) -> Response:
            given = await request.body() if method == "POST" else request.scope["query_string"]
            view = View(request, getattr(request.state, "caller", None), language_of(request), read_fields(given))
            return await run_in_threadpool(_build, build, view)

        router.add_api_route(
            path,
            handle,
            methods=[method],
            name=build.__name__,
            dependencies=[Needs(role, lane=lane)],
            response_model=None,
            include_in_schema=False,
        )
        return build

    return register


def _build(build: Callable[[View], Response], view: View) -> Response:
    with speaking(view.language):
        try:
            return build(view)
        except NoHistory as missing:
            is_coming = view.request.app.state.config.purchases is not None
            answer = view.show("waiting.html", status=503, is_coming=is_coming, detail=retell(str(missing)))
            answer.headers["Retry-After"] = str(RETRY_SECONDS)
            return answer
        except UnknownCustomer as missing:
            title, detail = say("No such customer"), retell(str(missing))
            return view.show("problem.html", status=404, title=title, detail=detail, number="")


def show_problem(request: Request, problem: Problem, request_id: str) -> Response:
    """Show a problem as a page, where the caller is a browser."""
    view = View(request, getattr(request.state, "caller", None), language_of(request))
    with speaking(view.language):
        return view.show(
            "problem.html",
            status=problem.status,
            title=say(problem.title),
            detail=retell(problem.detail),
            number=request_id,
        )


@page("/language", method="POST")
def choose_language(view: View) -> Response:
    """Remember a language in this browser, and go back to the page of the menu that it was chosen on."""
    paths = {path for path, _ in MENU}
    answer = view.go(view.ask("page") if view.ask("page") in paths else "/")
    language = view.ask("language")
    if language in LANGUAGES:
        secure = is_secure(view.request)
        answer.set_cookie(
            LANGUAGE_COOKIE, language, max_age=365 * 86_400, secure=secure, httponly=True, samesite="strict"
        )
    return answer


@contextmanager
def nothing_without(*kinds: type[Exception]) -> Iterator[None]:
    """Leave a part of a page out where an error of these kinds says that there is nothing to show."""
    try:
        yield
    except kinds:
        return
