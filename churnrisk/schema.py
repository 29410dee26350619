"""The data dictionary: each table's columns, their type, unit and meaning.

Whole days, whole money: a day is an integer count since 1970-01-01, and an amount or a quantity an integer count
of ten-thousandths of its unit (docs/adr/0002). Floating point begins in the last step of a feature, not before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

MONEY_SCALE = 10_000
"""Amounts and quantities are integers in units of 1 / MONEY_SCALE."""

MONEY_LIMIT = 10**14
"""Largest amount of one row, in currency units, by absolute value."""


NEVER = 2**31 - 1
"""The day on which an order is undone that no return has taken back whole; it fits the narrow types of engines."""


@dataclass(frozen=True)
class Column:
    """One column: its name, its type in the engines, its unit, and what it means."""

    name: str
    type: str
    unit: str
    meaning: str


ORDERS = (
    Column("customer_id", "text", "id", "the buyer; the text of the file, trimmed"),
    Column("order_id", "text", "id", "the order's id in the file; empty where it has none"),
    Column("order_day", "int64", "days since 1970-01-01", "day of the order's rows, in the log's clock"),
    Column("amount", "int64", "1/10000 currency unit", "net amount of the order; 0 in a log without amounts"),
    Column("returned_amount", "int64", "1/10000 currency unit", "absolute sum of the order's negative rows"),
    Column("quantity", "int64", "1/10000 item", "net number of items; 0 where the log has none"),
    Column("line_count", "int64", "rows", "purchase rows in the order"),
    Column("is_purchase", "int64", "0 or 1", "net above zero (without amounts: not below), and not undone that day"),
    Column("is_return", "int64", "0 or 1", "net amount (without amounts: net quantity) below zero"),
    Column("undone_day", "int64", "days since 1970-01-01", "day on which returns have taken it back whole, or NEVER"),
)
"""One row per order: the purchase rows of one customer with one order id on one day. All later stages read them.

What was known on the morning of a day is told by :func:`churnrisk.engines.known_before`.
"""

LINES = (
    Column("customer_id", "text", "id", "the buyer"),
    Column("order_day", "int64", "days since 1970-01-01", "day of the row"),
    Column("product_id", "text", "id", "what was bought; empty where the log has none"),
    Column("category", "text", "name", "the product's category; empty where the log has none"),
    Column("amount", "int64", "1/10000 currency unit", "net amount of the row"),
    Column("quantity", "int64", "1/10000 item", "net number of items of the row"),
)
"""One row per purchase row, only in logs that name products or categories."""

LINE_DETAILS = (
    Column("order_id", "text", "id", "the order's id in the file; empty where it has none"),
    Column("description", "text", "name", "what the row calls the product; empty where the log has no names"),
)
"""Columns of a line beside those of ``LINES``, only where products are asked for: they are wide."""

OPTIONAL_ROLES = (
    "description",
    "order_status",
    "payment_status",
    "row_type",
    "refunded_amount",
    "refunded_at",
    "cancelled_at",
    "is_captured",
    "is_valid",
    "is_live",
    "discount",
    "email",
    "phone",
)
"""Roles that no log needs: where two columns could have one of them, none does, and it is said."""

ROLES = (
    "customer_id",
    "ordered_at",
    "amount",
    "order_id",
    "quantity",
    "product_id",
    "category",
    "unit_price",
    "currency",
    *OPTIONAL_ROLES,
)
"""What a column of a user's file can stand for. The first two are needed in a purchase history."""

SUMMARY_ROLES = ("customer_id", "days_since_last_order", "tenure_days", "order_count", "mean_order_amount")
"""Columns of a file with one row per customer."""

SUMMARY_DATE_ROLES = ("first_order_on", "last_order_on")
"""Dates that a file with one row per customer may have instead of the days."""

By = Literal["value", "risk"]
"""What a list of scores is sorted by."""

ListedBy = Literal["profit", "value", "risk"]
"""What this week's list is sorted by."""

Sort = Literal[By, "id"]
"""What the list of a shop is sorted by."""

ReasonsFor = Literal["shown", "listed", "all", "none"]
"""Which customers get reasons."""

CustomerKind = Literal["purchases", "ids", "summary"]
"""What a file of customers can be."""

Status = Literal["scored", "lapsed", "no_purchases"]
Risk = Literal["high", "medium", "low"]
Segment = Literal[
    "champions",
    "loyal",
    "promising",
    "new",
    "needs_attention",
    "about_to_sleep",
    "at_risk",
    "cannot_lose",
    "hibernating",
    "lost",
]
CohortMeasure = Literal["customers", "revenue"]
"""What cohorts are followed by."""

ItemUnit = Literal["product", "category"]
"""What lists of products are about."""

Outcome = Literal["retained", "orders", "revenue"]
"""What a campaign is judged by."""

KeyRole = Literal["reader", "scorer", "contacts", "admin"]
"""What a key may do, each more than the one before it."""

ContactRole = Literal[
    "customer_id",
    "email",
    "first_name",
    "last_name",
    "name",
    "phone",
    "language",
    "consent",
    "consent_at",
    "opted_out",
    "opted_out_at",
]
"""Columns of a file of contacts."""
Task = Literal["weekly", "monitor", "retrain"]
"""What a schedule can have done."""

JobStatus = Literal["queued", "running", "done", "failed", "cancelled"]
Receipt = Literal["accepted", "duplicate", "conflict"]
"""What becomes of an order that is sent."""

Tool = Literal["mailchimp", "klaviyo", "hubspot"]
"""Programs that a list is written for."""

CsvStyle = Literal["plain", "excel"]
MailSecurity = Literal["starttls", "tls", "none"]
LanguageCode = Literal["en", "bg", "pl", "be"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

CUSTOMER_KINDS: tuple[CustomerKind, ...] = get_args(CustomerKind)
STATUSES: tuple[str, ...] = get_args(Status)
SORTS: tuple[str, ...] = (*get_args(By), "id")
RISKS: tuple[str, ...] = get_args(Risk)
ITEM_UNITS: tuple[ItemUnit, ...] = get_args(ItemUnit)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
KEY_ROLES: tuple[KeyRole, ...] = get_args(KeyRole)
TASKS: tuple[Task, ...] = get_args(Task)
TOOLS: tuple[Tool, ...] = get_args(Tool)
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


def column_names(table: tuple[Column, ...]) -> tuple[str, ...]:
    """Return the names of a table's columns, in order."""
    return tuple(column.name for column in table)
