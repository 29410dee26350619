"""Bounds on what is asked of a worker: the size of a body, how long a request may take, and how many wait.

A body is received whole before its request takes a slot, so that a slow client holds memory (which is bounded too) and
never a slot. When the queue of its lane is full a request is refused before its body is looked at: refusing has to be
much cheaper than working, or a service that is asked too much does nothing but refuse.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from churnrisk.clock import steady
from churnrisk.messages import mark, wording
from churnrisk.service.access import FORM_LIMIT, SAFE_METHODS, replay
from churnrisk.service.config import Bounds
from churnrisk.service.contacts import are_shown
from churnrisk.service.finished import send_json
from churnrisk.service.metrics import QUEUED, REFUSED, RUNNING
from churnrisk.service.problems import Problem, respond

WEIGHT = 0.2
"""Of the last request in how long one usually takes."""

PATIENCE = 4
"""Times as long as was foreseen that a request in the queue waits: one that has waited is rather served late."""

Route = str | None
"""What averages are kept by: the path of a route as it is declared; None where there is no route."""

Turn = Literal["go", "late", "gone"]
"""How a wait in the queue ends."""


class ClientGone(Exception):  # noqa: N818 - what has happened
    """The client has hung up; there is nobody to answer."""


class Lane:
    """Slots for requests of one kind, and the queue before them, first come first served.

    Parameters
    ----------
    name : str
        For the metrics.
    slots : int
        How many run at a time.
    queued : int
        How many may wait.
    seconds : float
        How long one may have to wait, by how long the last ones of those routes took that are before it, and how long
        none has ended. Who would have to wait longer is refused at once: the answer is the same as after the wait, and
        comes when it is of use.
    """

    def __init__(self, name: str, slots: int, queued: int, seconds: float) -> None:
        self.slots, self.queued, self.seconds = slots, queued, seconds
        self.usual: dict[Route, float] = {}
        self._running: list[Route] = []
        self._moved = 0.0  # when a slot was last taken or given on
        self._waiting: deque[tuple[Route, asyncio.Future[Turn]]] = deque()
        self._shown = RUNNING.labels(name), QUEUED.labels(name)

    @property
    def is_full(self) -> bool:
        """Whether one more would have to be refused."""
        if len(self._running) < self.slots:
            return False
        if len(self._waiting) >= self.queued:
            return True
        before = sum(map(self._takes, self._running)) / self.slots
        before += sum(self._takes(route) for route, _ in self._waiting)
        since = (len(self._waiting) + 1) * (steady() - self._moved)
        return max(before, since) / self.slots > self.seconds

    def _takes(self, route: Route) -> float:
        """Return how long a request of a route usually takes; nothing where that is not known yet."""
        return self.usual.get(route, 0.0)

    async def enter(self, receive: Receive, route: Route = None) -> Receive:
        """Take a slot for a request of a route, after waiting for one if need be; give how to receive from here on.

        Raises
        ------
        Problem
            503, where the queue is full or the turn does not come in time.
        ClientGone
            Where the client hangs up while it waits.
        """
        if len(self._running) < self.slots:
            self._take(route)
            return receive
        if self.is_full:
            raise busy("queue full")
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Turn] = loop.create_future()
        place = route, turn
        self._waiting.append(place)
        self._shown[1].set(len(self._waiting))
        clock = loop.call_later(PATIENCE * self.seconds, _call, turn, "late")
        leaving = asyncio.ensure_future(receive())
        leaving.add_done_callback(lambda _: _call(turn, "gone"))
        try:
            called = await turn
        except asyncio.CancelledError:
            leaving.cancel()
            if turn.done() and not turn.cancelled() and turn.result() == "go":
                self.leave(route)  # the slot came at the same moment
            raise
        finally:
            clock.cancel()
            with contextlib.suppress(ValueError):
                self._waiting.remove(place)
            self._shown[1].set(len(self._waiting))
        if called == "go":
            return _shared(leaving)
        leaving.cancel()
        raise busy("waited too long") if called == "late" else ClientGone

    def leave(self, route: Route = None, took: float | None = None) -> None:
        """Give the slot of a request of a route to the next, or back; say how long it was used."""
        self._running.remove(route)
        if took is not None:
            self.usual[route] = self._takes(route) + WEIGHT * (took - self._takes(route))
        while self._waiting:
            following, turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result("go")
                self._take(following)
                return
        self._moved = steady()
        self._shown[0].set(len(self._running))

    def _take(self, route: Route) -> None:
        self._running.append(route)
        self._moved = steady()
        self._shown[0].set(len(self._running))


class Bound:
    """Middleware: receive the body within its bounds, wait for a slot, and work within the time.

    Parameters
    ----------
    app : ASGI application
        What does the work.
    bounds : Bounds
        How much of everything.
    """

    def __init__(self, app: ASGIApp, bounds: Bounds) -> None:
        self.app, self.bounds = app, bounds
        self.buffered = 0
        self.lanes = {
            "reads": Lane("reads", bounds.reads, bounds.queued, bounds.wait_seconds),
            "work": Lane("work", bounds.work, bounds.queued, bounds.wait_seconds),
            "files": Lane("files", bounds.work, bounds.queued, bounds.wait_seconds),
            "login": Lane("login", 2, 8, bounds.wait_seconds),  # its own, since anyone may try
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413, 503 or 504 where a bound is met."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        may_be_kept = declared_size(scope) == 0 and not are_shown(scope)
        if may_be_kept and (content := scope["app"].state.finished.holding(scope)) is not None:
            await send_json(content, send)  # to say no, or to wait for a turn, would take longer
            return
        lane = self._lane_of(scope)
        if lane is not None and lane.is_full:
            raise busy("queue full")
        async with self._body(scope, receive, limit=self._limit_of(scope)) as body:
            if lane is None:
                await self.app(scope, replay(body, receive), send)
            else:
                door = scope["state"].get("door")
                route = None if door is None else door.template
                rest = await lane.enter(receive, route)
                await self._work(lane, route, scope, replay(body, rest), send)

    def _lane_of(self, scope: Scope) -> Lane | None:
        door = scope["state"].get("door")
        need = door.need if door is not None else None
        name = need.lane if need is not None else None
        if name is None:
            name = "reads" if scope["method"] in SAFE_METHODS else "work"
        elif name == "files" and is_json(scope):
            name = "work"  # few rows as a rule, and read in this process
        return self.lanes.get(name)

    def _limit_of(self, scope: Scope) -> int:
        """Return how large a body may be: of somebody who is not known, no larger than a form."""
        return self.bounds.body if scope["state"].get("caller") is not None else min(FORM_LIMIT, self.bounds.body)

    @contextlib.asynccontextmanager
    async def _body(self, scope: Scope, receive: Receive, *, limit: int) -> AsyncIterator[bytes]:
        """Receive a body and count it among those that are held, until the request is over."""
        size = declared_size(scope)
        if size is not None and size > limit:
            raise too_large(limit)
        held, pieces, more = 0, [], True
        try:
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    raise ClientGone
                piece = message.get("body", b"")
                pieces.append(piece)
                held += len(piece)
                self.buffered += len(piece)
                if held > limit:
                    raise too_large(limit)
                if self.buffered > self.bounds.buffered:
                    raise busy("memory")
                more = message.get("more_body", False)
            yield b"".join(pieces)
        finally:
            self.buffered -= held

    async def _work(self, lane: Lane, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application work in a slot that was taken, which is free again only when it has really ended."""
        began = steady()
        answer = Answer(scope, receive, send, self.bounds.seconds)
        try:
            await self.app(scope, receive, answer.send)
        except Exception:
            if not answer.is_over:
                raise
        finally:
            answer.clock.cancel()
            lane.leave(route, steady() - began)


class Answer:
    """The answer of the application, until its time is over: then one of ours takes its place.

    The work itself goes on in its thread, where nobody could stop it, and keeps its slot; what it says is dropped.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, seconds: float) -> None:
        self._scope, self._receive, self._send, self._seconds = scope, receive, send, seconds
        self.is_over = self._has_begun = False
        self.clock = asyncio.get_running_loop().call_later(seconds, self._end)
        self._last: asyncio.Future[None] | None = None

    async def send(self, message: Message) -> None:
        """Send on; once the time is over, drop."""
        if not self.is_over:
            self._has_begun = True
            await self._send(message)

    def _end(self) -> None:
        if self._has_begun:
            return  # it is being read, and the clock of the connection sees to that
        self.is_over = True
        REFUSED.labels("time").inc()
        detail = wording("It was given up after {seconds} seconds; ask for less at a time, or make it a job.")
        said = detail.format(seconds=f"{self._seconds:g}")
        problem = Problem(504, "Took too long", said, limit_seconds=self._seconds)
        answer = respond(problem, self._scope)(self._scope, self._receive, self._send)
        self._last = asyncio.ensure_future(answer)
        self._last.add_done_callback(_swallow)


def _call(turn: asyncio.Future[Turn], word: Turn) -> None:
    """Tell the waiting request how it ends, if nothing has."""
    if not turn.done():
        turn.set_result(word)


def _shared(leaving: asyncio.Future[Message]) -> Receive:
    """Return how to receive what is being waited for already."""

    async def receive() -> Message:
        return await asyncio.shield(leaving)

    return receive


def is_json(scope: Scope) -> bool:
    """Tell whether a request says that its body is JSON."""
    given = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return bytes(given).partition(b";")[0].strip().lower() == b"application/json"


def declared_size(scope: Scope) -> int | None:
    """Return the size that a request says its body has: 0 for none, None when it does not say."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    if b"content-length" in headers:
        return int(headers[b"content-length"])
    return None if b"transfer-encoding" in headers else 0


def too_large(limit: int) -> Problem:
    """Say that a body is larger than it may be."""
    REFUSED.labels("size").inc()
    return Problem(413, "Body too large", f"A request may have {limit} bytes; send it in parts.", limit_bytes=limit)


def busy(reason: str) -> Problem:
    """Say that there is too much to do."""
    REFUSED.labels(reason).inc()
    return Problem(
        503, "Busy", mark("More is asked than can be done; try again in a moment."), headers={"Retry-After": "1"}
    )


def _swallow(task: asyncio.Future[Any]) -> None:
    """Take note of how an abandoned request ended, so that nobody is warned of it."""
    if not task.cancelled():
        task.exception()
