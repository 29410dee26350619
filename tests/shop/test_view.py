"""What to do for one customer: by what it brings, where the shop has actions of its own and says what they cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from churnrisk.decide import ContactTerms, Playbook, read_actions
from churnrisk.forecast import Valuation
from churnrisk.report import DataTable, describe_segments
from churnrisk.retention import SegmentRow
from churnrisk.shop import ShopPlan
from churnrisk.shop.view import advise

GIFT = {"text": "a gift by post", "incentive_cost": 60, "acceptance_rate": 0.5, "for": ["loyal"], "until": "2026-12-24"}
OWN = Playbook({"lost": "gift"}, read_actions({"gift": GIFT}))
PLAN = ShopPlan(
    Path("shop"),
    Path("models"),
    Path("state.db"),
    valuation=Valuation(0.5),
    playbook=OWN,
    terms=ContactTerms(1.0, 10.0, 0.1),
)


def score(value: float | None, as_of: str = "2026-12-24") -> dict[str, Any]:
    risk = None if value is None else 0.5
    return {"as_of": as_of, "churn_probability": risk, "value_at_risk": value, "value_at_risk_most": value}


def test_the_action_is_the_one_that_brings_most() -> None:
    assert advise(score(20.0), "loyal", PLAN).action == "loyalty_offer"
    assert advise(score(900.0), "loyal", PLAN).action == "gift"
    assert advise(score(900.0), "champions", PLAN).action == "loyalty_offer"
    assert advise(score(900.0), "lost", PLAN).action == "gift"


def test_it_is_that_of_the_playbook_where_nothing_is_known_or_the_action_has_ended() -> None:
    assert advise(score(None), "loyal", PLAN).action == "loyalty_offer"
    assert advise(score(900.0), "loyal", replace(PLAN, terms=None)).action == "loyalty_offer"
    assert advise(score(900.0, "2026-12-25"), "lost", PLAN).action == "win_back_mail"


def test_segments_are_told_with_every_action_that_is_for_them() -> None:
    rows = [SegmentRow(name, 5, 0.5, None, None, None) for name in ("loyal", "lost", "new")]
    *_, table = describe_segments(rows, 10, plays=OWN.on(0))
    assert isinstance(table, DataTable)
    told = {row[0]: row[2] for row in table.rows}
    assert told["loyal"].startswith("loyalty offer – ")
    assert told["loyal"].endswith("; gift – a gift by post")
    assert told["lost"] == "gift – a gift by post"
    assert "gift –" not in told["new"]
