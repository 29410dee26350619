"""Segments of customers, and benchmarks of a shop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from churnrisk.errors import NotEnoughData, SettingsError
from churnrisk.orders import IntakeOptions, Orders
from churnrisk.planning import Day
from churnrisk.public.result import Result, draw_bars
from churnrisk.public.source import CATEGORY, day_of, days_of, opened
from churnrisk.retention import (
    Calendar,
    Change,
    Comparison,
    Movement,
    RetentionTable,
    Segmentation,
    build_segments,
    compare_benchmarks,
    compare_with_past,
    follow_segments,
    grade_meanings,
    make_periods,
    measure_own,
    measure_retention,
    measure_trend,
    parse_kind,
)
from churnrisk.timeline import DEFAULT_LOOKBACK
from churnrisk.workflows import predict_churn


@dataclass(frozen=True)
class Segments(Result):
    """Customers in RFM segments, and how they move.

    Parameters
    ----------
    segmentation : Segmentation
        Each customer's scores and segment, and a row per segment.
    movements : tuple of Movement
        From period to period; empty unless asked for.
    churn_note : str
        Which model gave the churn probabilities, or why there are none.
    intake : mapping
        The account of the rows.
    """

    segmentation: Segmentation
    movements: tuple[Movement, ...]
    churn_note: str
    intake: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``churnrisk segments --json`` prints them: no single customer."""
        moved = [movement.to_dict() for movement in self.movements]
        notes = {"movements": moved, "churn_note": self.churn_note, "intake": dict(self.intake)}
        return {**self.segmentation.to_dict(), **notes}

    def records(self) -> list[dict[str, Any]]:
        """Return a row per segment."""
        rows: list[dict[str, Any]] = self.segmentation.to_dict()["segments"]
        return rows

    def segment_of(self) -> dict[str, str]:
        """Return each customer's segment by id."""
        return self.segmentation.segment_of()

    def _chart(self) -> str:
        rows = self.records()
        shares = [row["customer_share"] for row in rows]
        return draw_bars("Share of customers", [row["segment"].replace("_", " ") for row in rows], shares)


def segments(
    purchases: Any,
    *,
    as_of: Day = None,
    period: str | int | None = None,
    by: Literal["category"] | None = None,
    start: Day = None,
    stop: Day = None,
    models_dir: str | Path = "models",
    year_starts: str = "01-01",
    week_starts: str = "monday",
    state: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    options: IntakeOptions | None = None,
) -> Segments:
    """Put customers into RFM segments, and follow how they move.

    Parameters
    ----------
    purchases, year_starts, week_starts, state, columns, options
        As for :func:`churnrisk.metrics`.
    as_of : str or date, optional
        The first day that is not known. By default the day after the last order.
    period : {"week", "month", "quarter", "year"} or int, optional
        Follow movements from period to period as well, from ``start`` to ``stop``.
    by : {"category"}, optional
        Divide also by the category that each customer paid most for.
    models_dir : str or Path
        The folder of stored models; the current one gives mean churn probabilities, where there is one.

    Returns
    -------
    Segments
        A row per segment: customers, their share of all, revenue in the currency of the log and its share, mean churn
        probability.

    Raises
    ------
    ChurnriskError
        For anything that you can mend, with what to do.

    Examples
    --------
    >>> import churnrisk
    >>> result = churnrisk.segments("data/customers.csv", models_dir="none-yet")
    >>> result.records()[0]["segment"], sum(row["customers"] for row in result.records())
    ('champions', 289)
    """
    if by not in (None, CATEGORY):
        raise SettingsError(f"--by {by}: segments are divided by {CATEGORY} alone, or not at all.")
    kind, calendar = None if period is None else parse_kind(str(period)), Calendar(year_starts, week_starts)
    day, days = day_of(as_of, "as_of"), days_of(start, stop)
    with opened(purchases, columns, options, state, with_tables=True) as orders:
        churn = predict_churn(orders, Path(models_dir), as_of=day)
        made = build_segments(orders, day, churn_probability=churn.probability, by_category=by == CATEGORY)
        movements: tuple[Movement, ...] = ()
        if kind is not None:
            periods = make_periods(kind, orders.first_day, orders.last_day + 1, **days, calendar=calendar)
            # before the first order there is nobody to cut into fifths
            movements = follow_segments(orders, [one for one in periods if one.starts_on > orders.first_day])
        return Segments(made, movements, churn.note, orders.report.describe())


@dataclass(frozen=True)
class Benchmarks(Result):
    """The shop beside its own past, and beside published figures.

    Parameters
    ----------
    changes : tuple of Change
        The last complete period beside earlier ones.
    not_compared : str
        Why there are no changes; empty where there are some.
    trends : mapping of str to float or None
        Of each rate, its mean change from period to period.
    compared : tuple of Comparison
        Published figures, with the shop's own of the same definition, or the reason why there is none.
    intake : mapping
        The account of the rows.
    """

    changes: tuple[Change, ...]
    not_compared: str
    trends: Mapping[str, float | None]
    compared: tuple[Comparison, ...]
    intake: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``churnrisk benchmarks --json`` prints them."""
        return {
            "changes": [one.to_dict() for one in self.changes],
            "not_compared": self.not_compared or None,
            "trends": dict(self.trends),
            "benchmarks": [one.to_dict() for one in self.compared],
            "grades": grade_meanings(),
            "intake": dict(self.intake),
        }

    def records(self) -> list[dict[str, Any]]:
        """Return a row per published figure."""
        names = ("name", "industry", "value", "unit", "own", "refused", "grade", "published", "source")
        rows = [one.to_dict() for one in self.compared]
        return [{name: row[name] for name in names} for row in rows]


def benchmarks(
    purchases: Any,
    *,
    period: str | int = "month",
    lookback: int = DEFAULT_LOOKBACK,
    year_starts: str = "01-01",
    week_starts: str = "monday",
    state: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    options: IntakeOptions | None = None,
) -> Benchmarks:
    """Set the shop beside its own past, and beside published figures of the same definition.

    Parameters
    ----------
    purchases, period, lookback, year_starts, week_starts, state, columns, options
        As for :func:`churnrisk.metrics`.

    Returns
    -------
    Benchmarks
        A row per published figure: its value, ours (``own``) where the definition is the same, its unit and source.

    Raises
    ------
    ChurnriskError
        For anything that you can mend, with what to do.

    Examples
    --------
    >>> import churnrisk
    >>> result = churnrisk.benchmarks("data/customers.csv", period="quarter")
    >>> all((row["own"] is None) == (row["refused"] is not None) for row in result.records())
    True
    """
    kind, calendar = parse_kind(str(period)), Calendar(year_starts, week_starts)
    with opened(purchases, columns, options, state) as orders:
        table = measure_retention(orders, kind, lookback=lookback, calendar=calendar)
        changes, reason = _compare(orders, table)
        trends = {name: measure_trend(table, name) for name in ("retention_rate", "no_purchase_rate")}
        return Benchmarks(changes, reason, trends, compare_benchmarks(measure_own(orders)), orders.report.describe())


def _compare(orders: Orders, table: RetentionTable) -> tuple[tuple[Change, ...], str]:
    try:
        return compare_with_past(orders, table), ""
    except NotEnoughData as error:
        return (), str(error)
