"""What jobs do: score everybody in the history, train a model on it, or a task of the schedule."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

from churnrisk.clock import steady, wall
from churnrisk.errors import ChurnriskError, OutputError
from churnrisk.memory import results_folder
from churnrisk.service.config import ServiceConfig
from churnrisk.service.tasks import do_task
from churnrisk.shop import score_everybody, train_on_history
from churnrisk.state import Job, State, last_erased_at, list_jobs, report_progress, stamp_tombstones
from churnrisk.workflows import TrainPlan

KEPT_DAYS = 7
REPORT_SECONDS = 0.5
ERASURES = "erasures"
"""In the result of a job: which customers were on the list of the erased, as a digest."""


class Unwanted(ChurnriskError):  # noqa: N818 - named for what happened
    """The job was cancelled while it was done."""


def run_job(config: ServiceConfig, state: State, job: Job) -> dict[str, Any]:
    """Do a job and give its result.

    Parameters
    ----------
    config : ServiceConfig
        How the service runs.
    state : State
        Where progress is told.
    job : Job
        What was asked for; its request was checked when it came.
    """
    progress = _Progress(state, job.job_id)
    request: dict[str, Any] = dict(job.request)
    if job.kind == "train":
        plan, promote = config.shop_plan, request.pop("promote", False)
        how = TrainPlan(**request, train_customers=plan.train_customers)
        return train_on_history(plan, how, promote=promote, progress=progress)
    if job.kind == "score":
        path = result_path(config, state, job)
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{path.parent}: cannot be made: {error.strerror or error}.") from None
        erased = digest_erasures(state)
        return {**score_everybody(config.shop_plan, path, progress=progress, **request), ERASURES: erased}
    done = do_task(config, state, job.kind, progress)
    if done is not None:
        return done
    raise ChurnriskError(f"this version knows no jobs of the kind {job.kind!r}.")


def result_path(config: ServiceConfig, state: State, job: Job) -> Path:
    """Return where the scores of a job are written; a job that versions before have done has them nowhere any more."""
    return results_folder(config.models_dir, state) / f"{job.result_token or 'none'}.csv"


def digest_erasures(state: State) -> str:
    """Return what changes with every erasure, and tells nothing of any."""
    return hashlib.sha256(stamp_tombstones(state).encode()).hexdigest()[:16]


def may_name_forgotten(state: State, job: Job) -> bool:
    """Tell whether somebody was forgotten after a job had begun, and so may stand in what it wrote.

    Moments do not tell, since the clock may have been set meanwhile; but the results of versions before have no more.
    """
    if job.result and ERASURES in job.result:
        return bool(job.result[ERASURES] != digest_erasures(state))
    return (job.started_at or job.made_at) <= last_erased_at(state)


class Ages:
    """How old files are by the clock as it was at first, which the steady clock moves on: to set it ages nothing.

    A file that was written by another clock is as old as it is known.
    """

    def __init__(self) -> None:
        self._ahead = wall() - steady()
        self._seen: dict[Path, float] = {}

    def of(self, path: Path) -> float:
        """Return the age of a file in seconds."""
        now, written = steady(), path.stat().st_mtime
        return max(now + self._ahead - written, now - self._seen.setdefault(path, now))


def remove_old_results(config: ServiceConfig, state: State, ages: Ages | None = None) -> int:
    """Remove results that are a week old or from before an erasure, and what ended jobs left; give how many.

    A file of this state that no job of it has may be of a service on a copy of the state, so a week is left to it, as
    to the files of versions before, of which nobody knows the state.
    """
    done = {job.result_token: job for job in list_jobs(state, limit=100_000) if job.status != "running"}
    removed, ages = 0, ages or Ages()
    for path in (*results_folder(config.models_dir, state).glob("*"), *results_folder(config.models_dir).glob("*.csv")):
        job = done.get(path.name.removeprefix(".").partition(".")[0])
        is_over = job is not None and (job.status != "done" or may_name_forgotten(state, job))
        with contextlib.suppress(FileNotFoundError):  # another service of this state has removed it
            if is_over or ages.of(path) > KEPT_DAYS * 86_400:
                path.unlink()
                removed += 1
    return removed


class _Progress:
    """Tells how far a job is, now and then."""

    def __init__(self, state: State, job_id: int) -> None:
        self._state, self._job_id, self._told = state, job_id, 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        if steady() - self._told < REPORT_SECONDS and done < total:
            return
        self._told = steady()
        if not report_progress(self._state, self._job_id, done=done, total=total, text=what):
            raise Unwanted("the job was cancelled.")
