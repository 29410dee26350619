"""The schedule: due times by the shop's clock, against a walk over every minute."""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo

import pytest

from churnrisk.errors import SettingsError
from churnrisk.operations import Timing, read_schedule
from churnrisk.schema import WEEKDAYS

SOFIA = "Europe/Sofia"
MINUTE = dt.timedelta(minutes=1)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> dt.datetime:
    return dt.datetime(year, month, day, hour, minute, tzinfo=dt.UTC)


def plain_due_times(rule: str, zone: str, first: dt.datetime, last: dt.datetime) -> list[dt.datetime]:
    """Every due time between two moments, by looking at the clock on the wall each minute."""
    *day, at = rule.split(" ")
    found, moment = [], first
    while moment < last:
        local = moment.astimezone(zoneinfo.ZoneInfo(zone))
        days = (local.date() - dt.date(1970, 1, 1)).days
        is_day = (
            day[0] == "daily" or day[0] == WEEKDAYS[local.weekday()] or (day[0] == "every" and days % int(day[1]) == 0)
        )
        if is_day and local.strftime("%H:%M") == at and local.fold == 0:
            found.append(moment)
        moment += MINUTE
    return found


@pytest.mark.parametrize("rule", ["monday 06:00", "daily 00:00", "every 3 days 23:59", "sunday 03:30"])
def test_due_times_are_those_of_the_clock_on_the_wall(rule: str) -> None:
    first, last = utc(2026, 10, 15), utc(2026, 11, 5)  # the clocks go back on October 25
    due = plain_due_times(rule, SOFIA, first, last)
    [timing] = read_schedule({"weekly": rule}, zone=SOFIA)
    assert len(due) > 2
    for earlier, later in itertools.pairwise(due):
        for moment in (earlier, earlier + MINUTE, later - MINUTE):
            assert timing.latest(moment) == earlier
            assert timing.following(moment) == later


def test_a_time_that_the_clock_skips_comes_once_all_the_same() -> None:
    [timing] = read_schedule({"monitor": "daily 03:30"}, zone=SOFIA)  # on March 29, 03:00 is followed by 04:00
    days, moment = [], utc(2026, 3, 27)
    for _ in range(5):
        moment = timing.following(moment)
        days.append(moment)
    assert [day.day for day in days] == [27, 28, 29, 30, 31]
    assert days[2] == utc(2026, 3, 29, 1, 30)


def test_long_gaps_have_one_due_time_each() -> None:
    [timing] = read_schedule({"retrain": "every 366 days 02:00"}, zone=None)
    moment = utc(2026, 1, 1)
    following = timing.following(moment)
    assert timing.zone == "UTC"
    assert (following - timing.latest(moment)) == dt.timedelta(days=366)
    assert (following - dt.datetime(1970, 1, 1, 2, tzinfo=dt.UTC)).days % 366 == 0


@pytest.mark.parametrize(
    ("rules", "zone", "named"),
    [
        ({"weakly": "monday 06:00"}, None, "weekly, monitor, retrain"),
        ({"weekly": "mondays 06:00"}, None, "weekly = 'mondays 06:00'"),
        ({"weekly": "monday 6:00"}, None, "monday 06:00"),
        ({"weekly": "monday 24:00"}, None, "monday 06:00"),
        ({"retrain": "every 0 days 06:00"}, None, "1 to 366"),
        ({"retrain": "every 367 days 06:00"}, None, "1 to 366"),
        ({"weekly": "monday 06:00"}, "Europe/Atlantis", "Europe/Atlantis"),
        ({"weekly": "monday 06:00"}, "Europe", "Europe"),
    ],
)
def test_rules_that_cannot_be_read_are_refused(rules: dict[str, str], zone: str | None, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_schedule(rules, zone=zone)


def test_tasks_stand_in_one_order() -> None:
    rules = {"retrain": "daily 01:00", "weekly": "daily 02:00"}
    assert [one.task for one in read_schedule(rules, zone=None)] == ["weekly", "retrain"]
    assert read_schedule({}, zone=None) == ()
    assert Timing("weekly", "daily 02:00", "UTC") in read_schedule(rules, zone=None)
