"""Work that is shared: results and errors in order, tasks within tasks, and never more threads than were given."""

from __future__ import annotations

import threading
import time
import warnings

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from churnrisk.learning.workers import Workers

counts = pytest.mark.parametrize("count", [1, 2, 3])


def blas_threads() -> int:
    return max(int(one["num_threads"]) for one in threadpool_info() if one["user_api"] == "blas")


@counts
def test_results_stand_in_order_however_deep_tasks_are_shared(count: int) -> None:
    workers = Workers(count)

    def square_all(depth: int, size: int) -> list[object]:
        if not depth:
            return [size]
        return workers.run(*(lambda k=k: square_all(depth - 1, 10 * size + k) for k in range(3)))

    assert square_all(2, 1) == [[[100], [101], [102]], [[110], [111], [112]], [[120], [121], [122]]]


@counts
def test_no_more_threads_work_than_were_given_and_each_counts_alone(count: int) -> None:
    workers, at_work, most, blas = Workers(count), set[int](), [0], []

    def work(depth: int) -> None:
        if depth:
            workers.run(lambda: work(depth - 1), lambda: work(depth - 1))
            return
        at_work.add(threading.get_ident())
        most[0] = max(most[0], len(at_work))
        blas.append(blas_threads())
        time.sleep(0.005)
        at_work.discard(threading.get_ident())

    with threadpool_limits(limits=2):
        work(3)
        assert blas_threads() == 2
    assert most[0] <= count
    assert set(blas) == {1}


@counts
def test_the_first_error_in_order_is_raised_when_nothing_runs_any_more(count: int) -> None:
    done = []

    def fail(word: str) -> None:
        raise ValueError(word)

    def finish() -> None:
        time.sleep(0.02)
        done.append(1)

    with pytest.raises(ValueError, match="early"):
        Workers(count).run(finish, lambda: fail("early"), finish, lambda: fail("late"))
    seen = len(done)
    time.sleep(0.05)
    assert len(done) == seen


def test_a_thread_that_waits_does_what_another_has_shared_out() -> None:
    workers, threads, together = Workers(2), set[int](), threading.Barrier(2, timeout=10)

    def meet() -> None:
        threads.add(threading.get_ident())
        together.wait()  # breaks where one thread has to do both in turn

    workers.run(lambda: None, lambda: workers.run(meet, meet))
    assert len(threads) == 2


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_interrupt_leaves_no_thread_waiting(place: int) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    tasks = [lambda: time.sleep(0.01)] * 3
    tasks[place] = stop
    with pytest.raises(KeyboardInterrupt):
        Workers(2).run(*tasks)


def test_threads_do_not_take_each_others_filters_of_warnings() -> None:
    before, turns = list(warnings.filters), threading.Barrier(2)

    def hide_first() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            turns.wait()  # the other has begun
            turns.wait()
        turns.wait()  # this one has set the filters back

    def warn_later() -> None:
        turns.wait()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            turns.wait()
            turns.wait()
            warnings.warn("of no interest", RuntimeWarning, stacklevel=1)

    Workers(2).run(hide_first, warn_later)
    assert warnings.filters == before
