"""Campaigns on the pages of a running service: without those who have opted out, and measured as the command does."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import httpx
import pytest
from python_calamine import CalamineWorkbook

from churnrisk.messages import list_wordings
from churnrisk.service.pages.campaigns import name_fields
from support.service import OPTED_OUT, Service
from support.shop import PURCHASES, churnrisk

FORM = {"customers": "60", "holdout": "20", "window": "30", "outcome": "retained"}


@pytest.fixture(scope="module")
def scorer(api: httpx.Client, service: Service) -> tuple[httpx.Client, str]:
    """A browser that has logged in, and the token of its forms."""
    browser, token = service.browser("scorer")
    browser.headers["Accept"] = "text/html"
    return browser, token


def make(scorer: tuple[httpx.Client, str], **fields: str) -> httpx.Response:
    browser, token = scorer
    return browser.post("/campaigns", data={"csrf_token": token, **FORM, **fields})


def measure(scorer: tuple[httpx.Client, str], name: str) -> httpx.Response:
    browser, token = scorer
    return browser.post("/campaigns/measure", data={"csrf_token": token, "name": name})


def test_a_campaign_is_measured_as_on_the_command_line(
    api: httpx.Client, service: Service, scorer: tuple[httpx.Client, str], tmp_path: Path
) -> None:
    rows = api.get("/v1/customers", params={"status": "scored", "limit": 300, "sort": "id"}).json()["customers"]
    with (tmp_path / "list.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["customer_id", "churn_probability", "value_at_risk"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    where = ("--state", service.state)
    fixed = ("--from", tmp_path / "list.csv", "--starts-on", "2011-06-01", "--window", 60, "-o", tmp_path / "out.csv")
    assert churnrisk("campaign", "create", "summer", *fixed, *where).code == 0
    browser, _ = scorer
    before = browser.get("/campaigns").text
    assert 'aria-label="Measure summer"' in before
    assert "Measure summer" not in service.client("reader").get("/campaigns", headers={"Accept": "text/html"}).text
    answer = measure(scorer, "summer")
    assert (answer.status_code, answer.headers["location"]) == (303, "/campaigns?measured=summer")
    page = browser.get(answer.headers["location"]).text
    assert "Measured: summer" in page
    assert "Measure summer" not in page
    shown = churnrisk("campaign", "show", "summer", "--json", *where).json["result"]
    assert shown == churnrisk("campaign", "measure", "summer", PURCHASES, "--json", *where).json["result"]
    assert f"{shown['effects']['retained']['difference'] * 100:+.1f}" in page.replace("\N{MINUS SIGN}", "-")


def test_one_that_is_not_over_says_when_it_can_be_measured(scorer: tuple[httpx.Client, str]) -> None:
    browser, _ = scorer
    assert make(scorer, name="winter").status_code == 303
    page = browser.get("/campaigns").text
    assert "waits for orders up to" in page
    assert "Measure winter" not in page
    early = measure(scorer, "winter")
    assert early.status_code == 409
    assert "Measure it with a log that holds all orders up to" in early.text
    assert measure(scorer, "never made").status_code == 409


def test_who_has_opted_out_is_left_out(api: httpx.Client, service: Service, scorer: tuple[httpx.Client, str]) -> None:
    browser, _ = scorer
    everybody = {"customers": "10000", "holdout": "0", "window": "1", "most": "yes"}
    rows = api.get("/v1/customers", params={"status": "scored", "limit": 500}).json()["customers"]
    pasted = [rows[k]["customer_id"] for k in (400, 450)]
    for wrong in (f"{pasted[0]},someone@example.com", f"customer_id;{pasted[0]}"):
        refused = make(scorer, name="autumn", **everybody, left_out=f"{pasted[0]}\r\n{wrong}")
        assert refused.status_code == 422
        assert "Line 2 of those to leave out" in refused.text
        assert wrong in refused.text, "what was written is still in the form"
    left_out = "\r\n".join([*pasted, "", "nobody of this id"])
    again = make(scorer, name="autumn", **everybody, left_out=left_out)
    assert again.status_code == 422
    winter = churnrisk("campaign", "show", "winter", "--json", "--state", service.state).json
    shared = winter["treated"] + winter["control"]
    assert f"winter ({shared})" in again.text, "whoever is in another campaign on the same days"
    assert shared + winter["suppressed"] == 60
    made = make(scorer, name="autumn", **everybody, left_out=left_out, drop_overlap="yes")
    assert made.status_code == 303, made.text
    page = browser.get(made.headers["location"]).text
    assert "they have opted out or given no consent: 4." in page, "the two of the form, and the one of the settings"
    contacts = browser.get("/campaigns/contacts.csv", params={"name": "autumn"}).text.splitlines()
    members = {line.partition(",")[0] for line in contacts[1:]}
    assert len(members) > 1000
    assert not members & {*pasted, OPTED_OUT}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"window": "0"}, "must be 1 to 3,650"),
        ({"window": "1.5"}, "1.5: this is no whole number"),
        ({"customers": "20.5"}, "20.5: this is no whole number"),
        ({"starts_on": "9999-12-30"}, "would end after 9999-12-31"),
        ({"of": "list", "risk": "high"}, "This week’s list is taken as it is."),
        ({"contact_cost": "-1"}, "cannot be negative"),
        ({"margin": "101"}, "must be 0 to 100"),
        ({"starts_on": "tomorrow"}, "tomorrow"),
        ({"customers": "none"}, "none: this is no number"),
        ({"name": ""}, "cannot be the name of a campaign"),
        ({"holdout": "100"}, "“Kept back, in percent” 100%: give a share"),
        ({"drop_overlap": ""}, "Leave them out with “Leave out customers in another campaign on these days”"),
        ({"left_out": "1234567890\n" * 6000}, "A form may have 65536 bytes."),
    ],
)
def test_a_form_that_is_not_right_is_shown_again(
    scorer: tuple[httpx.Client, str], fields: dict[str, str], words: str
) -> None:
    refused = make(scorer, **{"name": "spring", "drop_overlap": "yes", **fields})
    assert refused.status_code in (413, 422)
    assert words in refused.text
    assert not re.search(r'role="alert">[^<]* --[a-z]', refused.text), "a form has fields, and no options"


def test_no_message_of_the_form_names_an_option() -> None:
    sentences = [text for one in list_wordings("pl") for text in one]
    assert sum("--holdout" in one for one in sentences) > 1
    for sentence in sentences:
        assert not re.search(r"(?<![\w-])--[a-z]", name_fields(sentence)), sentence
    assert name_fields("--query -- and a--b, in --some-file.") == "`query` -- and a--b, in `some_file`."


def test_lapsed_customers_of_the_list_have_a_campaign_and_a_control_share_of_their_own(
    api: httpx.Client, service: Service, scorer: tuple[httpx.Client, str]
) -> None:
    browser, _ = scorer
    lapsed = [one["customer_id"] for one in api.get("/v1/list").json()["lapsed"]]
    assert len(lapsed) >= 6
    assert 'href="/campaigns?of=lapsed"' in browser.get("/list").text
    form = browser.get("/campaigns", params={"of": "lapsed"}).text
    assert re.search(r'name="holdout"[^>]*value="20"', form), "of those to contact it is 10"
    assert re.search(r'name="holdout"[^>]*value="10"', browser.get("/campaigns", params={"of": "list"}).text)
    fields = {"of": "lapsed", "customers": "6", "holdout": "50", "starts_on": "2033-01-01"}
    made = make(scorer, name="win back", **fields)
    assert made.status_code == 303, re.findall(r'role="alert">([^<]*)', made.text)
    shown = churnrisk("campaign", "show", "win back", "--json", "--state", service.state).json
    assert (shown["treated"], shown["control"]) == (3, 3)
    book = browser.get("/campaigns/contacts.xlsx", params={"name": "win back"})
    assert book.headers["content-type"].startswith("application/vnd.openxmlformats")
    [sheet] = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).sheet_names
    head, *rows = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).get_sheet_by_name(sheet).to_python()
    assert head == ["customer id", "churn probability", "value at risk"]
    lines = list(csv.reader(browser.get("/campaigns/contacts.csv", params={"name": "win back"}).text.splitlines()))
    assert [str(row[0]).removesuffix(".0") for row in rows] == [line[0] for line in lines[1:]]
    assert {line[0] for line in lines[1:]} < set(lapsed[:6])


def test_more_than_half_of_all_customers_is_asked_for_twice(scorer: tuple[httpx.Client, str]) -> None:
    browser, _ = scorer
    asked = make(scorer, name="everybody", customers="9000", starts_on="2030-01-01")
    assert asked.status_code == 422
    assert "would be in this campaign, and in no other on its days" in asked.text
    assert 'name="most" type="checkbox"' in asked.text
    assert 'name="most"' not in browser.get("/campaigns").text
    assert make(scorer, name="everybody", customers="9000", starts_on="2030-01-01", most="yes").status_code == 303


def test_a_campaign_of_the_form_has_its_terms_and_its_first_day(
    scorer: tuple[httpx.Client, str], service: Service
) -> None:
    terms = {"contact_cost": "0.5", "incentive_cost": "4", "margin": "35", "starts_on": "2031-05-01"}
    assert make(scorer, name="with terms", **terms).status_code == 303
    made = churnrisk("campaign", "show", "with terms", "--json", "--state", service.state).json
    kept = {name: made[name] for name in ("contact_cost", "incentive_cost", "margin", "starts_on")}
    assert kept == {"contact_cost": 0.5, "incentive_cost": 4.0, "margin": 0.35, "starts_on": "2031-05-01"}


def test_what_was_done_is_written_down(api: httpx.Client) -> None:
    done = [(one["action"], one["detail"].get("name")) for one in api.get("/v1/audit").json()["entries"]]
    assert ("campaign measured", "summer") in done
    assert ("campaign created", "winter") in done
