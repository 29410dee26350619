"""The metrics table: every retention figure of every period, from one pass over the orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from churnrisk.engines import Arrays, collect_arrays
from churnrisk.errors import SettingsError
from churnrisk.holes import Hole, SellingDays, describe_holes, selling_days
from churnrisk.messages import wording
from churnrisk.retention.catalogue import PERIOD_FIGURES
from churnrisk.retention.counting import Windows, count_totals, windows_of
from churnrisk.retention.definitions import PeriodTotals, Value
from churnrisk.retention.histories import OrderLog
from churnrisk.retention.periods import USUAL, Calendar, Period, make_periods
from churnrisk.timeline import DEFAULT_LOOKBACK, MOST_DAYS, YEAR, date_of

DEFAULT_REVENUE_WINDOW = 365
MOST_GROUPS = 200
NO_AMOUNTS = "the log has no amounts"
MOST_LOST = 0.25
"""A hole with more than this share of the lookback before a period, or before its end, hides the active customers."""


@dataclass(frozen=True)
class PeriodRow:
    """The figures of one period, or of one group in it.

    Parameters
    ----------
    period : Period
        Which days.
    group : str or None
        Name of the group, frozen for each customer at the start of the period.
    complete : bool
        The log covers the whole period and one lookback before it, no day was cut off, and no hole bends it.
    figures : mapping of str to number or None
        By name, in the order of the catalogue.
    reasons : mapping of str to str
        Why a figure is None.
    caveats : mapping of str to str
        Of a period that the log covers: figures with windows that reach back before the log, and how far.
    has_hole : bool
        The whole shop sold nothing for longer than it ever does, on a day of the period or in more than a quarter of
        the lookback before its first day or its end.
    """

    period: Period
    group: str | None
    complete: bool
    figures: Mapping[str, Value]
    reasons: Mapping[str, str]
    caveats: Mapping[str, str]
    has_hole: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, figures beside the dates."""
        head: dict[str, Any] = {"period": self.period.name}
        if self.group is not None:
            head["group"] = self.group
        head |= {
            "starts_on": date_of(self.period.starts_on).isoformat(),
            "ends_on": date_of(self.period.ends_on).isoformat(),
            "last_day": date_of(self.period.ends_on - 1).isoformat(),
            "complete": self.complete,
            "is_partial": self.period.is_partial,
            "has_hole": self.has_hole,
        }
        return {**head, **self.figures, "reasons": dict(self.reasons), "caveats": dict(self.caveats)}


@dataclass(frozen=True)
class RetentionTable:
    """A row per period (and group), oldest first, and what must be said about them.

    Parameters
    ----------
    lookback_days : int
        Days within which a purchase makes a customer active.
    revenue_window_days : int
        Days of each of the two windows of revenue retention.
    kind : str or int
        Kind of period, or its length in days.
    currency : str or None
        Of the amounts, where the log names one.
    rows : tuple of PeriodRow
        The periods.
    averages : mapping of str to number or None
        Mean over complete periods whose windows the log covers; only in a table without groups.
    notices : tuple of str
        Sentences for the reader.
    calendar : Calendar
        On which day years and weeks begin.
    holes : tuple of Hole
        When the whole shop sold nothing for longer than it ever does.
    """

    lookback_days: int
    revenue_window_days: int
    kind: str | int
    currency: str | None
    rows: tuple[PeriodRow, ...]
    averages: Mapping[str, Value]
    notices: tuple[str, ...]
    calendar: Calendar = USUAL
    holes: tuple[Hole, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "lookback_days": self.lookback_days,
            "revenue_window_days": self.revenue_window_days,
            "period": self.kind,
            **self.calendar.to_dict(),
            "currency": self.currency,
            "periods": [row.to_dict() for row in self.rows],
            "averages": dict(self.averages),
            "notices": list(self.notices),
            "holes": [hole.to_dict() for hole in self.holes],
        }


def measure_retention(
    log: OrderLog,
    kind: str | int = "month",
    *,
    start: int | None = None,
    stop: int | None = None,
    lookback: int = DEFAULT_LOOKBACK,
    revenue_window: int = DEFAULT_REVENUE_WINDOW,
    by_group: bool = False,
    calendar: Calendar = USUAL,
    sold: SellingDays | None = None,
) -> RetentionTable:
    """Measure every retention figure, period by period.

    Active at a day means a purchase in the ``lookback`` days before it, which is also how the customer base of a
    churn model is chosen, so that figures and scores speak of the same customers.

    Parameters
    ----------
    log : Orders
        The log, on any engine.
    kind : str or int
        ``"week"``, ``"month"``, ``"quarter"``, ``"year"``, or a number of days.
    start, stop : int, optional
        First day to cover, and the day after the last; by default the whole log. Periods that have any day in
        between are given, those days alone: where others are cut off, the period is partial.
    lookback : int
        Days of the observation window.
    revenue_window : int
        Days of each of the two windows of revenue retention.
    by_group : bool
        Give each period once per group, from the column ``customer_group`` of the orders. A customer's group is
        that of the last order before the period, or of the first order.
    calendar : Calendar
        On which day years and weeks begin.
    sold : SellingDays, optional
        The days on which the shop sold something, where they are known already.

    Returns
    -------
    RetentionTable

    Raises
    ------
    SettingsError
        Windows of less than a day, no day to cover, or more than 200 groups.
    """
    for option, days in (("--lookback", lookback), ("--revenue-window", revenue_window)):
        if not 1 <= days <= MOST_DAYS:
            raise SettingsError(f"{option} {days}: give a whole number of days, from 1 to {MOST_DAYS}.")
    periods = make_periods(kind, log.first_day, log.last_day + 1, start=start, stop=stop, calendar=calendar)
    groups = find_groups(log) if by_group else ()
    windows = windows_of(periods, log, lookback=lookback, revenue_window=revenue_window, groups=groups)
    holes = (selling_days(log) if sold is None else sold).holes()
    rows = _make_rows(log, periods, windows, count_totals(log, windows), holes)
    return RetentionTable(
        lookback,
        revenue_window,
        kind,
        getattr(log, "currency", None),
        rows,
        {} if groups else average_figures(rows),
        tuple(_write_notices(log, rows, windows, holes)),
        calendar,
        holes,
    )


def find_groups(log: OrderLog) -> tuple[str, ...]:
    """Return the names in the column ``customer_group``, sorted; orders without one are in the group of empty text."""
    column = "customer_group"
    names = collect_arrays(log.frame().select(column).unique(), sort_by=[column])[column]
    groups = sorted({str(name or "") for name in names})
    if len(groups) > MOST_GROUPS:
        raise SettingsError(
            f"--by: {len(groups)} different values are too many for a table; {MOST_GROUPS} are allowed."
        )
    return tuple(groups)


def average_figures(rows: Sequence[PeriodRow]) -> dict[str, Value]:
    """Return the mean of each figure over the complete periods whose windows the log covers; None over none."""
    averages: dict[str, Value] = {}
    for figure in PERIOD_FIGURES:
        name = figure.definition.name
        values = [row.figures[name] for row in rows if row.complete and name not in row.caveats]
        known = [value for value in values if value is not None]
        averages[name] = float(np.mean(known)) if known else None
    return averages


def _make_rows(
    log: OrderLog, periods: Sequence[Period], windows: Windows, totals: Arrays, holes: Sequence[Hole]
) -> tuple[PeriodRow, ...]:
    names: Sequence[str | None] = windows.groups or (None,)
    rows = []
    for k, period in enumerate(periods):
        for g, group in enumerate(names):
            counts = {name: int(values[g, k]) for name, values in totals.items()}
            summed = PeriodTotals(counts, period, windows.lookback, windows.revenue_window)
            rows.append(_make_row(log, group, summed, has_hole=_has_hole(period, windows.lookback, holes)))
    return tuple(rows)


def _has_hole(period: Period, lookback: int, holes: Sequence[Hole]) -> bool:
    def lost(start: int, end: int) -> int:
        return sum(hole.overlap(start, end) for hole in holes)

    is_hidden = any(lost(day - lookback, day) > MOST_LOST * lookback for day in (period.starts_on, period.ends_on))
    return is_hidden or lost(period.starts_on, period.ends_on) > 0


def _make_row(log: OrderLog, group: str | None, totals: PeriodTotals, *, has_hole: bool) -> PeriodRow:
    period, figures, reasons, caveats = totals.period, {}, {}, {}
    is_covered = log.first_day <= period.starts_on and period.ends_on <= log.last_day + 1
    complete = is_covered and log.first_day + totals.lookback <= period.starts_on
    complete = complete and not period.is_partial and not has_hole
    for figure in PERIOD_FIGURES:
        name = figure.definition.name
        is_possible = log.has_amounts or not figure.needs_amounts
        figures[name] = value = figure.of(totals) if is_possible else None
        if value is None:
            reasons[name] = figure.undefined if is_possible else NO_AMOUNTS
        elif is_covered and (needed := figure.reach(totals)) < log.first_day:
            caveats[name] = f"needs the log from {date_of(needed)}; it starts on {date_of(log.first_day)}"
    return PeriodRow(period, group, complete, figures, reasons, caveats, has_hole)


def _write_notices(log: OrderLog, rows: Sequence[PeriodRow], windows: Windows, holes: Sequence[Hole]) -> Iterator[str]:
    yield from describe_holes(holes)
    yield from _name_left_out(rows)
    if not any(row.complete or row.period.is_partial or row.has_hole for row in rows):
        yield wording(
            "No period is complete: the log covers {first} to {last}, and a period needs to lie in it whole with "
            "{lookback} days before it. Choose a shorter --lookback."
        ).format(first=date_of(log.first_day), last=date_of(log.last_day), lookback=windows.lookback)
    if windows.has_amounts and windows.revenue_window < YEAR:
        yield wording(
            "Revenue windows of {window} days punish irregular buyers: a customer with longer gaps looks lost "
            "between. --revenue-window 365 compares whole years."
        ).format(window=windows.revenue_window)
    above = [row.period.name for row in rows if (row.figures["retention_rate_by_count"] or 0) > 1]
    if above:
        yield wording(
            "retention_rate_by_count exceeds 100 % in {periods}: it counts the reactivated as retained."
        ).format(periods=_list_some(above))
    yield wording(
        "Lost means not active any more: no purchase in the {lookback} days before the end of the period. No "
        "purchase means none in the period itself, which is what the churn label asks at that horizon; a customer "
        "who pauses for one period is not lost, so the two differ."
    ).format(lookback=windows.lookback)


def _name_left_out(rows: Sequence[PeriodRow]) -> Iterator[str]:
    """Say which periods averages leave out for another reason than that the log does not cover them."""
    cut = [
        f"{one.name} ({date_of(one.starts_on)} to {date_of(one.ends_on - 1)})"
        for one in (row.period for row in rows)
        if one.is_partial
    ]
    if cut:
        yield wording("Cut by --from or --to, and so not in averages and trends: {names}.").format(
            names=_list_some(cut)
        )
    held = [row.period.name for row in rows if row.has_hole]
    if held:
        yield wording(
            "Not in averages and trends, since the whole shop sold nothing on days of the period, or in more than a "
            "quarter of the lookback before its first day or its end: {names}."
        ).format(names=_list_some(held))


def _list_some(names: Sequence[str], most: int = 5) -> str:
    distinct = list(dict.fromkeys(names))
    shown = ", ".join(distinct[:most])
    more = wording("{names} and {more} more")
    return shown if len(distinct) <= most else more.format(names=shown, more=len(distinct) - most)
