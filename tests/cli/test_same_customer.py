"""A customer is the same everywhere: in files, JSON, the week's list, the report, the API and the pages."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from churnrisk.messages import known_headings
from churnrisk.report import amount, percent, whole
from churnrisk.retelling import retell
from support.dashboard import Dashboard, running_dashboard
from support.shop import CUSTOMERS, churnrisk, read_rows

NUMBERS = ("churn_probability", "value_at_risk", "days_since_last_order", "order_count", "total_amount")
WORDS = ("status", "risk", "next_order_on", "reason_1")


@pytest.fixture
def dashboard(tmp_path: Path, models: Path) -> Iterator[Dashboard]:
    folder = tmp_path / "service"
    folder.mkdir()
    with running_dashboard(folder, models, CUSTOMERS) as running:
        yield running


def number(cell: object) -> float | None:
    return None if cell in (None, "") or cell != cell else float(str(cell))  # NaN is not itself


def told(row: Any) -> dict[str, Any]:
    """What an output says of a customer, whatever the form of its cells."""
    words = {name: None if row[name] in (None, "") or row[name] != row[name] else str(row[name]) for name in WORDS}
    words["next_order_on"] = words["next_order_on"] and words["next_order_on"][:10]  # a workbook has a moment
    return {**{name: number(row[name]) for name in NUMBERS}, **words, "risk_rank": number(row["risk_rank"])}


def text_of(page: str) -> str:
    """The words of a page between its tags, without marks of direction."""
    plain = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|style).*?</\1>", " ", page)))
    return " ".join(plain.split())


def test_a_customer_is_the_same_in_every_output(dashboard: Dashboard, models: Path) -> None:
    Path("churnrisk.toml").write_text(
        f"purchases = '{CUSTOMERS}'\nmodels_dir = '{models}'\nstate = 'state.db'\n", encoding="utf-8"
    )
    weekly = churnrisk("weekly", "--json").json["list"]
    parts = {part: weekly[part] for part in ("contact", "lapsed", "due")}
    assert [len(part) > 1 for part in parts.values()] == [True, True, False], "one order is due"
    chosen = {one["customer_id"]: one for part in parts.values() for one in part[:8]}

    scoring = ("score", CUSTOMERS, "--reasons", "all")
    files: dict[str, list[Any]] = {}
    for form in ("csv", "parquet", "xlsx"):
        assert churnrisk(*scoring, "-o", f"scores.{form}").code == 0
    files["csv"] = read_rows(Path("scores.csv"))
    files["parquet"] = pd.read_parquet("scores.parquet").to_dict("records")
    book = pd.read_excel("scores.xlsx", engine="calamine", dtype=str)
    files["xlsx"] = book.rename(columns=known_headings()).to_dict("records")
    files["json"] = churnrisk(*scoring, "--top", 5000, "--json").json["customers"]
    order = [str(row["customer_id"]) for row in files["csv"]]
    assert len(order) == 300
    for rows in files.values():
        assert [str(row["customer_id"]) for row in rows] == order, "the same place"
    by_form = {form: {str(row["customer_id"]): row for row in rows} for form, rows in files.items()}

    headers = {"Authorization": f"Bearer {dashboard.keys['reader']}"}
    with httpx.Client(base_url=dashboard.url, headers=headers, timeout=60) as client:
        assert client.get("/v1/list").json()["contact"] == parts["contact"]
        listed = text_of(client.get("/list", headers={"Accept": "text/html"}).text)
        for customer, entry in chosen.items():
            answer = client.get(f"/v1/customers/{customer}").json()
            row = answer["score"] | {"reason_1": next(iter(answer["reasons"]), None)}
            expected = told(by_form["csv"][customer])
            assert {form: told(rows[customer]) for form, rows in by_form.items()} == dict.fromkeys(by_form, expected)
            assert told(row | {"risk_rank": row["risk_rank"]}) == expected
            assert (entry["churn_probability"], entry["value_at_risk"]) == tuple(expected[one] for one in NUMBERS[:2])
            assert entry["next_order_on"] == expected["next_order_on"]
            if entry not in parts["due"]:  # what is due is told of the order, and not of leaving
                assert answer["why"] == entry["why"]
                assert answer["advice"]["action"] == entry["action"]
            page = client.get("/customer", params={"id": customer}, headers={"Accept": "text/html"}).text
            _compare_page(text_of(page), expected, answer["why"])
            assert all(retell(sentence) in listed for sentence in entry["why"])

    report = churnrisk("report", "--json").json["week_list"]
    assert {part: report[part] for part in parts} == parts
    written = text_of(Path("report.html").read_text(encoding="utf-8"))
    assert all(sentence in written for entry in parts["contact"][:2] for sentence in entry["why"])


def _compare_page(page: str, expected: dict[str, Any], why: list[str]) -> None:
    """See that the page of a customer shows these figures and sentences."""
    if expected["churn_probability"] is not None:
        assert f"Churn probability {percent(expected['churn_probability'])}" in page
        assert f"Value at risk {amount(expected['value_at_risk'])}" in page
    assert f"Days without an order {whole(expected['days_since_last_order'])}" in page
    assert f"orders so far: {whole(expected['order_count'])}" in page
    assert f"Revenue to date {amount(expected['total_amount'])}" in page
    assert all(sentence in page for sentence in why)
    if expected["reason_1"] is not None:
        assert expected["reason_1"] in page
