"""Style sheets, scripts and pictures: a fixed list that is read when the service starts, so no path is ever taken."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request
from starlette.responses import Response

from churnrisk.report import read_assets
from churnrisk.service.access import OPEN, Needs
from churnrisk.service.problems import Problem

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class StaticFile:
    """A file as it is served."""

    content: bytes
    media_type: str
    etag: str


def read_static() -> dict[str, StaticFile]:
    """Read every file under ``static``, by its name within that folder, and those that the report has too."""
    found = dict(_walk(files("churnrisk.service") / "static", ""))
    return found | {name: _make_file(name, text.encode()) for name, text in read_assets().items()}


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, StaticFile]]:
    found = []
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            found += _walk(entry, f"{prefix}{entry.name}/")
        elif not entry.name.startswith("."):
            found.append((prefix + entry.name, _make_file(entry.name, entry.read_bytes())))
    return found


def _make_file(name: str, content: bytes) -> StaticFile:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return StaticFile(content, kind, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


@router.get("/static/login.css", dependencies=[OPEN])
async def login_style(request: Request) -> Response:
    """Return the style sheet of the login page, which is seen before there is a session."""
    return _serve(request, "login.css")


@router.get("/static/{name:path}", dependencies=[Needs("reader", lane="none")])
async def static(request: Request, name: str) -> Response:
    """Return a file of the list."""
    return _serve(request, name)


def _serve(request: Request, name: str) -> Response:
    file: StaticFile | None = request.app.state.static.get(name)
    if file is None:
        raise Problem(404, "Not Found", "There is nothing at this address.")
    headers = {"ETag": file.etag, "Cache-Control": "private, max-age=3600"}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)
