"""``churnrisk metrics, rate, cohorts, segments, benchmarks``; the other retention commands are registered here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from churnrisk.cli.options import AsJson, AsOf, ModelsDir, Reading, current_settings, reads_purchases, runs_on_engines
from churnrisk.cli.retention_source import (
    From,
    Lookback,
    PeriodKind,
    Purchases,
    To,
    WeekStarts,
    Wide,
    YearStarts,
    choose_calendar,
    choose_lookback,
    describe_intake,
    opened_orders,
    read_day,
    read_days,
)
from churnrisk.cli.retention_value import economics, ltv, nps
from churnrisk.schema import CohortMeasure

if TYPE_CHECKING:
    from churnrisk.orders import Orders
    from churnrisk.retention import Change, Movement, RetentionTable


CATEGORY = "category"

Curve = Literal["classic", "unbounded", "cumulative"]
"""What a cell of a cohort counts."""


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (metrics, rate, cohorts, segments, ltv, nps, benchmarks, economics):
        app.command()(command)


@reads_purchases
@runs_on_engines
def metrics(
    context: typer.Context,
    purchases: Purchases = None,
    period: PeriodKind = "month",
    start: From = None,
    stop: To = None,
    year_starts: YearStarts = None,
    week_starts: WeekStarts = None,
    lookback: Lookback = None,
    revenue_window: Annotated[
        int, typer.Option("--revenue-window", metavar="DAYS", help="Days of each window of revenue retention.")
    ] = 365,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            help="A row per value of this column, as it was at the start; `category` is that of the first order.",
        ),
    ] = None,
    wide: Wide = False,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Show every retention figure, period by period, under one definition of active.

    Example: churnrisk metrics purchases.csv --period quarter --wide
    """
    from churnrisk.cli.retention_tables import show_metrics
    from churnrisk.cli.show import print_json, say
    from churnrisk.cli.verdict import tell_intake
    from churnrisk.retention import group_by_first_category, measure_retention, parse_kind

    by_category = by == CATEGORY
    kind, more = parse_kind(period), dict[str, Any]() if by is None or by_category else {"group_column": by}
    calendar = choose_calendar(current_settings(context), year_starts, week_starts)
    with opened_orders(context, purchases, reading, **more) as orders:
        table = measure_retention(
            group_by_first_category(orders) if by_category else orders,
            kind,
            **read_days(start, stop),
            lookback=choose_lookback(context, lookback),
            revenue_window=revenue_window,
            by_group=by is not None,
            calendar=calendar,
        )
        if as_json:
            print_json({**table.to_dict(), "by": by, "intake": describe_intake(orders)})
            return
        for text in tell_intake(describe_intake(orders)):
            say(text)
        show_metrics(table, is_wide=wide)


def rate(
    start: Annotated[int, typer.Option("--start", help="Customers at the start of the period.")],
    end: Annotated[int, typer.Option("--end", help="Customers at its end.")],
    new: Annotated[int, typer.Option("--new", help="Customers at the end who became customers within the period.")],
    days: Annotated[int | None, typer.Option("--days", help="Length of the period, for the rate of a year.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compute a retention rate from three numbers.

    Example: churnrisk rate --start 1000 --end 800 --new 400 --days 30
    """
    from churnrisk.cli.retention_tables import show_rate
    from churnrisk.cli.show import print_json
    from churnrisk.retention import compute_rate

    computed = compute_rate(start, end, new=new, days=days)
    if as_json:
        print_json(computed.to_dict())
        return
    show_rate(computed)


@reads_purchases
@runs_on_engines
def cohorts(
    context: typer.Context,
    purchases: Purchases = None,
    period: PeriodKind = "month",
    measure: Annotated[CohortMeasure, typer.Option("--by", help="Follow customers or their revenue.")] = "customers",
    curve: Annotated[
        Curve, typer.Option("--show", help="Bought in period k, in k or after, or in any from 1 to k.")
    ] = "classic",
    start: From = None,
    stop: To = None,
    year_starts: YearStarts = None,
    week_starts: WeekStarts = None,
    lookback: Lookback = None,
    wide: Wide = False,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Follow customers from the period of their first purchase on.

    Example: churnrisk cohorts purchases.csv --period quarter --show unbounded
    """
    from churnrisk.cli.retention_tables import show_cohorts
    from churnrisk.cli.show import print_json
    from churnrisk.retention import build_cohorts, parse_kind

    kind = parse_kind(period)
    how: dict[str, Any] = {
        "lookback": choose_lookback(context, lookback),
        "calendar": choose_calendar(current_settings(context), year_starts, week_starts),
    }
    with opened_orders(context, purchases, reading) as orders:
        table = build_cohorts(orders, kind, measure=measure, **read_days(start, stop), **how)
        if as_json:
            print_json({**table.to_dict(), "intake": describe_intake(orders)})
            return
    show_cohorts(table, curve, is_wide=wide)


@reads_purchases
@runs_on_engines
def segments(
    context: typer.Context,
    purchases: Purchases = None,
    as_of: AsOf = None,
    models_dir: ModelsDir = None,
    period: Annotated[
        str | None,
        typer.Option(
            "--period", metavar="week|month|quarter|year|DAYS", help="Also show movements from period to period."
        ),
    ] = None,
    by: Annotated[
        Literal["category"] | None,
        typer.Option("--by", metavar="category", help="Also by the category that each customer paid most for."),
    ] = None,
    start: From = None,
    stop: To = None,
    year_starts: YearStarts = None,
    week_starts: WeekStarts = None,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Put customers into RFM segments, and follow how they move.

    Example: churnrisk segments purchases.csv --period quarter --from 2010-10-01
    """
    from churnrisk.cli.segment_tables import show_categories, show_movement, show_segments
    from churnrisk.cli.show import print_json, say
    from churnrisk.retention import build_segments, follow_segments, make_periods, parse_kind
    from churnrisk.workflows import predict_churn

    kind = None if period is None else parse_kind(period)
    calendar = choose_calendar(current_settings(context), year_starts, week_starts)
    with opened_orders(context, purchases, reading, with_tables=True) as orders:
        day = read_day(as_of)
        churn = predict_churn(orders, models_dir or current_settings(context).models_dir, as_of=day)
        segmentation = build_segments(orders, day, churn_probability=churn.probability, by_category=by == CATEGORY)
        movements: tuple[Movement, ...] = ()
        if kind is not None:
            days = read_days(start, stop)
            periods = make_periods(kind, orders.first_day, orders.last_day + 1, **days, calendar=calendar)
            # before the first order there is nobody to cut into fifths
            movements = follow_segments(orders, [one for one in periods if one.starts_on > orders.first_day])
        if as_json:
            moved = [movement.to_dict() for movement in movements]
            notes = {"movements": moved, "churn_note": churn.note, "intake": describe_intake(orders)}
            print_json({**segmentation.to_dict(), **notes})
            return
    show_segments(segmentation)
    say(churn.note)
    if by == CATEGORY:
        show_categories(segmentation)
    if movements:
        show_movement(movements)


@reads_purchases
@runs_on_engines
def benchmarks(
    context: typer.Context,
    purchases: Purchases = None,
    period: PeriodKind = "month",
    lookback: Lookback = None,
    year_starts: YearStarts = None,
    week_starts: WeekStarts = None,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Set the shop beside its own past, and beside published figures of the same definition.

    Example: churnrisk benchmarks purchases.csv --period quarter
    """
    from churnrisk.cli.retention_tables import show_benchmarks, show_past
    from churnrisk.cli.show import print_json, say
    from churnrisk.retention import (
        compare_benchmarks,
        grade_meanings,
        measure_own,
        measure_retention,
        measure_trend,
        parse_kind,
    )

    kind, calendar = parse_kind(period), choose_calendar(current_settings(context), year_starts, week_starts)
    with opened_orders(context, purchases, reading) as orders:
        table = measure_retention(orders, kind, lookback=choose_lookback(context, lookback), calendar=calendar)
        changes, reason = _compare(orders, table)
        compared, intake = compare_benchmarks(measure_own(orders)), describe_intake(orders)
    trends = {name: measure_trend(table, name) for name in ("retention_rate", "no_purchase_rate")}
    if as_json:
        past = {"changes": [one.to_dict() for one in changes], "not_compared": reason or None, "trends": trends}
        published = {"benchmarks": [one.to_dict() for one in compared], "grades": grade_meanings()}
        print_json({**past, **published, "intake": intake})
        return
    if reason:
        say(f"Not compared with the past: {reason}")
    else:
        show_past(changes, trends)
    show_benchmarks(compared, grade_meanings())


def _compare(orders: Orders, table: RetentionTable) -> tuple[tuple[Change, ...], str]:
    from churnrisk.errors import NotEnoughData
    from churnrisk.retention import compare_with_past

    try:
        return compare_with_past(orders, table), ""
    except NotEnoughData as error:
        return (), str(error)
