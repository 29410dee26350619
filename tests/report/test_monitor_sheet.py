"""What the page on monitoring shows, from what `churnrisk monitor` remembers."""

from __future__ import annotations

import pytest

from churnrisk.features import tell_feature
from churnrisk.messages import LANGUAGES, speaking
from churnrisk.report import Block, Cards, DataTable, Words, describe_monitor
from churnrisk.report.blocks import Chart
from support.looks import FEATURES, view


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
    names = [row[0] for row in charts["drift"].table.rows]
    assert names == [tell_feature(one.name) for one in FEATURES]
    assert names[0] == "Number of purchases ever"
    assert [row[-1] for row in charts["drift"].table.rows] == ["drifted", "the season", "usual", "within chance"]
    assert charts["drift"].option["series"][0]["data"] == [one.index for one in FEATURES]
    assert charts["realised"].option["series"][0]["data"] == [0.71, None]
    assert charts["volume"].table.rows[0][1:] == ("1,200", "30")
    assert charts["psi-trend"].option["series"][0]["data"] == [0.1, None]
    [rules] = [block for block in blocks if isinstance(block, DataTable)]
    assert rules.rows == (("psi > 0.2", "0.400", "fired"), ("auc < 0.6", "–", "not known"))
    assert blocks[-1] == Words("Do <b>this</b>.", is_note=True)  # the template escapes it


def test_tables_beside_the_purchases() -> None:
    found = view()
    one = {"table": "visits", "last_row_on": "2026-10-01", "days_behind_purchases": 41, "usual_gap_days": 1.0}
    found["latest"] |= {"tables": [one | {"has_stopped": True}, one | {"last_row_on": None, "has_stopped": False}]}
    [tables, _] = [block for block in describe_monitor(found) if isinstance(block, DataTable)]
    assert [(row[0], row[2], row[4]) for row in tables.rows] == [
        ("visits", "41", "has stopped"),
        ("visits", "41", "still comes"),
    ]


def test_a_shop_without_a_model_still_has_a_log() -> None:
    found = view()
    found["latest"] |= {"model": None, "drift": None, "values": {"drifted_features": None, "psi_max": None}}
    names = charts_of(list(describe_monitor(found | {"realised": [], "trend": []})))
    assert list(names) == ["volume"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_every_language(language: str) -> None:
    with speaking(language):
        assert len(list(describe_monitor(view()))) == 8
