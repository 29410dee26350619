"""Due times of tasks that were taken up: each by one service, however many share the state."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from churnrisk.clock import SKEW_SECONDS, utc_now
from churnrisk.state import Job, State, add_job, load_job, now


@dataclass(frozen=True)
class DueTask:
    """The last due time of a task that was taken up (UTC), the rule of then, and its job, where one was added."""

    task: str
    due_at: str
    rule: str
    job: Job | None


def take_due(state: State, task: str, due_at: str, *, rule: str) -> Job | None:
    """Add the job of a due time, unless somebody has done so; None where there is nothing to do.

    A task that is seen for the first time, or with another rule than before, begins with its next due time: what lies
    before that was not missed. Of several due times that were missed the last one counts. What a clock that was far
    ahead has taken up counts for nothing.

    Parameters
    ----------
    state : State
        The open state.
    task : str
        The kind of the job.
    due_at : str
        The moment (UTC), as :func:`churnrisk.state.now` writes it.
    rule : str
        What the due time follows from.
    """
    with state.transaction():
        last = _find_last(state, task)
        is_known = last is not None and last.rule == rule
        if last is not None and is_known and last.due_at >= due_at:
            return None
        had = state.rows("SELECT 1 FROM due_tasks WHERE task = ? AND due_at = ? AND job_id IS NOT NULL", (task, due_at))
        job = add_job(state, task, {}) if is_known and not had else None
        number = None if job is None else job.job_id
        statement = (
            "INSERT INTO due_tasks (task, due_at, rule, made_at, job_id) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (task, due_at) DO UPDATE SET rule = excluded.rule, made_at = excluded.made_at"
        )
        state.run(statement, (task, due_at, rule, now("microseconds"), number))
        return job


def _soonest_wrong() -> str:
    return (utc_now() + dt.timedelta(seconds=SKEW_SECONDS)).isoformat(timespec="seconds")


def _find_last(state: State, task: str) -> DueTask | None:
    query = (
        "SELECT due_at, rule FROM due_tasks WHERE task = ? AND due_at <= ? ORDER BY made_at DESC, due_at DESC LIMIT 1"
    )
    found = state.rows(query, (task, _soonest_wrong()))
    return DueTask(task, found[0][0], found[0][1], None) if found else None


def find_done(state: State, task: str) -> DueTask | None:
    """Return the last due time of a task that a job was added for; None where there is none."""
    query = (
        "SELECT due_at, rule, job_id FROM due_tasks WHERE task = ? AND job_id IN (SELECT job_id FROM jobs) "
        "ORDER BY due_at DESC LIMIT 1"
    )
    found = state.rows(query, (task,))
    if not found:
        return None
    due_at, rule, job_id = found[0]
    return DueTask(task, due_at, rule, load_job(state, job_id))
