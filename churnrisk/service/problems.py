"""One shape for everything that goes wrong: RFC 9457, ``application/problem+json``.

A route, or what it calls, raises. Errors of churnrisk itself keep their message, which says what to do; a defect of
ours says nothing but the number of the request, by which the log tells where it happened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope

from churnrisk import errors
from churnrisk.engines import storage_error
from churnrisk.messages import mark
from churnrisk.service.logs import describe_in_full, log

MEDIA_TYPE = "application/problem+json"

STATUS_OF: dict[type[Exception], int] = {
    errors.LimitExceeded: 413,
    errors.NoScore: 404,
    errors.NoHistory: 503,
    errors.UnknownCustomer: 404,
    errors.NoModel: 503,
    errors.ModelNotFound: 404,
    errors.CampaignError: 409,
    errors.StoreLocked: 503,
    errors.StoreError: 503,
    errors.StateError: 503,
    errors.SettingsError: 503,
    errors.MissingExtra: 503,
    errors.OutputError: 503,
    errors.StorageError: 503,
    errors.ChurnriskError: 422,
}
"""Status of each error that churnrisk raises on purpose; the nearest class that is listed counts."""


PATTERNS = {
    r"^[^\x00]*$": "Should not hold a NUL character",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "Should be a date written as 2011-12-10",
    r"^(week|month|quarter|year|[1-9]\d{0,3})$": "Should be week, month, quarter, year, or a number of days",
}
"""What a text has to be that does not match, in words."""


class Problem(Exception):  # noqa: N818 - the name of RFC 9457
    """An answer that is not what was asked for.

    Parameters
    ----------
    status : int
        HTTP status.
    title : str
        What kind of problem it is, the same words each time; also its ``type``.
    detail : str
        What is wrong this time, and what to do.
    headers : mapping, optional
        Headers of the answer, as ``Retry-After``.
    **extra
        More members of the document.
    """

    def __init__(
        self, status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(title)
        self.status, self.title, self.detail = status, title, detail
        self.headers, self.extra = dict(headers or {}), extra

    def document(self, request_id: str = "") -> dict[str, Any]:
        """Return the members of the document, in the order of the RFC."""
        kind = re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")
        members = {
            "type": f"urn:churnrisk:problem:{kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.extra,
        }
        return members | ({"request_id": request_id} if request_id else {})


def problem_of(error: Exception) -> Problem:
    """Return the problem that an error means; a defect of ours says nothing of itself."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, errors.ChurnriskError):
        status = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
        headers = {"Retry-After": "5"} if status == 503 else {}
        return Problem(status, _words(type(error).__name__), str(error), headers=headers, code=error.code)
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        title = HTTPStatus(error.status_code).phrase
        return Problem(error.status_code, title, _http_detail(error), headers=error.headers)
    full = storage_error(error)
    if full is not None:
        return problem_of(full)
    return Problem(
        500, "Defect", mark("Something is wrong with churnrisk itself; its log tells where, by the request id.")
    )


def problem_for(error: Exception, scope: Scope) -> Problem:
    """Return the problem that an error means to whoever asks.

    Until a key was verified they learn nothing of what we run on: no path, no address of a database, no user of it.
    """
    problem, known = problem_of(error), scope.get("state", {})
    if isinstance(error, errors.ChurnriskError) and known.get("caller") is None:
        log("refused before a key", request_id=known.get("request_id", ""), **describe_in_full(error))
        return Problem(503, "Not ready", mark("Try again later."), headers={"Retry-After": "5"})
    return problem


def respond(problem: Problem, scope: Scope) -> Response:
    """Return the answer: JSON, or the page that the dashboard shows to a browser."""
    request_id = scope.get("state", {}).get("request_id", "")
    page = getattr(scope["app"].state, "problem_page", None) if "app" in scope else None
    request = Request(scope)
    if page is not None and "text/html" in request.headers.get("accept", "") and not _is_machine(request):
        response: Response = page(request, problem, request_id)
    else:
        return answer_plainly(problem, request_id)
    for name, value in problem.headers.items():
        response.headers[name] = value
    return response


def answer_plainly(problem: Problem, request_id: str) -> Response:
    """Return the answer as JSON, which needs nothing else to work."""
    body = json.dumps(problem.document(request_id), ensure_ascii=False, allow_nan=False).encode()
    return Response(body, status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers)


def add_handlers(app: FastAPI) -> None:
    """Let the application answer every error that its routes raise in the one shape."""

    async def handle(request: Request, error: Exception) -> Response:
        return respond(problem_for(error, request.scope), request.scope)

    async def hand_on(_: Request, error: Exception) -> Response:
        raise error  # to the guard, which writes a defect down before it answers

    for kind in (Problem, errors.ChurnriskError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handle)
    app.add_exception_handler(Exception, hand_on)


def _is_machine(request: Request) -> bool:
    return request.url.path.startswith("/v1") or request.url.path in ("/healthz", "/readyz", "/metrics")


def _words(name: str) -> str:
    """Write ``ModelNotFound`` as ``Model not found``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _http_detail(error: HTTPException) -> str:
    if error.status_code == 404:
        return mark("There is nothing at this address.")
    if error.status_code == 405:
        return mark("This address does not take this method.")
    return str(error.detail)


def _invalid(error: RequestValidationError) -> Problem:
    """Name each place of a request that is not as documented, and never what stood there."""
    found = error.errors()
    places = [{"where": "/".join(map(str, one["loc"])), "what": describe(one)} for one in found[:20]]
    first = places[0] if places else {"where": "request", "what": "not valid"}
    return Problem(
        422,
        "Invalid request",
        f"{first['where']}: {first['what']}." + (f" {len(found) - 1} more." if len(found) > 1 else ""),
        errors=places,
    )


def describe(error: Mapping[str, Any]) -> str:
    """Say what is wrong at a place, where the library's words would leave somebody at a loss."""
    kind, about = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(about["pattern"], str(error["msg"]))
    if kind == "missing" and tuple(error["loc"]) == ("body",):
        return "Is missing; send JSON, with Content-Type: application/json"
    if kind == "json_invalid" and "EOF while parsing a value at line 1 column 0" in error["msg"]:
        return "Is empty; send JSON"
    if kind == "json_invalid" and isinstance(about.get("error"), str) and "Invalid JSON" not in error["msg"]:
        return f"Invalid JSON: {about['error']}"
    if kind == "model_attributes_type":
        return "Should be a JSON object, sent with Content-Type: application/json"
    if kind == "extra_forbidden":
        return "Is not known here; is it spelled so?"
    return str(error["msg"]).removeprefix("Value error, ")
