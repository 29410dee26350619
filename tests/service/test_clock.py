"""The wall clock is set on and back by an hour and a year: nobody stays logged in, nothing is lost, nothing hangs."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.clock import SKEW_SECONDS
from churnrisk.errors import StoreLocked
from churnrisk.memory import results_folder
from churnrisk.service import Bounds, ServiceConfig, job_kinds
from churnrisk.service.api.jobs import result as give_result
from churnrisk.service.bounds import Lane
from churnrisk.service.job_kinds import KEPT_DAYS, Ages, remove_old_results
from churnrisk.service.jobs import SWEEP_SECONDS, Keeper
from churnrisk.service.login import FAILURES, PER_SECONDS, Throttle
from churnrisk.service.problems import Problem
from churnrisk.state import (
    State,
    add_job,
    add_tombstones,
    claim_job,
    create_key,
    drop_sessions,
    erased_now,
    find_session,
    finish_job,
    list_jobs,
    load_job,
    open_session,
    open_state,
    revoke_key,
    stamp_tombstones,
)
from churnrisk.store.lock import hold_lock
from support.clocks import DAY, HOUR, JUMPS, YEAR, Clocks, take_clocks
from support.served import InThread

LIFETIME = 12 * HOUR


@given(
    before=st.floats(0, 2 * LIFETIME),
    jump=st.one_of(st.sampled_from(JUMPS), st.floats(-2 * YEAR, 2 * YEAR)),
    after=st.floats(0, 3 * YEAR),
)
@settings(max_examples=60, deadline=None)
def test_no_session_outlasts_twice_its_time_and_none_comes_back(before: float, jump: float, after: float) -> None:
    with pytest.MonkeyPatch.context() as patch, open_memory() as state:
        clocks = take_clocks(patch)
        key, _ = create_key(state, name="me", role="reader")
        secret, _ = open_session(state, key.key_id, seconds=LIFETIME)
        assert find_session(state, secret) is not None
        clocks.wait(before)
        assert (find_session(state, secret) is not None) is (before < LIFETIME - 1) or abs(before - LIFETIME) <= 1
        clocks.jump(jump)
        drop_sessions(state)  # as is done every hour, and at each login
        clocks.wait(after)
        if find_session(state, secret) is not None:
            assert before + after <= 2 * LIFETIME + SKEW_SECONDS + 1
            assert -before - SKEW_SECONDS - 1 <= jump <= LIFETIME


@contextlib.contextmanager
def open_memory() -> Iterator[State]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder, open_state(Path(folder) / "state.db") as state:
        yield state


@pytest.mark.parametrize("jump", JUMPS)
def test_a_login_and_what_was_kept_outlast_a_clock_that_is_set(tmp_path: Path, clocks: Clocks, jump: float) -> None:
    server = InThread(tmp_path, Bounds())
    order = {"customer_id": "c1", "order_id": "o1", "ordered_at": "2020-01-01", "amount": 5}
    try:
        with server.client() as client, httpx.Client(base_url=str(client.base_url), timeout=20) as browser:
            token = browser.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
            login = {"key": server.keys["reader"], "csrf_token": token}
            assert browser.post("/login", data=login).status_code == 303
            assert client.post("/v1/purchases", json={"purchases": [order]}).json()["accepted"] == 1
            job = client.post("/v1/jobs/score", json={}).json()["job_id"]
            clocks.jump(jump)
            time.sleep(1.1)  # who is known is believed for a second
            is_in = browser.get("/openapi.json").status_code == 200
            assert is_in is (jump == HOUR), "a session that was opened later than now is none"
            assert client.post("/v1/purchases", json={"purchases": [order]}).json()["duplicates"] == 1
            assert client.get(f"/v1/jobs/{job}").json()["status"] == "queued"
            other = order | {"order_id": "o2", "ordered_at": "2020-01-02"}
            assert client.post("/v1/purchases", json={"purchases": [other]}).json()["accepted"] == 1
            assert client.post("/v1/jobs/score", json={}).json()["job_id"] == job + 1
            token = browser.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
            assert browser.post("/login", data=login | {"csrf_token": token}).status_code == 303
            assert browser.get("/openapi.json").status_code == 200, "and whoever logs in now is in"
            with open_state(server.config.state) as opened:
                revoke_key(opened, 2)
            time.sleep(1.1)
            assert client.get("/v1/jobs").status_code == 401, "a key is refused at once, whatever the clock says"
    finally:
        server.close()


@pytest.mark.parametrize("jump", JUMPS)
def test_a_throttle_and_a_lane_go_by_the_time_that_passes(clocks: Clocks, jump: float) -> None:
    throttle = Throttle()
    for _ in range(FAILURES):
        throttle.check("address")
        throttle.note("address")
    clocks.jump(jump)
    with pytest.raises(Problem) as caught:
        throttle.check("address")
    assert 1 <= int(caught.value.headers["Retry-After"]) <= PER_SECONDS
    clocks.wait(PER_SECONDS + 1)
    throttle.check("address")

    lane = Lane("work", 1, 4, 3.0)
    lane._take("route")
    clocks.jump(jump)
    assert not lane.is_full
    clocks.wait(4)
    assert lane.is_full, "for so long nobody has been served"


@pytest.mark.parametrize("jump", JUMPS)
def test_who_waits_for_a_lock_gives_up_after_the_time_that_passes(tmp_path: Path, clocks: Clocks, jump: float) -> None:
    with hold_lock(tmp_path, timeout=1):
        began = time.monotonic()
        timer = threading.Timer(0.1, clocks.jump, [jump])
        timer.start()
        with pytest.raises(StoreLocked), hold_lock(tmp_path, timeout=0.4):
            pass
        assert 0.3 < time.monotonic() - began < 5
        timer.join()
    with hold_lock(tmp_path, timeout=0.1):
        pass


class Shop:
    """A service whose scoring writes a line, and what it gives out."""

    def __init__(self, folder: Path, state: State) -> None:
        self.config, self.state = ServiceConfig(folder / "models", folder / "state.db"), state

    def score(self) -> int:
        add_job(self.state, "score", {})
        job = claim_job(self.state, runner=self.config.runner)
        assert job is not None
        assert finish_job(self.state, job.job_id, result=job_kinds.run_job(self.config, self.state, job))
        return job.job_id

    def gives(self, job_id: int) -> bool:
        """Whether the result is given out."""

        class Request:
            class app:  # noqa: N801 - as the framework has it
                state = self

        try:
            give_result(Request, job_id)  # type: ignore[arg-type]
        except Problem as refused:
            return refused.status != 404
        return True


@pytest.fixture
def shop(tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch) -> Shop:
    def write(plan: object, path: Path, *, progress: object) -> dict[str, object]:
        path.write_text("customer_id\n")
        return {}

    monkeypatch.setattr(job_kinds, "score_everybody", write)
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(tmp_path / "keys"))
    return Shop(tmp_path, state)


@pytest.mark.parametrize("jump", JUMPS)
def test_results_are_kept_a_week_of_the_time_that_passes(shop: Shop, clocks: Clocks, jump: float) -> None:
    keeper = Keeper(shop.config, shop.state)
    keeper.begin()
    first = shop.score()
    clocks.jump(jump)
    clocks.wait(SWEEP_SECONDS + 1)
    keeper.look()
    second = shop.score()
    assert shop.gives(first)
    assert shop.gives(second)
    assert [job.status for job in list_jobs(shop.state)] == ["done", "done"]
    for _ in range(2):
        clocks.wait(KEPT_DAYS * DAY / 2 + 2 * SWEEP_SECONDS)
        keeper.look()
    assert not list(results_folder(shop.config.models_dir, shop.state).iterdir())
    keeper.close()


@pytest.mark.parametrize("jump", [0.0, *JUMPS])
def test_a_result_from_before_an_erasure_is_never_given_and_one_from_after_is(
    shop: Shop, clocks: Clocks, jump: float
) -> None:
    first = shop.score()
    clocks.jump(jump)
    add_tombstones(shop.state, erased_now(shop.state, ["digest"]))
    clocks.jump(-2 * jump)
    assert not shop.gives(first)
    second = shop.score()
    assert shop.gives(second)
    clocks.jump(jump)
    remove_old_results(shop.config, shop.state, Ages())
    assert shop.gives(second)
    before = stamp_tombstones(shop.state)
    clocks.jump(-abs(jump))
    add_tombstones(shop.state, erased_now(shop.state, ["digest"]))  # who came back, and is forgotten again
    assert stamp_tombstones(shop.state) > before
    assert not shop.gives(second)
    assert job_kinds.ERASURES in (load_job(shop.state, second).result or {})
