"""The service: scores over HTTP and pages to look at, behind keys. Everything is refused unless a route says otherwise.

The door: :class:`ServiceConfig` with its :class:`Bounds` says how to run, :func:`serve` runs a supervisor with its
workers, and :func:`create_app` is the application that each of them serves.
"""

from churnrisk.service.app import create_app
from churnrisk.service.config import Bounds, ServiceConfig
from churnrisk.service.server import serve

__all__ = ["Bounds", "ServiceConfig", "create_app", "serve"]
