"""What is recorded is recorded before it happens: a change that cannot be written down is refused and not made."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Request

from churnrisk.service import Bounds, pages
from churnrisk.service.access import OPEN, Needs
from churnrisk.service.guard import HEADERS
from churnrisk.state import add_job, list_audit, list_jobs, open_state
from support.served import InThread

MADE: list[str] = []


def actions() -> APIRouter:
    router = APIRouter()

    @router.post("/v1/test/change", dependencies=[Needs("admin")])
    def change() -> None:
        MADE.append("change")

    @router.get("/test/defect", dependencies=[OPEN])
    def fail() -> None:
        raise ZeroDivisionError

    return router


def cannot_show(_request: Request, _problem: object, _request_id: str) -> None:
    raise RuntimeError("the state cannot be read")


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InThread]:
    MADE.clear()
    monkeypatch.setattr(pages, "show_problem", cannot_show)
    server = InThread(tmp_path, Bounds(), actions())
    yield server
    server.close()


@contextlib.contextmanager
def refusing(folder: Path, what: str) -> Iterator[None]:
    """Let the audit log refuse to be written, as it does on a full disk."""
    with contextlib.closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as file:
        file.execute(f"CREATE TRIGGER full BEFORE {what} ON audit BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
        yield
        file.execute("DROP TRIGGER full")


def check_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 503
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


CHANGES: dict[str, Callable[[httpx.Client], httpx.Response]] = {
    "a route": lambda client: client.post("/v1/test/change"),
    "promotion": lambda client: client.post("/v1/models/20000101T000000.000Z-00000000/promote"),
    "training": lambda client: client.post("/v1/jobs/train", json={"horizon": 60}),
    "forgetting": lambda client: client.delete("/v1/customers/1"),
    "an objection": lambda client: client.post("/v1/objections/1"),
    "all that is held": lambda client: client.get("/v1/held/1"),
    "cancelling": lambda client: client.delete("/v1/jobs/1"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_what_cannot_be_written_down_is_not_done(
    served: InThread, tmp_path: Path, change: Callable[[httpx.Client], httpx.Response]
) -> None:
    with open_state(tmp_path / "state.db") as state, served.client("admin") as admin:
        add_job(state, "score", {})
        with refusing(tmp_path, "INSERT"):
            check_refused(change(admin))
        assert MADE == []
        assert [one.status for one in list_jobs(state)] == ["queued"]
        assert list_audit(state) == []
        change(admin)
        assert list_audit(state), "and is written down where there is room again"


def test_a_change_whose_end_cannot_be_written_is_answered_all_the_same(served: InThread, tmp_path: Path) -> None:
    with served.client("admin") as admin, refusing(tmp_path, "UPDATE"):
        assert admin.post("/v1/test/change").status_code == 200
    with open_state(tmp_path / "state.db") as state:
        [entry] = list_audit(state)
    assert (entry.action, MADE) == ("POST /v1/test/change", ["change"])
    assert "status" not in entry.detail


def test_a_refusal_that_cannot_be_written_down_stays_one(served: InThread, tmp_path: Path) -> None:
    with served.client("reader") as reader, refusing(tmp_path, "INSERT"):
        answer = reader.post("/v1/test/change")
    assert (answer.status_code, answer.json()["needs"], MADE) == (403, "admin", [])


def test_an_error_whose_page_cannot_be_shown_is_answered_in_the_one_shape(served: InThread) -> None:
    with served.client() as client:
        answer = client.get("/test/defect", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["title"]) == (500, "Defect")
    assert answer.headers["content-type"] == "application/problem+json"
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
