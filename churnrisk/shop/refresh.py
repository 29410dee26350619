"""What was received after a generation was made, by customer, kept up with the state."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from churnrisk.state import State


class Received(Protocol):
    """Something that came over HTTP and is in the state."""

    @property
    def seq(self) -> int:
        """The place in the sequence of its kind."""

    @property
    def customer_id(self) -> str:
        """The customer whom it is about."""


Kind = TypeVar("Kind", bound=Received)


class Newer(Generic[Kind]):
    """Orders, or rows of tables, that came after a place in their sequence, by customer. Safe for several threads.

    Parameters
    ----------
    state : State
        Where they are.
    seq : int
        The last one that the generation has.
    find_last : callable
        Gives the place of the last one in a state.
    load_since : callable
        Gives those of a state after a place.
    """

    def __init__(
        self,
        state: State,
        seq: int,
        *,
        find_last: Callable[[State], int],
        load_since: Callable[[State, int], Sequence[Kind]],
    ) -> None:
        self._state, self._first = state, seq
        self._find_last, self._load_since = find_last, load_since
        self._lock = threading.Lock()
        self._seen = seq
        self._by_customer: dict[str, tuple[Kind, ...]] = {}

    def look(self, *, anew: bool = False, is_left_out: Callable[[str], bool] = lambda _: False) -> None:
        """Take in what has come since, but of customers left out; all of it anew where some may have been erased."""
        with self._lock:
            last = self._find_last(self._state)
            if anew or (last < self._seen and self._seen > self._first):
                self._seen, self._by_customer = self._first, {}
            if last > self._seen:
                came: dict[str, list[Kind]] = {}
                for one in self._load_since(self._state, self._seen):
                    came.setdefault(one.customer_id, []).append(one)
                    self._seen = max(self._seen, one.seq)
                kept = {customer: rows for customer, rows in came.items() if not is_left_out(customer)}
                self._by_customer |= {customer: (*self.of(customer), *rows) for customer, rows in kept.items()}

    def of(self, customer_id: str) -> Sequence[Kind]:
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
