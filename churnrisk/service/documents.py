"""What the service offers, described: OpenAPI as JSON, and a plain page of it. Both need a key, and load nothing."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse

from churnrisk.service.access import Needs
from churnrisk.service.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json", dependencies=[Needs("reader")])
async def openapi(request: Request) -> JSONResponse:
    """Return the description of every route under /v1."""
    return JSONResponse(request.app.openapi())


@router.get("/docs", dependencies=[Needs("reader")])
async def docs(request: Request) -> HTMLResponse:
    """Return the same as a page."""
    description = request.app.openapi()
    operations = [
        {"method": method.upper(), "path": path, **operation}
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    return HTMLResponse(render("docs.html", info=description["info"], operations=operations))
