"""Jobs are started, watched and cancelled on a page of a running service; the schedule adds them by itself."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from churnrisk.desk import find_done
from churnrisk.errors import SettingsError
from churnrisk.operations import MonitorPlan, WeeklyPlan, read_schedule
from churnrisk.orders import IntakeOptions
from churnrisk.service import ServiceConfig, Tasks
from churnrisk.service.jobs import SCHEDULE_SECONDS, Keeper
from churnrisk.service.tasks import add_due_jobs, do_task
from churnrisk.state import State, list_audit, list_jobs, open_state
from churnrisk.week_list import ListPlan
from support.clocks import DAY, YEAR, Clocks
from support.service import Service

PAGE = {"Accept": "text/html"}


def test_a_look_at_the_model_is_started_and_watched_on_the_page(api: httpx.Client, service: Service) -> None:
    browser, token = service.browser("scorer")
    page = browser.get("/jobs", headers=PAGE).text
    assert "Score everybody" in page
    assert 'action="/jobs/train"' not in page
    assert browser.post("/jobs/train", data={"csrf_token": token}).status_code == 403
    assert browser.post("/jobs/monitor", data={}).status_code == 403, "without its token"
    answer = browser.post("/jobs/monitor", data={"csrf_token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs")
    part, until = browser.get("/parts/jobs", headers=PAGE).text, time.monotonic() + 60
    assert "look at the model" in part
    while 'hx-trigger="every 2s"' in part:
        assert time.monotonic() < until, part
        time.sleep(0.3)
        part = browser.get("/parts/jobs", headers=PAGE).text
    assert "0 rules fired" in part
    newest = api.get("/v1/jobs?limit=1").json()["jobs"][0]
    assert (newest["kind"], newest["status"]) == ("monitor", "done")
    assert newest["result"]["model"]
    with open_state(service.state) as opened:
        assert next(one.action for one in list_audit(opened)) == "monitor"


def test_a_job_that_waits_is_cancelled_and_a_training_only_by_an_admin(api: httpx.Client, service: Service) -> None:
    admin, token = service.browser("admin")
    scorer, own = service.browser("scorer")
    assert admin.post("/jobs/train", data={"csrf_token": token, "horizon": "0"}).status_code == 422
    assert admin.post("/jobs/train", data={"csrf_token": token, "horizon": "60", "backtest": "yes"}).status_code == 303
    job = api.get("/v1/jobs?limit=1").json()["jobs"][0]
    assert (job["kind"], job["request"]["horizon"], job["request"]["promote"]) == ("train", 60, False)
    fields = {"job": str(job["job_id"])}
    assert scorer.post("/jobs/cancel", data={**fields, "csrf_token": own}).status_code == 403
    assert admin.post("/jobs/cancel", data={**fields, "csrf_token": token}).status_code == 303
    assert admin.post("/jobs/cancel", data={"job": "999999", "csrf_token": token}).status_code == 404
    assert api.get(f"/v1/jobs/{job['job_id']}").json()["status"] == "cancelled"
    assert "cancelled" in admin.get("/jobs", headers=PAGE).text


def tasks_of(**rules: str) -> Tasks:
    return Tasks(timings=read_schedule(rules, zone="Europe/Sofia"))


def test_what_is_due_is_begun_once_by_one_of_several_services_and_after_restarts(
    state: State, tmp_path: Path, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("churnrisk.service.jobs.choose_reasons", lambda *_, **__: None)
    monkeypatch.setattr("churnrisk.service.jobs.claim_job", lambda *_, **__: None)
    config = ServiceConfig(tmp_path / "models", tmp_path / "state.db", tasks=tasks_of(weekly="daily 06:00"))
    keepers = [Keeper(config, state), Keeper(config, state)]
    for days, jobs in ((0, 0), (1, 1), (0, 1), (1, 2), (5, 3)):  # of five missed days the last one counts
        clocks.wait(days * DAY + SCHEDULE_SECONDS + 1)
        for keeper in keepers:
            keeper.look()
        assert len(list_jobs(state)) == jobs
        keepers[0] = Keeper(config, state)  # as after a restart
    assert {one.kind for one in list_jobs(state)} == {"weekly"}


def test_a_clock_that_is_set_begins_no_due_time_twice(state: State, clocks: Clocks) -> None:
    tasks = tasks_of(monitor="daily 06:00", retrain="every 28 days 02:00")
    add_due_jobs(tasks, state)
    clocks.wait(2 * DAY)
    add_due_jobs(tasks, state)
    assert count_looks(state) == 1
    for jump in (-DAY, DAY, -DAY, DAY):  # set back, it begins the day that was missed, and that once
        clocks.jump(jump)
        add_due_jobs(tasks, state)
        assert count_looks(state) == 2
    clocks.jump(YEAR)
    add_due_jobs(tasks, state)
    assert count_looks(state) == 3
    clocks.jump(-YEAR)
    clocks.wait(DAY)
    add_due_jobs(tasks, state)
    assert count_looks(state) == 4
    assert find_done(state, "weekly") is None


def count_looks(state: State) -> int:
    return sum(one.kind == "monitor" for one in list_jobs(state))


def test_a_task_that_cannot_be_done_says_why(state: State, tmp_path: Path) -> None:
    config = ServiceConfig(tmp_path / "models", tmp_path / "state.db")
    for kind, said in (("monitor", "purchases"), ("weekly", "schedule")):
        with pytest.raises(SettingsError, match=said):
            do_task(config, state, kind, lambda *_: None)
    assert do_task(config, state, "other", lambda *_: None) is None


def test_tasks_are_done_with_the_history_models_and_state_of_the_service(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, options = tmp_path / "elsewhere", IntakeOptions(fold_case=True)
    weekly = WeeklyPlan("other.csv", elsewhere, elsewhere, tmp_path / "weekly", 365, options, ListPlan())
    monitor = MonitorPlan("other.csv", elsewhere, elsewhere, options=options)
    tasks = Tasks(monitor=monitor, weekly=weekly)
    config = ServiceConfig(tmp_path / "models", tmp_path / "state.db", purchases="log.csv", tasks=tasks)

    class SeenError(Exception):
        pass

    def see(plan: object) -> None:
        raise SeenError(plan)

    for kind in ("monitor", "weekly"):
        monkeypatch.setattr(f"churnrisk.service.tasks.run_{kind}", see)
        with pytest.raises(SeenError) as seen:
            do_task(config, state, kind, lambda *_: None)
        [plan] = seen.value.args
        assert (plan.source, plan.models_dir, plan.state) == ("log.csv", config.models_dir, config.state)
        assert plan.options == options
