"""What to do for one customer: by what it brings, where the shop has actions of its own and says what they cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from churnrisk.decide import ContactTerms, Playbook, read_actions
from churnrisk.forecast import Valuation
from churnrisk.report import DataTable, describe_segments
from churnrisk.retention import SegmentRow
from churnrisk.shop.view import advise
from churnrisk.week_list import ListPlan

GIFT = {"text": "a gift by post", "incentive_cost": 60, "acceptance_rate": 0.5, "for": ["loyal"], "until": "2026-12-24"}
OWN = Playbook({"lost": "gift"}, read_actions({"gift": GIFT}))
PLAN = ListPlan(valuation=Valuation(0.5), playbook=OWN, terms=ContactTerms(1.0, 10.0, 0.1))


def row(segment: str, value: float | None, as_of: str = "2026-12-24", **known: str) -> dict[str, Any]:
    worth = dict.fromkeys(("value_at_risk", "value_at_risk_most"), value)
    risk = None if value is None else 0.5
    return {"segment": segment, "as_of": as_of, "churn_probability": risk, **worth, "habit": None, **known}


def test_the_action_is_the_one_that_brings_most() -> None:
    assert advise(row("loyal", 20.0), PLAN).action == "loyalty_offer"
    assert advise(row("loyal", 900.0), PLAN).action == "gift"
    assert advise(row("champions", 900.0), PLAN).action == "loyalty_offer"
    assert advise(row("lost", 900.0), PLAN).action == "gift"


def test_it_is_that_of_the_playbook_where_nothing_is_known_or_the_action_has_ended() -> None:
    assert advise(row("loyal", None), PLAN).action == "loyalty_offer"
    assert advise(row("loyal", 900.0), replace(PLAN, terms=None)).action == "loyalty_offer"
    assert advise(row("lost", 900.0, "2026-12-25"), PLAN).action == "win_back_mail"


def test_the_main_reason_and_products_choose_as_on_the_list() -> None:
    assert advise(row("loyal", 20.0, main_family="returns"), PLAN).action == "service_call", "by the usual playbook"
    missed = replace(PLAN, playbook=Playbook({"product_stopped": "replace", "lost": "none"}))
    assert advise(row("loyal", 20.0, habit="product_stopped"), missed).action == "replace"
    assert advise(row("loyal", 20.0), missed).action == "loyalty_offer"
    assert advise(row("lost", 20.0), missed).action == "none"


def test_nobody_is_advised_an_action_whose_segment_is_let_be() -> None:
    gift = GIFT | {"for": ["everybody"]}
    plan = replace(PLAN, playbook=Playbook({"lost": "none"}, read_actions({"gift": gift})))
    assert advise(row("lost", 900.0), plan).action == "none"
    assert advise(row("loyal", 900.0), plan).action == "gift"


def test_segments_are_told_with_every_action_that_is_for_them() -> None:
    rows = [SegmentRow(name, 5, 0.5, None, None, None) for name in ("loyal", "lost", "new")]
    *_, table = describe_segments(rows, 10, plays=OWN.on(0))
    assert isinstance(table, DataTable)
    told = {row[0]: row[2] for row in table.rows}
    assert told["loyal"].startswith("loyalty offer – ")
    assert told["loyal"].endswith("; gift – a gift by post")
    assert told["lost"] == "gift – a gift by post"
    assert "gift –" not in told["new"]
