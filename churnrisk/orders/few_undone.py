"""Purchases that returns have taken back whole, among a few orders, in plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from churnrisk.schema import NEVER, ORDERS, column_names

Order = tuple[Any, ...]
Reversals = Literal["undo", "keep"]
_PLACE = {name: place for place, name in enumerate(column_names(ORDERS))}


@dataclass
class _Purchase:
    order: int
    order_id: str
    day: int
    net: int
    remaining: int
    undone_day: int = NEVER

    def take_back(self, amount: int, day: int) -> int:
        """Lower what remains, and give what is left of the amount."""
        taken = min(amount, self.remaining)
        self.remaining -= taken
        if not self.remaining:
            self.undone_day = day
        return amount - taken


def mark_undone(
    orders: Sequence[Order], *, has_amounts: bool, reversals: Reversals = "undo", reversal_days: int = 30
) -> list[Order]:
    """Tell of each order on which day returns have taken it back whole, by its net alone, and whether it is a purchase.

    Returns are taken in the order of their days. One of an order id lowers the purchases of the same customer and id
    that are known by then: first one of which exactly so much is left, else the latest ones. One of which no such
    purchase is left (or that has no id) undoes the latest purchase of the same customer over exactly the amount, not
    older than ``reversal_days``, that no return has lowered. So a row changes nothing about the days before its own.

    Parameters
    ----------
    orders : sequence of tuple
        In the order of :data:`churnrisk.schema.ORDERS`; all orders of each of their customers.
    has_amounts : bool
        Whether nets are amounts; else they are quantities.
    reversals : {"undo", "keep"}
        ``keep`` undoes nothing.
    reversal_days : int
        Days from a purchase to a return of another order id that undoes it, at most.
    """
    customer, net = _PLACE["customer_id"], _PLACE["amount" if has_amounts else "quantity"]
    by_customer: dict[str, list[int]] = {}
    for place, order in enumerate(orders):
        by_customer.setdefault(order[customer], []).append(place)
    undone: dict[int, int] = {}
    for places in by_customer.values():
        if reversals == "undo" and any(orders[place][net] < 0 for place in places):
            undone |= _undo([(place, orders[place]) for place in places], net, reversal_days)
    return [
        _mark(order, undone.get(place, NEVER), is_sale=order[net] > 0 or (not has_amounts and order[net] == 0))
        for place, order in enumerate(orders)
    ]


def _undo(mine: Sequence[tuple[int, Order]], net: int, reversal_days: int) -> dict[int, int]:
    """Give the places of the purchases of one customer that are undone, with the days."""
    name, day = _PLACE["order_id"], _PLACE["order_day"]
    purchases = [_Purchase(at, one[name], one[day], one[net], one[net]) for at, one in mine if one[net] > 0]
    purchases.sort(key=lambda one: (one.day, one.order_id), reverse=True)
    for _, back in sorted((one for one in mine if one[1][net] < 0), key=lambda one: (one[1][day], one[1][name])):
        amount, when = -back[net], back[day]
        known = [one for one in purchases if one.day <= when]
        own = [one for one in known if back[name] and one.order_id == back[name] and one.remaining]
        whole = (one for one in known if one.net == one.remaining == amount and one.day >= when - reversal_days)
        for one in _exact_first(own, amount) if own else list(whole)[:1]:
            amount = one.take_back(amount, when)
    return {one.order: one.undone_day for one in purchases if one.undone_day != NEVER}


def _exact_first(own: Sequence[_Purchase], amount: int) -> Iterable[_Purchase]:
    exact = next((one for one in own if one.remaining == amount), None)
    return own if exact is None else [exact]


def _mark(order: Order, undone_day: int, *, is_sale: bool) -> Order:
    marked = list(order)
    marked[_PLACE["is_purchase"]] = int(is_sale and undone_day != order[_PLACE["order_day"]])
    marked[_PLACE["undone_day"]] = undone_day
    return tuple(marked)
