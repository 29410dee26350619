"""Who is forgotten on the command line is gone from a running service at once, and its totals follow."""

from __future__ import annotations

import re
import time
from urllib.parse import quote

import httpx
import pytest

from churnrisk.memory import results_folder
from churnrisk.state import load_job, open_state
from support.service import Service, TrainedShop, wait_for_job
from support.shop import churnrisk

ORDER = {"ordered_at": "2011-12-09T08:00:00", "amount": "17.35", "quantity": 4}


def send(api: httpx.Client, customer: str, order: str) -> str:
    answer = api.post("/v1/purchases", json={"purchases": [{"customer_id": customer, "order_id": order, **ORDER}]})
    return str(answer.json()["orders"][0]["status"])


def count(api: httpx.Client, **how: str) -> int:
    return int(api.get("/v1/customers", params={"limit": "1", **how}).json()["total"])


def done_scoring(api: httpx.Client) -> int:
    """A job that has scored everybody: one of the tests before, else a new one."""
    for one in api.get("/v1/jobs").json()["jobs"]:
        if (one["kind"], one["status"]) == ("score", "done"):
            return int(one["job_id"])
    job = int(api.post("/v1/jobs/score", json={"reasons": "none"}).json()["job_id"])
    wait_for_job(api, job, "done")
    return job


def was_read_again(service: Service) -> bool:
    events = [one["event"] for one in service.events()]
    return "somebody was forgotten" in events and "history read" in events[events.index("somebody was forgotten") :]


def test_a_forgotten_customer_is_gone_at_once(
    api: httpx.Client, service: Service, own_shop: TrainedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = api.get("/v1/customers", params={"risk": "medium", "limit": 9}).json()
    who, neighbour = (page["customers"][k]["customer_id"] for k in (8, 7))
    pages = service.client("reader")
    pages.headers["Accept"] = "text/html"
    for customer in (who, neighbour):  # so that the last order received is of somebody else
        assert send(api, customer, "before") == "accepted"
    assert api.get(f"/v1/customers/{who}").json()["is_fresh"]
    job = done_scoring(api)
    assert who in api.get(f"/v1/jobs/{job}/result").text
    everybody = count(api)

    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(own_shop.configuration))
    said = churnrisk("forget", who, "--yes", "--json", "--state", service.state, "--models-dir", own_shop.models)
    assert said.code == 0, said.err
    assert said.json["received_orders"] == 1

    assert api.get(f"/v1/customers/{who}").status_code == 404
    assert api.get(f"/v1/customers/{who}", params={"explain": True}).status_code == 404
    assert pages.get("/customer", params={"id": who}).status_code == 404
    assert count(api) == everybody - 1
    assert count(api, prefix=who) == 0
    listed = api.get("/v1/customers", params={"risk": "medium", "limit": 9}).json()
    assert listed["customers"][:8] == page["customers"][:8]
    assert who not in {one["customer_id"] for one in listed["customers"]}
    assert who not in pages.get("/customers", params={"risk": "medium"}).text
    assert len(pages.get("/customers.csv", params={"id": who}).text.splitlines()) == 1
    assert who not in re.split(r"[,\n]", pages.get("/customers.csv").text)
    assert api.get(f"/v1/jobs/{job}/result").status_code == 404
    assert api.get(f"/v1/customers/{neighbour}").json()["is_fresh"], "who stays, stays with all orders"

    until = time.monotonic() + 120
    while not was_read_again(service):
        assert time.monotonic() < until, "a new generation follows, and with it the totals"
        time.sleep(0.1)
    assert api.get(f"/v1/customers/{who}").status_code == 404, "though the history still has the customer"
    assert count(api, prefix=who) == 0
    with open_state(service.state) as state:
        left = {path.stem for path in results_folder(own_shop.models, state).iterdir()}
        assert load_job(state, job).result_token not in left

    assert send(api, who, "after") == "accepted"
    back = api.get(f"/v1/customers/{who}").json()
    assert back["order_total"] == 1, "who comes back is a new customer"


def test_who_objects_is_left_out_until_it_is_withdrawn(
    api: httpx.Client, service: Service, own_shop: TrainedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = api.get("/v1/customers", params={"risk": "medium", "limit": 12}).json()
    who, other = (page["customers"][k]["customer_id"] for k in (10, 11))
    rows = [{"customer_id": one, "order_id": "x", **ORDER} for one in (who, other)]
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(own_shop.configuration))
    objects = ("object", who, "--json", "--state", service.state, "--models-dir", own_shop.models)
    said = churnrisk(*objects)
    assert said.code == 0, said.err

    assert api.get(f"/v1/customers/{who}").status_code == 404
    assert send(api, who, "while objecting") == "accepted", "orders are the shop's own"
    assert api.get(f"/v1/customers/{who}").status_code == 404
    scored = api.post("/v1/score", json={"purchases": rows}, params={"reasons": "none"}).json()
    assert [one["customer_id"] for one in scored["customers"]] == [other]
    assert api.post("/v1/score", json={"purchases": rows[:1]}).status_code == 404
    lines = ["customer_id,order_id,ordered_at,amount,quantity", *(",".join(map(str, one.values())) for one in rows)]
    upload = api.post("/v1/score", content="\n".join(lines), headers={"Content-Type": "text/csv"}).json()
    assert [one["customer_id"] for one in upload["customers"]] == [other]

    assert churnrisk(*objects, "--withdraw").code == 0
    until = time.monotonic() + 120
    while (back := api.get(f"/v1/customers/{who}")).status_code == 404 or not back.json()["order_total"] > 1:
        assert time.monotonic() < until, "the history is read again, with the customer"
        time.sleep(0.2)


def actions(api: httpx.Client) -> list[str]:
    return [one["action"] for one in api.get("/v1/audit").json()["entries"]]


def test_an_admin_sees_all_that_is_held_takes_an_objection_and_forgets(api: httpx.Client) -> None:
    who = "of/HTTP ?#1"
    place = quote(who, safe="")
    assert send(api, who, "first") == "accepted"
    held = api.get(f"/v1/held/{place}").json()
    assert [one["order_id"] for one in held["tables"]["received_orders"]] == ["first"]
    assert "show all that is held of a customer" in actions(api)

    assert api.post(f"/v1/objections/{place}").json()["customers"] == 1
    assert api.get(f"/v1/customers/{place}").status_code == 404
    assert "objections" in api.get(f"/v1/held/{place}").json()["tables"]
    assert api.delete(f"/v1/objections/{place}").status_code == 200

    looked = api.delete(f"/v1/customers/{place}", params={"dry_run": True}).json()
    assert (looked["is_dry"], looked["known"], looked["received_orders"]) == (True, 1, 1)
    assert "received_orders" in api.get(f"/v1/held/{place}").json()["tables"], "nothing is erased yet"
    gone = api.delete(f"/v1/customers/{place}").json()
    assert (gone["is_dry"], gone["known"], gone["received_orders"]) == (False, 1, 1)
    left = api.get(f"/v1/held/{place}").json()
    assert not left["tables"].keys() - {"tombstones", "objections"}
    assert left["files"] == []
    assert api.delete(f"/v1/customers/{place}").json()["known"] == 0, "again changes nothing more"

    written = api.get("/v1/audit").text
    assert {"DELETE /v1/customers/{customer_id:path}", "POST /v1/objections/{customer_id:path}"} <= set(actions(api))
    assert "of/HTTP" not in written, "the log of what admins did names no customer"
    assert api.delete("/v1/customers/%20").status_code == 422
    assert api.delete(f"/v1/customers/{place}", params={"dry-run": True}).status_code == 422, "a slip erases nothing"
