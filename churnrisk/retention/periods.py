"""The periods of a report: weeks, months, quarters, years, or a number of days, one after the other."""

from __future__ import annotations

import calendar as months_of
import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from churnrisk.errors import SettingsError
from churnrisk.schema import WEEKDAYS
from churnrisk.timeline import MOST_DAYS, date_of, day_number

KINDS = ("week", "month", "quarter", "year")
MOST_PERIODS = 4000


@dataclass(frozen=True)
class Period:
    """The days ``[starts_on, ends_on)``: the end is the day after the last one.

    Parameters
    ----------
    name : str
        ``2011-W05``, ``2011-02``, ``2011-Q1``, ``2011``, or the first day; see :class:`Calendar`.
    starts_on, ends_on : int
        Day numbers.
    is_partial : bool
        Whether days were cut off, since they lie outside of what was asked for.
    """

    name: str
    starts_on: int
    ends_on: int
    is_partial: bool = False

    @property
    def days(self) -> int:
        """The length in days."""
        return self.ends_on - self.starts_on


@dataclass(frozen=True)
class Calendar:
    """On which day years and weeks begin.

    A year that begins on another day than 1 January is named by both years, ``2024/25``, and its quarters
    ``2024/25-Q1`` to ``Q4``. They begin every three months on the same day of the month, or on the last day of a
    shorter month. A week that begins on another day than Monday is named by its first day, since ISO numbers are of
    weeks from Monday. Months are those of everybody.

    Parameters
    ----------
    year_starts : str
        The first day of a year, as ``MM-DD``.
    week_starts : str
        The first day of a week, by its English name.

    Examples
    --------
    >>> [period.name for period in make_periods("year", 19800, 20000, calendar=Calendar("04-01"))]
    ['2023/24', '2024/25']
    """

    year_starts: str = "01-01"
    week_starts: str = "monday"

    def __post_init__(self) -> None:
        check_year_start(self.year_starts)
        check_week_start(self.week_starts)

    def to_dict(self) -> dict[str, str]:
        """Return plain values for JSON."""
        return {"year_starts": self.year_starts, "week_starts": self.week_starts}

    @property
    def is_usual(self) -> bool:
        """Whether years begin on 1 January."""
        return self.year_starts == "01-01"

    def start_of(self, kind: str, day: int) -> int:
        """Return the first day of the week, month, quarter or year that ``day`` lies in."""
        date = date_of(day)
        if kind == "week":
            return day - (date.weekday() - WEEKDAYS.index(self.week_starts)) % 7
        if kind == "month":
            return day_number(date.replace(day=1))
        starts = [self._quarter_start(date.year - 1 + k // 4, k % 4) for k in range(0, 8, 4 if kind == "year" else 1)]
        return max(start for start in starts if start <= day)

    def name(self, kind: str, start: int) -> str:
        """Name the period that begins on a day."""
        date = date_of(start)
        if kind == "week":
            year, week, _ = date.isocalendar()
            return f"{year}-W{week:02d}" if self.week_starts == "monday" else date.isoformat()
        if kind == "month":
            return f"{date:%Y-%m}"
        first = self.start_of("year", start)
        year = date_of(first).year
        name = f"{year}" if self.is_usual else f"{year}/{(year + 1) % 100:02d}"
        quarter = 1 + [self._quarter_start(year, k) for k in range(4)].index(start) if kind == "quarter" else 0
        return f"{name}-Q{quarter}" if quarter else name

    def _quarter_start(self, year: int, quarter: int) -> int:
        month, day = map(int, self.year_starts.split("-"))
        years, place = divmod(month - 1 + 3 * quarter, 12)
        last = months_of.monthrange(year + years, place + 1)[1]
        return day_number(dt.date(year + years, place + 1, min(day, last)))


def check_year_start(text: str) -> str:
    """Refuse a first day of a year that is no day of every year."""
    if text == "02-29":
        raise SettingsError(
            "--year-starts 02-29: three years of four have no 29 February, so they would have no first day; "
            "give 02-28 or 03-01."
        )
    try:
        if not re.fullmatch(r"[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        dt.date.fromisoformat(f"2001-{text}")
    except ValueError:
        raise SettingsError(f"--year-starts {text!r}: give month and day as MM-DD, for example 04-01.") from None
    return text


def check_week_start(text: str) -> str:
    """Refuse what is no day of the week."""
    if text not in WEEKDAYS:
        raise SettingsError(f"--week-starts {text!r}: give one of {', '.join(WEEKDAYS)}.")
    return text


USUAL = Calendar()


def parse_kind(text: str) -> str | int:
    """Read what a user gave for ``--period``: a kind by name, or a number of days.

    >>> parse_kind("month"), parse_kind("28")
    ('month', 28)
    """
    word = text.strip().lower()
    if word in KINDS:
        return word
    if word.isascii() and word.isdigit() and len(word) < 10 and 1 <= int(word) <= MOST_DAYS:
        return int(word)
    raise SettingsError(f"--period {text!r}: give one of {', '.join(KINDS)}, or a number of days such as 28.")


def make_periods(
    kind: str | int,
    first_day: int,
    end_day: int,
    *,
    start: int | None = None,
    stop: int | None = None,
    calendar: Calendar = USUAL,
) -> tuple[Period, ...]:
    """Return all periods that have a day in ``[start, stop)``, by default in the whole log.

    Calendar periods begin where the calendar says. Periods of a number of days begin at ``start``, or else are laid
    so that the last one ends at ``stop`` or with the log. No period has a day before ``start``, or at ``stop`` or
    after it: one that would is cut there, and is partial.

    Parameters
    ----------
    kind : str or int
        One of :data:`KINDS`, or a number of days.
    first_day, end_day : int
        Day of the first order, and the day after that of the last.
    start, stop : int, optional
        First day that shall be covered, and the day after the last one.
    calendar : Calendar
        On which day years and weeks begin.
    """
    begin = first_day if start is None else start
    end = end_day if stop is None else stop
    if end <= begin:
        raise SettingsError(
            f"no day lies between {date_of(begin)} and {date_of(end)}, the day after the last; the log has "
            f"{date_of(first_day)} to {date_of(end_day - 1)}. Change --from or --to."
        )
    even = partial(_even_bounds, start=start)
    bounds = even(kind, begin, end) if isinstance(kind, int) else _calendar_bounds(kind, begin, end, calendar)
    if len(bounds) > MOST_PERIODS + 1:
        raise SettingsError(f"{len(bounds) - 1} periods are more than {MOST_PERIODS}; choose longer ones, or --from.")
    name: Callable[[int], str] = (
        partial(calendar.name, kind) if isinstance(kind, str) else lambda day: date_of(day).isoformat()
    )
    return tuple(clip_period(Period(name(a), a, b), start, stop) for a, b in pairwise(bounds))


def clip_period(period: Period, start: int | None, stop: int | None) -> Period:
    """Cut off the days of a period that lie before ``start``, or at ``stop`` or after it."""
    first = period.starts_on if start is None else max(period.starts_on, start)
    end = period.ends_on if stop is None else min(period.ends_on, stop)
    return Period(period.name, first, end, is_partial=end - first < period.days)


def _even_bounds(days: int, begin: int, end: int, start: int | None) -> list[int]:
    count = min(-(-(end - begin) // days), MOST_PERIODS + 1)
    first = begin if start is not None else end - count * days
    return [first + k * days for k in range(count + 1)]


def _calendar_bounds(kind: str, begin: int, end: int, calendar: Calendar) -> list[int]:
    bounds = [calendar.start_of(kind, begin)]
    while bounds[-1] < end and len(bounds) <= MOST_PERIODS + 1:
        bounds.append(calendar.start_of(kind, bounds[-1] + _LONGEST[kind]))
    return bounds


_LONGEST = {"week": 7, "month": 31, "quarter": 92, "year": 366}
