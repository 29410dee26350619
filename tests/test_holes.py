"""Holes: named where the shop sold nothing for longer than it ever does, and hardly ever where it did not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from churnrisk.holes import Hole, find_holes, is_distorted, selling_days
from churnrisk.timeline import Snapshot
from support.retention_logs import buy, small_log

DAYS = 900
FIRST = 19_000
Days = np.ndarray


def sell(
    rng: np.random.Generator,
    *,
    week: int = 7,
    orders: float = 5.0,
    rate: Callable[[Days], Days] = np.ones_like,
    holiday: int = 0,
) -> Days:
    """Draw the selling days of a shop that is open so many days a week and closes once a year."""
    day = np.arange(DAYS)
    expected = orders * rate(day.astype(float)) * (day % 7 < week)
    for year in range(3):
        first = round(year * 365.25) + 215 + int(rng.integers(-5, 6))
        expected[first : first + holiday] = 0
    return FIRST + np.flatnonzero(rng.poisson(expected) > 0)


def drop(days: Days, first: int, length: int) -> Days:
    return days[(days < FIRST + first) | (days >= FIRST + first + length)]


@pytest.mark.parametrize("week", [7, 6, 5])
@pytest.mark.parametrize("holiday", [0, 14, 21])
def test_weekly_and_yearly_closings_are_no_holes(week: int, holiday: int) -> None:
    rng = np.random.default_rng(week)
    logs = [sell(rng, week=week, holiday=holiday) for _ in range(100)]
    assert not any(find_holes(days) for days in logs)


@pytest.mark.parametrize("week", [7, 5])
@pytest.mark.parametrize("length", [16, 30, 90])
def test_a_hole_is_found_to_the_day_beside_yearly_closings(week: int, length: int) -> None:
    rng = np.random.default_rng(length)
    for first in rng.integers(260, 450, 20):
        whole = sell(rng, week=week, orders=20, holiday=14)
        days = drop(whole, int(first), length)
        [hole] = find_holes(days)
        # the closing days next to it belong to it
        assert hole.first_day <= FIRST + first
        assert hole.last_day >= FIRST + first + length - 1
        assert not ((days >= hole.first_day) & (days <= hole.last_day)).any()
        assert hole.first_day - 1 in days
        assert hole.last_day + 1 in days


@pytest.mark.parametrize(
    ("what", "orders", "rate"),
    [
        ("one order in 2 days", 0.5, np.ones_like),
        ("one order in 10 days", 0.1, np.ones_like),
        ("one order in 50 days", 0.02, np.ones_like),
        ("a season", 0.5, lambda day: np.exp(np.cos(2 * np.pi * day / 365.25))),
        ("growth from one order a month", 5.0, lambda day: np.exp(5 * (day / DAYS - 1))),
    ],
)
def test_sparse_shops_have_hardly_any_false_alarm(what: str, orders: float, rate: Callable[[Days], Days]) -> None:
    rng = np.random.default_rng(7)
    alarms = sum(bool(find_holes(sell(rng, orders=orders, rate=rate))) for _ in range(300))
    assert alarms <= 6, what  # 2 in 100


def test_several_holes_do_not_hide_each_other_and_many_gaps_are_the_shops_way() -> None:
    days = np.arange(FIRST, FIRST + DAYS)
    for first in (150, 400, 700):
        days = drop(days, first, 40)
    assert [hole.first_day - FIRST for hole in find_holes(days)] == [150, 400, 700]
    assert find_holes(drop(drop(days, 260, 40), 560, 40)) == ()


def test_few_selling_days_and_what_lies_before_the_shop_began_are_no_holes() -> None:
    assert find_holes(np.array([FIRST, FIRST + 5, FIRST + 200])) == ()
    began = np.r_[FIRST - 300, FIRST : FIRST + 200]  # a test order, long before
    assert find_holes(began) == ()
    ended = np.r_[FIRST : FIRST + 200, FIRST + 500]  # one order sets the end
    assert [hole.days for hole in find_holes(ended)] == [300]


def test_only_days_with_a_purchase_are_selling_days() -> None:
    log = small_log(*buy("a", 10, 12), *buy("b", 12), *buy("b", 20, amount=-5))
    assert selling_days(log).days.tolist() == [10, 12]
    assert selling_days(log).longest_gap == 1


@pytest.mark.parametrize(("cutoff", "distorted"), [(100, False), (110, True), (170, True), (199, True), (230, False)])
def test_a_snapshot_is_distorted_by_a_tenth_of_its_windows(cutoff: int, distorted: bool) -> None:
    hole = Hole(133, 199)  # the outcome window of 110 has 7 days of it, that of 100 none
    assert is_distorted(Snapshot(cutoff, lookback=365, horizon=30), [hole]) == distorted
