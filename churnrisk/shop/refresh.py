"""What was received after a generation was made, by customer, kept up with the state."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from churnrisk.state import State, StoredOrder, last_received_seq, received_since


class NewerOrders:
    """Orders that came after a place in the sequence, by customer. Safe to be used by several threads at once.

    Parameters
    ----------
    state : State
        Where they are.
    seq : int
        The last one that the generation has.
    """

    def __init__(self, state: State, seq: int) -> None:
        self._state, self._first = state, seq
        self._lock = threading.Lock()
        self._seen = seq
        self._by_customer: dict[str, tuple[StoredOrder, ...]] = {}

    def look(self, *, anew: bool = False, is_left_out: Callable[[str], bool] = lambda _: False) -> None:
        """Take in what has come since, but of customers left out; all of it anew where some may have been erased."""
        with self._lock:
            last = last_received_seq(self._state)
            if anew or (last < self._seen and self._seen > self._first):
                self._seen, self._by_customer = self._first, {}
            if last > self._seen:
                for one in received_since(self._state, self._seen):
                    customer = one.order.customer_id
                    if not is_left_out(customer):
                        self._by_customer[customer] = (*self._by_customer.get(customer, ()), one)
                    self._seen = max(self._seen, one.seq)

    def of(self, customer_id: str) -> Sequence[StoredOrder]:
        """Return those of one customer, as they came."""
        return self._by_customer.get(customer_id, ())

    @property
    def customer_ids(self) -> frozenset[str]:
        """The customers they are of."""
        return frozenset(self._by_customer)

    @property
    def customers(self) -> int:
        """How many customers they are of."""
        return len(self._by_customer)
