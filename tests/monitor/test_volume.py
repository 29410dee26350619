"""Purchases per week beside what is usual."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.dataset import DailyPurchases
from churnrisk.monitor import measure_volume


def daily(weeks: list[int], *, extra_days: int = 0) -> DailyPurchases:
    """Purchases of whole weeks, all on their first day, after some days of ten."""
    counts = np.zeros(extra_days + 7 * len(weeks), np.int64)
    counts[:extra_days] = 10
    counts[extra_days::7] = weeks
    return DailyPurchases(15_000, counts, counts // 2)


def test_weeks_end_where_the_log_ends() -> None:
    found = measure_volume(daily([7, 8, 9], extra_days=4))
    assert [(one.start, one.purchases, one.new_customers) for one in found.weeks] == [
        (15_004, 7, 3),
        (15_011, 8, 4),
        (15_018, 9, 4),
    ]
    assert (found.usual, found.spread, found.is_unusual) == (None, None, False)


@pytest.mark.parametrize(
    ("last", "is_unusual"), [(100, False), (139, False), (141, True), (61, False), (59, True), (0, True)]
)
def test_a_week_is_unusual_beyond_four_spreads(last: int, is_unusual: bool) -> None:
    found = measure_volume(daily([100] * 13 + [last]))
    assert (found.usual, found.spread) == (100, 10)  # all alike: chance alone does the root of the mean
    assert found.is_unusual is is_unusual


def test_one_wild_week_does_not_widen_the_spread() -> None:
    calm, wild = [90, 95, 100, 105, 110] * 3, [90, 95, 100, 105, 110] * 2 + [5000, 105, 110]
    found = [measure_volume(daily([*weeks, 100])) for weeks in (calm, wild)]
    assert [one.usual for one in found] == [100, 105]
    assert [one.spread for one in found] == pytest.approx([10.0, 105**0.5])


def test_a_year_before() -> None:
    found = measure_volume(daily(list(range(100, 170))))
    assert found.year_before is not None
    assert (len(found.weeks), found.weeks[-1].purchases, found.year_before.purchases) == (60, 169, 117)


def test_a_log_without_a_week() -> None:
    found = measure_volume(daily([], extra_days=3))
    assert (found.weeks, found.last, found.is_unusual) == ((), None, False)
    assert found.to_dict()["weeks"] == []
