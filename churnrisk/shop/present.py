"""What is current at a moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from churnrisk.orders import ContactList, read_opted_out
from churnrisk.shop.customer_query import CustomerQuery
from churnrisk.shop.erasures import ErasedSince
from churnrisk.shop.figures import Figures
from churnrisk.shop.files import ShopPlan, stamp_source
from churnrisk.shop.generation import CustomerPage, Generation
from churnrisk.shop.received_rows import StoredRow, last_row_seq, load_rows
from churnrisk.shop.refresh import Newer
from churnrisk.state import State, StoredOrder, last_received_seq, received_since
from churnrisk.week_list import ListReads, Unlisted, WeekList, find_refused

Past = TypeVar("Past")


@dataclass(frozen=True)
class Asked:
    """A customer whom a question is about.

    Parameters
    ----------
    customer_id : str
        As the purchases have it.
    newer, rows : sequence of StoredOrder, sequence of StoredRow
        Orders, and rows of tables beside them, that came after the generation was made.
    is_gone : bool
        Whether the customer was erased, or has objected, since then.
    """

    customer_id: str
    newer: Sequence[StoredOrder]
    rows: Sequence[StoredRow]
    is_gone: bool


class Present:
    """What is current at a moment: a generation, what came after it, the forgotten since, and figures of it."""

    def __init__(self, generation: Generation, state: State, *, stamp: object, plan: ShopPlan) -> None:
        self.generation, self.stamp = generation, stamp
        facts = generation.facts
        self.newer = Newer(state, facts["seq"], find_last=last_received_seq, load_since=received_since)
        self._rows = Newer(state, facts["row_seq"], find_last=last_row_seq, load_since=load_rows)
        self.gone = ErasedSince(state, generation)
        self.seen: tuple[object, str | None] | None = None  # the moment of the last look, and the model of then
        self.figures = Figures(generation, plan.calendar)
        self._state, self._plan, self._options, self._lock = state, plan, plan.options, threading.Lock()
        self._version: int | None = None
        self._listing = threading.Lock()
        self._looked: object = None  # the state of everything when the list was last looked after
        self._list: tuple[object, WeekList] | None = None
        self._reads = ListReads()
        self._refused: tuple[object, Unlisted] | None = None

    def ask(self, customer_id: str) -> Asked:
        """Return what has come of a customer since; the one place where an id becomes that of the purchases."""
        own_id = self._options.own_id(customer_id)
        return Asked(own_id, self.newer.of(own_id), self._rows.of(own_id), self.gone.names(own_id))

    def find(self, asked: Asked) -> dict[str, Any] | None:
        """Return the row of a customer in the generation; None where there is none, or not any more."""
        return None if asked.is_gone else self.generation.find(asked.customer_id)

    def page(self, query: CustomerQuery) -> CustomerPage:
        """Return a page of the list; under pseudonyms only a whole id can be looked for."""
        if query.prefix and not query.prefix.startswith("p_") and self._options.pseudonym_key is not None:
            query = replace(query, prefix=self._options.own_id(query.prefix))
        return self.generation.page(query, without=self.gone.numbers)

    def week_list(
        self,
        look_up: Callable[[Unlisted], Past],
        make: Callable[[Past, ListReads], WeekList],
        contacts: ContactList | None,
    ) -> WeekList:
        """Return the list that was made since anything changed that it depends on, or make it.

        The state changes with each order and each job. What it says of the list is then looked up, and the list is made
        anew only where that differs.
        """
        listed = self.gone.numbers, stamp_source(self._plan.listing.suppress), contacts
        version = self._state.version(), *listed
        with self._listing:
            if self._list is None or self._looked != version:
                if self._refused is None or self._refused[0] != listed:
                    self._refused = listed, self._find_refused(contacts)
                past = look_up(replace(self._refused[1], bought=self.newer.customer_ids))
                if self._list is None or self._list[0] != past:
                    self._list = past, make(past, self._reads)
                self._looked = version
            return self._list[1]

    def _find_refused(self, contacts: ContactList | None) -> Unlisted:
        suppress, needs_ids = self._plan.listing.suppress, contacts is not None and contacts.says_consent
        opted_out = read_opted_out(suppress, self._plan.options) if suppress else None
        ids = [one for _, one in self.generation.iterate_customers()] if suppress or needs_ids else []
        found = find_refused(ids, opted_out=opted_out, contacts=contacts)
        gone = self.generation.ids_of(self.gone.numbers)
        return replace(found, refused=frozenset((*found.refused, *gone)))

    def refresh(self) -> None:
        """Take in what was committed since; where nothing was, anywhere, for a few microseconds."""
        version = self._state.version()
        if version == self._version:
            return
        with self._lock:  # no thread answers while another still takes in the forgotten
            if version != self._version:
                anew = self.gone.look()
                self.newer.look(anew=anew, is_left_out=self.gone.objects)
                self._rows.look(anew=anew, is_left_out=self.gone.objects)
                self._version = version
