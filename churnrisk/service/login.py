"""Logging in to the dashboard with a key: a session of its own, a token in every form, and not too many attempts."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections import deque
from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from churnrisk.clock import steady
from churnrisk.messages import mark, say, speaking, wording
from churnrisk.service.access import OPEN_LOGIN, Caller, Needs, form_field, read_form
from churnrisk.service.identity import LONGEST_SECRET, cookie_name, is_secure
from churnrisk.service.languages import language_of
from churnrisk.service.problems import Problem
from churnrisk.service.rendering import render
from churnrisk.state import KeyRecord, State, close_session, find_key, note_audit, open_session

router = APIRouter(include_in_schema=False)

FAILURES, PER_SECONDS = 10, 60.0
"""So many wrong keys in so many seconds from one address; then no more are looked at for a while."""

MOST_ADDRESSES = 10_000


class Throttle:
    """Counts the failed logins of each address; of one worker, so several workers allow as many times more."""

    def __init__(self) -> None:
        self._failures: dict[str, deque[float]] = {}

    def check(self, address: str) -> None:
        """Refuse an address with too many failures.

        Raises
        ------
        Problem
            429, with the seconds until the next attempt.
        """
        times = self._failures.get(address)
        while times and steady() - times[0] > PER_SECONDS:
            times.popleft()
        if times and len(times) >= FAILURES:
            wait = max(1, round(PER_SECONDS - (steady() - times[0])))
            raise Problem(
                429,
                "Too many logins",
                wording("Try again in {seconds} seconds.").format(seconds=wait),
                headers={"Retry-After": str(wait)},
            )

    def note(self, address: str) -> None:
        """Count a failure."""
        if len(self._failures) >= MOST_ADDRESSES:
            self._failures.clear()
        self._failures.setdefault(address, deque(maxlen=FAILURES)).append(steady())


@router.get("/login", dependencies=[OPEN_LOGIN])
async def show_login(request: Request) -> Response:
    """Show the form."""
    return _form(request, "")


@router.post("/login", dependencies=[OPEN_LOGIN])
async def log_in(request: Request) -> Response:
    """Open a session for a key that is known, and lead to the dashboard."""
    address = request.client.host if request.client else ""
    throttle: Throttle = request.app.state.throttle
    throttle.check(address)
    body = await read_form(request.receive)
    seed = request.cookies.get(_form_cookie(request), "")
    if not seed or not hmac.compare_digest(form_field(body, "csrf_token").encode(), _token(seed).encode()):
        return _form(request, mark("The form was too old. Please try again."), status=403)
    secret = form_field(body, "key").strip()
    kept, before = request.app.state, request.cookies.get(cookie_name(request), "").partition(".")[0]
    opened = await asyncio.to_thread(_open, kept.state, secret, kept.config.session_seconds, before)
    if opened is None:
        throttle.note(address)
        return _form(request, mark("This key is not known, or it was revoked."), status=401)
    kept.identities.forget()
    response = RedirectResponse("/", status_code=303)
    response.set_cookie(
        cookie_name(request),
        ".".join(opened),
        max_age=int(kept.config.session_seconds),
        secure=is_secure(request),
        httponly=True,
        samesite="strict",
    )
    response.delete_cookie(_form_cookie(request), path="/login", secure=is_secure(request), httponly=True)
    return response


@router.post("/logout")
async def log_out(request: Request, caller: Annotated[Caller, Needs("reader", lane="none")]) -> Response:
    """End the session, here and in the state."""
    name = cookie_name(request)
    if caller.via == "session":
        secret = request.cookies.get(name, "").partition(".")[0]
        await asyncio.to_thread(close_session, request.app.state.state, secret)
        request.app.state.identities.forget()
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(name, path="/", secure=is_secure(request), httponly=True, samesite="strict")
    return response


def _open(state: State, secret: str, seconds: float, before: str) -> tuple[str, str] | None:
    """Open a session for a key, if there is such, and end that of before; give its secret and its token."""
    record: KeyRecord | None = find_key(state, secret) if 0 < len(secret) <= LONGEST_SECRET else None
    if record is None:
        return None
    if record.role == "admin":
        note_audit(state, "login", key_id=record.key_id)
    return open_session(state, record.key_id, seconds=seconds, instead_of=before)


def _form(request: Request, message: str, *, status: int = 200) -> Response:
    """Return the form with a token of its own, which only this browser can send back: another site cannot log it in."""
    seed = secrets.token_urlsafe(32)
    language = language_of(request)
    with speaking(language):
        text = render("login.html", token=_token(seed), message=say(message), language=language)
    response = HTMLResponse(text, status_code=status)
    response.set_cookie(
        _form_cookie(request),
        seed,
        max_age=3600,
        path="/login",
        secure=is_secure(request),
        httponly=True,
        samesite="strict",
    )
    return response


def _token(seed: str) -> str:
    return hashlib.sha256(f"login form {seed}".encode()).hexdigest()


def _form_cookie(request: Request) -> str:
    return "__Secure-churnrisk_login" if is_secure(request) else "churnrisk_login"
