"""Which periods of the metrics table a reader may trust, and how figures of two of them compare."""

from __future__ import annotations

from churnrisk.messages import mark, say, say_many
from churnrisk.report.content import PeriodFigures
from churnrisk.report.formats import growth, points
from churnrisk.retention import DEFINITIONS, PeriodRow

PERIODS_PER_YEAR = {"week": 52, "month": 12, "quarter": 4, "year": 1}


_COLUMNS = {"week": mark("Week"), "month": mark("Month"), "quarter": mark("Quarter"), "year": mark("Year")}
_AGES = {
    "week": mark("Weeks since the first purchase"),
    "month": mark("Months since the first purchase"),
    "quarter": mark("Quarters since the first purchase"),
    "year": mark("Years since the first purchase"),
}


def name_column(kind: str | int) -> str:
    """Name a kind of period as the heading of a column.

    >>> name_column("month"), name_column(28)
    ('Month', 'Period of 28 days')
    """
    if isinstance(kind, str):
        return say(_COLUMNS[kind])
    return say_many("Period of one day", "Period of {count} days", kind)


def name_ages(kind: str | int) -> str:
    """Name what the columns of a cohort table count.

    >>> name_ages("month"), name_ages(28)
    ('Months since the first purchase', 'Periods of 28 days since the first purchase')
    """
    if isinstance(kind, str):
        return say(_AGES[kind])
    return say_many("Days since the first purchase", "Periods of {count} days since the first purchase", kind)


def is_covered(data: PeriodFigures, row: PeriodRow) -> bool:
    """Whether the log covers a period whole."""
    return data.first_day <= row.period.starts_on and row.period.ends_on <= data.last_day + 1


def is_known(data: PeriodFigures, row: PeriodRow, name: str) -> bool:
    """Whether a figure means what it says: the log covers the period, and every window of the figure."""
    return is_covered(data, row) and row.figures[name] is not None and name not in row.caveats


def find_latest(data: PeriodFigures) -> int:
    """Find the period to report on: the last complete one, else the last that the log covers, else the last."""
    rows = data.table.rows
    complete = [k for k, row in enumerate(rows) if row.complete]
    covered = [k for k, row in enumerate(rows) if is_covered(data, row)]
    return (complete or covered or [len(rows) - 1])[-1]


def find_year_before(kind: str | int, latest: int) -> int | None:
    """Find the same period of the year before; None where the table does not reach back so far."""
    back = PERIODS_PER_YEAR[kind] if isinstance(kind, str) else max(1, round(365 / kind))
    return latest - back if latest >= back else None


def compare(name: str, value: float, earlier: float) -> str:
    """Write how a figure has changed: shares in points, all else in percent; empty where that means nothing."""
    if DEFINITIONS[name].unit == "share":
        return points(value - earlier)
    return growth(value, earlier) if earlier > 0 else ""
