"""Finished answers: one that was given once is given again, as long as nothing that it was made of has changed.

Giving one out takes no more than to see that it still holds: a few numbers are compared. So the middleware does it
before there is any question of a slot, a thread or a deadline, all of which cost more than the answer itself. Who asks,
and whether they may, has been settled by then; a route that keeps its answers gives everybody who may ask the same.
An answer with contacts in it is made anew each time, and never kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import Scope, Send

Version = tuple[object, ...]
Address = tuple[bytes, bytes]


@dataclass(frozen=True)
class Finished:
    """An answer of JSON, and what tells whether it still holds.

    Parameters
    ----------
    content : bytes
        The body.
    version : tuple
        Of everything that it was made of.
    look : callable
        Gives the version of this moment within microseconds, without waiting for anything; None where it cannot be told
        so quickly, and then the route has to be asked.
    """

    content: bytes
    version: Version
    look: Callable[[], Version | None]


class FinishedAnswers:
    """Answers by the address that was asked, the last used last; for the event loop alone.

    Parameters
    ----------
    most, most_bytes : int
        How many are kept, and how large they and their addresses may be together.
    """

    def __init__(self, *, most: int = 10_000, most_bytes: int = 64 * 2**20) -> None:
        self._most, self._most_bytes, self._bytes = most, most_bytes, 0
        self._kept: OrderedDict[Address, Finished] = OrderedDict()

    def find(self, scope: Scope) -> Finished | None:
        """Return what was answered last at this address; it may hold no more."""
        return self._kept.get(_address(scope)) if scope["method"] == "GET" else None

    def holding(self, scope: Scope) -> bytes | None:
        """Return the answer where it is known to hold."""
        found = self.find(scope)
        if found is None or found.look() != found.version:
            return None
        self._kept.move_to_end(_address(scope))
        return found.content

    def keep(self, scope: Scope, finished: Finished) -> None:
        """Keep an answer to a GET, and let those go that were not asked for longest."""
        self._drop(_address(scope))
        self._kept[_address(scope)] = finished
        self._bytes += _size(_address(scope), finished)
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def drop(self, scope: Scope) -> None:
        """Let go of what was answered at an address, where there is nothing any more."""
        self._drop(_address(scope))

    def _drop(self, address: Address) -> None:
        if address in self._kept:
            self._bytes -= _size(address, self._kept.pop(address))


async def send_json(content: bytes, send: Send) -> None:
    """Answer with a body of JSON."""
    headers = [(b"content-length", str(len(content)).encode()), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _address(scope: Scope) -> Address:
    return scope["raw_path"], scope["query_string"]


def _size(address: Address, finished: Finished) -> int:
    return len(finished.content) + sum(map(len, address))
