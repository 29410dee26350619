"""A disk that is full and then has room again: what was acknowledged is there, and there once."""

from __future__ import annotations

import resource
import sys
from collections import Counter
from pathlib import Path

import httpx
import pytest

from churnrisk.state import load_received, open_state
from support.service import Service, TrainedShop, running_service

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux")


def limit_files(service: Service, size: int) -> None:
    """Bound the files of all processes of the service: a write beyond fails as on a full disk."""
    for pid in (service.process.pid, *service.processes().values()):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def post(client: httpx.Client, order: str) -> httpx.Response:
    row = {"customer_id": "F1", "order_id": order, "ordered_at": "2011-12-09", "amount": 12.5}
    return client.post("/v1/purchases", json={"purchases": [row]})


def test_no_acknowledged_purchase_is_lost_when_the_disk_is_full(tmp_path: Path, trained_shop: TrainedShop) -> None:
    acknowledged: list[bytes] = []
    refused: list[bytes] = []
    with running_service(tmp_path, trained_shop) as service:
        client, workers = service.client("scorer"), service.worker_pids()
        for size in (resource.RLIM_INFINITY, 0, resource.RLIM_INFINITY, 4096, resource.RLIM_INFINITY):
            limit_files(service, size)
            for number in range(5):
                answer = post(client, f"{len(acknowledged) + len(refused)}-{number}")
                if answer.status_code == 200:
                    acknowledged.append(answer.request.content)
                    continue
                assert answer.status_code == 503, answer.text
                assert answer.headers["content-type"] == "application/problem+json"
                refused.append(answer.request.content)
        for content in refused:
            headers = {"content-type": "application/json"}
            assert client.post("/v1/purchases", content=content, headers=headers).status_code == 200
        assert service.worker_pids() == workers
        assert service.process.poll() is None
    with open_state(tmp_path / "state.db") as state:
        kept = Counter(one.order.order_id for one in load_received(state))
    assert len(acknowledged) >= 15
    assert len(refused) >= 5
    assert set(kept.values()) == {1}
    assert len(kept) == len(acknowledged) + len(refused)
