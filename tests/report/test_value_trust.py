"""What is said of money: how it did in the past, and where nothing could be compared."""

from __future__ import annotations

from typing import Any

import pytest

from churnrisk.report import is_rough, tell_value_trust


def card(*looks: tuple[int, float | None]) -> dict[str, Any]:
    looked = [
        {
            "days": days,
            "revenue_ratio": ratio,
            "revenue_ratio_low": ratio,
            "revenue_ratio_high": ratio,
            "is_sound": ratio is not None and 0.7 <= ratio <= 1.4,
        }
        for days, ratio in looks
    ]
    return {"value": {"look_backs": looked}, "snapshot": {"horizon_days": 90}}


@pytest.mark.parametrize(
    ("looks", "rough", "compared", "year_unknown"),
    [
        (((90, 1.1), (365, 0.9)), False, 2, False),
        (((90, 1.1),), False, 1, True),
        (((90, 1.5), (365, 0.9)), True, 2, False),
        (((365, 0.9),), True, 1, False),
        ((), True, 0, False),
    ],
)
def test_each_look_back_is_told_and_a_year_that_none_compared_is_named(
    looks: tuple[tuple[int, float]], rough: bool, compared: int, year_unknown: bool
) -> None:
    told = tell_value_trust(card(*looks))
    assert is_rough(card(*looks)) is rough
    assert told.count("times what came") == compared
    assert ("in a year could not be compared" in told) is year_unknown
    assert ("Amounts of money are rough" in told) is rough


def test_without_amounts_nothing_is_said() -> None:
    assert tell_value_trust({"value": None, "snapshot": {"horizon_days": 90}}) == ""
