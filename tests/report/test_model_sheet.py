"""What is told of a model, checked against its card."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from churnrisk.decide import ContactTerms
from churnrisk.decide.profit import expected_profit
from churnrisk.report import ContactPlan, ModelSheet, ReportData
from churnrisk.report.blocks import Block, Cards, Chart, DataTable, Words
from churnrisk.report.model_sheet import build_model, describe_model
from support.cards import make_card


def describe(card: dict[str, Any] | None = None, plan: ContactPlan = ContactPlan()) -> list[Block]:  # noqa: B008
    return list(describe_model(ModelSheet(version="v1", card=card or make_card(), plan=plan)))


def charts_of(blocks: list[Block]) -> dict[str, Chart]:
    return {block.name: block for block in blocks if isinstance(block, Chart)}


def points_of(chart: Chart) -> list[list[float]]:
    return [one["value"] for one in chart.option["series"][0]["data"]]


def test_a_shop_without_a_model_has_no_such_section(data: ReportData) -> None:
    assert build_model(replace(data, model=None)) is None


def test_the_grade_stands_with_its_parts() -> None:
    [cards] = [block for block in describe() if isinstance(block, Cards)]
    assert [card.title for card in cards.cards] == [
        *("Grade", "Ranking: A", "Gain: B", "Calibration: A", "Stability: B"),
    ]
    assert cards.cards[1].value == "0.78"
    assert cards.cards[1].change == "95 % interval: 0.76 to 0.80"
    assert "recency rule" in cards.cards[2].meaning


def test_the_calibration_curve_is_the_bins_of_the_card() -> None:
    chart = charts_of(describe())["calibration"]
    assert points_of(chart) == [
        [one["mean_probability"], one["churn_rate"]] for one in make_card()["test"]["reliability"]
    ]
    assert chart.option["series"][1]["data"][1]["value"] == [1.0, 1.0]
    assert chart.table.rows[0] == ("5.0 %", "10.0 %", "100")


def test_the_lift_at_everybody_is_one_and_follows_the_hull() -> None:
    lift = {point[0]: point[1] for point in points_of(charts_of(describe())["lift"])}
    assert lift[1.0] == pytest.approx(1)
    assert lift[0.3] == pytest.approx(0.5 / 0.3)  # the corner: half of the leavers among three tenths of the base
    assert sorted(lift.values(), reverse=True) == list(lift.values())


def test_the_profit_at_a_corner_is_that_of_its_customers() -> None:
    plan = ContactPlan(value=80, incentive_cost=5, contact_cost=0.5, acceptance_rate=0.25, redemption=0.5)
    profit = {point[0]: point[1] for point in points_of(charts_of(describe(plan=plan))["profit"])}
    terms = ContactTerms(0.5, 5, 0.25, redemption=0.5)
    p = np.array([1.0] * 25 + [0.0] * 5)  # of 100 customers 30 are contacted, of whom 25 leave
    assert 100 * profit[0.3] == pytest.approx(expected_profit(p, np.full(30, 80.0), terms).sum())
    assert profit[0.0] == 0


def test_whose_numbers_the_profit_is_told_for_is_said() -> None:
    own = ContactPlan(is_own=True)
    said = {plan.is_own: charts_of(describe(plan=plan))["profit"].note for plan in (own, ContactPlan())}
    assert "an offer that costs 10.00 where it is taken, 1.00 for a contact" in said[True]
    assert "literature" in said[False]
    assert "literature" not in said[True]


def test_the_backtest_shows_ours_and_the_two_best_methods() -> None:
    chart = charts_of(describe())["backtest"]
    assert [one["name"] for one in chart.option["series"]] == ["this model", "RFM logistic regression", "base rate"]
    assert chart.option["series"][0]["data"] == pytest.approx([0.71, 0.74, 0.77])


def test_a_card_with_less_shows_less() -> None:
    card = make_card()
    card |= {"backtest": None, "drivers": None}
    card["test"] |= {"roc_hull": []}
    card["grade"] |= {"basis": "later snapshot", "cutoffs": 1}
    card["grade"]["ingredients"]["auc"] = {"value": 0.5, "low": None, "high": None}
    blocks = describe(card)
    assert list(charts_of(blocks)) == ["calibration"]
    [table] = [block for block in blocks if isinstance(block, DataTable)]
    assert table.rows[0][0] == "this model"
    assert not math.isnan(len(table.rows))


def test_what_drives_the_scores_is_said_with_its_caution() -> None:
    blocks = describe()
    assert charts_of(blocks)["drivers"].table.rows == (("rhythm", "0.70"), ("recency", "0.20"))
    assert any("not the cause" in block.text for block in blocks if isinstance(block, Words))
