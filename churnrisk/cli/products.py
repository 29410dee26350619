"""``churnrisk products due | first``; that of ``next`` has a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.cli.grouped import GroupedProgram
from churnrisk.cli.options import (
    AsJson,
    AsOf,
    CsvStyleChoice,
    Language,
    Purchases,
    Reading,
    current_settings,
    reads_purchases,
    runs_on_engines,
)
from churnrisk.cli.retention_source import describe_intake, opened_orders, read_day
from churnrisk.schema import ItemUnit

if TYPE_CHECKING:
    from churnrisk.products import ItemChoice
    from churnrisk.settings import Settings

products = GroupedProgram(
    help="What customers buy: what is due, what comes next, and what first buyers begin with.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


UnitChoice = Annotated[
    ItemUnit, typer.Option("--unit", metavar="product|category", help="Products, or their categories.")
]
NotProduct = Annotated[
    list[str] | None,
    typer.Option("--not-product", metavar="CODE", help="A product id or category that is no product; repeatable."),
]
IsProduct = Annotated[
    list[str] | None,
    typer.Option("--is-product", metavar="CODE", help="One that is, though it looks like a fee; repeatable."),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write all rows: .csv, .parquet or .xlsx.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(products, name="products")


def choose_items(context: typer.Context, not_product: list[str] | None, is_product: list[str] | None) -> ItemChoice:
    """Return what is said of codes, by options and by the settings; an option beats a setting on the same code."""
    return known_products(current_settings(context), not_product or [], is_product or [])


def known_products(settings: Settings, no: Sequence[str] = (), yes: Sequence[str] = ()) -> ItemChoice:
    """Return what the settings say of codes, where options do not say otherwise."""
    from churnrisk.products import ItemChoice

    off = dict.fromkeys([*no, *(one for one in settings.not_products if one not in yes)])
    on = dict.fromkeys([*yes, *(one for one in settings.are_products if one not in no)])
    return ItemChoice(tuple(off), tuple(on))


@products.command()
@reads_purchases
@runs_on_engines
def due(
    context: typer.Context,
    purchases: Purchases = None,
    as_of: AsOf = None,
    unit: UnitChoice = "product",
    within: Annotated[
        int | None,
        typer.Option(
            "--within",
            metavar="DAYS",
            min=1,
            help="Not bought again for so long, an item is given up. (default: 180, or half of the log)",
        ),
    ] = None,
    not_product: NotProduct = None,
    is_product: IsProduct = None,
    output: Output = None,
    csv_style: CsvStyleChoice = "plain",
    lang: Language = None,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Say for each customer and product when it is due again, what is overdue, and what is given up.

    Example: churnrisk products due purchases.csv --output due.csv
    """
    from churnrisk.cli.card import show_intake
    from churnrisk.cli.products_tables import describe_rows, say_written, show_due, write_rows
    from churnrisk.cli.show import print_json, progress_bar
    from churnrisk.products import forecast_due
    from churnrisk.tables import check_target

    if output is not None:
        check_target(output)
    current_settings(context, lang)
    choice = choose_items(context, not_product, is_product)
    with progress_bar(is_quiet=as_json) as progress:
        progress("reading purchases", 0, 1)
        with opened_orders(context, purchases, reading, products=True) as orders:
            progress("due dates", 0, 1)
            found = forecast_due(orders, as_of=read_day(as_of), unit=unit, choice=choice, within=within)
            intake = describe_intake(orders)
        progress("writing", 0, 1)
        defused = 0 if output is None else write_rows(found, output, csv_style)
    if as_json:
        print_json(describe_rows(found, "due", output) | {"intake": intake})
        return
    show_intake(intake)
    show_due(found)
    say_written(output, len(found), defused)


@products.command()
@reads_purchases
@runs_on_engines
def first(
    context: typer.Context,
    purchases: Purchases = None,
    as_of: AsOf = None,
    unit: UnitChoice = "product",
    horizon: Annotated[
        int | None,
        typer.Option(
            "--horizon",
            metavar="DAYS",
            min=1,
            help="A customer comes back who buys again within so many days. (default: 90, or a third of the log)",
        ),
    ] = None,
    burn_in: Annotated[
        int | None,
        typer.Option(
            "--burn-in",
            metavar="DAYS",
            min=0,
            help="Days left out at the start of the log, where all customers look new. (default: found in the gaps)",
        ),
    ] = None,
    not_product: NotProduct = None,
    is_product: IsProduct = None,
    output: Output = None,
    csv_style: CsvStyleChoice = "plain",
    lang: Language = None,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Say what customers buy first, how many come back, and which differences between products are more than chance.

    Example: churnrisk products first purchases.csv --horizon 90
    """
    from churnrisk.cli.card import show_intake
    from churnrisk.cli.first_tables import show_first
    from churnrisk.cli.products_tables import say_written
    from churnrisk.cli.show import print_json, progress_bar
    from churnrisk.products import compare_first
    from churnrisk.tables import check_target, write_table

    if output is not None:
        check_target(output)
    current_settings(context, lang)
    choice = choose_items(context, not_product, is_product)
    how: dict[str, Any] = {"unit": unit, "choice": choice, "horizon": horizon, "burn_in": burn_in}
    with progress_bar(is_quiet=as_json) as progress:
        progress("reading purchases", 0, 1)
        with opened_orders(context, purchases, reading, products=True) as orders:
            progress("first products", 0, 1)
            found = compare_first(orders, as_of=read_day(as_of), **how)
            intake = describe_intake(orders)
    defused = 0
    if output is not None:
        defused = write_table(found.items, output, holds=None, csv_style=csv_style, is_for_people=True)
    if as_json:
        print_json({**found.to_dict(), "intake": intake})
        return
    show_intake(intake)
    show_first(found)
    say_written(output, len(found.items), defused)
