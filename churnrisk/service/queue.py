"""The queue of jobs has an end."""

from __future__ import annotations

from churnrisk.messages import wording
from churnrisk.service.problems import Problem
from churnrisk.state import State, list_jobs

MOST_QUEUED = 20
FULL = wording("{count} jobs are waiting already.")


def check_queue(state: State) -> None:
    """Refuse another job where too many wait."""
    if sum(one.status == "queued" for one in list_jobs(state, limit=500)) >= MOST_QUEUED:
        raise Problem(503, "Queue full", FULL.format(count=MOST_QUEUED), headers={"Retry-After": "60"})
