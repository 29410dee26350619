"""``churnrisk products next``: what each customer is likeliest to buy, with the chance of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
from churnrisk.cli.products import IsProduct, NotProduct, Output, UnitChoice, choose_items
from churnrisk.cli.retention_source import describe_intake, opened_orders, read_day

if TYPE_CHECKING:
    from churnrisk.products import NextProducts

SHOWN = 10
"""Rows on the screen, the likeliest ones."""


def register(group: typer.Typer) -> None:
    """Add the command to its group."""
    group.command("next")(list_next)


@reads_purchases
@runs_on_engines
def list_next(
    context: typer.Context,
    purchases: Purchases = None,
    as_of: AsOf = None,
    top: Annotated[int, typer.Option("--top", metavar="N", min=1, max=100, help="Products per customer.")] = 10,
    horizon: Annotated[
        int, typer.Option("--horizon", metavar="DAYS", min=1, help="Days within which a product is bought or not.")
    ] = 30,
    unit: UnitChoice = "product",
    exclude: Annotated[
        Path | None,
        typer.Option("--exclude", metavar="FILE", help="Product ids, one per line, that are not to be listed."),
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
    """List the products that each customer is likeliest to buy next, with the chance of each and why.

    Example: churnrisk products next purchases.csv --top 5 --output next.csv
    """
    from churnrisk import products
    from churnrisk.cli.card import show_intake
    from churnrisk.cli.products_tables import describe_rows, say_written, write_rows
    from churnrisk.cli.show import print_json, progress_bar
    from churnrisk.tables import check_target

    if output is not None:
        check_target(output)
    current_settings(context, lang)
    excluded = [] if exclude is None else products.read_ids(exclude)
    choice = choose_items(context, not_product, is_product)
    with progress_bar(is_quiet=as_json) as progress:
        progress("reading purchases", 0, 1)
        with opened_orders(context, purchases, reading, products=True) as orders:
            day = read_day(as_of) or orders.last_day + 1
            pairs = products.read_pair_days(orders, day, unit=unit, choice=choice)
            intake = describe_intake(orders)
        lists = products.forecast_next(pairs, horizon=horizon, top=top, excluded=excluded, progress=progress)
        progress("writing", 0, 1)
        defused = 0 if output is None else write_rows(lists, output, csv_style)
    unknown = sorted(set(excluded) - set(pairs.items))
    if as_json:
        print_json(describe_rows(lists, "next", output) | {"excluded_unknown": unknown, "intake": intake})
        return
    show_intake(intake)
    show_next(lists, unknown)
    say_written(output, len(lists), defused)


def show_next(lists: NextProducts, unknown: list[str]) -> None:
    """Print the likeliest purchases, how the method was chosen, and what the lists cannot do."""
    from churnrisk.cli.products_tables import cut_name, show_account
    from churnrisk.cli.show import counted, percent, say, show_table
    from churnrisk.timeline import date_of

    customers = counted(len(lists.pairs.customers), "customer")
    begins = date_of(lists.pairs.cutoff)
    say(
        f"Lists of {customers}, {counted(len(lists), 'row')}: the chance of a purchase in the {lists.horizon} days "
        f"from {begins} on."
    )
    rows = lists.likeliest(SHOWN).records()
    shown = [
        {
            "customer": row["customer_id"],
            lists.pairs.unit: cut_name(row["name"] or row["product_id"]),
            "chance": row["probability"],
            "why": row["why"],
        }
        for row in rows
    ]
    show_table("The likeliest purchases", shown, formats={"chance": percent})
    for sentence in lists.look_back.sentences():
        say(sentence)
    show_account(lists.pairs.account)
    if unknown:
        named, verb = (
            ", ".join(unknown[:5]) + (", ..." if len(unknown) > 5 else ""),
            "is" if len(unknown) == 1 else "are",
        )
        say(f"  Note: {counted(len(unknown), 'id')} of --exclude {verb} in no row: {named}.")
