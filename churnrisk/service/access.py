"""Rights of callers: none, unless a route declares which role it needs.

A route declares it among its dependencies: ``dependencies=[Needs("reader")]``, or as a parameter,
``caller: Annotated[Caller, Needs("scorer")]``, which gives the caller too. :data:`OPEN` declares that nobody is asked.
A route that declares neither answers 403 to everyone, and a test fails on it. The check comes before the body is read.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from churnrisk.messages import mark, wording
from churnrisk.schema import KEY_ROLES, KeyRole
from churnrisk.service.problems import Problem

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
Lane = Literal["reads", "work", "files", "login", "none"]
FORM_LIMIT = 2**16
"""Bytes of a plain form that are looked through for its token."""

MOST_FIELDS = 1000
"""Fields of a form, and of the address of a page."""

TOO_MANY_FIELDS = wording("A form, or the address of a page, may have {count} fields.")
FORM_TOO_LARGE = wording(
    "A form may have {count} bytes. A longer list of customers who have opted out belongs into a file, which "
    "`suppress` in the settings of the service names."
)


@dataclass(frozen=True)
class Caller:
    """Who asks: the holder of a key, by the key itself or by a session of the dashboard that it opened.

    Parameters
    ----------
    key_id, name, role
        Of the key.
    via : str
        ``key`` or ``session``.
    csrf : str
        What every form of this session sends back as ``csrf_token``, or a script as ``X-CSRF-Token``; empty for a key.
    """

    key_id: int
    name: str
    role: KeyRole
    via: Literal["key", "session"]
    csrf: str = ""

    def may(self, role: KeyRole) -> bool:
        """Tell whether the role of this caller includes another."""
        return KEY_ROLES.index(self.role) >= KEY_ROLES.index(role)


@dataclass(frozen=True)
class Need:
    """What a route declares: the least role that it takes (None for anyone), and which lane it waits in."""

    role: KeyRole | None
    lane: Lane | None = None

    async def __call__(self, request: Request) -> Caller | None:
        """Return the caller; refuse where the middleware was somehow passed by."""
        caller: Caller | None = getattr(request.state, "caller", None)
        if self.role is not None and (caller is None or not caller.may(self.role)):
            raise forbidden(self.role)
        return caller


def Needs(role: KeyRole, *, lane: Lane | None = None) -> Any:  # noqa: N802 - reads as a declaration
    """Declare the least role of a route.

    A ``reader`` sees, a ``scorer`` also scores and sends purchases and rows, ``contacts`` also sees how customers are
    reached, an ``admin`` may all.

    Parameters
    ----------
    role : str
        The role.
    lane : str, optional
        Where it waits when the service is busy: ``reads``, ``work``, ``files`` for what a file takes long with (a body
        of JSON is work there, too), or ``none`` for what never waits. By default a GET is a read and everything else is
        work.
    """
    return Depends(Need(role, lane))


OPEN: Any = Depends(Need(None))
"""Declares that a route answers anyone."""

OPEN_LOGIN: Any = Depends(Need(None, "login"))
"""Declares that a route answers anyone, a few at a time."""

OPEN_PROBE: Any = Depends(Need(None, "none"))
"""Declares that a route answers anyone, addressed by any name, and never waits."""


@dataclass(frozen=True)
class Door:
    """A route with what it declares; None where it declares nothing, so that nobody may pass."""

    route: Any
    need: Need | None

    @property
    def template(self) -> str:
        """Its path with the names of its parameters in place of their values."""
        return str(getattr(self.route, "path", "") or "?")

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that it takes."""
        return tuple(sorted(getattr(self.route, "methods", None) or ()))


def list_doors(app: FastAPI) -> list[Door]:
    """Return every route and mount of an application with what it declares."""
    return [Door(route, _declared(route)) for route in app.router.routes if not isinstance(route, _Found)]


def _declared(route: Any) -> Need | None:
    if not isinstance(route, APIRoute):
        return None
    if hasattr(route, "declared_need"):
        read: Need | None = route.declared_need
        return read
    needs = [call for call in _calls(route.dependant) if isinstance(call, Need)]
    if not needs:
        return None
    return max(needs, key=lambda need: -1 if need.role is None else KEY_ROLES.index(need.role))


def _take_off(door: Door) -> None:
    """Take a declaration that gives no caller off its route: it has been read, and solving it takes long."""
    if isinstance(door.route, APIRoute):
        door.route.declared_need = door.need  # type: ignore[attr-defined]  # for the next application of this process
        dependant = door.route.dependant
        dependant.dependencies[:] = [
            one for one in dependant.dependencies if not (isinstance(one.call, Need) and one.name is None)
        ]


def _calls(dependant: Any) -> Iterable[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


class Doors:
    """All routes of an application, by what their paths begin with, so that few have to be tried.

    Parameters
    ----------
    app : FastAPI
        The application, with all its routes; the door that is found is handed on, so that it is not looked for twice.
    """

    def __init__(self, app: FastAPI) -> None:
        self.all = list_doors(app)
        self._exact: dict[str, list[Door]] = {}
        self._others: list[tuple[str, Door]] = []
        for door in self.all:
            start, brace, _ = door.template.partition("{")
            if brace or not isinstance(door.route, APIRoute):
                self._others.append((start if brace else "", door))
            else:
                self._exact.setdefault(start, []).append(door)
        app.router.routes.insert(0, _Found())
        for door in self.all:
            _take_off(door)

    def find(self, scope: Scope) -> Door | None:
        """Return the door that a request stands before; one of another method where only that is there."""
        path, other = scope["path"], None
        for door in self._exact.get(path, ()):
            match, inner = door.route.matches(scope)
            if match is Match.FULL:
                return self._found(door, inner, scope)
            other = other or door
        for start, door in self._others:
            if not path.startswith(start):
                continue
            match, inner = door.route.matches(scope)
            if match is Match.FULL:
                return self._found(door, inner, scope)
            if match is Match.PARTIAL:
                other = other or door
        return other

    def _found(self, door: Door, inner: Scope, scope: Scope) -> Door:
        scope["state"]["found"] = door.route, inner
        return door


class _Found(BaseRoute):
    """The first of the routes: it stands for the one that the middleware has found."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found = scope.get("state", {}).get("found")
        return (Match.NONE, {}) if found is None else (Match.FULL, found[1])

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["state"]["found"][0].handle(scope, receive, send)


class Access:
    """Middleware: find the door, identify the caller, and let the request in or refuse it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 to an unknown caller, 403 to one without the right; pass on the others."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        kept = scope["app"].state
        request = Request(scope)
        door = kept.doors.find(scope)
        scope["state"]["door"] = door
        need = door.need if door else None
        if need is not None and need.role is None:
            await self.app(scope, receive, send)
            return
        caller = await kept.identities.find_caller(request)
        scope["state"]["caller"] = caller
        if caller is None:
            if _is_page(request):
                await RedirectResponse("/login", status_code=303)(scope, receive, send)
                return
            raise unauthorized()
        if door is not None and (need is None or need.role is None):
            raise forbidden("admin")
        if need is not None and need.role is not None and not caller.may(need.role):
            raise forbidden(need.role)
        if caller.via == "session" and request.method not in SAFE_METHODS:
            receive = await check_form(request, receive, caller.csrf)
        await self.app(scope, receive, send)


def unauthorized() -> Problem:
    """Say that a key is needed."""
    return Problem(
        401,
        "Key needed",
        "Send a key that is not revoked, as `Authorization: Bearer crk_...`; `churnrisk keys create` makes one.",
        headers={"WWW-Authenticate": 'Bearer realm="churnrisk"'},
    )


def forbidden(role: KeyRole) -> Problem:
    """Say that the key is of too small a role."""
    return Problem(403, "Role too small", wording("This needs a key of the role {name}.").format(name=role), needs=role)


def _is_page(request: Request) -> bool:
    """Whether a person with a browser asks for a page, so that the login is the better answer."""
    return (
        request.method == "GET"
        and "text/html" in request.headers.get("accept", "")
        and not request.url.path.startswith("/v1")
        and "authorization" not in request.headers
    ) or (request.method == "GET" and request.url.path == "/" and "authorization" not in request.headers)


async def check_form(request: Request, receive: Receive, token: str) -> Receive:
    """Refuse a request of a session that does not bring its token; give how the body is received from here on.

    The token is a header, as htmx sends it, or a field of a plain form. What another site makes a browser send has
    neither, and says so itself in ``Sec-Fetch-Site``.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise _forged()
    given = request.headers.get("x-csrf-token", "")
    if not given and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        body = await read_form(receive)
        given = form_field(body, "csrf_token")
        receive = replay(body, receive)
    if not token or not hmac.compare_digest(given.encode(), token.encode()):
        raise _forged()
    return receive


def _forged() -> Problem:
    return Problem(
        403, "Form token missing", mark("The form does not bring the token of this session; load the page again.")
    )


async def read_form(receive: Receive) -> bytes:
    """Receive the body of a plain form."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > FORM_LIMIT:
            raise Problem(413, "Body too large", FORM_TOO_LARGE.format(count=FORM_LIMIT), limit_bytes=FORM_LIMIT)
        if message["type"] != "http.request" or not message.get("more_body"):
            return body


def form_field(body: bytes, name: str) -> str:
    """Return a field of a plain form; empty where it is missing, or there twice."""
    values = read_fields(body).get(name, [])
    return values[0] if len(values) == 1 else ""


def read_fields(encoded: bytes) -> dict[str, list[str]]:
    """Return the fields of a plain form, or of an address, with all values of each.

    Raises
    ------
    Problem
        Where there are more than :data:`MOST_FIELDS`.
    """
    try:
        return parse_qs(encoded.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        detail = TOO_MANY_FIELDS.format(count=MOST_FIELDS)
        raise Problem(413, "Too many fields", detail, limit_fields=MOST_FIELDS) from None


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a body, that has been received already, once more."""
    waiting = [body]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again
