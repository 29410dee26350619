"""``churnrisk explain`` and the reasons beside scores."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import churnrisk as package
from churnrisk.features import TOLD_FAMILIES
from support.shop import CUSTOMERS, PURCHASES, churnrisk, read_rows

NAMES = ("reason_1", "reason_2", "reason_3")
FAMILIES = set(TOLD_FAMILIES)


def scores(models: Path, *arguments: object) -> list[dict[str, Any]]:
    answer = churnrisk("score", CUSTOMERS, "--models-dir", models, "--json", *arguments)
    assert answer.code == 0, answer.err
    rows: list[dict[str, Any]] = answer.json["customers"]
    return rows


@pytest.fixture(scope="module")
def everybody(models: Path) -> list[dict[str, Any]]:
    return scores(models, "--reasons", "all")


def test_families_sum_to_the_score_that_score_gives(models: Path, everybody: list[dict[str, Any]]) -> None:
    for row in (everybody[0], everybody[100], everybody[200]):
        answer = churnrisk("explain", row["customer_id"], CUSTOMERS, "--models-dir", models, "--json")
        found = answer.json
        assert (found["churn_probability"], found["risk"]) == (row["churn_probability"], row["risk"])
        assert {one["family"] for one in found["families"]} == FAMILIES
        total = found["base_log_odds"] + sum(one["log_odds"] for one in found["families"])
        assert total == pytest.approx(found["log_odds"], abs=1e-7)
        assert 1 / (1 + math.exp(-total)) == pytest.approx(found["churn_probability"], abs=1e-7)
        assert [one["text"] for one in found["reasons"]] == [row[name] for name in NAMES if row[name]]
        names = [feature["name"] for one in found["families"] for feature in one["features"]]
        assert len(names) == len(set(names))
        assert "days_since_last_order" in names
        assert "not the cause" in found["note"]


def test_the_terminal_shows_the_sum_and_the_reasons(models: Path, everybody: list[dict[str, Any]]) -> None:
    for row in (everybody[0], everybody[220]):
        brief = churnrisk("explain", row["customer_id"], CUSTOMERS, "--models-dir", models)
        assert row["reason_1"] in brief.words
        assert "base value" not in brief.words
        answer = churnrisk("explain", row["customer_id"], CUSTOMERS, "--models-dir", models, "--details")
        assert all(len(line) <= 80 for line in answer.out.splitlines())
        for part in ("base value", "score", "not the cause", row["customer_id"], row["reason_1"], *FAMILIES):
            assert part in answer.words, part


def test_python_explains_as_the_command_does(models: Path, everybody: list[dict[str, Any]]) -> None:
    customer = everybody[3]["customer_id"]
    said = churnrisk("explain", customer, CUSTOMERS, "--models-dir", models, "--json").json
    found = package.load(models_dir=models).explain(CUSTOMERS, customer)
    assert json.loads(json.dumps(found)) == {name: value for name, value in said.items() if name != "model"}


@pytest.mark.parametrize(
    ("status", "message"),
    [("lapsed", "has lapsed: the last order was"), ("no_purchases", "has bought nothing before 2011-12-10")],
)
def test_who_has_no_score_has_no_explanation(
    models: Path, everybody: list[dict[str, Any]], status: str, message: str
) -> None:
    customer = next(row["customer_id"] for row in everybody if row["status"] == status)
    answer = churnrisk("explain", customer, CUSTOMERS, "--models-dir", models)
    assert (answer.code, answer.out, "Traceback" in answer.err) == (2, "", False)
    assert message in answer.err


def test_an_unknown_customer_is_named_with_the_file(models: Path) -> None:
    answer = churnrisk("explain", "0nobody", CUSTOMERS, "--models-dir", models)
    assert (answer.code, "'0nobody'" in answer.err, "customers.csv" in answer.err) == (2, True, True)


def test_reasons_are_given_to_whom_they_were_asked_for(models: Path, everybody: list[dict[str, Any]]) -> None:
    scored = [row for row in everybody if row["status"] == "scored"]
    explained = {row["customer_id"]: [row[name] for name in NAMES] for row in everybody if row["reason_1"]}
    assert len(explained) > 0.9 * len(scored)
    assert not any(row["reason_1"] for row in everybody if row["status"] != "scored")
    expected = {
        "none": set(),
        "shown": {row["customer_id"] for row in scored[:4]},
        "listed": {row["customer_id"] for place, row in enumerate(scored) if row["risk"] == "high" or place < 4},
    }
    for kind, chosen in expected.items():
        rows = scores(models, "--reasons", kind, "--top", 4)
        if kind == "none":
            assert not any(name in row for row in rows for name in NAMES)
            continue
        given = {row["customer_id"]: [row[name] for name in NAMES] for row in rows if row["reason_1"]}
        assert given == {customer: texts for customer, texts in explained.items() if customer in chosen}
    assert scores(models, "--top", 4) == scores(models, "--reasons", "listed", "--top", 4)


def test_reasons_change_no_score(models: Path, everybody: list[dict[str, Any]]) -> None:
    bare = [{name: value for name, value in row.items() if name not in NAMES} for row in everybody]
    assert scores(models, "--reasons", "none") == bare


def test_reasons_stand_in_the_file_and_on_the_terminal(models: Path, everybody: list[dict[str, Any]]) -> None:
    answer = churnrisk("score", CUSTOMERS, "--models-dir", models, "--top", 2, "--reasons", "all", "-o", "s.csv")
    assert all(len(line) <= 80 for line in answer.out.splitlines())
    assert "not the cause" in answer.words
    assert str(everybody[0]["reason_1"]) in answer.words
    assert [row["reason_2"] for row in read_rows(Path("s.csv"))] == [row["reason_2"] or "" for row in everybody]


def test_one_row_per_customer_has_no_reasons(models: Path, tmp_path: Path) -> None:
    (tmp_path / "rfm.csv").write_text(
        "customer_id,days_since_last_order,tenure_days,order_count,mean_order_amount\na,10,300,12,50\n"
    )
    document = churnrisk("score", "rfm.csv", "--models-dir", models, "--json").json
    assert document["customers"][0]["reason_1"] is None
    assert any("too little for reasons" in notice for notice in document["notices"])


def test_the_card_says_what_drives_the_scores(models: Path) -> None:
    drivers = churnrisk("models", "show", "--models-dir", models, "--json").json["drivers"]
    means = drivers["mean_absolute_log_odds"]
    assert set(means) == FAMILIES
    assert 0 < max(means.values()) < 5
    shown = churnrisk("models", "show", "--models-dir", models)
    assert "What drives the scores" in shown.words
    assert "not the cause" in shown.words


def test_a_reason_is_the_same_whoever_else_is_in_the_file(models: Path) -> None:
    """The sample of the shop has 300 of the customers of the whole log."""
    customer = scores(models)[0]["customer_id"]
    some, whole = (
        churnrisk("explain", customer, log, "--models-dir", models, "--json").json for log in (CUSTOMERS, PURCHASES)
    )
    assert some == whole
