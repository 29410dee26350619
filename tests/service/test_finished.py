"""A finished answer is given again while it holds, to whoever may have it, and never takes more than its share."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from churnrisk.service.finished import Finished, FinishedAnswers
from churnrisk.state import ReceivedOrder, add_received, open_state
from support.service import Service

LINE = {"ordered_at": "2011-12-10T08:00:00", "amount": "17.35", "quantity": "4"}


def scope(path: bytes, query: bytes = b"", method: str = "GET") -> dict[str, Any]:
    return {"method": method, "raw_path": path, "query_string": query}


def test_an_answer_holds_as_long_as_its_version() -> None:
    answers, now = FinishedAnswers(), [(1,)]
    answers.keep(scope(b"/a"), Finished(b"one", (1,), lambda: now[0] if now else None))
    assert answers.holding(scope(b"/a")) == b"one"
    for other in (scope(b"/b"), scope(b"/a", b"explain=1"), scope(b"/a", method="HEAD"), scope(b"/a", method="DELETE")):
        assert answers.holding(other) is None
    now[0] = (2,)
    assert answers.holding(scope(b"/a")) is None
    now.clear()  # it cannot be told at once
    assert answers.holding(scope(b"/a")) is None
    found = answers.find(scope(b"/a"))
    assert found is not None
    assert found.version == (1,)


def test_who_asks_for_much_pushes_out_the_oldest() -> None:
    answers = FinishedAnswers(most=3, most_bytes=100)
    for name in (b"/1", b"/2", b"/3"):
        answers.keep(scope(name), Finished(b"x" * 10, (), tuple))
    assert answers.holding(scope(b"/1")) is not None  # asked for last
    answers.keep(scope(b"/4"), Finished(b"x" * 10, (), tuple))
    assert [answers.find(scope(name)) is not None for name in (b"/1", b"/2", b"/3", b"/4")] == [True, False, True, True]
    answers.keep(scope(b"/1", b"q" * 80), Finished(b"x" * 10, (), tuple))  # an address takes room as well
    assert [answers.find(scope(name)) is not None for name in (b"/1", b"/3", b"/4")] == [False, False, False]
    assert answers.find(scope(b"/1", b"q" * 80)) is not None
    answers.keep(scope(b"/1", b"q" * 80), Finished(b"x" * 101, (), tuple))
    assert answers.find(scope(b"/1", b"q" * 80)) is None


@pytest.fixture
def reader(service: Service, api: httpx.Client) -> httpx.Client:
    """A client with the rights of a reader, once the service has read its history, for which ``api`` waits."""
    return service.client("reader")


def test_it_is_fresh_after_every_order_that_another_process_keeps(reader: httpx.Client, service: Service) -> None:
    path = "/v1/customers/bought%20elsewhere"
    assert reader.get(path).status_code == 404
    with open_state(service.state) as state:
        for count in range(1, 6):
            add_received(state, [ReceivedOrder("bought elsewhere", f"elsewhere-{count}", [LINE])])
            first = reader.get(path)
            assert first.json()["order_total"] == count
            again = reader.get(path)
            assert again.content == first.content
            assert again.headers["x-request-id"] != first.headers["x-request-id"]
            assert {*again.headers} == {*first.headers}


def test_it_passes_by_nothing_that_stands_before_it(reader: httpx.Client, service: Service) -> None:
    path = "/v1/customers/12347"
    kept = [reader.get(path) for _ in range(3)][-1]
    assert kept.status_code == 200
    assert kept.headers["content-security-policy"].startswith("default-src 'none'")
    assert service.client().get(path).status_code == 401
    assert service.client().get(path, headers={"Authorization": "Bearer crk_" + "A" * 43}).status_code == 401
    assert reader.get(path, headers={"Host": "evil.example"}).status_code == 400
    assert reader.head(path).status_code == 405
    assert reader.get(path, params={"explain": "perhaps"}).status_code == 422
    route = 'route="/v1/customers/{customer_id:path}",status="200"'

    def counted() -> float:
        text = reader.get("/metrics").text
        lines = [line for line in text.splitlines() if line.startswith("churnrisk_requests_total") and route in line]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    before = counted()
    asked = reader.get(path).headers["x-request-id"]
    assert counted() == before + 1
    until = time.monotonic() + 10
    while not any(event.get("request_id") == asked for event in service.events()):
        assert time.monotonic() < until, "every request has its line in the log"
        time.sleep(0.1)
