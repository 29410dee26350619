"""Put the account of a reading together: what came in, what became of it, and what the user should know."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from churnrisk.engines import SqlEngine
from churnrisk.errors import SourceError
from churnrisk.messages import mark, wording
from churnrisk.orders.intake import Intake
from churnrisk.orders.report import EXAMPLES, IntakeReport
from churnrisk.orders.rows import RowCounts, RowTable, count_kinds, count_reasons, first_rejects
from churnrisk.orders.sales import SaleCounts, SalePlan
from churnrisk.schema import NEVER
from churnrisk.sources import ColumnMatch, name_ignored
from churnrisk.timeline import date_of

# distinct customers are counted by grouping, which spills to disk where they are very many
_IS_ZERO, _STANDS = "is_purchase = 0 AND is_return = 0", f"undone_day = {NEVER}"
_COUNTS = f"""SELECT count(*), count(*) FILTER (WHERE is_purchase = 1 AND {_STANDS}), coalesce(sum(is_return), 0),
    count(*) FILTER (WHERE {_IS_ZERO} AND {_STANDS} AND returned_amount = 0),
    count(*) FILTER (WHERE NOT {_STANDS} OR ({_IS_ZERO} AND returned_amount > 0)),
    min(order_day), max(order_day) FROM {{orders}}"""
NO_AMOUNTS = mark("The log has no amounts: features of money are left out, and every order counts as a purchase.")
FLOATS = wording("The ids in {name} are of type float; they are read without '.0', as 123.")
NO_SALE = wording("No sale, and not counted: {names} (orders by their status).")
PENDING = wording(
    "Not paid yet, and not counted as sales: {names} (orders by their status). --count-pending counts them."
)
COUNTED_PENDING = mark("Orders that are not paid yet count as sales, as asked.")
OTHER_TYPES = wording("Rows that repeat a sale or are none, and are not counted: {names}.")
RETURNED = wording("Refunded or returned, and so undone: {names} (orders by their status).")
RETURNED_IN = wording(
    "Refunded or returned: {names} (orders by their status). What was paid back is taken from {name}, so an order that "
    "was refunded in part stays a purchase."
)
BLANK = wording("{number} rows have no word in {name}, nor has another row of their order; they count as sales.")
PARTLY = wording(
    "Refunded in part, and no column says how much: {names} (orders by their status). They count with all of their "
    "money; if a column has the refunded amounts, choose it: --column refunded_amount=NAME."
)
REFUNDS = wording("{number} refunds were taken from {name}; each counts on its own day.")
UNDATED = wording(
    "{number} refunds have no date of their own and count on the day of their order: the file knows more than was "
    "known on the morning after, and figures of past days are as of today."
)
UNDONE = wording(
    "{number} purchases were undone: returns have taken them back whole. They count as purchases up to the day of the "
    "return and not after; --reversals keep counts them for good."
)
OVER_DAYS = wording(
    "{number} order ids have rows on several days, over {days} days at most; each row counts on its own day."
)
TOTALS = wording("{name} is the total of an order and stands on each of its lines; it counts once.")
UNUSED = wording("The column {name} says nothing about what became of an order ({names}), and was not used.")


def make_report(
    engine: SqlEngine,
    table: RowTable,
    orders: str,
    intake: Intake,
    *,
    counts: RowCounts,
    rows_in: int,
    sales: SaleCounts,
    aside: str,
    notices: tuple[str, ...],
) -> IntakeReport:
    """Make the account of a purchase history."""
    found: dict[str, Any] = {**count_orders(engine, table, orders, name=intake.name, rows_in=rows_in, aside=aside)}
    first_day, last_day = found.pop("first_day"), found.pop("last_day")
    found |= {kind: getattr(sales, kind) for kind in ("no_sale", "pending", "other_types", "returned", "refunds")}
    kinds = count_kinds(engine, aside)
    said = (*intake.notices, *notices, *name_ignored(intake.match))
    return IntakeReport(
        source=intake.name,
        format=intake.form,
        rows_in=rows_in,
        rows_used=rows_in - sum(kinds.values()) - counts.no_sale,
        rows_rejected=kinds.get("rejected", 0),
        duplicates_dropped=kinds.get("duplicate", 0),
        rows_without_customer=kinds.get("without_customer", 0),
        reasons=count_reasons(engine, aside),
        **found,
        first_on=date_of(first_day).isoformat(),
        last_on=date_of(last_day).isoformat(),
        rows_no_sale=counts.no_sale,
        guests=sales.guests.to_dict(),
        date_format=intake.typed.date_format,
        columns=intake.match.names,
        ignored_columns=intake.match.ignored,
        notices=(*said, *(() if intake.typed.has_amounts else (NO_AMOUNTS,))),
        rejected_rows=first_rejects(engine, EXAMPLES, aside),
    )


def count_orders(
    engine: SqlEngine, table: RowTable, orders: str, *, name: str, rows_in: int, aside: str
) -> dict[str, int]:
    """Count the orders by kind, their customers, and the order ids with rows on several days."""
    [row] = engine.rows_of(_COUNTS.format(orders=orders))
    names = ("orders", "purchases", "returns", "zero_orders", "undone", "first_day", "last_day")
    found = {key: int(value or 0) for key, value in zip(names, row, strict=True)}
    if not found["orders"]:
        reasons = "; ".join(f"{count} x {reason}" for reason, count in count_reasons(engine, aside).items())
        raise SourceError(
            f"{name} has {rows_in} rows and none that can be used: {reasons or 'none of them is a sale'}.",
            code="source.no_usable_rows",
        )
    whose = f"SELECT DISTINCT customer_id FROM {orders}"
    if table.customers:
        whose = f"SELECT customer_id FROM {table.customers} WHERE good > 0"
    [(customers,)] = engine.rows_of(f"SELECT count(*) FROM ({whose})")
    [(returned,)] = engine.rows_of(
        f"SELECT count(*) FROM {table.name} WHERE issue = 0 AND (amount < 0 OR quantity < 0)"
    )
    spans = f"""SELECT count(*), coalesce(max(span), 0) FROM (
        SELECT max(order_day) - min(order_day) AS span FROM {orders}
        WHERE order_id <> '' GROUP BY customer_id, order_id HAVING min(order_day) < max(order_day))"""
    [(several, longest)] = [(0, 0)] if table.has_own_ids else engine.rows_of(spans)
    return found | {
        "customers": int(customers),
        "return_rows": int(returned),
        "orders_over_days": int(several),
        "longest_order_days": int(longest),
    }


def say_sales(match: ColumnMatch, plan: SalePlan, sales: SaleCounts, *, has_pending: bool) -> list[str]:
    """Say what is no sale, what was paid back, and which columns of words say nothing."""
    said = [UNUSED.format(name=repr(header), names=words) for header, words in plan.unused]
    for sentence, words in ((NO_SALE, sales.no_sale), (PENDING, sales.pending), (OTHER_TYPES, sales.other_types)):
        if words:
            said.append(sentence.format(names=list_words(words)))
    if has_pending:
        said.append(COUNTED_PENDING)
    said += [BLANK.format(number=number, name=repr(header)) for header, number in plan.blank]
    if sales.returned:
        refunds = match.names.get("refunded_amount")
        sentence = RETURNED_IN if refunds else RETURNED
        said.append(sentence.format(names=list_words(sales.returned), name=repr(refunds)))
    if sales.partly:
        said.append(PARTLY.format(names=list_words(sales.partly)))
    if sales.has_repeated_totals:
        said.append(TOTALS.format(name=repr(match.names["amount"])))
    if "refunded_amount" in match.positions and sales.dated_refunds:
        said.append(REFUNDS.format(number=sales.dated_refunds, name=repr(match.names["refunded_amount"])))
    if sales.refunds > sales.dated_refunds:
        said.append(UNDATED.format(number=sales.refunds - sales.dated_refunds))
    return said


def list_words(words: Mapping[str, int]) -> str:
    """List words with their counts."""
    shown = ", ".join(f"{word} {count}" for word, count in list(words.items())[:12])
    return shown if len(words) <= 12 else f"{shown} and {len(words) - 12} more words"


def say_orders(report: IntakeReport) -> tuple[str, ...]:
    """Say of the orders what is known once they are made."""
    said = []
    if report.undone:
        said.append(UNDONE.format(number=report.undone))
    if report.orders_over_days:
        said.append(OVER_DAYS.format(number=report.orders_over_days, days=report.longest_order_days))
    return tuple(said)


def say_floats(floats: Set[int], match: ColumnMatch) -> list[str]:
    """Say which ids were floats: whoever made them so may have rounded long ones."""
    roles = ("customer_id", "order_id", "product_id")
    found = [match.names[role] for role in roles if match.positions.get(role) in floats]
    return [FLOATS.format(name=repr(header)) for header in found]
