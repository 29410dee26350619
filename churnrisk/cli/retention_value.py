"""``churnrisk ltv, nps, economics``: what customers are worth, and what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churnrisk.cli.options import AsJson, AsOf, Reading, current_settings, reads_purchases, runs_on_engines
from churnrisk.cli.retention_source import (
    Discount,
    Lookback,
    Margin,
    Purchases,
    WeekStarts,
    YearStarts,
    choose_calendar,
    choose_lookback,
    describe_intake,
    opened_orders,
    read_day,
)

if TYPE_CHECKING:
    from churnrisk.orders import Orders
    from churnrisk.retention import KnownCustomers
    from churnrisk.settings import Settings


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
    from churnrisk.cli.retention_tables import show_value
    from churnrisk.cli.show import print_json
    from churnrisk.errors import NotEnoughData
    from churnrisk.forecast import ValueTerms, check_forecast, forecast_value, stretch_interval
    from churnrisk.workflows import stored_value

    terms = ValueTerms(months, margin, discount, choose_lookback(context, lookback))
    with opened_orders(context, purchases, reading, with_tables=True) as orders:
        day = read_day(as_of) or orders.last_day + 1
        stored = stored_value(orders, current_settings(context).models_dir, day)
        forecast, check, reason = forecast_value(orders, day, terms=terms, stored=stored), None, ""
        try:
            check = check_forecast(orders, forecast)
            forecast = stretch_interval(forecast, check)
        except NotEnoughData as error:
            reason = str(error)
        if as_json:
            checked = None if check is None else check.to_dict()
            print_json(
                {
                    **forecast.to_dict(),
                    "check": checked,
                    "not_checked": reason or None,
                    "intake": describe_intake(orders),
                }
            )
            return
    show_value(forecast, check, reason)


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
    from churnrisk.cli.show import counted, print_json, say
    from churnrisk.cli.survey_tables import show_survey
    from churnrisk.errors import SettingsError
    from churnrisk.retention import KINDS, KnownCustomers, measure_survey, read_survey

    if period not in KINDS:
        raise SettingsError(f"--period {period!r}: give one of {', '.join(KINDS)}.")
    calendar = choose_calendar(current_settings(context), year_starts, week_starts)
    rows = read_survey(survey, _survey_columns(survey_column or []), period=period, calendar=calendar, is_low=scale)
    known = KnownCustomers({}, {}, {}, {})
    if purchases is not None or current_settings(context).purchases is not None:
        with opened_orders(context, purchases, reading, with_tables=True) as orders:
            known = _known_customers(orders, current_settings(context))
    measured = measure_survey(rows.answers, known)
    account = {
        "rows_in": rows.rows_in,
        "rows_without_score": rows.rows_without_score,
        "rows_rejected": len(rows.rejected),
    }
    if as_json:
        print_json({**measured.to_dict(), **account})
        return
    answers, empty = counted(len(rows.answers), "answer"), f"{rows.rows_without_score:,} without a score"
    say(f"{counted(rows.rows_in, 'row')}: {answers}, {empty}, {len(rows.rejected):,} rejected.")
    for line, column, value, reason in rows.rejected[:5]:
        say(f"  line {line}, {column}: {value!r} {reason}")
    show_survey(measured)


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


def _known_customers(orders: Orders, settings: Settings) -> KnownCustomers:
    from churnrisk.retention import KnownCustomers, build_segments
    from churnrisk.workflows import predict_churn

    segmentation = build_segments(orders)
    customers = segmentation.customers
    ids = customers.customer_ids.tolist()
    revenue = dict(zip(ids, customers.revenue.tolist(), strict=True)) if orders.has_amounts else {}
    active = dict(zip(ids, customers.in_base(settings.lookback).tolist(), strict=True))
    churn = predict_churn(orders, settings.models_dir)
    return KnownCustomers(revenue, segmentation.segment_of(), active, churn.probability)


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
    from churnrisk.cli.retention_tables import show_economics
    from churnrisk.cli.show import print_json
    from churnrisk.errors import SettingsError
    from churnrisk.retention import FOLKLORE, Terms, estimate_economics

    if margin is None:
        raise SettingsError("--margin is missing: only you know what share of revenue is profit, such as 0.35.")
    with opened_orders(context, purchases, reading, with_tables=True) as orders:
        result = estimate_economics(orders, Terms(margin, acquisition_cost, discount, years))
        if as_json:
            print_json({**result.to_dict(), "intake": describe_intake(orders)})
            return
    show_economics(result, FOLKLORE)
