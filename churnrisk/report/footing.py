"""What the figures stand on: their definitions, and the account of the rows."""

from __future__ import annotations

from collections.abc import Iterator

from churnrisk.messages import mark, say
from churnrisk.report.blocks import Block, Column, DataTable, Section, Terms, Words
from churnrisk.report.content import ReportData
from churnrisk.report.formats import whole
from churnrisk.report.overview import SHOWN
from churnrisk.retelling import retell
from churnrisk.retention import DEFINITIONS

DEFINED = {name: title for name, (title, _) in SHOWN.items()} | {
    "new_customers": mark("New"),
    "reactivated_customers": mark("Returned"),
    "lost_customers": mark("Lost customers"),
    "classic": mark("Cohorts"),
    "rfm_score": mark("Segments"),
}
"""Every figure that the page shows, with its title there."""

ROWS = (
    (mark("rows in"), "rows_in"),
    (mark("used"), "rows_used"),
    (mark("rejected"), "rows_rejected"),
    (mark("exact copies dropped"), "duplicates_dropped"),
    (mark("without a customer"), "rows_without_customer"),
)


ROLES = (
    *(mark("customer id"), mark("order id"), mark("ordered at"), mark("amount"), mark("unit price"), mark("quantity")),
    *(mark("currency"), mark("product id"), mark("category")),
)
"""What columns of a purchase history may be."""

ORDERS = (mark("orders"), mark("purchases"), mark("returns"))


def build_definitions(data: ReportData) -> Section:
    """Build the list of definitions."""
    words = Words(
        say(
            "A customer is active at a day with a purchase in the {lookback} days before it; a purchase is an order "
            "with a positive net amount, or any order where the log has no amounts. A period ends on the day after "
            "its last. S is the customers active at its start, E those active at its end, N the new and R the "
            "returned ones; w is {window} days.",
            lookback=data.table.lookback_days,
            window=data.table.revenue_window_days,
        )
    )
    terms = Terms(tuple((say(title), name, _define(name)) for name, title in DEFINED.items()))
    return Section("definitions", say("Definitions"), [words, terms])


def _define(name: str) -> str:
    return f"{say(DEFINITIONS[name].formula)}. {say(DEFINITIONS[name].edge_cases)}".strip()


def build_account(data: ReportData) -> Section:
    """Build the account of the rows."""
    return Section("account", say("Account of the rows"), list(_build_blocks(data)))


def _build_blocks(data: ReportData) -> Iterator[Block]:
    intake = data.intake
    counted = tuple((say(title), whole(intake[key])) for title, key in ROWS)
    reasons = tuple(
        (say("set aside: {reason}", reason=retell(reason)), whole(count))
        for reason, count in sorted(intake["reasons"].items())
    )
    yield DataTable(say("Rows"), (Column(say("Rows"), is_number=False), Column(say("count"))), counted + reasons)
    orders = tuple((say(name), whole(intake[name])) for name in ORDERS)
    yield DataTable(
        say("Orders"),
        (Column(say("Orders"), is_number=False), Column(say("count"))),
        (
            *orders,
            (say("of amount zero"), whole(intake["zero_orders"])),
            (say("customers"), whole(intake["customers"])),
        ),
    )
    roles = tuple((say(role.replace("_", " ")), str(header)) for role, header in intake["columns"].items())
    heads = (
        Column(say("Read as"), is_number=False),
        Column(say("column of the file"), is_number=False, is_foreign=True),
    )
    yield DataTable(say("Columns"), heads, roles)
    yield from (Words(retell(notice), is_note=True) for notice in intake["notices"])
