"""Terminal tables of ``churnrisk products first``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from churnrisk.cli.products_tables import SHOWN, cut_name, show_account
from churnrisk.cli.show import counted, percent, say, show_table
from churnrisk.timeline import date_of

if TYPE_CHECKING:
    from churnrisk.products import FirstList

Records = Sequence[Mapping[str, Any]]
_RATES = {"back": percent, "expected": percent, "again": percent, "from": percent, "to": percent, "year ago": percent}
_NOT = "not told apart"


def show_first(found: FirstList) -> None:
    """Show what first buyers begin with, what differs by more than chance, and what could have been seen."""
    say(
        f"As of {date_of(found.as_of)}: {counted(found.first_buyers, 'customer')} first bought {found.burn_in} days or "
        f"more after the start of the log and {found.horizon} days or more before its end. {found.return_rate:.1%} "
        f"bought again within {found.horizon} days."
    )
    say()
    records = found.items.records()
    _show_differences(records, found.unit)
    _show_items(f"First {found.unit}, most first buyers first", records[:SHOWN], found.unit)
    categories = found.categories.records()
    if categories:
        _show_items("First category, most first buyers first", categories[:SHOWN], "category")
    _show_groups("Size of the first basket, in different items", found.sizes.records())
    _show_groups("Month of the first basket", found.months.records())
    _say_power(found)
    if found.second_order:
        most = max(records, key=lambda row: row["second_orders"], default=None)
        name = "" if most is None or most["product_id"] != found.second_order else f" ({most['name']})"
        say(f"Most second baskets hold {found.second_order}{name if name != ' ()' else ''}.")
    _show_stopping(found)
    show_account(found.account)


def _show_differences(records: Records, unit: str) -> None:
    told = [row for row in records if row["verdict"] != _NOT]
    say(
        f"{counted(len(records), 'comparison')} of a first {unit} with other first baskets of the same month and size: "
        f"{len(told)} {'differs' if len(told) == 1 else 'differ'} by more than chance (about one in ten of such "
        f"findings is false), and {len(records) - len(told)} are not told apart."
    )
    say()
    if told:
        ordered = sorted(told, key=lambda row: row["difference"])
        _show_items(f"First {unit} that differs, fewest coming back first", ordered[:SHOWN], unit)


def _show_items(title: str, records: Records, unit: str) -> None:
    rows = [
        {
            unit: cut_name(row.get("name") or row.get("product_id") or row["category"]),
            "buyers": row["first_buyers"],
            "back": row["return_rate"],
            "expected": row["expected_rate"],
            **({"again": row["repeat_rate"]} if "repeat_rate" in row else {}),
            "verdict": row["verdict"],
        }
        for row in records
    ]
    if rows:
        caption = "back: buys anything again; expected: the same month and size"
        if "again" in rows[0]:
            caption += "; again: buys it again"
        show_table(title, rows, formats=_RATES, caption=caption)


def _show_groups(title: str, records: Records) -> None:
    names = {"first_buyers": "buyers", "return_rate": "back", "return_rate_from": "from", "return_rate_to": "to"}
    rows = [{names.get(name, name): value for name, value in row.items()} for row in records]
    show_table(title, rows, formats=_RATES, caption="from, to: 95 % interval; shown as they are, and not corrected")


def _say_power(found: FirstList) -> None:
    for buyers, difference, chance in found.power:
        say(
            f"With {buyers:,} first buyers, a product after which {difference * 100:.0f} points fewer come back would "
            f"be told apart in {chance * 100:.0f} of 100 cases."
        )


def _show_stopping(found: FirstList) -> None:
    days = found.stopping_days
    if found.stopping is None:
        say(f"The log is too short to compare who stops with a year ago: that takes a year and {3 * days} days.")
        return
    records = found.stopping.records()
    told = [row for row in records if row["verdict"] != _NOT]
    say(
        f"{counted(len(records), found.unit)} with 20 regulars or more now and a year ago (bought on three days or "
        f"more, the last time in the last {days} days): {len(told)} differ from a year ago in the share that bought "
        f"none of it in the {days} days that followed."
    )
    rows = [
        {
            found.unit: cut_name(row["name"] or row["product_id"]),
            "regulars": row["regulars"],
            "gave up": percent(row["gave_up_share"]),
            "year ago": row["gave_up_share_year_ago"],
            "from": row["difference_from"],
            "to": row["difference_to"],
            "verdict": row["verdict"],
        }
        for row in records[:SHOWN]
    ]
    if rows:
        caption = "from, to: 95 % interval of the difference to a year ago"
        show_table("Regulars that stop, most above a year ago first", rows, formats=_RATES, caption=caption)
