"""Orders received over HTTP: on the disk before they are acknowledged, and each once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from churnrisk.schema import Receipt
from churnrisk.state.clock import now
from churnrisk.state.database import State

"""What became of an order: kept now, kept before with the same rows, or not kept since other rows are."""

_COLUMNS = "seq, customer_id, order_id, ordered_on, received_at, key_id, lines"


@dataclass(frozen=True)
class ReceivedOrder:
    """An order as it came, checked by intake but kept as text, so that it takes the way of any file.

    Parameters
    ----------
    customer_id, order_id : str
        Together with the day they name the order.
    lines : sequence of mapping
        Its purchase rows: our column names (``ordered_at``, ``amount``, ``quantity``, ``product_id``, ``category``)
        to text; what a row has not got is left out.
    ordered_on : str
        The day of all of its rows, an ISO date; empty for an order kept before days were told apart.
    """

    customer_id: str
    order_id: str
    lines: Sequence[Mapping[str, str]]
    ordered_on: str = ""


@dataclass(frozen=True)
class StoredOrder:
    """An order in the state: its place in the sequence, when (UTC) it came, by which key, and what it was."""

    seq: int
    received_at: str
    key_id: int | None
    order: ReceivedOrder

    @property
    def customer_id(self) -> str:
        """The customer whose order it is."""
        return self.order.customer_id


def add_received(state: State, orders: Sequence[ReceivedOrder], *, key_id: int | None = None) -> list[Receipt]:
    """Keep orders; they are on the disk when this returns, all of them or, after an error, none.

    Sending the same again changes nothing, so a client that got no answer sends it again. An order is the same if its
    rows are, in their order.

    Returns
    -------
    list of {"accepted", "duplicate", "conflict"}
        One for each order.
    """
    insert = (
        "INSERT INTO received_orders (customer_id, order_id, ordered_on, received_at, key_id, digest, lines) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (customer_id, order_id, ordered_on) DO NOTHING RETURNING seq"
    )
    known = "SELECT digest FROM received_orders WHERE customer_id = ? AND order_id = ? AND ordered_on = ?"
    receipts: list[Receipt] = []
    with state.transaction():
        received_at = now("microseconds")
        for order in orders:
            digest, lines = _pack(order)
            name = (order.customer_id, order.order_id, order.ordered_on)
            if state.rows(insert, (*name, received_at, key_id, digest, lines)):
                receipts.append("accepted")
            else:
                receipts.append("duplicate" if state.rows(known, name) == [(digest,)] else "conflict")
    return receipts


def split_by_day(
    state: State, customers: Iterable[str], split: Callable[[ReceivedOrder], Sequence[ReceivedOrder]]
) -> None:
    """Give their days to the orders of customers that were kept before days were told apart.

    Parameters
    ----------
    state : State
        Where they are kept.
    customers : iterable of str
        Whose orders are looked at.
    split : callable
        Gives the orders, one for each day, that an order without a day is; none where that cannot be told.
    """
    known = "SELECT 1 FROM received_orders WHERE customer_id = ? AND order_id = ? AND ordered_on = ?"
    anew = "UPDATE received_orders SET ordered_on = ?, digest = ?, lines = ? WHERE seq = ?"
    further = (
        "INSERT INTO received_orders (customer_id, order_id, ordered_on, received_at, key_id, digest, lines) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)"
    )
    with state.transaction():
        for customer in customers:
            for stored in _orders(state, "WHERE customer_id = ? AND ordered_on = '' ", (customer,)):
                parts = [((one.customer_id, one.order_id, one.ordered_on), _pack(one)) for one in split(stored.order)]
                if any(state.rows(known, name) for name, _ in parts):
                    continue
                for name, packed in parts[:1]:
                    state.run(anew, (name[2], *packed, stored.seq))
                for name, packed in parts[1:]:
                    state.run(further, (*name, stored.received_at, stored.key_id, *packed))


def _pack(order: ReceivedOrder) -> tuple[str, str]:
    """Return the digest and the text of the rows of an order."""
    lines = json.dumps(list(map(dict, order.lines)), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest(), lines


def load_received(state: State, customer_id: str | None = None) -> list[StoredOrder]:
    """Return the orders received of one customer, or of all, in the order in which they came."""
    where, values = ("WHERE customer_id = ? ", (customer_id,)) if customer_id is not None else ("", ())
    return _orders(state, where, values)


def received_since(state: State, seq: int) -> list[StoredOrder]:
    """Return the orders that came after a place in the sequence, in the order in which they came.

    Writers take turns, so an order never appears before a place that was read already.
    """
    return _orders(state, "WHERE seq > ? ", (seq,))


def last_received_seq(state: State) -> int:
    """Return the place of the last order in the sequence; 0 where none has come yet."""
    return int(state.rows("SELECT coalesce(max(seq), 0) FROM received_orders")[0][0])


def _orders(state: State, where: str, values: Sequence[object]) -> list[StoredOrder]:
    found = state.rows(f"SELECT {_COLUMNS} FROM received_orders {where}ORDER BY seq", values)  # noqa: S608 - names of ours
    return [
        StoredOrder(int(seq), received_at, key_id, ReceivedOrder(customer_id, order_id, tuple(json.loads(lines)), day))
        for seq, customer_id, order_id, day, received_at, key_id, lines in found
    ]
