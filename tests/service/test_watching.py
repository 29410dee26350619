"""What is written down of the service: numbers for Prometheus, a log, the audit log; and no customer in any."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter

from churnrisk.errors import StateError
from churnrisk.service import Bounds
from churnrisk.service.access import Needs
from churnrisk.service.login import FAILURES
from churnrisk.state import adopt_key, create_key, find_key, open_state, revoke_key
from support.served import InThread
from support.service import Service, customers_in

SECRET = "crk_" + "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFG"


def actions() -> APIRouter:
    router = APIRouter()

    @router.post("/v1/test/action", dependencies=[Needs("admin")])
    def act() -> None:
        return None

    return router


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InThread]:
    server = InThread(tmp_path_factory.mktemp("served"), Bounds(), actions())
    yield server
    server.close()


def numbers(text: str) -> dict[str, float]:
    """Every sample by its name and labels."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_the_numbers_are_by_route_and_hold_no_customer(service: Service) -> None:
    reader = service.client("reader")
    before = numbers(reader.get("/metrics").text)
    for _ in range(3):
        reader.get("/v1/customers/secret-customer-77")
        reader.get("/nowhere/secret-customer-78")
        service.client().get("/v1/customers/secret-customer-79")
    text = reader.get("/metrics").text
    after = numbers(text)
    assert "secret-customer" not in text
    found = 'churnrisk_requests_total{method="GET",route="/metrics",status="200"}'
    assert after[found] == before.get(found, 0) + 1
    nowhere = 'churnrisk_requests_total{method="GET",route="(none)",status="404"}'
    assert after[nowhere] >= before.get(nowhere, 0) + 3
    assert 'churnrisk_queue_depth{lane="work"}' in after
    assert after["churnrisk_worker_starts_total"] >= 1
    [version] = [name for name in after if name.startswith("churnrisk_model_info{")]
    assert re.search(r'version="20\d{6}T\d{6}\.\d{3}Z-[0-9a-f]{8}"', version)
    assert 0 < after["churnrisk_model_age_days"] < 2
    assert any(name.startswith("churnrisk_request_seconds_bucket") for name in after)


def test_the_log_has_a_line_for_each_event_and_no_customer_in_any(service: Service) -> None:
    scorer = service.client("scorer")
    hostile = 'C-4711"}\n{"event": "made up"}'
    scorer.get(
        "/v1/customers/C-4711", params={"q": "C-4712"}, headers={"X-Customer": "C-4713", "User-Agent": hostile[:8]}
    )
    scorer.post("/v1/score", json={"customer_id": "C-4714"})
    scorer.post("/v1/purchases", content=b"customer_id\nC-4715\n", headers={"Content-Type": "text/csv"})
    scorer.request("C-4716", "/v1/score")
    scorer.get("/v1/customers/%0A%7B%22event%22%3A%22C-4717%22%7D")
    time.sleep(0.8)
    text = service.log.read_text()
    assert not re.search("C-471[0-9]", text)
    for event in service.events():
        assert {"at", "level", "process", "event"} <= event.keys()
    requests = [event for event in service.events() if event["event"] == "request"]
    assert all(event["route"].startswith(("/", "(none)")) and event["status"] for event in requests)
    assert all(event["milliseconds"] >= 0 for event in requests)
    for secret in service.keys.values():
        assert secret not in text


def test_what_admins_change_is_written_down(served: InThread) -> None:
    with served.client("admin") as admin:
        admin.post("/v1/test/action")
        admin.get("/openapi.json")
        entries = admin.get("/v1/audit").json()["entries"]
    assert entries[0]["action"] == "POST /v1/test/action"
    assert entries[0]["detail"]["status"] == 200
    assert entries[0]["key_id"] is not None
    with served.client("scorer") as scorer:
        assert scorer.post("/v1/test/action").status_code == 403
        assert scorer.get("/v1/audit").status_code == 403
    with served.client("admin") as admin:
        newer = admin.get("/v1/audit", params={"limit": 1000}).json()["entries"]
        assert [entry["detail"]["status"] for entry in newer] == [403, 200]  # what was tried and refused, too
        assert admin.get("/v1/audit", params={"limit": 0}).status_code == 422


def test_keys_cannot_be_tried_one_after_the_other(served: InThread) -> None:
    with served.client() as client:
        del client.headers["Authorization"]
        statuses = []
        for _ in range(FAILURES + 2):
            token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
            assert token is not None
            answer = client.post("/login", data={"key": "crk_wrong", "csrf_token": token[1]})
            statuses.append(answer.status_code)
        assert statuses == [401] * FAILURES + [429] * 2
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert "churnrisk_session" not in client.cookies


def test_a_key_of_the_environment_must_be_strong(tmp_path: Path) -> None:
    with open_state(tmp_path / "state.db") as state:
        for weak in ("", "crk_", "admin", "crk_" + "a" * 50, "crk_short", SECRET[4:], SECRET + " ", SECRET + "é"):
            with pytest.raises(StateError, match="could be guessed"):
                adopt_key(state, weak, name="environment", role="admin")
        record = adopt_key(state, SECRET, name="environment", role="admin")
        assert adopt_key(state, SECRET, name="environment", role="admin") == record
        assert find_key(state, SECRET) == record
        _, other = create_key(state, name="reader", role="reader")
        with pytest.raises(StateError, match="another role"):
            adopt_key(state, other, name="environment", role="admin")
        revoke_key(state, record.key_id)
        with pytest.raises(StateError, match="revoked"):
            adopt_key(state, SECRET, name="environment", role="admin")


def test_openapi_is_of_the_routes_under_v1(service: Service) -> None:
    document = json.loads(service.client("reader").get("/openapi.json").text)
    assert all(path.startswith(("/v1/", "/healthz", "/readyz", "/metrics")) for path in document["paths"])


def test_the_search_of_the_log_finds_what_it_looks_for() -> None:
    assert customers_in([{"event": "request", "route": "/v1/customers/13085", "milliseconds": 13085}]) == {"13085"}
    assert customers_in([{"event": "request", "process": 13085, "route": "/v1/customers/{customer_id}"}]) == set()
