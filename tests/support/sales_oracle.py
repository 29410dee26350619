"""What a log with statuses, refunds and guests comes to, slowly: row by row, in plain Python.

Written from the words of the design, not from the program. A row is a sale, or it is counted under its word and is
nothing else; what was paid back is an event of its own day; an order is what one customer has under one id on one day.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from churnrisk.timeline import date_of
from support.undone import Key, undone_days

NO_SALES = ("Cancelled", "failed", "VOIDED", "Draft")
WAITING = ("pending", "On hold")
TAKEN_BACK = ("Refunded", "returned")
SALES = ("Paid", "Completed", "shipped", "Partially refunded")
GUESTS = ("0", "guest", "Walk-in", "Gość", "")


@dataclass(frozen=True)
class SaleRow:
    """A row as a file has it; money in cents, days since 1970-01-01."""

    order: str
    customer: str
    day: int
    amount: int
    status: str = "Paid"
    kind: str = "sale"
    email: str = ""
    refund: int = 0
    refund_day: int | None = None

    @property
    def person(self) -> str:
        """Whose row it is: the id, unless it is that of all guests, else the e-mail; empty for nobody's."""
        return self.email.casefold() if self.customer in GUESTS else self.customer


@dataclass(frozen=True)
class Outcome:
    """What the rows come to."""

    orders: dict[Key, tuple[int, int, int]]
    """Net amount in cents, whether it is a purchase, and the day on which it is undone."""

    no_sale: dict[str, int] = field(default_factory=dict)
    pending: dict[str, int] = field(default_factory=dict)
    returned: dict[str, int] = field(default_factory=dict)
    refunds: int = 0
    without_customer: int = 0

    @property
    def revenue(self) -> dict[int, int]:
        """Cents by day."""
        days: Counter[int] = Counter()
        for key, (net, _, _) in self.orders.items():
            days[key.day] += net
        return dict(days)


def settle(rows: Sequence[SaleRow], *, count_pending: bool = False) -> Outcome:
    """Say what the rows come to. No order has a refund column, returned statuses and return rows at once."""
    words: dict[str, dict[str, set[Key | int]]] = {
        name: defaultdict(set) for name in ("no_sale", "pending", "returned")
    }
    nets: Counter[Key] = Counter()
    refunds = nobody = 0
    for place, row in enumerate(rows):
        name = Key(row.person, row.order, 0) if row.order else place
        if row.status in NO_SALES or (row.status in WAITING and not count_pending):
            words["no_sale" if row.status in NO_SALES else "pending"][row.status].add(name)
            continue
        if not row.person:
            nobody += 1
            continue
        amount = -abs(row.amount) if row.kind == "refund" else row.amount
        nets[Key(row.person, row.order, row.day)] += amount
        back = row.refund
        if row.status in TAKEN_BACK:
            words["returned"][row.status].add(name)
            back = back or max(0, amount)
        if back:
            refunds += 1
            nets[Key(row.person, row.order, max(row.day, row.refund_day or row.day))] -= back
    undone = undone_days(nets)
    orders = {key: (net, int(net > 0 and undone[key] != key.day), undone[key]) for key, net in nets.items()}
    counted = {name: {word: len(places) for word, places in table.items()} for name, table in words.items()}
    return Outcome(orders, **counted, refunds=refunds, without_customer=nobody)


def write_csv(rows: Sequence[SaleRow]) -> str:
    """Write the rows as a file has them."""
    text = io.StringIO()
    names = ["order_id", "customer_id", "email", "order_date", "amount", "order_status", "type"]
    names += ["refunded_amount", "refunded_at", "note"]
    writer = csv.writer(text)
    writer.writerow(names)
    for place, row in enumerate(rows):
        amount, refund = (f"{cents / 100:.2f}" for cents in (row.amount, row.refund))
        day = "" if row.refund_day is None else date_of(row.refund_day).isoformat()
        shown = [row.order, row.customer, row.email, date_of(row.day).isoformat(), amount]
        writer.writerow([*shown, row.status, row.kind, refund, day, f"row {place}"])
    return text.getvalue()
