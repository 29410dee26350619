"""The process that works beside the workers: it keeps the shop up to date and starts what was asked for as jobs.

Whatever takes long runs in a process of its own again, so that it can be ended when a job is cancelled and gives its
memory back. Of all processes of the service only one that trains reads the private key.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from churnrisk.clock import steady
from churnrisk.errors import ChurnriskError
from churnrisk.service.config import ALIVE, READY, ServiceConfig
from churnrisk.service.job_kinds import Ages, remove_old_results, run_job
from churnrisk.service.logs import describe_error, log, start_logs
from churnrisk.service.tasks import add_due_jobs
from churnrisk.service.worker import BEAT_SECONDS, end_with_supervisor
from churnrisk.shop import (
    choose_reasons,
    end_progress,
    find_current,
    keep_generation,
    prepare_shop,
    take_kept,
    tell_progress,
)
from churnrisk.state import (
    Job,
    State,
    claim_job,
    drop_sessions,
    fail_lost_jobs,
    finish_job,
    load_job,
    open_state,
    stamp_tombstones,
)

LOOK_SECONDS = 0.25
RETRY_SECONDS = 30.0
"""After a generation could not be made, so long before it is tried again; a changed model or file is tried at once."""

SWEEP_SECONDS = 3600.0
SCHEDULE_SECONDS = 5.0
NICENESS = 5


def run_jobs(config: ServiceConfig, line: Connection) -> None:
    """Do what is to be done until told to stop, or until the supervisor is gone.

    Parameters
    ----------
    config : ServiceConfig
        How the service runs.
    line : Connection
        To the supervisor.
    """
    start_logs()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches all; the supervisor tells when to stop
    asked = threading.Event()
    signal.signal(signal.SIGHUP, lambda *_: asked.set())
    end_with_supervisor(line)
    with open_state(config.state) as state:
        keeper = Keeper(config, state)
        keeper.begin()
        line.send_bytes(READY)
        beaten = steady()
        while not stop.wait(LOOK_SECONDS):
            if asked.is_set():
                asked.clear()
                keeper.read_again()
            keeper.look()
            if steady() - beaten > BEAT_SECONDS:
                beaten = steady()
                with contextlib.suppress(OSError):
                    line.send_bytes(ALIVE)
        keeper.close()


class Keeper:
    """Keeps the current generation up to date, and one job at a time running."""

    def __init__(self, config: ServiceConfig, state: State) -> None:
        self._config, self._state, self._plan = config, state, config.shop_plan
        self._context = multiprocessing.get_context("spawn")
        self._making: Any = None
        self._tried: tuple[object, float] | None = None
        self._made = steady()
        self._job: Job | None = None
        self._working: Any = None
        self._version: int | None = None
        self._ages = Ages()
        self._is_asked = False
        self._scheduled = -SCHEDULE_SECONDS
        self._erased, self._swept = stamp_tombstones(state), steady()

    def begin(self) -> None:
        """Give up the jobs that the process before this one left, and show what an earlier run has kept."""
        end_progress(self._plan.folder)
        if find_current(self._plan.folder) is None:
            self._is_asked = take_kept(self._plan, self._state)  # to be read anew, whether or not the file has changed
        lost = fail_lost_jobs(self._state, runner=self._config.runner)
        removed = remove_old_results(self._config, self._state, self._ages)
        log(
            "jobs", lost=lost, results_removed=removed, sessions_expired=drop_sessions(self._state), kept=self._is_asked
        )

    def read_again(self) -> None:
        """Let the history be read again, whether or not it can be seen that it has changed."""
        log("asked to read again")
        self._is_asked = True

    def look(self) -> None:
        """See what is to be done, and begin it."""
        with contextlib.suppress(ChurnriskError):  # a state that is busy for a moment is looked at again
            self._look_after_results()
            self._look_after_generation()
            self._look_at_schedule()
            self._look_after_job()

    def _look_after_results(self) -> None:
        """Remove the scores that are old, or that jobs wrote before somebody was forgotten."""
        stamp = stamp_tombstones(self._state)
        if stamp != self._erased:
            removed = remove_old_results(self._config, self._state, self._ages)
            log("somebody was forgotten", results_removed=removed)
        elif steady() - self._swept > SWEEP_SECONDS:
            remove_old_results(self._config, self._state, self._ages)
            drop_sessions(self._state)
        else:
            return
        self._erased, self._swept = stamp, steady()

    def _look_after_generation(self) -> None:
        if self._making is not None:
            if self._making.is_alive():
                return
            log("history read", exit_code=self._making.exitcode)
            end_progress(self._plan.folder)
            self._making.close()
            self._making, self._made = None, steady()
        current = find_current(self._plan.folder)
        age = steady() - self._made
        reasons = choose_reasons(self._plan, current, self._state, age=age)
        if reasons is None and self._is_asked:
            reasons = "listed"
        if reasons is None:
            return
        wanted, tried = (None if current is None else current.name, reasons), self._tried
        if tried and tried[0] == wanted and steady() - tried[1] < RETRY_SECONDS and not self._is_asked:
            return
        self._tried, self._is_asked = (wanted, steady()), False
        self._making = self._start(make_generation, self._config, reasons)

    def _look_at_schedule(self) -> None:
        tasks = self._config.tasks
        if tasks is not None and steady() - self._scheduled > SCHEDULE_SECONDS:
            self._scheduled = steady()
            add_due_jobs(tasks, self._state)

    def _look_after_job(self) -> None:
        if self._job is not None:
            self._watch_job(self._job)
        version = self._state.version()
        if self._job is None and (version != self._version):
            self._version = version
            self._job = claim_job(self._state, runner=self._config.runner)
            if self._job is not None:
                self._version = None
                log("job begins", job=self._job.job_id, kind=self._job.kind)
                self._working = self._start(work, self._config, self._job.job_id)

    def _watch_job(self, job: Job) -> None:
        is_wanted = load_job(self._state, job.job_id).status != "cancelled"
        if self._working.is_alive():
            if not is_wanted:
                self._working.terminate()
            return
        if is_wanted:
            died = f"its process died (exit code {self._working.exitcode}); the log may say why."
            finish_job(self._state, job.job_id, error=died)  # changes nothing where it has ended by itself
        log("job ended", job=job.job_id, exit_code=self._working.exitcode)
        self._working.close()
        self._job = self._working = self._version = None

    def _start(self, target: Callable[..., None], *arguments: Any) -> Any:
        process = self._context.Process(target=target, args=arguments, daemon=True)
        process.start()
        return process

    def close(self) -> None:
        """End what is still running; its job is marked as failed."""
        for process in (self._making, self._working):
            if process is not None and process.is_alive():
                process.terminate()
                process.join(5)
        fail_lost_jobs(self._state, runner=self._config.runner)


def make_generation(config: ServiceConfig, reasons: Any) -> None:
    """Make a generation, in a process of its own."""
    _begin_quietly()
    plan = config.shop_plan
    try:
        made = prepare_shop(plan, reasons=reasons, progress=partial(tell_progress, plan.folder))
        with open_state(plan.state) as state:
            keep_generation(plan, made, state)
        if made.made_of["lacks_erasure_key"]:
            log("erasure key missing")  # customers were forgotten, and cannot be told from the others here
        if made.made_of["products_problem"]:
            log("products not told", kind=made.made_of["products_problem"])  # all other pages stand
    except ChurnriskError as error:
        log("history not read", **describe_error(error))
        raise SystemExit(2) from None


def work(config: ServiceConfig, job_id: int) -> None:
    """Do a job, in a process of its own."""
    _begin_quietly()
    with open_state(config.state) as state:
        try:
            finish_job(state, job_id, result=run_job(config, state, load_job(state, job_id)))
        except ChurnriskError as error:
            finish_job(state, job_id, error=str(error))
        except Exception as error:
            log("defect", job=job_id, **describe_error(error))
            finish_job(state, job_id, error="something is wrong with churnrisk itself; the log tells where.")
            raise SystemExit(1) from None


def _begin_quietly() -> None:
    import os

    start_logs()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(NICENESS)  # whoever waits for an answer comes first
