"""The outermost middleware: the Host, the headers of every answer, the last net for errors, and the log of requests."""

from __future__ import annotations

import asyncio
import secrets

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from churnrisk.clock import steady
from churnrisk.errors import ChurnriskError
from churnrisk.messages import mark
from churnrisk.service.audit import note_outcome
from churnrisk.service.bounds import ClientGone
from churnrisk.service.identity import name_of_host
from churnrisk.service.logs import log_defect, log_request
from churnrisk.service.metrics import count_request
from churnrisk.service.problems import Problem, answer_plainly, problem_for, respond

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Pages run and load what this service serves, and nothing else, inline scripts and styles included."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""On every answer; a route may set its own ``Cache-Control``."""

_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PROBES = ("/healthz", "/readyz")


class Guard:
    """Middleware around all others, so that whatever happens inside is answered in our shape and written down.

    Parameters
    ----------
    app : ASGI application
        What it guards.
    known_hosts : frozenset of str
        Names that requests may be addressed to.
    """

    def __init__(self, app: ASGIApp, known_hosts: frozenset[str]) -> None:
        self.app, self.known_hosts = app, known_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008})
            return
        exchange = Exchange(scope, send)
        try:
            self._check_host(scope)
            await self.app(scope, receive, exchange.send)
        except ClientGone:
            exchange.status = exchange.status or 499
        except asyncio.CancelledError:  # time to stop is over; the task ends here in any case
            await exchange.answer_error(Problem(503, "Stopping", mark("The service is being stopped.")), receive)
        except Exception as error:  # the last net
            await exchange.answer_error(error, receive)
        finally:
            exchange.note()

    def _check_host(self, scope: Scope) -> None:
        """Refuse a request that was addressed to another name: DNS can be made to point anywhere."""
        if scope["path"] in PROBES:
            return
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or name_of_host(hosts[0].decode("latin-1")).lower() not in self.known_hosts:
            raise Problem(
                400,
                "Unknown host",
                "The service does not answer to this name; whoever runs it can add the name with --allowed-host.",
            )


class Exchange:
    """One request and its answer, as they are told afterwards."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope, self._send = scope, send
        self.began, self.status, self.is_over = steady(), 0, False
        self.request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = self.request_id

    async def send(self, message: Message) -> None:
        """Send on, with our headers; how a change by an admin ended is written down before it is answered."""
        if message["type"] == "http.response.start":
            await note_outcome(self.scope, message["status"])
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            given = {name for name, _ in headers}
            headers += [pair for pair in _HEADERS if pair[0] not in given]
            headers.append((b"x-request-id", self.request_id.encode()))
            message = {**message, "headers": headers}
        await self._send(message)

    async def answer_error(self, error: Exception, receive: Receive) -> None:
        """Answer with the problem that an error means, unless an answer has begun."""
        problem = problem_for(error, self.scope)
        if problem.status >= 500 and not isinstance(error, Problem | ChurnriskError):
            log_defect(error, request_id=self.request_id, route=self.route)
        if self.status == 0:
            try:
                await respond(problem, self.scope)(self.scope, receive, self.send)
            except Exception as second:  # such as a page that cannot be shown without the state
                log_defect(second, request_id=self.request_id, route=self.route)
                if self.status == 0:
                    await answer_plainly(problem, self.request_id)(self.scope, receive, self.send)
        elif self.status < 500:
            self.status = 599  # cut off in the middle

    @property
    def route(self) -> str:
        """The route as it is declared, without what stands in its parameters."""
        door = self.scope["state"].get("door")
        return door.template if door is not None else "(none)"

    def note(self) -> None:
        """Write the request down, and count it."""
        caller = self.scope["state"].get("caller")
        seconds = steady() - self.began
        method = self.scope["method"] if self.scope["method"] in METHODS else "other"
        route = self.route
        count_request(method, route, self.status, seconds)
        log_request(
            request_id=self.request_id,
            method=method,
            route=route,
            status=self.status,
            milliseconds=round(seconds * 1000, 1),
            key=caller.key_id if caller else None,
        )
