"""What the page on monitoring shows, from what `churnrisk monitor` remembers."""

from __future__ import annotations

from typing import Any

import pytest

from churnrisk.messages import LANGUAGES, speaking
from churnrisk.monitor import FeatureDrift
from churnrisk.report import Block, Cards, Chart, DataTable, Words, describe_monitor

FEATURES = [
    FeatureDrift("order_count", 0.4, 0.01, 0.03, 0.1, 0.0, 0.0),
    FeatureDrift("season_purchase_day_count", 0.3, 0.01, 0.03, 0.1, 0.0, 0.0),
    FeatureDrift("tenure_days", 0.09, 0.01, 0.03, 0.1, 0.0, 0.0),
    FeatureDrift("weekday_count", 0.02, 0.01, 0.03, None, 0.0, 0.0),
]


def view(**more: Any) -> dict[str, Any]:
    values = {"drifted_features": 1, "psi_max": 0.4}
    look = {
        "model": "20261122T014500.250Z-1a2b3c4d",
        "freshness": {"looked_on": "2026-11-22"},
        "values": values,
        "drift": {"features": [one.to_dict() for one in FEATURES]},
        "volume": {"weeks": [{"from": "2026-11-15", "purchases": 1200, "new_customers": 30}]},
        "rules": [
            {"rule": "psi > 0.2", "value": 0.4, "fired": True},
            {"rule": "auc < 0.6", "value": None, "fired": False},
        ],
        "advice": ["Do <b>this</b>."],
    }
    run = {"as_of": "2026-06-01", "customers": 900, "churn_rate": 0.5, "bias": 0.02}
    return {
        "latest": look,
        "days_since_last_purchase": 3,
        "trend": [
            {"as_of": "2026-11-15", "psi_max": 0.1, "fired": []},
            {"as_of": "2026-11-22", "psi_max": None, "fired": ["psi"]},
        ],
        "realised": [
            run | {"auc": 0.71, "auc_low": 0.68, "auc_high": 0.74},
            run | {"auc": None, "auc_low": None, "auc_high": None, "bias": None},
        ],
        **more,
    }


def charts_of(blocks: list[Block]) -> dict[str, Chart]:
    return {block.name: block for block in blocks if isinstance(block, Chart)}


def test_before_anybody_has_looked() -> None:
    [only] = describe_monitor({"latest": None})
    assert isinstance(only, Words)
    assert "churnrisk monitor" in only.text


def test_everything_that_was_found() -> None:
    blocks = list(describe_monitor(view()))
    [cards] = [block for block in blocks if isinstance(block, Cards)]
    assert [card.value for card in cards.cards] == ["3", "1", "0.71", "1"]
    charts = charts_of(blocks)
    assert [row[0] for row in charts["drift"].table.rows] == [one.name for one in FEATURES]
    assert [row[-1] for row in charts["drift"].table.rows] == ["drifted", "the season", "usual", "within chance"]
    assert charts["drift"].option["series"][0]["data"] == [one.index for one in FEATURES]
    assert charts["realised"].option["series"][0]["data"] == [0.71, None]
    assert charts["volume"].table.rows[0][1:] == ("1,200", "30")
    assert charts["psi-trend"].option["series"][0]["data"] == [0.1, None]
    [rules] = [block for block in blocks if isinstance(block, DataTable)]
    assert rules.rows == (("psi > 0.2", "0.400", "fired"), ("auc < 0.6", "–", "not known"))
    assert blocks[-1] == Words("Do <b>this</b>.", is_note=True)  # the template escapes it


def test_a_shop_without_a_model_still_has_a_log() -> None:
    found = view()
    found["latest"] |= {"model": None, "drift": None, "values": {"drifted_features": None, "psi_max": None}}
    names = charts_of(list(describe_monitor(found | {"realised": [], "trend": []})))
    assert list(names) == ["volume"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_every_language(language: str) -> None:
    with speaking(language):
        assert len(list(describe_monitor(view()))) == 8
