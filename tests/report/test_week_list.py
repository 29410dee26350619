"""The list as sheets and tables of a workbook: what a sales person needs, in the reader's words."""

from __future__ import annotations

import pytest

from churnrisk.messages import speaking
from churnrisk.report import list_sheets, tell_table
from churnrisk.tables import Table
from support.reports import make_list


def test_how_a_customer_is_reached_stands_beside_as_far_as_the_shop_knows_it() -> None:
    people = {"a": {"name": "Ann", "email": "", "phone": "+48 600", "language": "pl"}}
    table = list_sheets(make_list(["a", "b"]), people=people)[0].table
    assert table.names[:5] == ["rank", "customer_id", "name", "phone", "language"]
    assert table.columns["phone"] == ["+48 600", None]


@pytest.mark.parametrize("language", ["pl", "bg", "be"])
def test_the_words_of_scores_are_those_of_the_reader(language: str) -> None:
    scores: dict[str, list[str | None]] = {
        "customer_id": ["a", "b", "c"],
        "status": ["scored", "lapsed", "no_purchases"],
        "risk": ["high", None, None],
        "reason_1": ["no order for 3 days (typical here: 41)", None, None],
        "observation": [
            "no mug for 70 days, usually bought every day",
            "no mug for 1 day, usually bought every 28",
            None,
        ],
        "change": ["new on the list", "bought since", "unchanged"],
    }
    english = tell_table(Table(scores))
    assert english.columns["status"] == ["scored", "lapsed", "without a purchase"]
    with speaking(language):
        own = tell_table(Table(scores))
    assert own.columns["customer_id"] == ["a", "b", "c"]
    for name in ("status", "risk", "reason_1", "observation", "change"):
        told = [one for one in own.columns[name] if one is not None]
        assert told
        assert not set(told) & set(english.columns[name]), name
