"""The periods of a report: weeks, months, quarters, years, or a number of days, one after the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from churnrisk.errors import SettingsError
from churnrisk.timeline import date_of, day_number

KINDS = ("week", "month", "quarter", "year")
MOST_PERIODS = 4000


@dataclass(frozen=True)
class Period:
    """The days ``[starts_on, ends_on)``: the end is the day after the last one.

    Parameters
    ----------
    name : str
        ``2011-W05``, ``2011-02``, ``2011-Q1``, ``2011``, or the first day.
    starts_on, ends_on : int
        Day numbers.
    """

    name: str
    starts_on: int
    ends_on: int

    @property
    def days(self) -> int:
        """The length in days."""
        return self.ends_on - self.starts_on


def parse_kind(text: str) -> str | int:
    """Read what a user gave for ``--period``: a kind by name, or a number of days.

    >>> parse_kind("month"), parse_kind("28")
    ('month', 28)
    """
    word = text.strip().lower()
    if word in KINDS:
        return word
    if word.isascii() and word.isdigit() and int(word) >= 1:
        return int(word)
    raise SettingsError(f"--period {text!r}: give one of {', '.join(KINDS)}, or a number of days such as 28.")


def make_periods(
    kind: str | int, first_day: int, end_day: int, *, start: int | None = None, stop: int | None = None
) -> tuple[Period, ...]:
    """Give all periods that have a day in ``[start, stop)``, by default in the whole log.

    Calendar periods begin where the calendar says, weeks on Monday. Periods of a number of days begin at ``start``,
    or else are laid so that the last one ends with the log.

    Parameters
    ----------
    kind : str or int
        One of :data:`KINDS`, or a number of days.
    first_day, end_day : int
        Day of the first order, and the day after that of the last.
    start, stop : int, optional
        First day that shall be covered, and the day after the last one.
    """
    begin = first_day if start is None else start
    end = end_day if stop is None else stop
    if end <= begin:
        raise SettingsError(
            f"no day lies between {date_of(begin)} and {date_of(end)}, the day after the last; the log has "
            f"{date_of(first_day)} to {date_of(end_day - 1)}. Change --from or --to."
        )
    bounds = _calendar_bounds(kind, begin, end) if isinstance(kind, str) else _even_bounds(kind, begin, end, start)
    if len(bounds) > MOST_PERIODS + 1:
        raise SettingsError(f"{len(bounds) - 1} periods are more than {MOST_PERIODS}; choose longer ones, or --from.")
    name: Callable[[int], str] = _NAMES[kind] if isinstance(kind, str) else lambda day: date_of(day).isoformat()
    return tuple(Period(name(a), a, b) for a, b in pairwise(bounds))


def _even_bounds(days: int, begin: int, end: int, start: int | None) -> list[int]:
    count = min(-(-(end - begin) // days), MOST_PERIODS + 1)
    first = begin if start is not None else end - count * days
    return [first + k * days for k in range(count + 1)]


def _calendar_bounds(kind: str, begin: int, end: int) -> list[int]:
    bounds = [_start_of(kind, begin)]
    while bounds[-1] < end and len(bounds) <= MOST_PERIODS + 1:
        bounds.append(_start_of(kind, bounds[-1] + _LONGEST[kind]))
    return bounds


_LONGEST = {"week": 7, "month": 31, "quarter": 92, "year": 366}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def _start_of(kind: str, day: int) -> int:
    """Give the first day of the calendar period that ``day`` lies in."""
    date = date_of(day)
    if kind == "week":
        return day - date.weekday()
    months = _MONTHS[kind]
    return day_number(dt.date(date.year, (date.month - 1) // months * months + 1, 1))


def _name_week(day: int) -> str:
    year, week, _ = date_of(day).isocalendar()
    return f"{year}-W{week:02d}"


def _name_quarter(day: int) -> str:
    date = date_of(day)
    return f"{date.year}-Q{(date.month + 2) // 3}"


_NAMES: dict[str, Callable[[int], str]] = {
    "week": _name_week,
    "month": lambda day: f"{date_of(day):%Y-%m}",
    "quarter": _name_quarter,
    "year": lambda day: f"{date_of(day):%Y}",
}
