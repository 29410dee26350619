"""The service: scores over HTTP and pages to look at, behind keys. Everything is refused unless a route says otherwise.

The door: :class:`ServiceConfig` with its :class:`Bounds` says how to run, :func:`serve` runs a supervisor with its
workers, and :func:`create_app` is the application that each of them serves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from churnrisk.service.config import Bounds, ServiceConfig, Tasks
from churnrisk.service.server import serve

if TYPE_CHECKING:
    from churnrisk.service.app import create_app

__all__ = ["Bounds", "ServiceConfig", "Tasks", "create_app", "serve"]


def __getattr__(name: str) -> Any:
    if name == "create_app":  # loads the web and data libraries, which the supervisor does without
        from churnrisk.service.app import create_app

        return create_app
    raise AttributeError(f"module 'churnrisk.service' has no attribute {name!r}")
