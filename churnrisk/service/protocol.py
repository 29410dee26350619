"""HTTP as uvicorn speaks it, with clocks: a client that sends or reads too slowly is cut off.

uvicorn waits for ever for a head, a body, and a client that does not read. Here each connection knows what it waits for
and since when, and one sweep over all of them, twice a second, ends those that have waited too long. When there are
more connections than there may be, room is made by ending the one that has waited longest, of the address that has
most: a new client is always heard, whatever others hold open.

Requests that come behind one another are answered in that order, and only then is the connection closed for what came
behind them: whatever is wrong with a later request, each earlier one gets its own answer.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from churnrisk.clock import steady
from churnrisk.service.config import Bounds
from churnrisk.service.guard import HEADERS
from churnrisk.service.metrics import CUT_OFF
from churnrisk.service.problems import MEDIA_TYPE, Problem

HEAD_LIMIT = 32 * 1024
"""Bytes of the head of a request: its first line and its headers."""

MOST_HEADERS = 100
MOST_PIPELINED = 16
"""So many requests may wait behind the one that is being answered."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. ``bounds`` comes from the worker, all else from uvicorn."""

    def __init__(self, *arguments: Any, bounds: Bounds, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.bounds = bounds
        self.waits_for: Literal["head", "body", "nothing"] = "head"
        self.since = steady()
        self.unread_since: float | None = None
        self._head = self._header_count = self._received = 0
        self._answered: RequestResponseCycle | None = None  # the request that is, or was last, being answered
        self._is_over = False  # nothing further is read
        self._last_words = b""  # what is said once all that came before is answered

    # What uvicorn is told by the loop and by the parser, noted on the way.

    def connection_made(self, transport: Any) -> None:
        """Make room if there is none."""
        super().connection_made(transport)
        if len(self.connections) > self.bounds.connections:
            make_room([one for one in self.connections if isinstance(one, GuardedProtocol)], self)

    def data_received(self, data: bytes) -> None:
        """Count what comes, and refuse a head without end."""
        if self._is_over:
            return
        if self.waits_for == "nothing":
            self._begin("head")
        if self.waits_for == "head":
            self._head += len(data)
        super().data_received(data)
        if self.waits_for == "head" and self._head > HEAD_LIMIT:
            self.refuse(431, "Head too large", f"The head of a request may have {HEAD_LIMIT} bytes.")

    def on_message_begin(self) -> None:
        """Begin to wait for the head; of more requests than may wait nothing is read."""
        if len(self.pipeline) >= MOST_PIPELINED:
            CUT_OFF.labels("pipelined").inc()
            self.cycle.keep_alive = False  # the last that is answered says so
            self._end()
            raise ValueError("too many requests at a time")  # which ends the parsing, too
        if self.waits_for != "head":
            self._begin("head")
        self._header_count = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count the headers. Fields behind a body are none (RFC 9110, 6.5.1): whoever asks was told from the head."""
        self._header_count += 1
        if self._header_count > MOST_HEADERS or len(name) + len(value) > HEAD_LIMIT:
            raise ValueError("too many headers, or too long ones")  # the parser turns it into an error of its own
        if self.waits_for == "head":
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to wait for the body."""
        self._begin("body")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count the body."""
        self._received += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for nothing: it is our turn."""
        self._begin("nothing")
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Take note of what is being answered."""
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Say the last words, where this was the last answer before them."""
        super().on_response_complete()
        if self._is_over and not (self.is_answering or self.transport.is_closing()):
            self._close_with(self._last_words)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let what is being answered know that nobody reads it."""
        super().connection_lost(exc)
        if self._answered is not None and not self._answered.response_complete:
            self._answered.disconnected = True
            self._answered.message_event.set()

    def pause_writing(self) -> None:
        """Take note that the client does not read."""
        self.unread_since = steady()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Take note that it does."""
        self.unread_since = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the signature is the library's
        """Refuse what is no HTTP in the shape of every other error."""
        if self._is_over:
            return
        if self._header_count > MOST_HEADERS:
            self.refuse(431, "Head too large", f"A request may have {MOST_HEADERS} headers.")
        else:
            self.refuse(400, "Bad Request", "This is no valid HTTP request.")

    # The clocks.

    def _begin(self, waits_for: Literal["head", "body", "nothing"]) -> None:
        self.waits_for, self.since = waits_for, steady()
        self._head = self._received = 0

    @property
    def is_answering(self) -> bool:
        """Whether the application works on a request of this connection that has come whole."""
        return self._answered is not None and not (self._answered.response_complete or self._answered.more_body)

    def _end(self) -> None:
        """Take nothing further in; what has come whole is still answered.

        It is read all the same and dropped: to close before that would reset the connection, and answers with it.
        """
        self._is_over = True
        self._begin("nothing")
        self.flow.resume_reading()

    def check(self, now: float, passed: float) -> None:
        """End the connection if it has waited too long. ``passed``: seconds since the last check."""
        if self.unread_since is None and self.transport.is_closing():
            self.unread_since = now  # what is left to send holds it open
        if self.unread_since is not None and now - self.unread_since > self.bounds.write_seconds:
            self.cut_off("unread")
            return
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.since += passed  # we are the slow one
        if self.waits_for == "head" and now - self.since > self.bounds.header_seconds:
            CUT_OFF.labels("head").inc()
            self.refuse(408, "Request Timeout", f"A head has to come within {self.bounds.header_seconds:g} seconds.")
        elif self.waits_for == "body":
            self._check_body(now)
        elif not self.is_answering and now - self.since > self.bounds.idle_seconds + 1.0:
            self.transport.close()  # uvicorn has no clock for it where the answer came before the whole body

    def _check_body(self, now: float) -> None:
        waited = now - self.since
        if waited > self.bounds.grace_seconds and self._received < self.bounds.body_rate * waited:
            CUT_OFF.labels("body").inc()
            detail = f"A body has to come with at least {self.bounds.body_rate} bytes in a second."
            self.refuse(408, "Request Timeout", detail)

    def cut_off(self, reason: str) -> None:
        """Close at once, without a word."""
        CUT_OFF.labels(reason).inc()
        self.transport.abort()

    def refuse(self, status: int, title: str, detail: str) -> None:
        """Say why and close, once what came before is answered; without a word where an answer has begun already."""
        if self.transport.is_closing() or self._is_over:
            return
        words = write_problem(Problem(status, title, detail))
        if self.waits_for == "body" and self.pipeline:
            self.pipeline.popleft()  # the refused request itself, which will never be whole
        elif self.waits_for == "body" and self.cycle.response_complete:
            self.transport.close()  # it was answered before its body had come
            return
        elif self.waits_for == "body" and self.cycle.response_started:
            self.transport.abort()
            return
        elif not self.is_answering:
            self._close_with(words)
            return
        self._last_words = words
        self._end()

    def _close_with(self, words: bytes) -> None:
        self.transport.write(words)
        self.transport.close()


def write_problem(problem: Problem) -> bytes:
    """Write an answer that no application gives, and that ends its connection."""
    body = json.dumps(problem.document()).encode()
    lines = [
        f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}",
        f"Content-Type: {MEDIA_TYPE}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in HEADERS.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def make_room(connections: Iterable[GuardedProtocol], newest: GuardedProtocol) -> None:
    """End the connection that has waited longest, of the address that has most; else the newest."""
    waiting = [one for one in connections if one is not newest and not one.is_answering]
    if not waiting:
        newest.refuse(503, "Busy", "There are too many connections; try again in a moment.")
        return
    counts = Counter(_address(one) for one in waiting)
    most = max(counts.values())
    longest = min((one for one in waiting if counts[_address(one)] == most), key=lambda one: one.since)
    longest.connections.discard(longest)
    longest.cut_off("room")


def _address(connection: GuardedProtocol) -> str:
    return connection.client[0] if connection.client else ""
