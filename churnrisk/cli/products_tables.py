"""Terminal tables of the commands on products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from churnrisk.cli.show import counted, percent, say, show_table
from churnrisk.timeline import date_of

if TYPE_CHECKING:
    from churnrisk.products import DueList, ItemAccount, LookBack
    from churnrisk.schema import CsvStyle
    from churnrisk.tables import Table

SHOWN, NAME_WIDTH, LISTED, WEEK = 10, 28, 5, 7
_EVIDENCE = {
    "told": "named by you",
    "named": "its name says nothing but a fee",
    "partly_named": "its name says a fee",
    "negative": "often negative",
    "any_price": "any price",
    "on_every_order": "on many orders and never alone",
    "alone": "alone in its orders",
}


class Rows(Protocol):
    """A long list of products: :class:`churnrisk.products.DueList` or :class:`churnrisk.products.NextProducts`."""

    @property
    def kinds(self) -> Mapping[str, Any]:
        """What each column holds."""

    def whole(self) -> Table:
        """Return all rows as one table."""

    def tables(self) -> Iterator[Table]:
        """Return all rows as tables below each other."""

    def to_dict(self) -> dict[str, Any]:
        """Return what the list is, without its rows."""


def write_rows(found: Rows, output: Path, csv_style: CsvStyle) -> int:
    """Write all rows, some at a time, a workbook at once; return how many cells got an apostrophe."""
    from churnrisk.tables import write_table, write_tables

    if output.suffix.lower() == ".xlsx":
        return write_table(found.whole(), output, holds="list", csv_style=csv_style, is_for_people=True)
    return write_tables(found.tables(), output, kinds=found.kinds, holds="list", csv_style=csv_style)


def describe_rows(found: Rows, name: str, output: Path | None) -> dict[str, Any]:
    """Return a list as plain values: its rows under a name, or the file that they are in."""
    if output is not None:
        return {**found.to_dict(), "output": str(output)}
    return {**found.to_dict(), name: [row for table in found.tables() for row in table.records()]}


def say_written(output: Path | None, size: int, defused: int) -> None:
    """Say where all rows are, and what was changed there."""
    if output is not None:
        changed = f" {counted(defused, 'cell')} that a spreadsheet would run got an apostrophe." if defused else ""
        say(f"All {counted(size, 'row')}: {output}.{changed}")


def show_due(found: DueList) -> None:
    """Show how much is due, what comes first, how an earlier list came true, and what was left out."""
    soon, overdue, said = found.due_soon(WEEK), found.overdue(), found.to_dict()
    say(
        f"As of {date_of(found.as_of)}: {counted(len(found), 'pair')} of a customer and a {found.unit} bought on three "
        f"days or more. {len(soon):,} are due, or will be within {WEEK} days; {len(overdue):,} are overdue; "
        f"{said['given_up']:,} were not bought for {found.within_days} days and count as given up."
    )
    say()
    _show_pairs(f"Due, or due within {WEEK} days, most likely first", found, soon, {"due": "due_on"})
    _show_pairs("Overdue, most likely first", found, overdue, {"over": "overdue_days"})
    _say_look_back(found.look_back)
    show_account(found.account)


def cut_name(text: str) -> str:
    """Return a name as it stands in a table: on one line, and with a mark where it is cut."""
    line = " ".join(text.split())
    return line if len(line) <= NAME_WIDTH else line[: NAME_WIDTH - 1].rstrip() + "…"


def _show_pairs(title: str, found: DueList, places: Any, columns: Mapping[str, str]) -> None:
    rows = [
        {
            "customer": row["customer_id"],
            found.unit: cut_name(row["name"] or row["product_id"]),
            "usual": row["usual_gap_days"],
            "last": row["last_bought_on"],
            **{heading: row[column] for heading, column in columns.items()},
            "again": row["comes_again_probability"],
        }
        for row in found.choose(places[:SHOWN]).records()
    ]
    if rows:
        caption = (
            f"usual: days between purchases; again: chance of a purchase within {found.within_days} days of the last"
        )
        if "over" in columns:
            caption += "; over: days since the end of the 80 % interval"
        show_table(title, rows, formats={"usual": "{:.0f}".format, "again": percent}, caption=caption, right={"over"})


def _say_look_back(look_back: LookBack | None) -> None:
    """Say how the list of an earlier day came true."""
    if look_back is None:
        say("The log is too short to look back on how an earlier list came true.")
        return
    inside = ""
    if look_back.inside is not None:
        inside = (
            f" Of {look_back.recent_came:,} bought in the week before it and bought again, {look_back.inside:.0%} were "
            "so between the dates from_on and to_on; 80% is promised."
        )
    say(
        f"Look back: as of {look_back.as_of}, {look_back.expected:.0%} of {counted(look_back.pairs, 'pair')} were "
        f"expected to be bought again within {look_back.within_days} days of the last purchase, and "
        f"{look_back.came:.0%} were.{inside}"
    )


def show_account(account: ItemAccount) -> None:
    """Say what was left out of the rows, and which codes have several names."""
    if account.lines_given_back:
        say(f"  Note: {counted(account.lines_given_back, 'row')} given back were left out.")
    for one in account.no_products[:SHOWN]:
        why = ", ".join(_EVIDENCE[mark] for mark in one.evidence)
        kind = "category " if one.is_category else ""
        called = f" ({one.name})" if one.name else ""
        say(f"  Note: {kind}{one.code}{called} was left out as no product, {counted(one.lines, 'row')}: {why}.")
    if account.no_products:
        more = len(account.no_products) - SHOWN
        rest = f" {counted(more, 'more code')} in --json." if more > 0 else ""
        say(f"  --is-product CODE keeps one, --not-product CODE leaves out another.{rest}")
    for code in account.unknown:
        say(f"  Note: no row before the day has the product id or category {code}.")
    _say_names([one for one in account.many_names if one.is_renamed], "renamed", "and each counts as one product")
    _say_names(
        [one for one in account.many_names if not one.is_renamed],
        "used for several products at a time",
        "and each counts as one product all the same",
    )


def _say_names(many: Sequence[Any], what: str, then: str) -> None:
    if many:
        listed = ", ".join(f"{one.code} ({'; '.join(one.names)})" for one in many[:LISTED])
        more = ", ..." if len(many) > LISTED else ""
        say(
            f"  Note: {counted(len(many), 'code')} {'was' if len(many) == 1 else 'were'} {what}, {then}: {listed}{more}"
        )
