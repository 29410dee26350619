"""``churnrisk score``: kinds of files, statuses, output, and the day that it scores at."""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from support.shop import CUSTOMERS, PURCHASES, ROOT, churnrisk, read_rows, write_rows

VALUES = ("expected_value_horizon", "expected_value_365_days", "value_at_risk", "value_at_risk_most")
COLUMNS = [
    "customer_id",
    "as_of",
    "status",
    "churn_probability",
    "risk",
    "risk_rank",
    "days_since_last_order",
    "order_count",
    "total_amount",
    "churn_probability_30_days",
    "churn_probability_60_days",
    "churn_probability_90_days",
    "churn_probability_180_days",
    "next_order_on",
    "next_order_from_on",
    "next_order_to_on",
    "expected_value_horizon",
    "expected_value_365_days",
    "value_at_risk",
    "value_at_risk_most",
    "return_probability",
]
REASONS = ["reason_1", "reason_2", "reason_3"]


def scored(models: Path, *arguments: object) -> dict[str, Any]:
    answer = churnrisk("score", *arguments, "--models-dir", models, "--json")
    assert answer.code == 0, answer.err
    document: dict[str, Any] = answer.json
    return document


def by_id(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["customer_id"]: row for row in document["customers"]}


def test_each_customer_of_the_file_appears_once(models: Path) -> None:
    document = scored(models, CUSTOMERS)
    ids = [row["customer_id"] for row in document["customers"]]
    assert sorted(ids) == sorted({row["customer_id"] for row in read_rows(CUSTOMERS)})
    assert len(ids) == 300
    assert (document["kind"], document["as_of"], document["horizon_days"]) == ("purchases", "2011-12-10", 90)
    assert all(document["counts"].values()), "the sample has customers of every status"
    assert list(document["customers"][0]) == [*COLUMNS, *REASONS, "p_alive"]


def test_columns_follow_from_the_status(models: Path) -> None:
    document = scored(models, CUSTOMERS, "--by", "risk")
    rows, risk = document["customers"], document["risk"]
    assert document["sorted_by"] == "risk"
    for row in rows:
        p = row["churn_probability"]
        if row["status"] == "scored":
            expected = "high" if p >= risk["high_from"] else "low" if p <= risk["low_to"] else "medium"
            assert (row["risk"], 0 < p < 1, row["days_since_last_order"] <= 365) == (expected, True, True)
        else:
            assert (p, row["risk"], row["risk_rank"]) == (None, None, None)
            assert (row["days_since_last_order"] is None) == (row["status"] == "no_purchases")
            assert row["status"] == "no_purchases" or row["days_since_last_order"] > 365
    scores = [row["churn_probability"] for row in rows if row["status"] == "scored"]
    assert scores == sorted(scores, reverse=True)
    assert [row["risk_rank"] for row in rows if row["status"] == "scored"] == list(range(1, len(scores) + 1))


def test_by_default_the_list_is_sorted_by_value_at_risk(models: Path) -> None:
    document = scored(models, CUSTOMERS, "--reasons", "none")
    rows = document["customers"]
    counts = document["counts"]
    assert document["sorted_by"] == "value"
    at_risk = [row["value_at_risk"] for row in rows[: counts["scored"]]]
    assert at_risk == sorted(at_risk, reverse=True)
    assert at_risk[0] > 0
    assert {row["status"] for row in rows[counts["scored"] :]} == {"lapsed", "no_purchases"}
    by_risk = {
        row["customer_id"]: row for row in scored(models, CUSTOMERS, "--by", "risk", "--reasons", "none")["customers"]
    }
    assert {row["customer_id"]: row for row in rows} == by_risk


def test_the_outlook_follows_from_the_status(models: Path) -> None:
    rows = scored(models, CUSTOMERS)["customers"]
    assert {row["status"] for row in rows} == {"scored", "lapsed", "no_purchases"}
    for row in rows:
        curve = [row[f"churn_probability_{days}_days"] for days in (30, 60, 90, 180)]
        interval = [row[f"next_order_{end}"] for end in ("from_on", "on", "to_on")]
        values = [row[name] for name in VALUES]
        if row["status"] == "scored":
            assert curve == sorted(curve, reverse=True)
            assert curve[2] == row["churn_probability"], "the model's own horizon"
            assert row["as_of"] <= interval[0] <= interval[1] <= interval[2]
            assert 0 <= values[0] <= values[1], "90 days of 365"
            assert 0 <= values[2] <= values[3]
            assert row["return_probability"] is None
            assert 0 <= row["p_alive"] <= 1
        else:
            assert (curve, interval, values) == ([None] * 4, [None] * 3, [None] * 4)
            assert (row["return_probability"] is None) == (row["status"] == "no_purchases")


def test_the_discount_comes_from_the_settings_and_values_stay_revenue(models: Path) -> None:
    plain = by_id(scored(models, CUSTOMERS))
    Path("churnrisk.toml").write_text("margin = 0.5\ndiscount_rate = 0.1\n")
    valued = by_id(scored(models, CUSTOMERS))

    def mean_discount(begin: float, end: float) -> float:  # of even payments, in years
        return float(1.1**-begin - 1.1**-end) / math.log(1.1) / (end - begin)

    half = 90 / 365
    assert plain
    for customer, row in plain.items():
        if row["status"] == "scored":
            soon, year = row["expected_value_horizon"], row["expected_value_365_days"]
            mine = valued[customer]
            for name in ("expected_value_horizon", "value_at_risk"):
                assert mine[name] == pytest.approx(row[name] * mean_discount(0, half), abs=0.011)
            later = (year - soon) * mean_discount(half, 1)
            assert mine["expected_value_365_days"] == pytest.approx(mine["expected_value_horizon"] + later, abs=0.021)
            assert valued[customer]["next_order_on"] == row["next_order_on"]


def test_counts_and_amounts_are_those_of_the_file(models: Path) -> None:
    found = by_id(scored(models, CUSTOMERS))
    for customer in ("12977", *list(found)[-3:]):
        mine = [row for row in read_rows(CUSTOMERS) if row["customer_id"] == customer]
        assert found[customer]["order_count"] == sum(float(row["amount"]) > 0 for row in mine)
        assert found[customer]["total_amount"] == pytest.approx(sum(float(row["amount"]) for row in mine))


def test_a_list_of_ids_takes_its_history_from_the_purchases(models: Path, tmp_path: Path) -> None:
    some = sorted({row["customer_id"] for row in read_rows(CUSTOMERS)})[:20]
    ids = write_rows(
        tmp_path / "ids.csv", [{"customer_id": one} for one in [*some, "nobody", some[0]]], ["customer_id"]
    )
    document = scored(models, ids, "--purchases", PURCHASES)
    assert document["kind"] == "ids"
    found = by_id(document)
    assert sorted(found) == sorted([*some, "nobody"])
    assert (found["nobody"]["status"], found["nobody"]["order_count"]) == ("no_purchases", 0)
    whole = by_id(scored(models, PURCHASES, "--reasons", "none"))
    for one in some:
        assert found[one]["churn_probability"] == whole[one]["churn_probability"]
    answer = churnrisk("score", ids, "--models-dir", models)
    assert (answer.code, "--purchases" in answer.err) == (2, True)


def test_a_score_does_not_depend_on_who_else_is_in_the_file(models: Path, tmp_path: Path) -> None:
    one = scored(models, CUSTOMERS, "--by", "risk")["customers"][5]
    mine = [row for row in read_rows(CUSTOMERS) if row["customer_id"] == one["customer_id"]]
    alone = write_rows(tmp_path / "one.csv", mine, mine[0].keys())
    [row] = scored(models, alone, "--as-of", "2011-12-10")["customers"]
    assert row | {"risk_rank": 6} == one


def test_a_file_of_lapsed_customers_does_not_make_them_look_fresh(models: Path, tmp_path: Path) -> None:
    old = [row for row in read_rows(PURCHASES) if row["ordered_at"] < "2010-03-01"]
    later = {row["customer_id"] for row in read_rows(PURCHASES) if row["ordered_at"] >= "2010-03-01"}
    gone = [row for row in old if row["customer_id"] not in later and float(row["amount"]) > 0]
    document = scored(models, write_rows(tmp_path / "gone.csv", gone, gone[0].keys()))
    assert document["as_of"] == "2011-12-10"  # the model's own, later than the last order of the file
    assert {row["status"] for row in document["customers"]} == {"lapsed"}
    document = scored(models, tmp_path / "gone.csv", "--as-of", "2010-03-01")
    assert {row["status"] for row in document["customers"]} == {"scored"}


def test_orders_on_as_of_and_later_are_not_looked_at(models: Path, tmp_path: Path) -> None:
    rows = read_rows(CUSTOMERS)
    cut = write_rows(tmp_path / "cut.csv", (r for r in rows if r["ordered_at"] < "2011-09-01"), rows[0].keys())
    told, ended = (by_id(scored(models, path, "--as-of", "2011-09-01")) for path in (CUSTOMERS, cut))
    for customer, row in ended.items():
        assert {k: v for k, v in told[customer].items() if k != "risk_rank"} == {
            k: v for k, v in row.items() if k != "risk_rank"
        }
    only_later = set(told) - set(ended)
    assert {told[customer]["status"] for customer in only_later} <= {"no_purchases"}


SUMMARY = """\
customer_id,days_since_last_order,tenure_days,order_count,mean_order_amount
007,10,300,12,50.5
008,200,300,2,20
009,700,900,3,20
010,,,0,
"""


def test_one_row_per_customer_is_scored_by_the_compact_model(models: Path, tmp_path: Path) -> None:
    (tmp_path / "rfm.csv").write_text(SUMMARY)
    document = scored(models, "rfm.csv")
    found = by_id(document)
    assert document["kind"] == "summary"
    assert [found[one]["status"] for one in ("007", "008", "009", "010")] == [
        "scored",
        "scored",
        "lapsed",
        "no_purchases",
    ]
    assert found["007"]["churn_probability"] < found["008"]["churn_probability"]
    assert found["007"]["total_amount"] == 606.0
    assert all(found[one][name] is None for one in found for name in COLUMNS[9:])
    assert document["sorted_by"] == "risk"
    assert any("Sorted by risk" in notice for notice in document["notices"])


def test_dates_may_stand_for_the_days_of_a_summary(models: Path, tmp_path: Path) -> None:
    (tmp_path / "days.csv").write_text(
        "customer_id,days_since_last_order,tenure_days,order_count,mean_order_amount\na,10,300,12,50\n"
    )
    (tmp_path / "dates.csv").write_text(
        "customer_id,first_order_on,last_order_on,order_count,mean_order_amount\na,2011-02-13,2011-11-30,12,50\n"
    )
    assert scored(models, "days.csv")["customers"] == scored(models, "dates.csv")["customers"]


def test_the_file_is_written_in_the_format_of_its_ending(models: Path, tmp_path: Path) -> None:
    rows = scored(models, CUSTOMERS)["customers"]
    for name in ("s.csv", "s.parquet", "s.xlsx"):
        answer = churnrisk("score", CUSTOMERS, "--models-dir", models, "--output", name)
        assert (answer.code, name in answer.out) == (0, True)
    written = read_rows(Path("s.csv"))
    assert list(written[0]) == COLUMNS + REASONS
    assert [(r["customer_id"], float(r["churn_probability"] or 2)) for r in written] == [
        (r["customer_id"], 2 if r["churn_probability"] is None else r["churn_probability"]) for r in rows
    ]
    parquet = duckdb.connect().execute("select customer_id, churn_probability from 's.parquet'").fetchall()
    assert parquet == [(r["customer_id"], r["churn_probability"]) for r in rows]
    churnrisk("score", CUSTOMERS, "--models-dir", models, "-o", "e.csv", "--csv-style", "excel")
    text = Path("e.csv").read_bytes().decode("utf-8-sig")
    excel = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert float(excel[0]["churn_probability"].replace(",", ".")) == rows[0]["churn_probability"]


def test_what_is_printed_fits_and_says_what_was_done(models: Path) -> None:
    answer = churnrisk("score", CUSTOMERS, "--models-dir", models, "--top", 3)
    assert all(len(line) <= 80 for line in answer.out.splitlines())
    parts = (
        "as of 2011-12-10",
        "300 customers",
        "lapsed",
        "Most value at risk",
        "(3 of 228)",
        "churnrisk explain",
    )
    for part in parts:
        assert part in answer.words, part
    whole = churnrisk("score", CUSTOMERS, "--models-dir", models, "--top", 3, "--details")
    for part in ("Taken for a purchase history", "Most value at risk (top 3)", "next order"):
        assert part in whole.words, part


@pytest.mark.parametrize("more", [(), ("-o", "all.csv"), ("--since", "last"), ("--by", "risk")])
@pytest.mark.parametrize("width", [80, 100])
def test_the_scores_of_any_log_fit_a_screen(
    width: int, more: tuple[str, ...], models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("churnrisk.cli.show.WIDTH", width)
    churnrisk("score", CUSTOMERS, "--models-dir", models, "--as-of", "2011-12-01")
    answer = churnrisk("score", PURCHASES, "--models-dir", models, *more)
    lines = answer.out.splitlines()
    assert len(lines) <= 23
    assert max(map(len, lines)) <= width
    rows = [line for line in lines if re.match(r"  [0-9]{5} ", line)]
    assert 5 <= len(rows) <= 10
    assert f"({len(rows)} of 4,248)" in answer.words


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.csv",), "nowhere.csv"),
        ((CUSTOMERS, "--output", "x.pdf"), "ending .pdf"),
        ((CUSTOMERS, "--output", "no/folder/x.csv"), "there is no folder"),
        ((CUSTOMERS, "--model", "../../etc"), "etc"),
        ((CUSTOMERS, "--as-of", "yesterday"), "is not a date"),
        ((CUSTOMERS, "--as", "summary"), "customers.csv"),
    ],
)
def test_refusals(models: Path, arguments: tuple[object, ...], message: str) -> None:
    answer = churnrisk("score", *arguments, "--models-dir", models)
    assert (answer.code, "Traceback" in answer.err) == (2, False)
    assert message in answer.err


def test_without_a_model_it_says_how_to_get_one() -> None:
    answer = churnrisk("score", CUSTOMERS)
    assert (answer.code, "churnrisk train" in answer.err) == (2, True)


def test_a_log_without_amounts_cannot_be_scored_by_a_model_that_needs_them(models: Path, tmp_path: Path) -> None:
    write_rows(tmp_path / "no_amounts.csv", read_rows(CUSTOMERS), ["customer_id", "ordered_at", "order_id"])
    answer = churnrisk("score", "no_amounts.csv", "--models-dir", models)
    assert (answer.code, "--column amount=" in answer.err) == (2, True)


@pytest.mark.parametrize(("length", "kept"), [(5, {"up", "quiet"}), (12, {"quiet"}), (19, set())])
def test_long_ids_are_not_broken(length: int, kept: set[str], models: Path, tmp_path: Path) -> None:
    rows = read_rows(CUSTOMERS)
    for row in rows:
        row["customer_id"] = row["customer_id"].rjust(length, "x")
    path = write_rows(tmp_path / "long.csv", rows, rows[0])
    brief = churnrisk("score", path, "--models-dir", models, "--top", 3)
    answer = churnrisk("score", path, "--models-dir", models, "--top", 3, "--details")
    listed = answer.out[answer.out.index("(top 3)") : answer.out.index("Value at risk:")]
    ids = {row["customer_id"] for row in rows}
    assert len(ids & set(listed.split())) == 3
    assert ids & set(brief.out.split()) >= ids & set(listed.split())
    assert {"up", "quiet"} & set(listed.split()) == kept
    assert max(map(len, (brief.out + answer.out).splitlines())) <= 80


def test_the_readme_shows_what_the_demo_prints(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    answer = churnrisk("score", "data/customers.csv", "--models-dir", models, "--no-remember")
    [shown, *_] = re.findall(r"```text\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    age = r"[0-9]+ days before [0-9-]+"  # of the log, which depends on today
    assert re.sub(age, "", shown) == re.sub(age, "", re.sub(" +\n", "\n", answer.out))
