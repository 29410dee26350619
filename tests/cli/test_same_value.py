"""One forecast of value: the same customers and days come to the same total, whichever command is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

import churnrisk
from support.shop import CUSTOMERS
from support.shop import churnrisk as run


def test_scores_lists_python_and_lifetime_value_agree(models: Path) -> None:
    Path("churnrisk.toml").write_text(f'models_dir = "{models}"\nmargin = 0.4\n', encoding="utf-8")
    scores = {row["customer_id"]: row for row in run("score", CUSTOMERS, "--json").json["customers"]}
    year = sum(row["expected_value_365_days"] or 0 for row in scores.values())
    value = run("ltv", CUSTOMERS, "--discount", "0", "--json").json
    assert value["expected_revenue"] == pytest.approx(year, abs=1)
    assert value["model_version"] is not None
    frame = churnrisk.load(models_dir=models).score(str(CUSTOMERS))
    assert frame.expected_value_365_days.sum() == pytest.approx(year, abs=0.01)
    costs = ("--contact-cost", 0, "--incentive-cost", 0, "--acceptance-rate", 0.2)
    for row in run("target", CUSTOMERS, *costs, "--json").json["list"]:
        assert row["value_at_risk"] == scores[row["customer_id"]]["value_at_risk"]
        assert row["expected_profit"] == pytest.approx(0.2 * 0.4 * row["value_at_risk"], abs=0.001)
