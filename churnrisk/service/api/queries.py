"""Parameters of an address: one that is not known is refused, since a filter with a slip in it would filter nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from fastapi import Depends, Request
from fastapi.routing import APIRoute

from churnrisk.service.problems import Problem


def _refuse_unknown(request: Request) -> None:
    route = request.scope.get("route")
    known = list(_parameters(route.dependant)) if isinstance(route, APIRoute) else []
    unknown = [name for name in request.query_params if name not in known]
    if not unknown:
        return
    near = difflib.get_close_matches(unknown[0], known, n=1)
    help_ = f"did you mean {near[0]}?" if near else f"there are {', '.join(known) or 'none'}."
    places = [{"where": f"query/{name[:60]}", "what": "Is not known here"} for name in unknown[:20]]
    raise Problem(422, "Invalid request", f"{places[0]['where']}: Is not known here; {help_}", errors=places)


def _parameters(dependant: Any) -> Iterator[str]:
    """Yield the names of all parameters of a route and of what it depends on."""
    yield from (one.alias for one in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _parameters(inner)


NoOthers: Any = Depends(_refuse_unknown)
"""Declares that a route takes no parameters but those that it has."""
