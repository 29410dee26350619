"""What the commands on retention share: their options, and the orders that they read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.cli.options import Reading, current_settings

if TYPE_CHECKING:
    from churnrisk.orders import Orders

Purchases = Annotated[
    str | None,
    typer.Argument(
        help="Purchase history (default: `purchases` in the settings, then data/purchases.csv)", show_default=False
    ),
]
PeriodKind = Annotated[
    str, typer.Option("--period", metavar="week|month|quarter|year|DAYS", help="Length of a period.")
]
From = Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First day to cover.")]
To = Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="The day after the last one to cover.")]
YearStarts = Annotated[
    str | None,
    typer.Option(
        "--year-starts", metavar="MM-DD", help="First day of the year of quarters and years. (default: 01-01)"
    ),
]
WeekStarts = Annotated[
    str | None, typer.Option("--week-starts", metavar="DAY", help="First day of a week. (default: monday)")
]
Lookback = Annotated[
    int | None,
    typer.Option("--lookback", metavar="DAYS", help="Days in which a purchase makes a customer active. (default: 365)"),
]
Wide = Annotated[bool, typer.Option("--wide", help="Show everything, in several tables.")]
Margin = Annotated[float, typer.Option("--margin", metavar="SHARE", help="Share of revenue that is profit.")]
Discount = Annotated[float, typer.Option("--discount", metavar="RATE", help="Discount rate of a year.")]


@contextmanager
def opened_orders(context: typer.Context, purchases: str | None, reading: Reading, **more: Any) -> Iterator[Orders]:
    """Read the purchase history without the tables beside it, and close it in the end."""
    from dataclasses import replace

    from churnrisk.orders import read_orders

    found = choose_source(context, purchases, reading)
    with read_orders(found["purchases"], replace(found["options"], tables={}, **more)) as orders:
        yield orders


def describe_intake(orders: Orders) -> dict[str, Any]:
    """Return the account of the rows without any row: rejected values may name people."""
    return orders.report.describe()


def choose_lookback(context: typer.Context, given: int | None) -> int:
    """Return the lookback: the one given, else that of the settings."""
    return current_settings(context).lookback if given is None else given


def choose_starts(context: typer.Context, year_starts: str | None, week_starts: str | None) -> dict[str, Any]:
    """Return the days on which years and weeks begin: those given, else those of the settings."""
    settings = current_settings(context)
    return {
        "year_starts": settings.year_starts if year_starts is None else year_starts.strip(),
        "week_starts": settings.week_starts if week_starts is None else week_starts.strip().lower(),
    }


def choose_source(context: typer.Context, purchases: str | None, reading: Reading) -> dict[str, Any]:
    """Return the purchase history and how to read it: what is given, else what the settings say."""
    from churnrisk import inputs

    settings = current_settings(context)
    return {
        "purchases": inputs.find_purchases(purchases, settings.purchases),
        "options": reading.options(settings),
    }


def read_days(start: str | None, stop: str | None) -> dict[str, Any]:
    """Read the days to cover."""
    return {"start": read_date(start, "--from"), "stop": read_date(stop, "--to")}


def read_day(as_of: str | None) -> int | None:
    """Read the day of ``--as-of``."""
    from churnrisk.timeline import parse_day

    return None if as_of is None else parse_day(as_of, option="--as-of")


def read_date(text: str | None, option: str) -> dt.date | None:
    """Read the day that an option gives."""
    from churnrisk.timeline import date_of, parse_day

    return None if text is None else date_of(parse_day(text, option=option))
