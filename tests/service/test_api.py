"""The routes under /v1 on a real server: what the command says, fresh at once, kept once, and as described."""

from __future__ import annotations

import gzip
import itertools
import json
import time
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import positive_data_acceptance

from churnrisk.tables import to_csv
from churnrisk.workflows import load, score_source
from support.service import OPTED_OUT, Service, TrainedShop, wait_for_job
from support.shop import PURCHASES, read_rows, write_rows

LINE = {"ordered_at": "2011-12-10T08:00:00", "amount": "17.35", "quantity": 4}
NAMES = ("customer_id", "order_id", "ordered_at", "amount", "item_count")


@pytest.fixture
def _own_key(trained_shop: TrainedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(trained_shop.configuration))


def some_rows(count: int) -> list[dict[str, str]]:
    return read_rows(PURCHASES)[-count:]


def to_json(rows: list[dict[str, str]]) -> dict[str, Any]:
    names = {"item_count": "quantity"}
    return {"purchases": [{names.get(name, name): row[name] for name in NAMES} for row in rows]}


@pytest.mark.usefixtures("_own_key")
def test_scores_are_those_of_the_command(api: httpx.Client, trained_shop: TrainedShop, tmp_path: Any) -> None:
    rows = some_rows(1500)
    source = write_rows(tmp_path / "rows.csv", rows, NAMES)
    model = load(models_dir=trained_shop.models)
    expected = to_csv(score_source(model, source, reasons="listed", top=10).table)
    answer = api.post("/v1/score", json=to_json(rows), headers={"Accept": "text/csv"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text == expected
    upload = {"Accept": "text/csv", "Content-Type": "text/csv"}
    assert api.post("/v1/score", content=source.read_bytes(), headers=upload).text == expected
    early = score_source(model, source, as_of="2011-12-01", reasons="none", by="risk").table.records()
    how = {"as_of": "2011-12-01", "reasons": "none", "by": "risk"}
    found = api.post("/v1/score", json=to_json(rows), params=how).json()
    assert [{name: row[name] for name in early[0]} for row in found["customers"]] == early
    assert found["model"] == model.version


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {"Content-Type": "application/json"}, 422),
        (b'{"purchases": []}', {"Content-Type": "application/json"}, 422),
        (b'{"purchases": [{"customer_id": 7, "ordered_at": "2011-01-01"}]}', {"Content-Type": "application/json"}, 422),
        (
            b'{"purchases": [{"customer_id": "a", "ordered_at": "2011-13-01"}]}',
            {"Content-Type": "application/json"},
            422,
        ),
        (b'{"purchases": [], "more": 1}', {"Content-Type": "application/json"}, 422),
        (b"x", {"Content-Type": "text/plain"}, 415),
        (b"PAR1 no parquet PAR1", {"Content-Type": "application/vnd.apache.parquet"}, 422),
        (b"{}", {"Content-Type": "application/json", "Accept": "image/png"}, 406),
    ],
)
def test_what_cannot_be_scored(api: httpx.Client, body: bytes, headers: dict[str, str], status: int) -> None:
    answer = api.post("/v1/score", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= answer.json().keys()


JSON, CSV = "application/json", "text/csv"
HEADER = "customer_id,order_id,ordered_at,amount\n"
ROW = '{"customer_id": "a", "order_id": "1", "ordered_at": "2011-01-02", "amount": 5}'
WRONG = [
    ("/v1/score", CSV, "", ["The body is empty", "@FILE"]),
    ("/v1/score", CSV, "a,b\n1,2\n", ["customer_id", "columns a, b", "`columns`", "Over HTTP"]),
    ("/v1/score", CSV, bytes(range(1, 256)) * 20, ["no text", "Parquet"]),
    ("/v1/score", CSV, "customer_id,date,amount\na,03/04/2011,1\n", ["03/04/2011", "write dates as 2011-12-31"]),
    ("/v1/score", CSV, "customer_id,date,amount\na,2011-01-02,1\n", ["no column quantity"]),
    ("/v1/score", CSV, gzip.compress(b"a" * 20_000_000, mtime=0), ["decompresses", "send the file uncompressed"]),
    ("/v1/score", JSON, "", ["Is empty; send JSON"]),
    ("/v1/score", JSON, "[]", ["body"]),
    ("/v1/score?as_of=1.2.2011", JSON, "{}", ["query/as_of", "written as 2011-12-10"]),
    ("/v1/score?as_off=2011-01-01", JSON, "{}", ["query/as_off", "did you mean as_of?"]),
    ("/v1/purchases", CSV, "customer;date\n", ["line 1", "missing: 'customer_id'", "not known: 'customer;date'"]),
    ("/v1/purchases", CSV, HEADER.replace("amount", "order_id"), ["there twice: 'order_id'"]),
    ("/v1/purchases", CSV, HEADER + 'a,1,2011-01-01,"5\n', ["line 2", "quotation mark"]),
    ("/v1/purchases", CSV, HEADER + "a\0b,1,2011-01-01,5\n", ["line 2, customer_id", "NUL"]),
    ("/v1/purchases", CSV, gzip.compress(b"a", mtime=0), ["no text in UTF-8", "compressed"]),
    ("/v1/jobs/train", JSON, '{"as_of": "2011-02-30"}', ["body/as_of: day"]),
    ("/v1/jobs/train", JSON, "", ["body: Is missing; send JSON"]),
    ("/v1/jobs/train", CSV, "x", ["Content-Type: application/json"]),
    ("/v1/jobs/score", JSON, "{", ["Invalid JSON: "]),
    ("/v1/jobs/score", JSON, '{"resons": "none"}', ["body/resons: Is not known here"]),
    *(
        ("/v1/purchases", JSON, json.dumps({"purchases": [{**json.loads(ROW), name: bad}]}), [f"purchases/0/{name}: "])
        for name, bad in itertools.product(("customer_id", "order_id"), (True, ["a"], {"a": "b"}, 7))
    ),
    ("/v1/jobs/score", JSON, '{"by": "risk", "by": "value"}', ["body/by: Stands there twice"]),
    ("/v1/jobs/train", JSON, '{"seed": 1, "promote": false, "promote": true}', ["body/promote: Stands there twice"]),
    ("/v1/score", JSON, '{"purchases": [@], "purchases": [@]}', ["body/purchases: Stands there twice"]),
    ("/v1/purchases", JSON, '{"purchases": [@, @, <]}', ["body/purchases/2/amount: Stands there twice"]),
    ("/v1/score", JSON, '{"purchases": [<]}', ["body/purchases/0/amount: Stands there twice"]),
    ("/v1/score", CSV, "customer_id,order_id,date,quantity\na,1,2011-01-02,1\n", ["with amounts", "give customer_id"]),
    ("/v1/score", JSON, '{"purchases": [{"customer_id": "a", "ordered_at": "2011-01-02"}]}', ["with amounts"]),
]


@pytest.mark.parametrize(("path", "form", "body", "words"), WRONG, ids=range(len(WRONG)))
def test_an_error_says_what_is_wrong_and_what_to_do(
    api: httpx.Client, path: str, form: str, body: str | bytes, words: list[str]
) -> None:
    if isinstance(body, str):
        body = body.replace("@", ROW).replace("<", ROW.replace('"amount"', '"amount": 2, "\\u0061mount"'))
    answer = api.post(path, content=body, headers={"Content-Type": form})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code in (413, 422)
    assert "retry-after" not in answer.headers
    assert "--" not in answer.json()["detail"].replace("--data-binary", ""), "nobody has options over HTTP"
    assert [word for word in words if word not in answer.json()["detail"]] == [], answer.json()["detail"]


def test_a_problem_carries_the_code_of_its_error(api: httpx.Client) -> None:
    rows = "customer_id,order_id,date,amount\na,1,01/02/2011,1\nb,2,03/04/2011,2\n"
    assert api.post("/v1/score", content=rows, headers={"Content-Type": CSV}).json()["code"] == "dates.order_unsure"
    assert api.get("/v1/customers/nobody-of-this-shop").json()["code"] == "customer.unknown"


def test_a_filter_with_a_slip_is_no_filter(api: httpx.Client) -> None:
    answer = api.get("/v1/customers", params={"segmnt": "lost"})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "query/segmnt: Is not known here; did you mean segment?"


def test_the_list_of_the_week_leaves_out_customers_that_have_bought_since(api: httpx.Client) -> None:
    listed = api.get("/v1/list").json()
    first = listed["contact"][0]
    assert [one["place"] for one in listed["contact"]] == list(range(1, 51))
    assert OPTED_OUT not in {one["customer_id"] for part in ("contact", "due", "lapsed") for one in listed[part]}
    assert all(one["why"] for part in ("contact", "due", "lapsed") for one in listed[part])
    sent = {"purchases": [{"customer_id": first["customer_id"], "order_id": "api-list", **LINE}]}
    assert api.post("/v1/purchases", json=sent).status_code == 200
    after = api.get("/v1/list").json()
    assert first["customer_id"] not in {one["customer_id"] for one in after["contact"]}
    assert after["left_out"]["bought"] == 1
    assert api.get("/v1/list", params={"limit": 3}).status_code == 422


def test_orders_are_kept_once_and_are_in_the_next_answer(api: httpx.Client) -> None:
    customer = api.get("/v1/customers", params={"risk": "low", "limit": 1}).json()["customers"][0]["customer_id"]
    before = api.get(f"/v1/customers/{customer}").json()
    order = {"customer_id": customer, "order_id": "api-1", **LINE}
    sent = {"purchases": [order, order | {"amount": 1.5}]}
    statuses = [api.post("/v1/purchases", json=sent).json()["orders"][0]["status"] for _ in range(2)]
    assert statuses == ["accepted", "duplicate"]
    after = api.get(f"/v1/customers/{customer}").json()
    assert after["is_fresh"]
    assert after["orders"][0] == {
        "order_id": "api-1",
        "ordered_on": "2011-12-10",
        "amount": 18.85,
        "quantity": 8.0,
        "line_count": 2,
        "kind": "purchase",
        "is_received": True,
    }
    assert after["order_total"] == before["order_total"] + 1
    assert after["score"]["days_since_last_order"] == 1
    other = {"customer_id": customer, "order_id": "api-2", **LINE}
    refused = api.post("/v1/purchases", json={"purchases": [order, other]})
    assert refused.status_code == 409
    assert "api-1" in refused.json()["detail"]
    assert [one["status"] for one in refused.json()["orders"]] == ["conflict", "accepted"]
    assert api.get(f"/v1/customers/{customer}").json()["order_total"] == before["order_total"] + 2


def test_an_order_of_the_history_counts_once(api: httpx.Client) -> None:
    known = read_rows(PURCHASES)[5]
    row = {**to_json([known])["purchases"][0]}
    assert api.post("/v1/purchases", json={"purchases": [row]}).json()["duplicates"] == 1
    assert api.post("/v1/purchases", json={"purchases": [row | {"amount": "1"}]}).status_code == 409


def test_nothing_is_kept_of_a_request_with_a_bad_row(api: httpx.Client) -> None:
    good = {"customer_id": "whole or not", "order_id": "1", **LINE}
    for bad in (
        {"amount": "1,5"},
        {"amount": None},
        {"ordered_at": "2999-01-01"},
        {"order_id": " "},
        {"customer_id": " "},
    ):
        answer = api.post("/v1/purchases", json={"purchases": [good, good | {"order_id": "2"} | bad]})
        assert answer.status_code == 422, answer.text
        assert "row 2" in answer.json()["detail"]
    csv = "customer_id,order_id,ordered_at,amount\nwhole or not,3,2011-12-01,x\n"
    headers = {"Content-Type": "text/csv"}
    assert api.post("/v1/purchases", content=csv, headers=headers).status_code == 422
    assert api.get("/v1/customers/whole%20or%20not").status_code == 404
    answer = api.post("/v1/purchases", content=csv.replace("x", "3.10"), headers=headers)
    assert answer.json()["accepted"] == 1, answer.text


@pytest.mark.parametrize(
    "customer", ["a/b", "../x", "ж é?#%2F", "=1+1", "explain", "🙂", "a//b", "'; DROP TABLE scored"]
)
def test_any_text_is_an_id(api: httpx.Client, customer: str) -> None:
    order = {"customer_id": customer, "order_id": "1", **LINE}
    assert api.post("/v1/purchases", json={"purchases": [order]}).json()["orders"][0]["status"] == "accepted"
    found = api.get(f"/v1/customers/{quote(customer, safe='')}").json()
    assert found["customer_id"] == customer
    assert found["order_total"] == 1


def test_the_list_goes_on_where_it_ended(api: httpx.Client) -> None:
    how: dict[str, Any] = {"risk": ["high", "medium"], "sort": "risk", "limit": 400}
    seen, cursor = [], None
    while True:
        page = api.get("/v1/customers", params=how | ({"cursor": cursor} if cursor else {})).json()
        seen += [row["customer_id"] for row in page["customers"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == page["total"]
    assert api.get("/v1/customers", params={"risk": "huge"}).status_code == 422
    assert api.get("/v1/customers", params={"cursor": "x"}).status_code == 422


def test_figures_and_models(api: httpx.Client) -> None:
    assert len(api.get("/v1/metrics/retention", params={"period": "quarter"}).json()["periods"]) == 9
    assert api.get("/v1/cohorts", params={"period": "quarter", "measure": "revenue"}).json()["measure"] == "revenue"
    assert sum(one["customers"] for one in api.get("/v1/segments").json()["segments"]) > 5000
    [model] = [one for one in api.get("/v1/models").json()["models"] if one["is_current"]]
    assert model["status"] == "ok"
    assert api.get(f"/v1/models/{model['version']}").json()["card"]["snapshot"]["horizon_days"] == 90
    again = api.post(f"/v1/models/{model['version']}/promote")
    assert again.json() == {"version": model["version"], "previous": model["version"]}
    assert api.post("/v1/models/20000101T000000.000Z-00000000/promote").status_code == 404
    explained = api.get("/v1/customers/12347", params={"explain": True}).json()["explanation"]
    total = explained["base_log_odds"] + sum(one["log_odds"] for one in explained["families"])
    assert total == pytest.approx(explained["log_odds"], abs=1e-6)


def test_jobs(api: httpx.Client, service: Service) -> None:
    scoring = api.post("/v1/jobs/score", json={"reasons": "none"})
    assert scoring.status_code == 202, scoring.text
    training = api.post("/v1/jobs/train", json={"horizon": 90}).json()["job_id"]
    done = wait_for_job(api, scoring.json()["job_id"], "done")
    result = api.get(f"/v1/jobs/{done['job_id']}/result")
    assert result.headers["content-type"].startswith("text/csv")
    assert len(result.text.splitlines()) == done["result"]["customers"] + 1
    wait_for_job(api, training, "running")
    assert api.delete(f"/v1/jobs/{training}").json()["status"] == "cancelled"
    assert api.delete(f"/v1/jobs/{training}").status_code == 409
    assert api.get(f"/v1/jobs/{training}/result").status_code == 409
    assert api.get("/v1/jobs/999999").status_code == 404
    until = time.monotonic() + 30
    while not any(one["event"] == "job ended" and one["job"] == training for one in service.events()):
        assert time.monotonic() < until, "the process of a cancelled job ends"
        time.sleep(0.1)
    assert service.client("scorer").post("/v1/jobs/train", json={}).status_code == 403


def test_every_route_says_what_may_go_wrong(api: httpx.Client) -> None:
    """Who asks without a key, with the wrong one, or at a bad moment finds the answer in the description."""
    paths = api.get("/openapi.json").json()["paths"]
    found = {(path, name): one["responses"] for path in paths for name, one in paths[path].items()}
    ours = {place: answers for place, answers in found.items() if place[0].startswith("/v1/")}
    assert len(ours) >= 16
    for place, answers in ours.items():
        problems = {status for status, one in answers.items() if "application/problem+json" in one.get("content", {})}
        assert {"400", "401", "403", "422", "503", "504"} <= problems, place
        assert problems == {status for status in answers if not status.startswith("2")}, place


def test_the_description_holds(api: httpx.Client, service: Service) -> None:
    """Requests made up from the OpenAPI: no 5xx, and every answer as documented."""
    document = api.get("/openapi.json").json()
    json.dumps(document)
    schema = schemathesis.openapi.from_dict(document).include(path_regex="^/v1")
    schema.validate()
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        # what takes long, or has the history read again, is asked for by who may not
        long = ("/v1/jobs/train", "/v1/jobs/score", "/v1/objections/{customer_id}", "/v1/customers/{customer_id}")
        role = "reader" if operation.path in long and operation.method != "get" else "admin"
        try_operation(operation, service.url, {"Authorization": f"Bearer {service.keys[role]}"})


def try_operation(operation: Any, url: str, headers: dict[str, str]) -> None:
    @settings(
        max_examples=4,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        # a cursor, a day or a row can be of the right form and still not be right
        case.call_and_validate(base_url=url, headers=headers, excluded_checks=[positive_data_acceptance], timeout=90)

    check()
