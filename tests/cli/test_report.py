"""``churnrisk report`` on the sample, with and without a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.shop import PURCHASES, churnrisk


def test_a_report_with_a_model_has_the_list_of_the_week(models: Path) -> None:
    answer = churnrisk("report", PURCHASES, "--models-dir", models, "--top", 5, "--json")
    assert (answer.code, answer.err) == (0, "")
    document = answer.json
    listed = document["week_list"]["contact"]
    assert [one["place"] for one in listed] == [1, 2, 3, 4, 5]
    assert document["week_list"]["sorted_by"] == "value"
    assert document["at_risk"]["horizon_days"] == document["week_list"]["horizon_days"] == 90
    assert all(one["segment"] is not None for one in listed)
    page = Path("report.html").read_text(encoding="utf-8")
    for one in listed:
        assert f'<bdi class="foreign">{one["customer_id"]}</bdi>' in page
    assert "What drives the scores" in page
    scores = churnrisk("score", PURCHASES, "--models-dir", models, "--json").json["customers"]
    quiet = [one for one in scores if one["status"] == "scored" and one["days_since_last_order"] >= 7]
    for name in ("customer_id", "churn_probability", "value_at_risk"):
        assert [one[name] for one in listed] == [one[name] for one in quiet[:5]]
    assert any(row["churn_probability"] is not None for row in document["segments"]["segments"])


def test_a_report_without_a_model_says_how_to_get_the_list() -> None:
    answer = churnrisk("report", PURCHASES, "-o", "r.html", "--period", "quarter")
    assert (answer.code, answer.err) == (0, "")
    assert "`churnrisk train` learns one" in answer.words
    assert "Wrote r.html" in answer.words
    assert max(len(line) for line in answer.out.splitlines()) <= 80
    page = Path("r.html").read_text(encoding="utf-8")
    assert "churnrisk train" in page
    assert "2011-Q3" in page
    metrics = churnrisk("metrics", PURCHASES, "--period", "quarter", "--json").json
    again = churnrisk("report", PURCHASES, "-o", "s.html", "--period", "quarter", "--json").json
    assert again["retention"]["periods"] == metrics["periods"]
    assert again["at_risk"] is None
    assert again["report"] == "s.html"
    assert Path("s.html").read_text(encoding="utf-8") == page


def test_single_customers_can_be_left_out(models: Path) -> None:
    document = churnrisk("report", PURCHASES, "--models-dir", models, "--top", 0, "--json").json
    assert not any(document["week_list"][part] for part in ("contact", "due", "lapsed"))
    assert 'class="foreign">1' not in Path("report.html").read_text(encoding="utf-8")


def test_a_model_that_cannot_be_used_does_not_stop_the_report(models: Path, tmp_path: Path) -> None:
    copied = tmp_path / "models"
    version = (models / "current").read_text(encoding="utf-8").strip()
    (copied / version).mkdir(parents=True)
    (copied / "current").write_text((models / "current").read_text(encoding="utf-8"), encoding="utf-8")
    answer = churnrisk("report", PURCHASES, "--models-dir", copied)
    assert answer.code == 0
    assert "cannot be used" in answer.words
    assert "The model:" in answer.words
    assert str(tmp_path) not in Path("report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "purchases.csv"), "a report is an HTML page; name it as purchases.html"),
        (("-o", "missing/report.html"), "there is no folder missing"),
        (("--period", "fortnight"), "--period 'fortnight'"),
        (("--top", "5000"), "--top 5000"),
        (("--lookback", "0"), "--lookback 0"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    answer = churnrisk("report", PURCHASES, *arguments)
    assert answer.code == 2
    assert message in answer.err
    assert list(tmp_path.iterdir()) == []
