"""Fits side by side: threads that share tasks, and results that do not depend on how many they are.

Growing trees and adding up columns lets go of Python's lock, so threads do, and no data are copied.
"""

from __future__ import annotations

import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from threadpoolctl import threadpool_limits

Task = Callable[[], Any]


@dataclass(frozen=True, eq=False)
class _Job:
    task: Task
    done: Future[Any]


class Workers:
    """So many threads, the caller's own among them.

    A task may share out tasks of its own. A thread that waits for others does what nobody has begun, whoever asked for
    it: so none waits for ever, and none is idle while there is work.
    While tasks run, numeric libraries use one thread each: sums of floats depend on how many threads share them.

    Parameters
    ----------
    count : int
        Threads that work at a time; with one, tasks are done in order.
    """

    def __init__(self, count: int = 1) -> None:
        self._pool = ThreadPoolExecutor(count - 1) if count > 1 else None
        self._open: deque[_Job] = deque()
        self._changed = threading.Condition()

    def run(self, *tasks: Task) -> list[Any]:
        """Do all tasks and give their results in order; of several that fail the first in order is raised.

        The first one is done here, whatever the others do.
        """
        if self._pool is None:
            with threadpool_limits(limits=1):
                return [task() for task in tasks]
        with threadpool_limits(limits=1), _without_numeric_warnings():
            first, *others = (_Job(task, Future()) for task in tasks)
            self._offer(others)
            self._do(first)
            for job in others:
                self._help_until(job)
            return [job.done.result() for job in (first, *others)]

    def _offer(self, jobs: Iterable[_Job]) -> None:
        """Put jobs where every thread finds them: those of the pool, and those that wait."""
        if self._pool is None:
            return
        for job in jobs:
            with self._changed:
                self._open.append(job)
                self._changed.notify_all()
            self._pool.submit(self._do_next)

    def _do_next(self) -> None:
        """Do the job that was offered first; nothing where another thread has taken it."""
        with self._changed:
            job = self._open.popleft() if self._open else None
        if job is not None:
            self._do(job)

    def _help_until(self, job: _Job) -> None:
        """Do what is open until a job is done, the job itself first where nobody has begun it."""
        while not job.done.done():
            with self._changed:
                while not self._open and not job.done.done():
                    self._changed.wait()
                if job in self._open:
                    self._open.remove(job)
                    taken: _Job | None = job
                else:
                    taken = self._open.popleft() if self._open else None
            if taken is not None:
                self._do(taken)

    def _do(self, job: _Job) -> None:
        try:
            job.done.set_result(job.task())
        except BaseException as error:
            job.done.set_exception(error)  # the thread that asked for it must not wait for ever
            if not isinstance(error, Exception):
                raise
        finally:
            with self._changed:
                self._changed.notify_all()


ALONE = Workers()


@contextmanager
def _without_numeric_warnings() -> Iterator[None]:
    """Hide warnings about numbers while threads run, and set back the filters as they were.

    Filters belong to the whole process. A library that hides its own warnings for a step, and sets the filters back,
    takes them away from another thread that is in the middle of the same.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
