"""Fits side by side: threads that share tasks, and results that do not depend on how many they are.

Growing trees and adding up columns lets go of Python's lock, so threads do, and no data are copied.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from threadpoolctl import threadpool_limits

Task = Callable[[], Any]


class Workers:
    """So many threads, the caller's own among them.

    A task may share out tasks of its own: a thread that waits does what no other has begun, so none waits for ever.
    While tasks run, numeric libraries use one thread each: sums of floats depend on how many threads share them.

    Parameters
    ----------
    count : int
        Threads that work at a time; with one, tasks are done in order.
    """

    def __init__(self, count: int = 1) -> None:
        self._pool = ThreadPoolExecutor(count - 1) if count > 1 else None

    def run(self, *tasks: Task) -> list[Any]:
        """Do all tasks and give their results in order; of several that fail the first in order is raised.

        The first one is done here, whatever the others do.
        """
        if self._pool is None:
            with threadpool_limits(limits=1):
                return [task() for task in tasks]
        with threadpool_limits(limits=1), _without_numeric_warnings():
            begun = [self._pool.submit(task) for task in tasks[1:]]
            done = [_do(task) for task in tasks[:1]]
            done += [_do(task) if one.cancel() else one for task, one in zip(tasks[1:], begun, strict=True)]
            for one in done:
                one.exception()  # waits: nothing goes on behind the back of the caller
            return [one.result() for one in done]


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


def _do(task: Task) -> Future[Any]:
    done: Future[Any] = Future()
    try:
        done.set_result(task())
    except Exception as error:
        done.set_exception(error)
    return done
