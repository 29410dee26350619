"""Jobs: what was asked for over HTTP and takes longer than an answer may; done by a process of its own."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from churnrisk.errors import StateError
from churnrisk.schema import JobStatus
from churnrisk.state.clock import now
from churnrisk.state.database import State

_COLUMNS = (
    "job_id, kind, status, asked_by, runner, result_token, made_at, started_at, ended_at, progress_done, "
    "progress_total, progress_text, request, result, error"
)
LOST = "the process that did it ended before it was done; ask for it again"


@dataclass(frozen=True)
class Job:
    """A job, with the moments (UTC) of its life; `asked_by` is the id of a key, None for the shell.

    `result_token` is random and made when the job is claimed: it names the files that the job writes.
    """

    job_id: int
    kind: str
    status: JobStatus
    asked_by: int | None
    runner: str | None
    result_token: str | None
    made_at: str
    started_at: str | None
    ended_at: str | None
    progress_done: int
    progress_total: int
    progress_text: str
    request: Mapping[str, Any]
    result: Mapping[str, Any] | None
    error: str | None


def add_job(state: State, kind: str, request: Mapping[str, Any], *, asked_by: int | None = None) -> Job:
    """Put a job at the end of the queue. Its request is kept as JSON: no secret belongs in it."""
    statement = (
        "INSERT INTO jobs (kind, status, asked_by, made_at, progress_done, progress_total, progress_text, request) "  # noqa: S608 - names of ours
        f"VALUES (?, 'queued', ?, ?, 0, 0, '', ?) RETURNING {_COLUMNS}"
    )
    return _job(state.rows(statement, (kind, asked_by, now(), _json(request)))[0])


def claim_job(state: State, *, runner: str) -> Job | None:
    """Take the oldest queued job, which nobody else then gets; None where there is none.

    Parameters
    ----------
    state : State
        The open state.
    runner : str
        Who does it: a name that the same machine's runner has again after a restart, for :func:`fail_lost_jobs`.
    """
    with state.transaction():
        oldest = state.rows("SELECT min(job_id) FROM jobs WHERE status = 'queued'")[0][0]
        if oldest is None:
            return None
        statement = (
            "UPDATE jobs SET status = 'running', runner = ?, result_token = ?, started_at = ? WHERE job_id = ? "  # noqa: S608 - as above
            f"RETURNING {_COLUMNS}"
        )
        return _job(state.rows(statement, (runner, secrets.token_hex(16), now(), oldest))[0])


def report_progress(state: State, job_id: int, *, done: int, total: int, text: str = "") -> bool:
    """Say how far a running job is; tell whether it is still wanted, which it is not once it was cancelled."""
    statement = (
        "UPDATE jobs SET progress_done = ?, progress_total = ?, progress_text = ? "
        "WHERE job_id = ? AND status = 'running'"
    )
    return state.run(statement, (done, total, text, job_id)) == 1


def finish_job(state: State, job_id: int, *, result: Mapping[str, Any] | None = None, error: str | None = None) -> bool:
    """End a running job, done with a result or failed with an error; False where it was cancelled meanwhile."""
    status = "done" if error is None else "failed"
    kept = None if result is None else _json(result)
    statement = (
        "UPDATE jobs SET status = ?, ended_at = ?, result = ?, error = ? WHERE job_id = ? AND status = 'running'"
    )
    return state.run(statement, (status, now(), kept, error, job_id)) == 1


def cancel_job(state: State, job_id: int) -> bool:
    """Cancel a job that is queued or running; False where it has ended. Its runner learns it from its next report."""
    statement = (
        "UPDATE jobs SET status = 'cancelled', ended_at = ? WHERE job_id = ? AND status IN ('queued', 'running')"
    )
    return state.run(statement, (now(), job_id)) == 1


def fail_lost_jobs(state: State, *, runner: str) -> int:
    """Mark the jobs that a runner of this name left running as failed; call it as it starts. Gives their number."""
    statement = "UPDATE jobs SET status = 'failed', ended_at = ?, error = ? WHERE status = 'running' AND runner = ?"
    return state.run(statement, (now(), LOST, runner))


def load_job(state: State, job_id: int) -> Job:
    """Return a job by its number.

    Raises
    ------
    StateError
        Where there is none.
    """
    found = state.rows(f"SELECT {_COLUMNS} FROM jobs WHERE job_id = ?", (job_id,))  # noqa: S608 - as above
    if not found:
        raise StateError(f"there is no job {job_id}.")
    return _job(found[0])


def list_jobs(state: State, *, limit: int = 100) -> list[Job]:
    """Return the newest jobs, newest first."""
    query = f"SELECT {_COLUMNS} FROM jobs ORDER BY job_id DESC LIMIT ?"  # noqa: S608 - as above
    return [_job(row) for row in state.rows(query, (limit,))]


def _job(row: tuple[Any, ...]) -> Job:
    request, result, error = row[-3:]
    known = None if result is None else json.loads(result)
    return Job(*[*row[:-3], json.loads(request), known, error])


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
