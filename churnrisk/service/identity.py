"""Callers from keys and sessions, with the little that is remembered of them between requests."""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor

from fastapi import Request

from churnrisk.clock import steady
from churnrisk.service.access import Caller
from churnrisk.service.config import is_loopback_name
from churnrisk.state import State, find_key, find_session, touch_key

FRESH_SECONDS = 1.0
"""How long an answer of the state is believed: a revoked key is refused after at most this time."""

NOTED_SECONDS = 60.0
"""How often the last use of a key is written down, at most."""

MOST_KEPT = 10_000
COOKIE = "churnrisk_session"
LONGEST_SECRET = 256


class Identities:
    """Who holds which key or session. The state is asked in a thread, since it may have to wait.

    Parameters
    ----------
    state : State
        Where keys and sessions are kept.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="identity")
        self._kept: dict[str, tuple[float, Caller | None]] = {}
        self._noted: dict[int, float] = {}

    async def find_caller(self, request: Request) -> Caller | None:
        """Return the caller; None where no key, or none that is known and not revoked, is shown."""
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme:
            return await self._find("key", secret.strip()) if scheme.lower() == "bearer" else None
        cookie = request.cookies.get(cookie_name(request), "")
        return await self._find("session", cookie) if cookie else None

    async def _find(self, via: str, secret: str) -> Caller | None:
        if not secret or len(secret) > LONGEST_SECRET or not secret.isascii():
            return None
        digest = hashlib.sha256(f"{via}:{secret}".encode()).hexdigest()
        at, caller = self._kept.get(digest, (-FRESH_SECONDS, None))
        if steady() - at > FRESH_SECONDS:
            look = self._by_key if via == "key" else self._by_session
            caller = await asyncio.get_running_loop().run_in_executor(self._threads, look, secret)
            self._keep(digest, caller)
        if caller is not None:
            self._note(caller)
        return caller

    def _by_key(self, secret: str) -> Caller | None:
        record = find_key(self._state, secret)
        return None if record is None else Caller(record.key_id, record.name, record.role, "key")

    def _by_session(self, cookie: str) -> Caller | None:
        secret, _, token = cookie.partition(".")
        session = find_session(self._state, secret)
        if session is None or not session.takes(token):
            return None
        return Caller(session.key.key_id, session.key.name, session.key.role, "session", token)

    def _keep(self, digest: str, caller: Caller | None) -> None:
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        if caller is not None:  # what is unknown is not kept: anyone can make up such
            self._kept[digest] = (steady(), caller)

    def forget(self) -> None:
        """Ask the state about everyone again, as after a logout."""
        self._kept.clear()

    def _note(self, caller: Caller) -> None:
        if steady() - self._noted.get(caller.key_id, -NOTED_SECONDS) < NOTED_SECONDS:
            return
        self._noted[caller.key_id] = steady()
        self._threads.submit(touch_key, self._state, caller.key_id)

    def close(self) -> None:
        """Finish what is being written down."""
        self._threads.shutdown()


def is_secure(request: Request) -> bool:
    """Whether the cookie may travel over TLS only: always, but on this machine itself."""
    return not is_loopback_name(host_name(request))


def cookie_name(request: Request) -> str:
    """Return the name of the session's cookie; off this machine one that browsers keep to this host and TLS."""
    return f"__Host-{COOKIE}" if is_secure(request) else COOKIE


def host_name(request: Request) -> str:
    """Return the name that a request is addressed to, without the port."""
    return name_of_host(request.headers.get("host", ""))


def name_of_host(host: str) -> str:
    """Take the port off a ``Host``, where it has one."""
    name, _, port = host.rpartition(":")
    return name if port.isdigit() else host
