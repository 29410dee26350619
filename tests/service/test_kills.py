"""A worker may die at any moment: whatever was acknowledged before is there, and there once."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import httpx

from churnrisk.state import load_received, open_state
from support.service import TrainedShop, running_service

KILLS = 10


def test_no_acknowledged_purchase_is_lost_when_workers_are_killed(tmp_path: Path, trained_shop: TrainedShop) -> None:
    acknowledged: list[str] = []
    over = threading.Event()

    def write(url: str, key: str, writer: int) -> None:
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
            for number in range(100_000):
                order = f"{writer}-{number}"
                row = {"customer_id": f"K{number % 7}", "order_id": order, "ordered_at": "2011-12-09", "amount": 12.5}
                for _ in range(200):  # sent again until it is acknowledged, as every client should
                    try:
                        answer = client.post("/v1/purchases", json={"purchases": [row]})
                    except httpx.TransportError:
                        time.sleep(0.02)
                        continue
                    if answer.status_code == 503:
                        time.sleep(0.05)
                        continue
                    assert answer.status_code == 200, answer.text
                    acknowledged.append(order)
                    break
                if over.is_set():
                    return

    with running_service(tmp_path, trained_shop, "--workers", 2) as service:
        threads = [threading.Thread(target=write, args=(service.url, service.keys["scorer"], one)) for one in range(2)]
        for thread in threads:
            thread.start()
        killed: set[int] = set()
        chance = random.Random(5)
        while len(killed) < KILLS:
            seen, until = len(acknowledged), time.monotonic() + 30
            while len(acknowledged) < seen + 2 and time.monotonic() < until:  # some work between two kills
                time.sleep(chance.uniform(0.0, 0.02))
            victim = chance.choice(service.worker_pids())
            if victim not in killed:
                os.kill(victim, signal.SIGKILL)
                killed.add(victim)
        over.set()
        for thread in threads:
            thread.join()
        died = [event for event in service.events() if event["event"] == "process died"]
    with open_state(tmp_path / "state.db") as state:
        kept = Counter(one.order.order_id for one in load_received(state))
    assert len(acknowledged) >= KILLS
    assert {order: kept[order] for order in acknowledged} == dict.fromkeys(acknowledged, 1)
    assert max(kept.values()) == 1
    assert len(died) >= KILLS - 1  # the last may not have been noticed yet
