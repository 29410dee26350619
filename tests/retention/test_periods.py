"""Periods follow the calendar, or count days."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.errors import SettingsError
from churnrisk.retention import KINDS, make_periods, parse_kind
from churnrisk.timeline import date_of, parse_day


def day(text: str) -> int:
    return parse_day(text, option="test")


@given(st.sampled_from([*KINDS, 1, 28, 90]), st.integers(0, 30_000), st.integers(1, 400))
def test_periods_follow_each_other_and_cover_the_log(kind: str | int, first: int, days: int) -> None:
    periods = make_periods(kind, first, first + days)
    assert all(a.ends_on == b.starts_on for a, b in pairwise(periods))
    assert periods[0].starts_on <= first < periods[0].ends_on
    assert periods[-1].starts_on < first + days <= periods[-1].ends_on
    assert len({period.name for period in periods}) == len(periods)


@pytest.mark.parametrize(
    ("kind", "name", "starts_on", "ends_on"),
    [
        ("week", "2010-W53", "2011-01-03", None),
        ("week", "2009-W53", "2009-12-28", "2010-01-04"),
        ("month", "2010-01", "2010-01-01", "2010-02-01"),
        ("quarter", "2010-Q1", "2010-01-01", "2010-04-01"),
        ("year", "2010", "2010-01-01", "2011-01-01"),
    ],
)
def test_calendar_periods(kind: str, name: str, starts_on: str, ends_on: str | None) -> None:
    if ends_on is None:  # 2010 has no week 53
        assert name not in {period.name for period in make_periods(kind, day("2010-12-01"), day("2011-02-01"))}
        return
    [period] = make_periods(kind, day("2010-01-02"), day("2010-01-03"))
    assert (period.name, date_of(period.starts_on).isoformat()) == (name, starts_on)
    assert date_of(period.ends_on).isoformat() == ends_on


def test_periods_of_days_end_with_the_log_or_begin_where_told() -> None:
    first, end = day("2011-01-01"), day("2011-03-01")
    assert [p.ends_on - end for p in make_periods(30, first, end)] == [-30, 0]
    assert make_periods(30, first, end, start=first)[0].starts_on == first


def test_both_ways_to_write_the_end_of_a_year() -> None:
    for stop in ("2011-12-31", "2012-01-01"):
        periods = make_periods("month", day("2009-12-01"), day("2012-03-01"), start=day("2011-01-01"), stop=day(stop))
        assert [periods[0].name, periods[-1].name] == ["2011-01", "2011-12"]


@pytest.mark.parametrize("text", ["", "fortnight", "0", "-7", "1.5", "²"])
def test_no_such_period(text: str) -> None:
    with pytest.raises(SettingsError, match="--period"):
        parse_kind(text)


def test_no_day_to_cover_and_too_many_periods() -> None:
    with pytest.raises(SettingsError, match="--from or --to"):
        make_periods("month", 0, 100, start=50, stop=50)
    with pytest.raises(SettingsError, match="more than 4000"):
        make_periods(1, 0, 10_000)
