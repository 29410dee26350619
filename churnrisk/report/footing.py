"""What the figures stand on: their definitions, and the account of the rows."""

from __future__ import annotations

from collections.abc import Iterator

from churnrisk.report.blocks import Block, Column, DataTable, Section, Terms, Words
from churnrisk.report.content import ReportData
from churnrisk.report.formats import whole
from churnrisk.report.overview import SHOWN
from churnrisk.retention import DEFINITIONS

DEFINED = {name: title for name, (title, _) in SHOWN.items()} | {
    "new_customers": "New",
    "reactivated_customers": "Returned",
    "lost_customers": "Lost customers",
    "classic": "Cohorts",
    "rfm_score": "Segments",
}
"""Every figure that the page shows, with its title there."""

ROWS = (
    ("rows in", "rows_in"),
    ("used", "rows_used"),
    ("rejected", "rows_rejected"),
    ("exact copies dropped", "duplicates_dropped"),
    ("without a customer", "rows_without_customer"),
)


def build_definitions(data: ReportData) -> Section:
    """Build the list of definitions."""
    words = Words(
        f"A customer is active at a day with a purchase in the {data.table.lookback_days} days before it; a purchase "
        "is an order with a positive net amount, or any order where the log has no amounts. A period ends on the day "
        "after its last. S is the customers active at its start, E those active at its end, N the new and R the "
        f"returned ones; w is {data.table.revenue_window_days} days."
    )
    meanings = {name: f"{DEFINITIONS[name].formula}. {DEFINITIONS[name].edge_cases}".strip() for name in DEFINED}
    terms = Terms(tuple((title, name, meanings[name]) for name, title in DEFINED.items()))
    return Section("definitions", "Definitions", [words, terms])


def build_account(data: ReportData) -> Section:
    """Build the account of the rows."""
    return Section("account", "Account of the rows", list(_build_blocks(data)))


def _build_blocks(data: ReportData) -> Iterator[Block]:
    intake = data.intake
    counted = tuple((title, whole(intake[key])) for title, key in ROWS)
    reasons = tuple((f"set aside: {reason}", whole(count)) for reason, count in sorted(intake["reasons"].items()))
    yield DataTable("Rows", (Column("Rows", is_number=False), Column("count")), counted + reasons)
    orders = tuple((name.replace("_", " "), whole(intake[name])) for name in ("orders", "purchases", "returns"))
    yield DataTable(
        "Orders",
        (Column("Orders", is_number=False), Column("count")),
        (*orders, ("of amount zero", whole(intake["zero_orders"])), ("customers", whole(intake["customers"]))),
    )
    roles = tuple((role.replace("_", " "), str(header)) for role, header in intake["columns"].items())
    heads = (Column("Read as", is_number=False), Column("column of the file", is_number=False, is_foreign=True))
    yield DataTable("Columns", heads, roles)
    yield from (Words(str(notice), is_note=True) for notice in intake["notices"])
