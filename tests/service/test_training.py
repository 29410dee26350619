"""A model trained over HTTP: told how far it is, signed by the one process that may, listed, and not used unasked."""

from __future__ import annotations

import time

import httpx
import pytest

from support.service import Service

ASKED = {"horizon": 180, "seed": 3}  # few cutoffs, so that it takes little time


def test_a_model_is_trained_by_a_job(api: httpx.Client, service: Service) -> None:
    before = {one["version"]: one for one in api.get("/v1/models").json()["models"]}
    [current] = [version for version, one in before.items() if one["is_current"]]
    asked = api.post("/v1/jobs/train", json=ASKED)
    assert asked.status_code == 202
    place, told = asked.headers["location"], []
    until = time.monotonic() + 120
    while (job := api.get(place).json())["status"] in ("queued", "running"):
        told.append(job["progress"])
        assert time.monotonic() < until
        time.sleep(0.05)
    assert job["status"] == "done", job
    assert len({one["text"] for one in told if one["text"]}) >= 2, "it is told what is being done"
    assert all(0 <= one["done"] <= one["total"] for one in told)

    result = service.client("scorer").get(f"{place}/result").json()
    assert result == job["result"]
    assert result["is_promoted"] is False
    models = {one["version"]: one for one in api.get("/v1/models").json()["models"]}
    assert models.keys() - before.keys() == {result["version"]}
    made = models[result["version"]]
    assert (made["status"], made["is_current"], made["grade"]) == ("ok", False, result["grade"])
    assert made["signed_by"] == before[current]["signed_by"]
    assert made["snapshot"] == result["snapshot"]
    assert models[current]["is_current"]
    assert api.get("/v1/customers", params={"limit": 1}).json()["model"] == current
    assert api.get(f"/v1/models/{made['version']}").json()["card"]["drawn"]["customers"] <= 300, "as the settings say"

    written = [one for one in api.get("/v1/audit").json()["entries"] if one["action"] == "train"]
    assert ASKED.items() <= written[0]["detail"].items()


def test_only_who_trains_reads_the_private_key(service: Service) -> None:
    """Every process of the service writes down when it opens the key; those of the test before have."""
    opened = {tuple(map(int, line.split())) for line in (service.state.parent / "opened.txt").read_text().splitlines()}
    processes = service.processes()
    assert {parent for _, parent in opened} == {processes["jobs"]}, "a process for each training, and no other"
    assert not {pid for pid, _ in opened} & {*processes.values(), service.process.pid}


@pytest.mark.parametrize("role", ["reader", "scorer"])
def test_to_train_takes_an_admin(service: Service, role: str) -> None:
    refused = service.client(role).post("/v1/jobs/train", json=ASKED)
    assert (refused.status_code, refused.json()["needs"]) == (403, "admin")
