"""Periods follow the calendar, or count days."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.errors import SettingsError
from churnrisk.retention import KINDS, Calendar, make_periods, parse_kind
from churnrisk.schema import WEEKDAYS
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


def test_the_day_after_the_last_is_not_covered() -> None:
    for stop, is_partial in (("2011-12-31", True), ("2012-01-01", False)):
        periods = make_periods("month", day("2009-12-01"), day("2012-03-01"), start=day("2011-01-01"), stop=day(stop))
        assert [periods[0].name, periods[-1].name] == ["2011-01", "2011-12"]
        assert periods[-1].ends_on == day(stop)
        assert [one.is_partial for one in (periods[0], periods[-1])] == [False, is_partial]


@pytest.mark.parametrize("text", ["", "fortnight", "0", "-7", "1.5", "²"])
def test_no_such_period(text: str) -> None:
    with pytest.raises(SettingsError, match="--period"):
        parse_kind(text)


def test_no_day_to_cover_and_too_many_periods() -> None:
    with pytest.raises(SettingsError, match="--from or --to"):
        make_periods("month", 0, 100, start=50, stop=50)
    with pytest.raises(SettingsError, match="more than 4000"):
        make_periods(1, 0, 10_000)


DAYS = st.integers(-3_000, 30_000)
STARTS = st.dates(dt.date(2001, 1, 1), dt.date(2001, 12, 31)).map(lambda date: f"{date:%m-%d}")


def walk(kind: str, day: int, calendar: Calendar) -> tuple[int, int]:
    """Find the period that a day lies in, day by day."""
    first = day
    while not begins(kind, date_of(first), calendar):
        first -= 1
    end = day + 1
    while not begins(kind, date_of(end), calendar):
        end += 1
    return first, end


def begins(kind: str, date: dt.date, calendar: Calendar) -> bool:
    if kind == "week":
        return f"{date:%A}".lower() == calendar.week_starts
    month, day = int(calendar.year_starts[:2]), int(calendar.year_starts[3:])
    last_of_month = (date.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
    is_day = date.day == min(day, last_of_month.day)
    return is_day and (date.month - month) % (12 if kind == "year" else 3) == 0


@given(st.sampled_from(["week", "quarter", "year"]), DAYS, STARTS, st.sampled_from(WEEKDAYS))
def test_years_and_weeks_begin_where_told(kind: str, day: int, year_starts: str, week_starts: str) -> None:
    calendar = Calendar(year_starts, week_starts)
    [period] = make_periods(kind, day, day + 1, calendar=calendar)
    assert (period.starts_on, period.ends_on) == walk(kind, day, calendar)
    if kind != "week":
        names = [one.name for one in make_periods(kind, day, day + 800, calendar=calendar)]
        assert len(set(names)) == len(names)
    if kind == "year":
        first, last = date_of(period.starts_on).year, date_of(period.ends_on - 1).year
        assert period.name == (str(first) if year_starts == "01-01" else f"{first}/{last % 100:02d}")


def test_names_of_fiscal_years_and_of_weeks() -> None:
    april = Calendar("04-06")
    assert make_periods("year", day("2025-04-05"), day("2025-04-07"), calendar=april)[0].name == "2024/25"
    quarters = make_periods("quarter", day("2024-04-06"), day("2025-04-06"), calendar=april)
    assert [one.name for one in quarters] == [f"2024/25-Q{k}" for k in (1, 2, 3, 4)]
    assert [date_of(one.starts_on).isoformat()[5:] for one in quarters] == ["04-06", "07-06", "10-06", "01-06"]
    [week] = make_periods("week", day("2011-02-02"), day("2011-02-03"), calendar=Calendar(week_starts="sunday"))
    assert week.name == "2011-01-30"


@pytest.mark.parametrize("text", ["4-1", "13-01", "04-31", "01/04", ""])
def test_no_such_start_of_a_year(text: str) -> None:
    with pytest.raises(SettingsError, match="MM-DD"):
        Calendar(text)


def test_a_leap_day_begins_no_year() -> None:
    with pytest.raises(SettingsError, match=r"no 29 February.*02-28 or 03-01"):
        Calendar("02-29")
    with pytest.raises(SettingsError, match="monday, tuesday"):
        Calendar(week_starts="sun")


@given(st.sampled_from([*KINDS, 1, 28, 90]), DAYS, st.integers(1, 900), st.data())
def test_no_period_reaches_beyond_what_was_asked_for(
    kind: str | int, first: int, days: int, data: st.DataObject
) -> None:
    start = data.draw(st.none() | st.integers(first - 100, first + days - 1))
    stop = data.draw(st.none() | st.integers(max(first, first if start is None else start) + 1, first + days + 100))
    periods = make_periods(kind, first, first + days, start=start, stop=stop)
    whole = {one.name: one for one in make_periods(kind, first - 1000, first + days + 1000)}
    assert all(a.ends_on == b.starts_on for a, b in pairwise(periods))
    if start is not None:
        assert periods[0].starts_on == start if isinstance(kind, int) else periods[0].starts_on >= start
    if stop is not None:
        assert periods[-1].ends_on == stop
    for one in periods if isinstance(kind, str) else ():
        of = whole[one.name]
        assert of.starts_on <= one.starts_on < one.ends_on <= of.ends_on
        assert one.is_partial == (one.days < of.days)
