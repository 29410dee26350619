"""The retention commands, on the sample and on small logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.shop import PURCHASES, churnrisk, write_rows

METRIC_KEYS = (
    "period",
    "starts_on",
    "ends_on",
    "complete",
    "customers_at_start",
    "customers_at_end",
    "new_customers",
    "reactivated_customers",
    "lost_customers",
    "retention_rate",
    "retention_rate_by_count",
    "churn_rate",
    "no_purchase_rate",
    "annual_churn_rate",
    "revenue",
    "net_revenue_retention",
    "gross_revenue_retention",
    "gross_revenue_churn",
    "revenue_churn_lost_customers",
    "repeat_purchase_rate",
    "second_order_rate_90_days",
    "orders_per_customer",
    "average_order_value",
    "reactivation_rate",
    "quick_ratio",
)
PURCHASE_COMMANDS = [
    ("metrics", "--period", "quarter"),
    ("metrics", "--period", "quarter", "--wide"),
    ("metrics", "--period", "year", "--by", "country"),
    ("cohorts",),
    ("cohorts", "--by", "revenue", "--show", "unbounded", "--wide"),
    ("cohorts", "--period", "quarter", "--show", "cumulative"),
    ("segments", "--period", "quarter", "--from", "2010-10-01"),
    ("ltv", "--months", "6", "--margin", "0.35"),
    ("benchmarks",),
    ("economics", "--margin", "0.35", "--acquisition-cost", "20"),
]


@pytest.mark.parametrize("command", PURCHASE_COMMANDS, ids=" ".join)
def test_every_table_fits_80_columns(command: tuple[str, ...]) -> None:
    answer = churnrisk(command[0], PURCHASES, *command[1:])
    assert (answer.code, answer.err) == (0, "")
    assert max(len(line) for line in answer.out.splitlines()) <= 80
    assert "…" not in answer.out  # nothing cut off


@pytest.mark.parametrize("command", [c for c in PURCHASE_COMMANDS if "--wide" not in c], ids=" ".join)
def test_json_is_one_document_with_the_account(command: tuple[str, ...]) -> None:
    answer = churnrisk(command[0], PURCHASES, *command[1:], "--json")
    assert (answer.code, answer.err) == (0, "")
    assert answer.json["intake"]["rows_in"] == 44_876
    assert "rejected_rows" not in answer.json["intake"]


def test_metrics_of_the_sample_keep_the_identity_in_every_row() -> None:
    document = churnrisk("metrics", PURCHASES, "--json").json
    assert (document["lookback_days"], document["revenue_window_days"]) == (365, 365)
    assert len(document["periods"]) == 25
    for row in document["periods"]:
        assert [key for key in METRIC_KEYS if key not in row] == []
        arrived = row["new_customers"] + row["reactivated_customers"]
        stayed = row["customers_at_start"] - row["lost_customers"]
        assert row["customers_at_end"] == stayed + arrived
        assert {key for key, value in row.items() if value is None} == set(row["reasons"])
    assert [row["period"] for row in document["periods"] if row["complete"]] == [
        *("2010-12", *(f"2011-{month:02d}" for month in range(1, 12)))
    ]
    november = document["periods"][-2]
    # 4349 had bought in the year before; of 13 of them returns had taken back everything by then
    assert (november["customers_at_start"], november["new_customers"]) == (4336, 190)
    assert november["revenue"] == 1_132_407.74


def test_groups_add_up_to_the_whole() -> None:
    options = ("--period", "quarter", "--from", "2011-01-01", "--json")
    whole = churnrisk("metrics", PURCHASES, *options).json["periods"]
    parts = churnrisk("metrics", PURCHASES, *options, "--by", "country").json["periods"]
    assert whole
    for row in whole:
        for key in ("customers_at_start", "customers_at_end", "new_customers", "lost_customers"):
            assert row[key] == sum(part[key] for part in parts if part["period"] == row["period"])


def test_the_screen_says_why_lost_and_no_purchase_differ() -> None:
    answer = churnrisk("metrics", PURCHASES, "--period", "quarter")
    assert "No purchase means none in the period itself, which is what the churn label asks" in answer.words
    assert "2009-Q4*" in answer.out
    assert "not complete" in answer.words


def test_rate() -> None:
    answer = churnrisk("rate", "--start", 1000, "--end", 800, "--new", 400)
    assert answer.code == 0
    assert "40.0%" in answer.out
    assert "60.0%" in answer.out
    yearly = churnrisk("rate", "--start", 100, "--end", 98, "--new", 0, "--days", 30)
    assert "78.2% kept" in yearly.words
    assert churnrisk("rate", "--start", 1000, "--end", 800, "--new", 400, "--json").json["retention_rate"] == 0.4


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rate", "--start", 0, "--end", 1, "--new", 0), "--start 0"),
        (("rate", "--start", 5, "--end", 1, "--new", 2), "--new 2 is more than --end 1"),
        (("metrics", PURCHASES, "--period", "moon"), "--period 'moon'"),
        (("metrics", PURCHASES, "--from", "1.1.2011"), "--from: '1.1.2011' is not a date"),
        (("metrics", PURCHASES, "--from", "2012-01-01", "--to", "2011-01-01"), "Change --from or --to"),
        (("metrics", PURCHASES, "--lookback", 0), "--lookback 0"),
        (("metrics", PURCHASES, "--by", "contry"), "Did you mean country?"),
        (("segments", PURCHASES, "--as-of", "2001-01-01"), "no customer has a purchase"),
        (("ltv", PURCHASES, "--margin", 35), "--margin 35"),
        (("economics", PURCHASES), "--margin is missing"),
        (("nps", "none.csv"), "none.csv: cannot be read"),
        (("cohorts", PURCHASES, "--period", "1"), "more than 520"),
    ],
)
def test_what_the_user_can_mend_ends_in_2(arguments: tuple[object, ...], says: str) -> None:
    answer = churnrisk(*arguments)
    assert answer.code == 2
    assert says in " ".join(answer.err.split())
    assert answer.out == ""


def test_a_survey_joined_to_purchases(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"customer_id": "13085", "score": 9, "date": "2011-11-02", "reason": "price"},
        {"customer_id": "13085", "score": 3, "date": "2011-12-02", "reason": "delivery"},
        {"customer_id": "17850", "score": 10, "date": "2011-11-12", "reason": ""},
        {"customer_id": "nobody", "score": "", "date": "", "reason": ""},
    ]
    survey = write_rows(tmp_path / "survey.csv", rows, ("customer_id", "score", "date", "reason"))
    answer = churnrisk("nps", survey, "--purchases", PURCHASES)
    assert answer.code == 0
    assert max(len(line) for line in answer.out.splitlines()) <= 80
    assert "4 rows: 3 answers, 1 without a score, 0 rejected." in answer.words
    document = churnrisk("nps", survey, "--purchases", PURCHASES, "--json").json
    assert (document["responses"], document["of_all_answers"]["responses"], document["rows_in"]) == (2, 3, 4)
    assert document["low"] < document["nps"] < document["high"]
    assert [part["period"] for part in document["by_period"]] == ["2011-11", "2011-12"]
    assert [group["customers_found"] for group in document["groups"]] == [1, 0, 1]


def test_a_survey_alone(tmp_path: Path) -> None:
    survey = write_rows(tmp_path / "survey.csv", [{"points": "10"}], ("points",))
    assert churnrisk("nps", survey).code == 2
    document = churnrisk("nps", survey, "--survey-column", "score=points", "--json").json
    assert document["nps"] == 100
    assert document["low"] < 100


def test_a_log_without_amounts(tmp_path: Path) -> None:
    days = [f"2024-{month:02d}-{day:02d}" for month in range(1, 13) for day in (3, 17)]
    rows = [{"customer": f"c{k % 7}", "date": day} for k, day in enumerate(days)]
    log = write_rows(tmp_path / "log.csv", rows, ("customer", "date"))
    document = churnrisk("metrics", log, "--lookback", 60, "--json").json
    assert document["periods"][5]["revenue"] is None
    assert document["periods"][5]["reasons"]["revenue"] == "the log has no amounts"
    for command in (("metrics", log, "--wide"), ("segments", log), ("cohorts", log), ("benchmarks", log)):
        answer = churnrisk(*command)
        assert (answer.code, answer.err) == (0, "")
    assert churnrisk("ltv", log).code == 2
