"""Due times: each is taken up once, whoever looks; the first sight of a rule begins nothing."""

from __future__ import annotations

import threading

from churnrisk.desk import find_done, take_due
from churnrisk.state import State, StatePlace, claim_job, finish_job, list_jobs, open_state
from churnrisk.state.clock import later

DAYS = [f"2020-01-{day:02d}T06:00:00+00:00" for day in range(1, 10)]
RULE = "daily 06:00 UTC"


def test_a_rule_that_is_new_begins_with_its_next_due_time(state: State) -> None:
    assert take_due(state, "weekly", DAYS[0], rule=RULE) is None
    assert take_due(state, "weekly", DAYS[0], rule=RULE) is None
    job = take_due(state, "weekly", DAYS[1], rule=RULE)
    assert job is not None
    assert (job.kind, job.status, job.asked_by) == ("weekly", "queued", None)
    assert take_due(state, "weekly", DAYS[1], rule=RULE) is None
    assert take_due(state, "weekly", DAYS[0], rule=RULE) is None, "a clock that was set back begins nothing"
    assert take_due(state, "weekly", DAYS[2], rule="monday 06:00 UTC") is None
    assert take_due(state, "weekly", DAYS[3], rule="monday 06:00 UTC") is not None
    assert [one.kind for one in list_jobs(state)] == ["weekly", "weekly"]


def test_of_missed_due_times_the_last_one_counts_once(state: State) -> None:
    take_due(state, "monitor", DAYS[0], rule=RULE)
    assert take_due(state, "monitor", DAYS[8], rule=RULE) is not None
    assert take_due(state, "monitor", DAYS[8], rule=RULE) is None
    assert len(list_jobs(state)) == 1
    assert take_due(state, "retrain", DAYS[8], rule=RULE) is None, "each task has times of its own"


def test_several_services_begin_each_due_time_once(place: StatePlace) -> None:
    with open_state(place) as state:
        take_due(state, "weekly", DAYS[0], rule=RULE)
    gate, taken = threading.Barrier(4), []

    def serve() -> None:
        with open_state(place) as mine:
            for due_at in DAYS[1:]:
                gate.wait()
                taken.append(take_due(mine, "weekly", due_at, rule=RULE))

    services = [threading.Thread(target=serve) for _ in range(4)]
    for one in services:
        one.start()
    for one in services:
        one.join()
    with open_state(place) as state:
        assert len(list_jobs(state)) == len(DAYS) - 1 == sum(one is not None for one in taken)


def test_what_a_clock_far_ahead_took_up_keeps_nothing_from_being_done(state: State) -> None:
    take_due(state, "weekly", DAYS[0], rule=RULE)
    assert take_due(state, "weekly", later(86_400.0 * 365), rule=RULE) is not None
    assert take_due(state, "weekly", DAYS[1], rule=RULE) is not None
    assert take_due(state, "weekly", DAYS[1], rule=RULE) is None


def test_what_the_last_due_time_came_to_is_known(state: State) -> None:
    take_due(state, "weekly", DAYS[0], rule=RULE)
    assert find_done(state, "weekly") is None
    take_due(state, "weekly", DAYS[1], rule=RULE)
    job = claim_job(state, runner="here")
    assert job is not None
    finish_job(state, job.job_id, result={"line": "as_of=2020-01-02"})
    done = find_done(state, "weekly")
    assert done is not None
    assert done.job is not None
    assert (done.due_at, done.job.status, done.job.result) == (DAYS[1], "done", {"line": "as_of=2020-01-02"})
