"""``churnrisk products next``: what each customer is likeliest to buy, with the chance of it."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.cli.options import (
    AsJson,
    AsOf,
    CsvStyle,
    CsvStyleChoice,
    Reading,
    reads_purchases,
    runs_on_engines,
)
from churnrisk.cli.retention_source import Purchases, describe_intake, opened_orders, read_day

if TYPE_CHECKING:
    from churnrisk.products import NextProducts

SHOWN = 10
"""Rows on the screen: the likeliest ones."""


class Unit(enum.StrEnum):
    """What an item is."""

    product = "product"
    category = "category"


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
    unit: Annotated[
        Unit, typer.Option("--unit", metavar="product|category", help="Forecast products, or their categories.")
    ] = Unit.product,
    exclude: Annotated[
        Path | None,
        typer.Option("--exclude", metavar="FILE", help="Product ids, one per line, that are not to be listed."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write all lists: .csv, .parquet or .xlsx."),
    ] = None,
    csv_style: CsvStyleChoice = CsvStyle.plain,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """List the products that each customer is likeliest to buy next, with the chance of each and why.

    Example: churnrisk products next purchases.csv --top 5 --output next.csv
    """
    from churnrisk import products
    from churnrisk.cli.show import print_json, progress_bar
    from churnrisk.tables import check_target

    if output is not None:
        check_target(output)
    excluded = [] if exclude is None else products.read_ids(exclude)
    with progress_bar(is_quiet=as_json) as progress:
        progress("reading purchases", 0, 1)
        with opened_orders(context, purchases, reading, products=True) as orders:
            pairs = products.read_pair_days(orders, read_day(as_of) or orders.last_day + 1, unit=unit.value)
            intake = describe_intake(orders)
        lists = products.forecast_next(pairs, horizon=horizon, top=top, excluded=excluded, progress=progress)
        defused = 0 if output is None else _write(lists, output, csv_style, progress)
    unknown = sorted(set(excluded) - set(pairs.items))
    if as_json:
        rows = {} if output else {"next": _records(lists.columns())}
        print_json(
            {**lists.to_dict(), "excluded": len(excluded), "excluded_unknown": unknown, **rows, "intake": intake}
        )
        return
    show_next(lists, unknown)
    _show_output(output, len(lists), defused)


def _write(lists: NextProducts, output: Path, csv_style: CsvStyle, progress: Any) -> int:
    """Write all lists, some rows at a time; a workbook at once."""
    from churnrisk.products import NEXT_KINDS
    from churnrisk.tables import Table, write_table, write_tables

    progress("writing", 0, 1)
    if output.suffix.lower() == ".xlsx":
        return write_table(Table(lists.columns()), output, holds="list", is_for_people=True)
    parts = map(Table, lists.parts())
    return write_tables(parts, output, kinds=NEXT_KINDS, holds="list", csv_style=csv_style.value)


def _show_output(output: Path | None, size: int, defused: int) -> None:
    from churnrisk.cli.show import counted, say

    if output is not None:
        say(f"All {counted(size, 'row')}: {output}")
    if defused:
        say(f"{defused:,} texts that a spreadsheet would run as formulas got a leading apostrophe there.")


def _records(columns: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def show_next(lists: NextProducts, unknown: list[str]) -> None:
    """Print the likeliest purchases, how the method was chosen, and what the lists cannot do."""
    from churnrisk.cli.show import counted, percent, say, show_table
    from churnrisk.timeline import date_of

    customers = counted(len(lists.pairs.customers), "customer")
    begins = date_of(lists.pairs.cutoff)
    say(f"{customers}, {counted(len(lists), 'row')}: products of the {lists.horizon} days from {begins} on.")
    rows = _records(lists.likeliest(SHOWN))
    shown = [
        {
            "customer": row["customer_id"],
            "product": row["name"] or row["product_id"],
            "chance": row["probability"],
            "why": row["why"],
        }
        for row in rows
    ]
    show_table("The likeliest purchases", shown, formats={"chance": percent})
    for sentence in lists.look_back.sentences():
        say(sentence)
    if unknown:
        named = ", ".join(unknown[:5]) + (", ..." if len(unknown) > 5 else "")
        say(f"{counted(len(unknown), 'id')} of --exclude is no product of this history: {named}.")
