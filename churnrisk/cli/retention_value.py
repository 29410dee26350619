"""``churnrisk ltv, nps, economics``: what customers are worth, and what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churnrisk.cli.options import AsJson, AsOf, Reading, current_settings, reads_purchases, runs_on_engines
from churnrisk.cli.retention_source import (
    Discount,
    Lookback,
    Margin,
    Purchases,
    WeekStarts,
    YearStarts,
    choose_lookback,
    choose_source,
    choose_starts,
    read_date,
)


@reads_purchases
@runs_on_engines
def ltv(
    context: typer.Context,
    purchases: Purchases = None,
    as_of: AsOf = None,
    months: Annotated[int, typer.Option("--months", help="How far to look ahead.")] = 12,
    margin: Margin = 1.0,
    discount: Discount = 0.1,
    lookback: Lookback = None,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Forecast the value of the customer base over a stated horizon, with an interval.

    Example: churnrisk ltv purchases.csv --months 6 --margin 0.35
    """
    from churnrisk import public
    from churnrisk.cli.retention_tables import show_value
    from churnrisk.cli.show import print_json

    result = public.ltv(
        **choose_source(context, purchases, reading),
        as_of=read_date(as_of, "--as-of"),
        months=months,
        margin=margin,
        discount=discount,
        lookback=choose_lookback(context, lookback),
        models_dir=current_settings(context).models_dir,
    )
    if as_json:
        print_json(result.to_dict())
        return
    show_value(result.forecast, result.check, result.not_checked)


@reads_purchases
def nps(
    context: typer.Context,
    survey: Annotated[Path, typer.Argument(help="Answers in CSV: score, and customer_id, answered_at, reason, ...")],
    purchases: Annotated[
        str | None, typer.Option("--purchases", metavar="FILE", help="Purchase history to join the answers to.")
    ] = None,
    period: Annotated[str, typer.Option("--period", metavar="week|month|quarter|year", help="To group by.")] = "month",
    year_starts: YearStarts = None,
    week_starts: WeekStarts = None,
    survey_column: Annotated[
        list[str] | None,
        typer.Option("--survey-column", metavar="ROLE=HEADER", help="What a column of the survey is; repeatable."),
    ] = None,
    scale: Annotated[
        bool, typer.Option("--scale-0-10", help="The scale is 0 to 10, although no answer is above 7.")
    ] = False,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Measure NPS and CSAT from a survey, with an interval, and join them to what customers buy.

    Example: churnrisk nps survey.csv --purchases purchases.csv
    """
    from churnrisk import public
    from churnrisk.cli.show import counted, print_json, say
    from churnrisk.cli.survey_tables import show_survey

    settings = current_settings(context)
    joins = purchases is not None or settings.purchases is not None
    result = public.nps(
        survey,
        **(choose_source(context, purchases, reading) if joins else {}),
        **choose_starts(context, year_starts, week_starts),
        period=period,
        survey_columns=_survey_columns(survey_column or []),
        scale_0_10=scale,
        lookback=settings.lookback,
        models_dir=settings.models_dir,
    )
    if as_json:
        print_json(result.to_dict())
        return
    answers, empty = counted(result.answers, "answer"), f"{result.rows_without_score:,} without a score"
    say(f"{counted(result.rows_in, 'row')}: {answers}, {empty}, {len(result.rejected):,} rejected.")
    for line, column, value, reason in result.rejected[:5]:
        say(f"  line {line}, {column}: {value!r} {reason}")
    show_survey(result.survey)


def _survey_columns(pairs: list[str]) -> dict[str, str]:
    from churnrisk.errors import SettingsError
    from churnrisk.retention import SURVEY_ROLES

    columns = dict(pair.partition("=")[::2] for pair in pairs)
    for role, header in columns.items():
        if role not in SURVEY_ROLES or not header:
            raise SettingsError(
                f"--survey-column {role}={header}: write it as ROLE=HEADER; roles: {', '.join(SURVEY_ROLES)}."
            )
    return columns


@reads_purchases
@runs_on_engines
def economics(
    context: typer.Context,
    purchases: Purchases = None,
    margin: Annotated[
        float | None, typer.Option("--margin", metavar="SHARE", help="Share of revenue that is profit; needed.")
    ] = None,
    acquisition_cost: Annotated[
        float, typer.Option("--acquisition-cost", metavar="AMOUNT", help="What it costs to win a customer.")
    ] = 0.0,
    discount: Discount = 0.1,
    years: Annotated[int, typer.Option("--years", help="How far to look ahead.")] = 5,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Show what one more point of retention is worth in this shop.

    Example: churnrisk economics purchases.csv --margin 0.35 --acquisition-cost 20
    """
    from churnrisk import public
    from churnrisk.cli.retention_tables import show_economics
    from churnrisk.cli.show import print_json
    from churnrisk.errors import SettingsError
    from churnrisk.retention import FOLKLORE

    if margin is None:
        raise SettingsError("--margin is missing: only you know what share of revenue is profit, such as 0.35.")
    source = choose_source(context, purchases, reading)
    result = public.economics(
        **source, margin=margin, acquisition_cost=acquisition_cost, discount=discount, years=years
    )
    if as_json:
        print_json(result.to_dict())
        return
    show_economics(result.economics, FOLKLORE)
