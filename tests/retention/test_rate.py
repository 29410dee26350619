"""The rate from three numbers."""

from __future__ import annotations

import pytest

from churnrisk.errors import SettingsError
from churnrisk.retention import compute_rate


def test_the_example() -> None:
    rate = compute_rate(1000, 800, new=400)
    assert (rate.retention_rate, rate.churn_rate) == (0.4, 0.6)
    assert rate.annual_retention_rate is None


def test_ninety_eight_per_cent_a_month_is_seventy_eight_a_year() -> None:
    rate = compute_rate(1000, 980, new=0, days=30)
    assert rate.annual_retention_rate == pytest.approx(0.98 ** (365 / 30))
    assert round(100 * (rate.annual_retention_rate or 0)) == 78
    assert (rate.annual_churn_rate or 0) == pytest.approx(1 - 0.98 ** (365 / 30))


def test_above_one_hundred_per_cent_it_says_why() -> None:
    rate = compute_rate(100, 130, new=10, days=30)
    assert rate.retention_rate == 1.2
    assert rate.annual_churn_rate is None
    assert any("counts them as retained" in note for note in rate.notes)


@pytest.mark.parametrize(
    ("start", "end", "new", "days", "says"),
    [
        (0, 5, 1, None, "--start 0"),
        (-1, 5, 1, None, "--start -1"),
        (5, -1, 0, None, "--end -1"),
        (5, 5, -1, None, "--new -1"),
        (10, 3, 4, None, "--new 4 is more than --end 3"),
        (10, 3, 1, 0, "--days 0"),
    ],
)
def test_nonsense_is_refused(start: int, end: int, new: int, days: int | None, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        compute_rate(start, end, new=new, days=days)


def test_where_exactly_all_stay_nobody_is_lost_and_nothing_is_odd() -> None:
    rate = compute_rate(100, 110, new=10, days=30)
    assert (rate.retention_rate, rate.churn_rate) == (1.0, 0.0)
    assert (rate.annual_retention_rate, rate.annual_churn_rate) == (1.0, 0.0)
    assert not any("Above 100 %" in note for note in rate.notes)


def test_where_all_are_lost_a_year_keeps_nobody() -> None:
    rate = compute_rate(100, 10, new=10, days=30)
    assert (rate.retention_rate, rate.annual_churn_rate) == (0.0, 1.0)


def test_a_period_of_one_day() -> None:
    rate = compute_rate(1000, 999, new=0, days=1)
    assert rate.annual_retention_rate == pytest.approx(0.999**365)
