"""A table that stops coming is told from one that comes seldom, and from a log that is old as a whole."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.monitor import measure_arrival

TODAY = 20_000


def looked(days: list[int], *, last_purchase: int | None = TODAY - 1) -> bool:
    known = np.array(sorted(days), dtype=np.int64)
    return measure_arrival("visits", known, looked_on=TODAY, last_purchase=last_purchase).has_stopped


@pytest.mark.parametrize(
    ("every", "silent", "has_stopped"),
    [(1, 8, False), (1, 9, True), (7, 15, False), (7, 16, True), (30, 61, False), (30, 62, True), (91, 400, False)],
)
def test_a_regular_table(every: int, silent: int, has_stopped: bool) -> None:
    """Beyond a week and twice the longest gap; a survey each quarter has too few gaps of two years to tell."""
    newest = TODAY - silent
    assert looked(list(range(newest, newest - 700, -every))) is has_stopped


def test_an_old_log_is_no_table_that_stopped() -> None:
    daily = list(range(TODAY - 500, TODAY - 100))
    assert looked(daily)
    assert not looked(daily, last_purchase=TODAY - 101), "the purchases end as well"
    assert not looked(daily, last_purchase=None)
    assert not looked([])


def test_a_table_that_comes_by_chance_is_seldom_taken_for_one_that_stopped() -> None:
    """By the rule in one of 91 looks at the most; here the gaps are as irregular as chance makes them."""
    chance, fired = np.random.default_rng(5), 0
    for _ in range(600):
        gaps = np.ceil(chance.exponential(40, size=19)).astype(int)
        days = TODAY - gaps[-1] - np.cumsum(gaps[:-1])[::-1]
        fired += looked([*days.tolist(), TODAY - int(gaps[-1])])
    assert fired <= 600 * 2 / (12 * 13) * 2
    assert np.isclose(2 / (13 * 14), 1 / 91)


def test_what_is_told() -> None:
    days = np.array([TODAY - 30, TODAY - 20, TODAY - 16])
    found = measure_arrival("visits", days, looked_on=TODAY, last_purchase=TODAY - 2)
    assert (found.days, found.days_behind, found.usual_gap, found.longest_gap, found.gaps) == (16, 14, 7.0, 10, 2)
    assert found.to_dict()["days_since_last_row"] == 16
