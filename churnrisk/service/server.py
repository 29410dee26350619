"""The supervisor: workers on one socket, started again when they die, and stopped without losing a request."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from churnrisk.clock import steady
from churnrisk.confine import describe_means
from churnrisk.errors import SettingsError
from churnrisk.service.config import ALIVE, METRICS_VARIABLE, READY, ServiceConfig
from churnrisk.service.logs import log, start_logs
from churnrisk.state import adopt_key, list_keys, open_state

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""Libraries read these when they are loaded; threads of several workers would only fight for the same cores."""

WORKER = "churnrisk.service.worker:run_worker"
READER = "jobs"
SIDE_PROCESSES: tuple[tuple[str, str], ...] = ((READER, "churnrisk.service.jobs:run_jobs"),)
"""Processes beside the workers: a name, and a function that is called with the config and a line to the supervisor.

Functions are named and not imported: the supervisor itself stays small."""

ADMIN_VARIABLE = "CHURNRISK_ADMIN_KEY"
MOST_FAILURES = 5
SILENT_SECONDS = 60.0
STARTING_SECONDS = 300.0
LONGEST_PAUSE = 5.0


def serve(config: ServiceConfig, *, announce: Callable[[str], None]) -> int:
    """Run the service until it is asked to stop; give its exit code.

    SIGTERM and SIGINT let requests that have begun end, for as long as the bounds say; a second one ends all at once.
    SIGHUP has the purchase history read again; where it means that a terminal was closed, it is a SIGTERM.

    Parameters
    ----------
    config : ServiceConfig
        How to run.
    announce : callable
        Told one line as soon as the service answers: where.

    Raises
    ------
    SettingsError
        When there is no key to use it with, or the address cannot be listened at.
    StateError
        When the state cannot be used.
    """
    check_keys(config)
    with bind(config) as listening, tempfile.TemporaryDirectory(prefix="churnrisk-serve-") as folder:
        counts, shop = Path(folder, "metrics"), Path(folder, "shop")
        counts.mkdir()
        config = replace(config, shop_dir=shop)
        for variable in ONE_THREAD:
            os.environ[variable] = "1"
        os.environ[METRICS_VARIABLE] = str(counts)
        start_logs()
        log("files are read confined", **describe_means())
        return Supervisor(config, listening, announce).run()


def check_keys(config: ServiceConfig) -> None:
    """Refuse to start where nobody could use the service, or everybody.

    ``CHURNRISK_ADMIN_KEY`` in the environment is taken over as the key of an admin, for containers that are set up
    without a shell; it leaves the environment, so that no other process finds it there.
    """
    with open_state(config.state) as state:
        if ADMIN_VARIABLE in os.environ:
            adopt_key(state, os.environ.pop(ADMIN_VARIABLE), name=ADMIN_VARIABLE, role="admin")
        if any(key.revoked_at is None for key in list_keys(state)):
            return
    raise SettingsError(
        f"{config.state}: there is no key yet, or each is revoked, so nobody could use the service. Make one: "
        "churnrisk keys create --name me --role admin"
    )


@contextlib.contextmanager
def bind(config: ServiceConfig) -> Iterator[socket.socket]:
    """Open the socket that all workers listen at."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((config.host, config.port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SettingsError(
                f"cannot listen at {config.host}, port {config.port}: {reason}. Name another with --host and --port."
            ) from None
        yield listening


@dataclass
class Child:
    """A process of the service, and what the supervisor knows of it."""

    name: str
    start: Callable[[Connection], Any]
    process: Any = None
    line: Connection | None = None
    started: float = 0.0
    heard: float = 0.0
    failures: int = 0
    is_ready: bool = False


class Supervisor:
    """Keeps the processes of the service running.

    Parameters
    ----------
    config : ServiceConfig
        How to run.
    listening : socket
        What the workers listen at.
    announce : callable
        Told where the service answers, once it does.
    """

    def __init__(self, config: ServiceConfig, listening: socket.socket, announce: Callable[[str], None]) -> None:
        self._config, self._listening, self._announce = config, listening, announce
        self._context = multiprocessing.get_context("forkserver")  # loads the libraries once: a restart takes no time
        self._context.set_forkserver_preload([WORKER.partition(":")[0]])
        self._children = [
            *(Child(f"worker {number + 1}", self._worker) for number in range(config.workers)),
            *(Child(name, self._beside(target)) for name, target in SIDE_PROCESSES),
        ]
        self._signals, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._signals, False)
        self._stops = 0
        self._is_hung_up = False
        self._has_announced = False

    def _worker(self, line: Connection) -> Any:
        return self._context.Process(target=run_named, args=(WORKER, self._config, self._listening, line))

    def _beside(self, target: str) -> Callable[[Connection], Any]:
        return lambda line: self._context.Process(target=run_named, args=(target, self._config, line))

    def run(self) -> int:
        """Start all, and watch them until a signal comes."""
        stops = (signal.SIGTERM, signal.SIGINT, *((signal.SIGHUP,) if has_terminal() else ()))
        for number in stops:
            signal.signal(number, self._on_signal)
        if signal.SIGHUP not in stops:
            signal.signal(signal.SIGHUP, self._on_hangup)
        try:
            for child in self._children:
                self._start(child)
            while not self._stops:
                self._watch()
                self._hand_on()
                if self._has_given_up():
                    return 1
            log("stopping", seconds=self._config.bounds.drain_seconds)
        finally:
            self._stop_all()
        log("stopped")
        return 0

    def _on_signal(self, *_: object) -> None:
        self._stops += 1
        self._rouse()

    def _on_hangup(self, *_: object) -> None:
        self._is_hung_up = True
        self._rouse()

    def _hand_on(self) -> None:
        """Hand SIGHUP on to the process that reads the history, once that can take it."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._signals, 1024)
        for child in self._children:
            if self._is_hung_up and child.name == READER and child.process is not None and child.is_ready:
                self._is_hung_up = False
                os.kill(child.process.pid, signal.SIGHUP)

    def _rouse(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake, b"!")

    def _start(self, child: Child) -> None:
        ours, theirs = self._context.Pipe()
        child.process = child.start(theirs)
        child.process.start()
        theirs.close()
        log("process started", name=child.name, pid=child.process.pid)
        child.line, child.is_ready = ours, False
        child.started = child.heard = steady()

    def _watch(self) -> None:
        """Wait until something happens, and see to it."""
        lines = [child.line for child in self._children if child.line is not None]
        sentinels = [child.process.sentinel for child in self._children if child.process is not None]
        wait([self._signals, *lines, *sentinels], timeout=1.0)
        for child in self._children:
            self._listen(child)
            if child.process is not None and not child.process.is_alive():
                self._bury(child)
            elif child.process is not None and is_silent(child, steady()):
                log("silent", process=child.name)
                child.process.kill()
            if child.process is None and steady() - child.started > pause_after(child.failures):
                self._start(child)

    def _listen(self, child: Child) -> None:
        try:
            while child.line is not None and child.line.poll():
                word = child.line.recv_bytes(16)
                child.heard = steady()
                if word == READY:
                    child.is_ready, child.failures = True, 0
                    self._announce_once()
                elif word != ALIVE:
                    log("unknown word", process=child.name)
        except (EOFError, OSError):
            child.line = None

    def _bury(self, child: Child) -> None:
        """Take note of a death."""
        child.failures += 0 if child.is_ready else 1
        log("process died", name=child.name, pid=child.process.pid, exit_code=child.process.exitcode)
        forget_numbers(child.process.pid)
        child.process.close()
        child.process = None
        if child.line is not None:
            child.line.close()
            child.line = None

    def _announce_once(self) -> None:
        workers = [child for child in self._children if child.start == self._worker]
        if self._has_announced or not all(child.is_ready for child in workers):
            return
        self._has_announced = True
        host, port = self._listening.getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        log("listening", url=url, workers=len(workers), pid=os.getpid())
        self._announce(
            f"churnrisk answers at {url} ({len(workers)} worker{'s' * (len(workers) > 1)}). Ctrl+C stops it."
        )

    def _has_given_up(self) -> bool:
        """Tell whether the service cannot start; once it has answered it goes on trying, since others still answer."""
        if self._has_announced:
            return False
        failed = next((child for child in self._children if child.failures >= MOST_FAILURES), None)
        if failed is not None:
            log("given up", process=failed.name, failures=failed.failures)
            sys.stderr.write(
                f"churnrisk: {failed.name} has died {MOST_FAILURES} times as it started; the log says why.\n"
            )
        return failed is not None

    def _stop_all(self) -> None:
        """Ask every process to end, and end those that do not."""
        self._listening.close()  # whoever comes now is told at once, and not when the last worker has gone
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            process.terminate()
        until = steady() + self._config.bounds.drain_seconds + 3.0
        asked = self._stops
        while any(process.is_alive() for process in running) and steady() < until and self._stops == asked:
            wait([one.sentinel for one in running if one.is_alive()], timeout=0.2)
        for process in running:
            if process.is_alive():
                process.kill()
            process.join()


def has_terminal() -> bool:
    """Tell whether a person has started this in a terminal, and would end it by closing that."""
    return sys.stdin is not None and sys.stdin.isatty()


def is_silent(child: Child, now: float) -> bool:
    """Tell whether a process has said nothing for so long that it must be hung."""
    return now - child.heard > (SILENT_SECONDS if child.is_ready else STARTING_SECONDS)


def pause_after(failures: int) -> float:
    """Return how long to wait before a process is started again: not at all, unless it keeps dying as it starts."""
    return 0.0 if failures == 0 else min(LONGEST_PAUSE, 0.25 * 2**failures)


def run_named(function: str, *arguments: Any) -> None:
    """Call a function by its name, in a process of its own."""
    module, _, name = function.partition(":")
    getattr(import_module(module), name)(*arguments)


def forget_numbers(pid: int) -> None:
    """Drop what a process that has died said of the present, such as how much waits; its counts stay."""
    for file in Path(os.environ[METRICS_VARIABLE]).glob(f"gauge_live*_{pid}.db"):
        file.unlink(missing_ok=True)
