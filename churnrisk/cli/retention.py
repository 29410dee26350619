"""``churnrisk metrics, rate, cohorts, segments, benchmarks``; the other retention commands are registered here."""

from __future__ import annotations

from typing import Annotated, Literal

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
    choose_lookback,
    choose_source,
    choose_starts,
    read_date,
    read_days,
)
from churnrisk.cli.retention_value import economics, ltv, nps
from churnrisk.schema import CohortMeasure

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
            help="A row per value of this column, as it was at the start; `category` is that of the first order, "
            "NAME.attribute that of --attributes NAME=FILE.",
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
    from churnrisk import public
    from churnrisk.cli.retention_tables import show_metrics
    from churnrisk.cli.show import print_json, say
    from churnrisk.cli.verdict import tell_intake

    result = public.metrics(
        **choose_source(context, purchases, reading),
        **read_days(start, stop),
        **choose_starts(context, year_starts, week_starts),
        period=period,
        lookback=choose_lookback(context, lookback),
        revenue_window=revenue_window,
        by=by,
    )
    if as_json:
        print_json(result.to_dict())
        return
    for text in tell_intake(result.intake):
        say(text)
    show_metrics(result.table, is_wide=wide)


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
    from churnrisk import public
    from churnrisk.cli.retention_tables import show_cohorts
    from churnrisk.cli.show import print_json

    result = public.cohorts(
        **choose_source(context, purchases, reading),
        **read_days(start, stop),
        **choose_starts(context, year_starts, week_starts),
        period=period,
        by=measure,
        lookback=choose_lookback(context, lookback),
    )
    if as_json:
        print_json(result.to_dict())
        return
    show_cohorts(result.table, curve, is_wide=wide)


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
    from churnrisk import public
    from churnrisk.cli.segment_tables import show_categories, show_movement, show_segments
    from churnrisk.cli.show import print_json, say

    result = public.segments(
        **choose_source(context, purchases, reading),
        **read_days(start, stop),
        **choose_starts(context, year_starts, week_starts),
        as_of=read_date(as_of, "--as-of"),
        models_dir=models_dir or current_settings(context).models_dir,
        period=period,
        by=by,
    )
    if as_json:
        print_json(result.to_dict())
        return
    show_segments(result.segmentation)
    say(result.churn_note)
    if by is not None:
        show_categories(result.segmentation)
    if result.movements:
        show_movement(result.movements)


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
    from churnrisk import public
    from churnrisk.cli.retention_tables import show_benchmarks, show_past
    from churnrisk.cli.show import print_json, say

    result = public.benchmarks(
        **choose_source(context, purchases, reading),
        **choose_starts(context, year_starts, week_starts),
        period=period,
        lookback=choose_lookback(context, lookback),
    )
    if as_json:
        print_json(result.to_dict())
        return
    if result.not_compared:
        say(f"Not compared with the past: {result.not_compared}")
    else:
        show_past(result.changes, result.trends)
    show_benchmarks(result.compared, result.to_dict()["grades"])
