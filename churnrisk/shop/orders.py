"""Orders received: from the rows that a client sends to what is remembered, and back to orders."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from churnrisk.orders import FewOrders, IntakeOptions, PurchaseRow, build_few_orders, mark_undone, read_day
from churnrisk.state import ReceivedOrder, StoredOrder
from churnrisk.timeline import date_of

TEXTS = ("ordered_at", "amount", "quantity", "product_id", "category")

Order = tuple[Any, ...]
"""As in ``schema.ORDERS``."""


def to_rows(orders: Iterable[ReceivedOrder]) -> list[PurchaseRow]:
    """Return the purchase rows of orders as they are kept."""
    return [
        PurchaseRow(customer_id=order.customer_id, order_id=order.order_id, **dict(line))
        for order in orders
        for line in order.lines
    ]


def to_received(rows: Sequence[PurchaseRow], *, timezone: str | None) -> list[ReceivedOrder]:
    """Put rows together into orders to remember, each in the order of its first row; rows of an order are sorted."""
    zone = None if timezone is None else zoneinfo.ZoneInfo(timezone)
    groups: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for place, row in enumerate(rows, start=1):
        line = {name: text for name in TEXTS if (text := getattr(row, name)) is not None}
        day = date_of(read_day(row.ordered_at, place, zone)).isoformat()
        groups.setdefault((row.customer_id, row.order_id or "", day), []).append(line)
    return [
        ReceivedOrder(customer, order, sorted(lines, key=lambda line: sorted(line.items())), day)
        for (customer, order, day), lines in groups.items()
    ]


def build_received(orders: Sequence[StoredOrder], options: IntakeOptions, *, facts: Mapping[str, bool]) -> FewOrders:
    """Make orders of what was received, as part of a log that knows these facts; exact copies of rows are kept."""
    rows = to_rows(one.order for one in orders)
    return build_few_orders(rows, options, needs_amounts=facts["has_amounts"], keep_copies=True)


def key_of(order: Sequence[object], *, has_order_ids: bool) -> tuple[object, ...]:
    """Return what names an order: its id and its day, or in a log without ids its day."""
    return tuple(order[:3]) if has_order_ids else (order[0], order[2])


def choose_new(
    parts: Iterable[FewOrders], known: Iterable[tuple[object, ...]], *, has_order_ids: bool
) -> tuple[list[Order], list[tuple[Any, ...]]]:
    """Return the orders received that a log does not have, each once, and their rows.

    Parameters
    ----------
    parts : iterable of FewOrders
        What was received, one order id each, as it came.
    known : iterable of tuple
        The keys of the orders of the log.
    has_order_ids : bool
        Whether orders of the log have ids.
    """
    seen, mine = set(known), set()
    orders: list[Order] = []
    lines: list[tuple[Any, ...]] = []
    for part in parts:
        for order in part.orders:
            if key_of(order, has_order_ids=has_order_ids) in seen or order[:3] in mine:
                continue
            mine.add(order[:3])
            orders.append(order)
            lines += [line for line in part.lines if line[1] == order[2]]
    return orders, lines


def mark_anew(orders: Sequence[Order], options: IntakeOptions, *, has_amounts: bool) -> list[Order]:
    """Tell of all orders of some customers, those received included, which purchases returns have undone."""
    reversals, reversal_days = options.reversals, options.reversal_days
    return mark_undone(orders, has_amounts=has_amounts, reversals=reversals, reversal_days=reversal_days)


def was_purchase(order: Order, as_of: int) -> bool:
    """Tell whether an order was a purchase, as known on the morning of a day."""
    return bool(order[7]) and order[2] < as_of <= order[9]
