"""Take new orders in: checked against the history, then on the disk, each once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from churnrisk.errors import SourceError
from churnrisk.orders import IntakeOptions, PurchaseRow, build_few_orders, trim_text
from churnrisk.shop.generation import Generation
from churnrisk.shop.orders import to_received, to_rows
from churnrisk.state import ReceivedOrder, State, add_received, split_by_day
from churnrisk.timeline import date_of

OrderStatus = tuple[str, str, str, str]
"""Customer, order, ``accepted``, ``duplicate`` or ``conflict``, and the day of the order, an ISO date."""


def receive_orders(
    state: State,
    generation: Generation | None,
    rows: Sequence[PurchaseRow],
    *,
    options: IntakeOptions,
    key_id: int | None,
    is_gone: Callable[[str], bool] | None = None,
) -> list[OrderStatus]:
    """Keep orders; they are on the disk when this returns.

    Of customers forgotten after the generation was made (``is_gone``), nothing counts as known: one who buys again is a
    new customer.

    Raises
    ------
    SourceError
        Where a row is not right; nothing is kept then.
    """
    trimmed = [_trim(row, place, options) for place, row in enumerate(rows, start=1)]
    few = build_few_orders(
        trimmed,
        IntakeOptions(timezone=options.timezone),  # ids are those of the purchases already
        needs_amounts=None if generation is None else generation.known["has_amounts"],
        keep_copies=True,
    )
    customers = sorted(one for one in {row.customer_id for row in trimmed} if is_gone is None or not is_gone(one))
    known = {} if generation is None else generation.known_orders(customers)
    mine = {(order[0], order[1], date_of(order[2]).isoformat()): (order[3], order[5]) for order in few.orders}
    orders = to_received(trimmed, timezone=options.timezone)
    split_by_day(state, dict.fromkeys(one.customer_id for one in orders), lambda kept: _split(kept, options))
    new = [one for one in orders if _name(one) not in known]
    receipts = dict(zip(map(_name, new), add_received(state, new, key_id=key_id), strict=True))
    for name, there in known.items():
        if name in mine:
            receipts[name] = "duplicate" if mine[name] == there else "conflict"
    return [(one.customer_id, one.order_id, receipts[_name(one)], one.ordered_on) for one in orders]


def _split(kept: ReceivedOrder, options: IntakeOptions) -> list[ReceivedOrder]:
    with contextlib.suppress(SourceError):  # its days cannot be read any more, so it stays as it came
        return to_received(to_rows([kept]), timezone=options.timezone)
    return []


def _name(order: ReceivedOrder) -> tuple[str, str, str]:
    return order.customer_id, order.order_id, order.ordered_on


def _trim(row: PurchaseRow, place: int, options: IntakeOptions) -> PurchaseRow:
    """Write ids as intake does, so that an order is known again however it is sent, and pseudonyms alone are kept."""
    customer, order = trim_text(row.customer_id), trim_text(row.order_id or "")
    if not customer or not order:
        name = "order_id" if customer else "customer_id"
        raise SourceError(f"row {place}, {name}: is empty; every order to keep needs its customer and its id.")
    return replace(row, customer_id=options.own_id(customer), order_id=order)
