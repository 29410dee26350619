"""Which purchases returns have taken back whole, slowly: one customer at a time, one return after the other.

Written from the definition, not from the program: a table of what remains of each purchase, looked through anew for
each return.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from churnrisk.schema import NEVER


class Key(NamedTuple):
    """What names an order."""

    customer: str
    order: str
    day: int


def undone_days(nets: Mapping[Key, int], *, reversals: str = "undo", reversal_days: int = 30) -> dict[Key, int]:
    """Return the day on which each order is undone, by the net of each (an amount, or a quantity)."""
    undone: dict[Key, int] = dict.fromkeys(nets, NEVER)
    if reversals == "keep":
        return undone
    customers: dict[str, dict[Key, int]] = defaultdict(dict)
    for key, net in nets.items():
        customers[key.customer][key] = net
    for own in customers.values():
        undone |= undone_of_one(own, reversal_days)
    return undone


def undone_of_one(nets: Mapping[Key, int], reversal_days: int) -> dict[Key, int]:
    """Return the day on which each order of one customer is undone, of those that are."""
    undone: dict[Key, int] = {}
    left = {key: net for key, net in nets.items() if net > 0}
    untouched = set(left)
    returns = sorted((key.day, key.order, -net) for key, net in nets.items() if net < 0)
    for day, order, amount in returns:
        same = [key for key in left if key.order == order != "" and key.day <= day]
        same = [key for key in same if left[key] > 0]
        if not same:
            others = [key for key in untouched if day - reversal_days <= key.day <= day]
            same = [max(fits, key=latest)] if (fits := [key for key in others if nets[key] == amount]) else []
        elif fits := [key for key in same if left[key] == amount]:
            same = [max(fits, key=latest)]
        for key in sorted(same, key=latest, reverse=True):
            while amount and left[key]:
                taken = min(amount, left[key])
                amount, left[key] = amount - taken, left[key] - taken
                untouched.discard(key)
                if left[key] == 0:
                    undone[key] = day
        if paid_until(nets, day) == 0:
            for key in left:
                if key.day <= day and left[key]:
                    left[key], undone[key] = 0, day
            untouched = {key for key in untouched if left[key]}
    return undone


def paid_until(nets: Mapping[Key, int], day: int) -> int:
    """What the customer has paid by the end of a day and not got back; what came back unpaid is no credit."""
    paid = 0
    days = sorted({key.day for key in nets if key.day <= day})
    for one in days:
        own = [net for key, net in nets.items() if key.day == one]
        paid = max(0, paid + sum(own))
    return paid


def latest(key: Key) -> tuple[int, str]:
    """What is greater of two orders of a customer that come one after the other; ids settle it on one day."""
    return key.day, key.order
