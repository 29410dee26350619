"""What Prometheus reads at ``/metrics``: of all workers together, and with no customer in any label.

Workers write their numbers to files in a folder that the supervisor makes (``PROMETHEUS_MULTIPROC_DIR``), from which
whichever worker is asked adds them up; those of a worker that has died stay in the sums.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import os
from collections.abc import Iterable, Mapping

from fastapi import APIRouter, FastAPI, Request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from churnrisk.clock import utc_now
from churnrisk.service.access import Needs
from churnrisk.service.config import METRICS_VARIABLE
from churnrisk.service.watched import collect_watched

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

REQUESTS = Counter("churnrisk_requests", "Requests by route and status", ("method", "route", "status"))
LATENCY = Histogram("churnrisk_request_seconds", "Time to answer, by route", ("method", "route"), buckets=_BUCKETS)
RUNNING = Gauge(
    "churnrisk_requests_running", "Requests that are being worked on", ("lane",), multiprocess_mode="livesum"
)
QUEUED = Gauge("churnrisk_queue_depth", "Requests that wait for their turn", ("lane",), multiprocess_mode="livesum")
REFUSED = Counter("churnrisk_refused", "Requests that were not worked on", ("reason",))
CUT_OFF = Counter("churnrisk_connections_cut_off", "Connections closed because the client was slow", ("reason",))
CONNECTIONS = Gauge("churnrisk_connections", "Open connections", multiprocess_mode="livesum")
SCORES = Counter("churnrisk_scores", "Scores given, by risk", ("risk",))
STARTS = Counter("churnrisk_worker_starts", "Workers started, after a crash too")

router = APIRouter(include_in_schema=False)


@router.get("/metrics", dependencies=[Needs("reader", lane="none")])
async def metrics(request: Request) -> Response:
    """Return the numbers of all workers, and those of the newest look at the model, as Prometheus reads them."""
    counted = await asyncio.to_thread(collect, request.app)
    watched = await asyncio.to_thread(collect_watched, request.app.state.state)
    return Response(counted + watched, media_type=CONTENT_TYPE_LATEST)


def collect(app: FastAPI) -> bytes:
    """Add up what all workers have counted, and tell what is current."""
    current = CollectorRegistry()
    current.register(_Current(app))
    if METRICS_VARIABLE not in os.environ:
        return generate_latest(REGISTRY) + generate_latest(current)
    counted = CollectorRegistry()
    multiprocess.MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    return generate_latest(counted) + generate_latest(current)


class _Current(Collector):
    """What is read at the moment that Prometheus asks: the model that is in use, and its age."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def collect(self) -> Iterable[Metric]:
        version = self._app.state.shop.current.version if self._app.state.shop is not None else None
        info = GaugeMetricFamily("churnrisk_model_info", "The model that is in use", labels=["version"])
        age = GaugeMetricFamily("churnrisk_model_age_days", "Days since the model in use was made")
        if version is not None:
            info.add_metric([version], 1.0)
            age.add_metric([], age_in_days(version))
        return info, age


def age_in_days(version: str) -> float:
    """Return how old a model is by its version, which begins with the moment that it was made at."""
    made = dt.datetime.strptime(version.partition("-")[0], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=dt.UTC)
    return max(0.0, (utc_now() - made).total_seconds() / 86_400)  # the clock may have been set back


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request that has been answered."""
    counter, histogram = _counters(method, route, status)
    counter.inc()
    histogram.observe(seconds)


@functools.cache  # as many as there are routes, methods and statuses
def _counters(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, status), LATENCY.labels(method, route)


def count_scores(by_risk: Mapping[str, int]) -> None:
    """Count scores that were given, by their risk, as ``{"high": 3, "low": 12}``; one without a risk is ``none``."""
    for risk, count in by_risk.items():
        SCORES.labels(risk or "none").inc(count)
