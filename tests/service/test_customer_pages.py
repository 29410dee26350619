"""The list of customers and the page of each on a running service: filters, exports, saved filters, notes."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid

import httpx
import pytest
from python_calamine import CalamineWorkbook

from churnrisk.campaigns import Campaign, Member
from churnrisk.campaigns.records import add_campaign
from churnrisk.desk import LONGEST_NOTE, find_note, list_filters, write_note
from churnrisk.messages import HEADINGS, say, say_heading, speaking
from churnrisk.state import erase_customers, list_audit, open_state
from churnrisk.timeline import parse_day
from support.service import Service

PAGE = {"Accept": "text/html"}
FILTERS = (
    "segment=at_risk&segment=cannot_lose&min_order_count=3",
    "min_days_since_last_order=30&max_days_since_last_order=120&risk=high",
    "first_order_from=2011-01-01&first_order_to=2011-03-31",
    "overdue=yes&status=scored",
    "due_within=30&sort=id",
    "last_bought=anything",
)


@pytest.fixture(scope="module")
def scorer(api: httpx.Client, service: Service) -> tuple[httpx.Client, str]:
    """A browser that has logged in, and the token of its forms."""
    browser, token = service.browser("scorer")
    browser.headers["Accept"] = "text/html"
    return browser, token


@pytest.fixture
def reader(api: httpx.Client, service: Service) -> httpx.Client:
    return service.client("reader")


def count_on(page: str) -> int:
    found = re.search(r"([0-9,]+|One) customers?, scored", page)
    return int(found[1].replace(",", "").replace("One", "1")) if found else 0


@pytest.mark.parametrize("asked", FILTERS)
def test_page_export_and_api_ask_the_same(reader: httpx.Client, api: httpx.Client, asked: str) -> None:
    total = api.get(f"/v1/customers?{asked.replace('=yes', '=true')}").json()["total"]
    assert count_on(reader.get(f"/customers?{asked}", headers=PAGE).text) == total
    rows = list(csv.DictReader(io.StringIO(reader.get(f"/customers.csv?{asked}").text)))
    assert len(rows) == total
    assert bool(total) == ("anything" not in asked)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(reader.get(f"/customers.xlsx?{asked}").content))
    lines = sheet.get_sheet_by_index(0).to_python()
    assert [str(line[0]) for line in lines[1:]] == [row["customer_id"] for row in rows]


def test_a_workbook_speaks_the_language_of_its_reader(reader: httpx.Client) -> None:
    content = reader.get("/customers.xlsx?risk=high&id=123", headers={"Cookie": "churnrisk_language=pl"}).content
    heads, first, *_ = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    with speaking("pl"):
        assert set(heads) <= {say_heading(name) for name in HEADINGS}
        assert dict(zip(heads, first, strict=True))[say_heading("risk")] == say("high")


@pytest.mark.parametrize(
    "asked", ["min_order_count=-1", "due_within=soon", "first_order_from=1.1.2011", "min_order_count=1.5", "risk=vast"]
)
def test_what_cannot_be_asked_is_refused_on_page_export_and_api(
    reader: httpx.Client, scorer: tuple[httpx.Client, str], asked: str
) -> None:
    for address in ("/customers", "/customers.csv", "/customers.xlsx", "/v1/customers"):
        assert reader.get(f"{address}?{asked}").status_code == 422, address
    browser, token = scorer
    fields = dict([asked.split("=")])
    assert browser.post("/customers/filters", data={"csrf_token": token, "name": "bad", **fields}).status_code == 422


def test_an_export_is_written_down_without_any_customer(reader: httpx.Client, service: Service) -> None:
    assert reader.get("/customers.csv?id=12346&risk=high").status_code == 200
    with open_state(service.state) as state:
        entry = next(one for one in list_audit(state) if one.action == "customers exported")
    assert entry.detail["fields"] == ["id", "risk"]
    assert "12346" not in json.dumps(dict(entry.detail))


def test_a_filter_is_saved_listed_for_everybody_followed_and_deleted(
    reader: httpx.Client, service: Service, scorer: tuple[httpx.Client, str]
) -> None:
    browser, token = scorer
    name = '"><b>quiet</b> & rare'
    fields = {"csrf_token": token, "name": name, "risk": "high", "segment": ["lost", "at_risk"], "id": "123"}
    answer = browser.post("/customers/filters", data=fields)
    assert answer.status_code == 303
    with open_state(service.state) as state:
        [kept] = list_filters(state)
    assert kept.address == "risk=high&segment=lost&segment=at_risk", "what begins an id is not kept"
    page = reader.get("/customers", headers=PAGE).text
    assert "<b>quiet" not in page
    assert f'href="/customers?{kept.address.replace("&", "&amp;")}"' in page
    assert "/customers/filters/delete" not in page
    assert "/customers/filters/delete" in browser.get("/customers").text
    total = count_on(reader.get(f"/customers?{kept.address}", headers=PAGE).text)
    assert total == service.client("reader").get(f"/v1/customers?{kept.address}").json()["total"] > 0
    assert browser.post("/customers/filters/delete", data={"csrf_token": token, "name": name}).status_code == 303
    with open_state(service.state) as state:
        assert list_filters(state) == []
        assert [one.action for one in list_audit(state)][:2] == ["filter deleted", "filter saved"]


def test_only_those_who_may_save_filters_and_notes(service: Service, scorer: tuple[httpx.Client, str]) -> None:
    browser, token = service.browser("reader")
    mine, _ = scorer
    for address in ("/customers/filters", "/customers/filters/delete", "/customer/note"):
        assert browser.post(address, data={"csrf_token": token, "name": "x", "id": "12346"}).status_code == 403
        assert mine.post(address, data={"name": "x", "id": "12346"}).status_code == 403, "without its token"
    assert "<textarea" not in browser.get("/customer?id=12346", headers=PAGE).text


def test_a_note_is_text_and_goes_with_the_customer(
    reader: httpx.Client, service: Service, scorer: tuple[httpx.Client, str]
) -> None:
    browser, token = scorer
    text = f"<script>alert(1)</script>\r\nsecond line {uuid.uuid4().hex}"
    fields = {"csrf_token": token, "id": "12347", "note": text}
    assert browser.post("/customer/note", data=fields).headers["location"] == "/customer?id=12347"
    page = reader.get("/customer?id=12347", headers=PAGE).text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>second line" in page
    long = browser.post("/customer/note", data={**fields, "note": "x" * (LONGEST_NOTE + 1)})
    assert long.status_code == 422
    assert browser.post("/customer/note", data={**fields, "id": "nobody at all"}).status_code == 404
    with open_state(service.state) as state:
        assert find_note(state, "nobody at all") is None
        note = find_note(state, "12347")
        assert note is not None
        assert note.text == text.replace("\r\n", "\n")
        assert all("12347" not in json.dumps(dict(one.detail)) for one in list_audit(state))
        erase_customers(state, {"12347": None})
    assert "second line" not in reader.get("/customer?id=12347", headers=PAGE).text
    assert text.rpartition(" ")[2] not in service.log.read_text()


def test_an_empty_note_is_none(service: Service, scorer: tuple[httpx.Client, str]) -> None:
    browser, token = scorer
    with open_state(service.state) as state:
        write_note(state, "12348", "called", key_id=None)
        browser.post("/customer/note", data={"csrf_token": token, "id": "12348", "note": " \r\n"})
        assert find_note(state, "12348") is None


def test_the_page_counts_what_the_export_counts(reader: httpx.Client, api: httpx.Client) -> None:
    rows = list(csv.DictReader(io.StringIO(reader.get("/customers.csv?status=scored&risk=high").text)))
    told = {row["customer_id"]: row for row in rows}
    differs = looked = 0
    for customer, row in list(told.items())[::100]:
        found = api.get(f"/v1/customers/{customer}").json()
        if found["is_fresh"]:  # an order has come since the list was made
            continue
        looked += 1
        differs += found["order_total"] != found["score"]["order_count"]
        page = reader.get(f"/customer?id={customer}", headers=PAGE).text
        assert f"orders so far: {row['order_count']}<" in page
        assert f"{float(row['total_amount']):,.2f}" in page
        assert f"first order: {found['first_order_on']}" in page
        for days in (30, 60, 90, 180):
            assert f"{100 * float(row[f'churn_probability_{days}_days']):.1f} %" in page
    assert looked >= 3
    assert differs, "some of them have returns, which are no orders"


def test_a_lapsed_customer_has_a_chance_of_return(reader: httpx.Client, api: httpx.Client) -> None:
    [row] = api.get("/v1/customers?status=lapsed&limit=1").json()["customers"]
    assert row["return_probability"] is not None
    page = reader.get("/customer", params={"id": row["customer_id"]}, headers=PAGE).text
    assert "Chance of return" in page
    assert f"{100 * row['return_probability']:.1f} %" in page
    assert "within 90 days" in page
    assert "nothing left to predict" not in page


def test_campaigns_of_a_customer_and_what_followed(reader: httpx.Client, api: httpx.Client, service: Service) -> None:
    rows = api.get("/v1/customers?status=scored&limit=200&sort=id").json()["customers"]
    who = next(row["customer_id"] for row in rows if row["order_count"] > 5)
    bought = [one for one in api.get(f"/v1/customers/{who}").json()["orders"] if one["kind"] == "purchase"]
    last = parse_day(bought[0]["ordered_on"], option="day")
    with open_state(service.state) as state:
        for name, starts_on, days, is_treated in (
            ("<i>hit</i>", last - 1, 2, True),
            ("before", last - 1000, 5, False),
            ("open", last + 1, 3650, True),
        ):
            campaign = Campaign(f"{name} {uuid.uuid4().hex[:6]}", starts_on, days, "retained", 0.5, 1)
            add_campaign(state, campaign, [Member(who, is_treated, 0, 0.5, None, None)])
    page = reader.get("/customer", params={"id": who}, headers=PAGE).text
    table = page.partition("Campaigns of this customer")[2].partition("</table>")[0]
    rows_told = [re.sub(r"<[^>]+>", " ", one) for one in table.split("</tr>")[1:-1]]
    assert "<i>hit" not in page
    assert ["nothing so far" in rows_told[0], f"bought on {bought[0]['ordered_on']}" in rows_told[1]] == [True, True]
    assert ["kept back" in rows_told[2], "bought nothing in these days" in rows_told[2]] == [True, True]
