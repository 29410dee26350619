"""Results of jobs belong to one state: services with neighbouring folders and the same job numbers share nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.responses import FileResponse

from churnrisk.memory import forget_customers, results_folder
from churnrisk.service import ServiceConfig, job_kinds
from churnrisk.service.api import jobs as route
from churnrisk.service.job_kinds import remove_old_results, result_path, run_job
from churnrisk.service.jobs import Keeper
from churnrisk.service.problems import Problem
from churnrisk.state import (
    Job,
    State,
    StatePlace,
    add_job,
    backup_state,
    claim_job,
    finish_job,
    load_job,
    open_state,
    prune_state,
)

POSTGRES = "postgresql"
BOTH = "10042"
"""A customer id that two shops have given to two people."""


@dataclass
class Shop:
    """One service: its settings and its open state."""

    config: ServiceConfig
    state: State

    def do(self, what: str) -> Job:
        """Do a job that writes a text as its scores."""
        add_job(self.state, "score", {"text": what})
        job = claim_job(self.state, runner=self.config.runner)
        assert job is not None
        finish_job(self.state, job.job_id, result=run_job(self.config, self.state, job))
        return load_job(self.state, job.job_id)

    def fetch(self, job_id: int) -> str:
        kept = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(config=self.config, state=self.state)))
        answer = route.result(cast(Any, kept), job_id)
        assert isinstance(answer, FileResponse)
        return Path(answer.path).read_text()

    def refusal(self, job_id: int) -> dict[str, Any]:
        with pytest.raises(Problem) as caught:
            self.fetch(job_id)
        assert caught.value.status == 404
        return caught.value.document()

    def files(self) -> dict[str, str]:
        folder = results_folder(self.config.models_dir, self.state)
        return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture(autouse=True)
def _scores_are_the_text_of_the_request(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def write(plan: object, path: Path, *, progress: object, text: str) -> dict[str, Any]:
        path.write_text(text)
        return {}

    monkeypatch.setattr(job_kinds, "score_everybody", write)
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(tmp_path / "keys"))  # the list of the erased is of this test alone


@pytest.fixture(params=["sqlite", POSTGRES])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StatePlace]:
    """Where the first of two services has its state."""
    if request.param == "sqlite":
        yield tmp_path / "first.db"
        return
    import psycopg

    url = str(request.getfixturevalue("postgres_server"))
    yield url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        connection.execute("DROP SCHEMA IF EXISTS churnrisk CASCADE")


@pytest.fixture
def first(place: StatePlace, tmp_path: Path) -> Iterator[Shop]:
    """A service."""
    with open_state(place) as state:
        yield Shop(ServiceConfig(tmp_path / "first-models", place), state)


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Shop]:
    """A service of another shop, whose folder of models is beside that of the first."""
    with open_state(tmp_path / "second.db") as state:
        yield Shop(ServiceConfig(tmp_path / "second-models", tmp_path / "second.db"), state)


def grow_old(shop: Shop, days: float = 8) -> None:
    for path in results_folder(shop.config.models_dir, shop.state).iterdir():
        os.utime(path, times=(time.time() - days * 86_400,) * 2)


def test_two_services_with_one_parent_neither_read_nor_delete_the_others_results(first: Shop, second: Shop) -> None:
    mine, theirs = first.do(f"customer_id\n{BOTH}\nours"), second.do(f"customer_id\n{BOTH}\ntheirs")
    assert mine.job_id == theirs.job_id == 1
    assert first.fetch(1).endswith("ours")
    assert second.fetch(1).endswith("theirs")
    kept = second.files()

    Keeper(first.config, first.state).begin()
    assert second.files() == kept
    grow_old(first)
    assert remove_old_results(first.config, first.state) == 1
    assert second.files() == kept
    first.do(f"customer_id\n{BOTH}\nours")
    [name] = first.files()
    assert prune_state(first.state, older_than=-1).jobs == 2
    remove_old_results(first.config, first.state)
    assert second.files() == kept
    told = forget_customers(first.config.state, [BOTH], models_dir=first.config.models_dir)
    assert told.job_results == [name]
    assert (first.files(), second.files()) == ({}, kept)
    Keeper(first.config, first.state).begin()
    assert second.fetch(1).endswith("theirs")


def test_a_result_is_given_for_the_token_of_its_row_only(first: Shop) -> None:
    one, other = first.do("one"), first.do("other")
    assert one.result_token != other.result_token
    assert {stat_mode(result_path(first.config, first.state, one).parent)} == {0o700}
    first.state.run("UPDATE jobs SET result_token = ? WHERE job_id = 1", ("0" * 32,))
    assert first.refusal(1)["title"] == "Result removed"
    first.state.run("UPDATE jobs SET result_token = NULL, runner = ? WHERE job_id = 1", (first.config.runner,))
    assert first.refusal(1)["title"] == "Result removed"
    assert first.fetch(2) == "other"


def stat_mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_copy_of_a_state_as_a_service_of_its_own_leaves_the_results_of_the_first(first: Shop, tmp_path: Path) -> None:
    backup_state(first.config.state, tmp_path / "copy.db")
    with open_state(tmp_path / "copy.db") as state:
        copy = Shop(ServiceConfig(tmp_path / "copied-models", tmp_path / "copy.db"), state)
        first.do("of the first")
        copy.do("of the copy")
        for shop in (first, copy):
            Keeper(shop.config, shop.state).begin()
        assert (first.fetch(1), copy.fetch(1)) == ("of the first", "of the copy")


def test_another_machine_on_the_same_state_says_where_the_result_is(first: Shop, tmp_path: Path) -> None:
    job = first.do("scores")
    (tmp_path / "elsewhere").mkdir()
    other = Shop(replace(first.config, models_dir=tmp_path / "elsewhere" / "models"), first.state)
    first.state.run("UPDATE jobs SET runner = 'left.example:/srv/models' WHERE job_id = ?", (job.job_id,))
    said = other.refusal(job.job_id)
    assert (said["type"], said["machine"]) == ("urn:churnrisk:problem:result-on-another-machine", "left.example")
    assert "/srv" not in str(said)
    beside = Shop(replace(first.config, models_dir=tmp_path / "beside-models"), first.state)
    assert beside.fetch(job.job_id) == "scores", "two services of one state on one machine both have it"
    forget_customers(first.config.state, ["nobody"], models_dir=first.config.models_dir)
    assert other.refusal(job.job_id)["title"] == "Result removed"


def test_what_ended_jobs_left_goes_and_what_a_running_job_writes_stays(first: Shop) -> None:
    first.do("done")
    for end in ("failed", "running"):
        add_job(first.state, "score", {})
        job = claim_job(first.state, runner=first.config.runner)
        assert job is not None
        path = result_path(first.config, first.state, job)
        path.with_name(f".{path.name}.0a.part").write_text(end)
        if end == "failed":
            finish_job(first.state, job.job_id, error="no space")
    assert remove_old_results(first.config, first.state) == 1
    assert sorted(first.files().values()) == ["done", "running"]


def test_files_of_versions_before_stay_a_week_since_nobody_knows_their_state(first: Shop) -> None:
    before = results_folder(first.config.models_dir)
    before.mkdir()
    for name, days in (("00000001.csv", 6), ("00000002.csv", 8)):
        (before / name).write_text(BOTH)
        os.utime(before / name, times=(time.time() - days * 86_400,) * 2)
    assert remove_old_results(first.config, first.state) == 1
    told = forget_customers(first.config.state, [BOTH], models_dir=first.config.models_dir)
    assert [path.name for path in before.iterdir()] == ["00000001.csv"]
    assert told.files == [{"file": str(before / "00000001.csv"), "names_a_customer": True}]


def test_applications_with_one_parent_do_not_share_what_they_work_out(first: Shop, second: Shop) -> None:
    other_state = replace(first.config, state=second.config.state)
    folders = [one.shop_plan.folder for one in (first.config, second.config, other_state)]
    assert len({*folders}) == 3
    assert first.config.shop_plan.folder == folders[0]
