"""Orders received: from the rows that a client sends to what is remembered, and back to orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from churnrisk.orders import FewOrders, IntakeOptions, PurchaseRow, build_few_orders
from churnrisk.state import ReceivedOrder, StoredOrder

TEXTS = ("ordered_at", "amount", "quantity", "product_id", "category")


def to_rows(orders: Iterable[StoredOrder]) -> list[PurchaseRow]:
    """Give the purchase rows of orders that are remembered."""
    return [
        PurchaseRow(customer_id=one.order.customer_id, order_id=one.order.order_id, **dict(line))
        for one in orders
        for line in one.order.lines
    ]


def to_received(rows: Sequence[PurchaseRow]) -> list[ReceivedOrder]:
    """Put rows together into orders to remember, each in the order of its first row; rows of an order are sorted."""
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows:
        line = {name: text for name in TEXTS if (text := getattr(row, name)) is not None}
        groups.setdefault((row.customer_id, row.order_id or ""), []).append(line)
    return [
        ReceivedOrder(customer, order, sorted(lines, key=lambda line: sorted(line.items())))
        for (customer, order), lines in groups.items()
    ]


def build_received(orders: Sequence[StoredOrder], options: IntakeOptions, *, facts: Mapping[str, bool]) -> FewOrders:
    """Make orders of what was received, as part of a log that knows these facts; exact copies of rows are kept."""
    return build_few_orders(
        to_rows(orders),
        timezone=options.timezone,
        fold_case=options.fold_case,
        fold_ids=options.fold_ids,
        pseudonym_key=options.pseudonym_key,
        needs_amounts=facts["has_amounts"],
        keep_copies=True,
    )


def key_of(order: Sequence[object], *, has_order_ids: bool) -> tuple[object, ...]:
    """Give what names an order (a tuple as in ``schema.ORDERS``): its id, or in a log without ids its day."""
    return (order[0], order[1]) if has_order_ids else (order[0], order[2])
