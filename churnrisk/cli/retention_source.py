"""What the commands on retention share: their options, and the orders that they read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.cli.options import Reading, current_settings

if TYPE_CHECKING:
    from churnrisk.orders import Orders
    from churnrisk.retention import Calendar
    from churnrisk.settings import Settings

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
def opened_orders(
    context: typer.Context, purchases: str | None, reading: Reading, *, with_tables: bool = False, **more: Any
) -> Iterator[Orders]:
    """Read the purchase history, and close it in the end; a model alone may need the tables beside it."""
    from dataclasses import replace

    from churnrisk import inputs
    from churnrisk.orders import read_orders

    settings = current_settings(context)
    source = inputs.find_purchases(purchases, settings.purchases)
    options = reading.options(settings)
    tables = options.tables if with_tables else {}
    with read_orders(source, replace(options, tables=tables, **more)) as orders:
        yield orders


def describe_intake(orders: Orders) -> dict[str, Any]:
    """Return the account of the rows without any row: rejected values may name people."""
    return orders.report.describe()


def choose_lookback(context: typer.Context, given: int | None) -> int:
    """Return the lookback: the one given, else that of the settings."""
    return current_settings(context).lookback if given is None else given


def choose_calendar(settings: Settings, year_starts: str | None, week_starts: str | None) -> Calendar:
    """Return the days on which years and weeks begin: those given, else those of the settings."""
    from churnrisk.retention import Calendar

    week = settings.week_starts if week_starts is None else week_starts.strip().lower()
    return Calendar(settings.year_starts if year_starts is None else year_starts.strip(), week)


def read_days(start: str | None, stop: str | None) -> dict[str, Any]:
    """Read the days to cover."""
    from churnrisk.timeline import parse_day

    return {
        "start": None if start is None else parse_day(start, option="--from"),
        "stop": None if stop is None else parse_day(stop, option="--to"),
    }


def read_day(as_of: str | None) -> int | None:
    """Read the day of ``--as-of``."""
    from churnrisk.timeline import parse_day

    return None if as_of is None else parse_day(as_of, option="--as-of")
