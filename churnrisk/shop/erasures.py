"""Who was forgotten or objects, as the shop sees it: left out of a generation, in the making or made before."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from churnrisk.engines import Database, fill_table
from churnrisk.shop.generation import Generation
from churnrisk.state import State, identify, list_objections, list_tombstones, stamp_tombstones, standing
from churnrisk.store import find_erased
from churnrisk.timeline import day_number

FOREVER = "9999-12-31T00:00:00+00:00"
"""The moment up to which objectors are left out: they come back by withdrawing alone."""


@dataclass(frozen=True)
class Erasures:
    """The erased of a state, and those who object: a keyed hash of each with the moment, and how a customer is hashed.

    Parameters
    ----------
    moments : mapping of str to str
        Hash to the moment (UTC) of the erasure.
    stamp : str
        Changes with every further erasure; empty while there was none.
    digest : callable
        Gives the hash of a customer.
    is_blind : bool
        Whether there are hashes, and not the key that they were made with: nobody can be known again then.
    """

    moments: Mapping[str, str] = field(default_factory=dict)
    stamp: str = ""
    digest: Callable[[str], str] = str
    is_blind: bool = False

    def since(self, known: Mapping[str, str]) -> Erasures:
        """Return those that were not known, or not so late."""
        later = {one: moment for one, moment in self.moments.items() if moment > known.get(one, "")}
        return Erasures(later, self.stamp, self.digest, self.is_blind)

    def describe(self) -> dict[str, Any]:
        """Return what a generation that was made without them keeps of it."""
        return {"erased": dict(self.moments), "erased_stamp": self.stamp, "lacks_erasure_key": self.is_blind}

    def names(self, customer_id: str) -> bool:
        """Tell whether a customer is one of the erased."""
        return bool(self.moments) and self.digest(customer_id) in self.moments

    def objects(self, customer_id: str) -> bool:
        """Tell whether a customer is left out for good, with orders of whatever day."""
        return self.names(customer_id) and self.moments[self.digest(customer_id)] == FOREVER

    def last_days(self, customer_ids: Iterable[str]) -> list[tuple[str, int]]:
        """Those of some customers who were erased, each with the day of it, up to which orders are of no account.

        An order after that day is of somebody who came back.
        """
        if not self.moments:
            return []
        hashed = ((one, self.moments.get(self.digest(one))) for one in customer_ids)
        return [(one, day_number(dt.date.fromisoformat(moment[:10]))) for one, moment in hashed if moment is not None]


def read_erasures(state: State) -> Erasures:
    """Read the customers erased from a state, and those that object.

    Raises
    ------
    SigningKeyError
        Where the key of the hashes can be read by others, or is damaged.
    """
    stamp = stamp_tombstones(state)
    if not stamp:
        return Erasures()
    moments = list_tombstones(state) | dict.fromkeys(standing(list_objections(state)), FOREVER)
    erased = find_erased()
    if erased is None:
        return Erasures(stamp=stamp, is_blind=True)
    state_id = identify(state)
    return Erasures(moments, stamp, lambda one: erased.digest(one, state_id=state_id))


@dataclass(frozen=True)
class History:
    """The tables of a log that was read: its orders, its purchase rows, and how many orders were left out of them."""

    orders: str = "orders"
    lines: str = "order_lines"
    left_out: int = 0


def leave_out(database: Database, erasures: Erasures, *, has_lines: bool) -> History:
    """Leave the orders of customers who were erased out of a log, up to the day of the erasure."""
    run = database.connection.execute
    if not erasures.moments:
        return History()
    found = run("SELECT DISTINCT customer_id FROM orders")
    gone = erasures.last_days(one for rows in iter(lambda: found.fetchmany(10_000), []) for (one,) in rows)
    fill_table(database, "gone", {"customer_id": "VARCHAR", "until_day": "BIGINT"}, gone)
    is_gone = "SELECT 1 FROM gone WHERE gone.customer_id = one.customer_id AND one.order_day <= gone.until_day"
    for table in ("orders", "order_lines") if has_lines else ("orders",):
        kept = f"SELECT one.* FROM {table} one WHERE NOT EXISTS ({is_gone})"  # noqa: S608 - names of ours
        run(f"CREATE TEMP VIEW kept_{table} AS {kept}")
    [(left_out,)] = run(f"SELECT count(*) FROM orders one WHERE EXISTS ({is_gone})").fetchall()  # noqa: S608 - as above
    return History("kept_orders", "kept_order_lines", int(left_out))


class ErasedSince:
    """Those customers of a generation who were forgotten, or objected, after it was made. Safe for several threads.

    Parameters
    ----------
    state : State
        Where erasures are kept.
    generation : Generation
        Which generation.
    """

    def __init__(self, state: State, generation: Generation) -> None:
        self._state, self._generation = state, generation
        self._lock = threading.Lock()
        self._erasures, self._all = Erasures(), read_erasures(state)
        self._stamp = generation.erased_stamp
        self._numbers: tuple[int, ...] | None = ()

    def look(self) -> bool:
        """Take in the customers forgotten since the last look; tell whether there are any."""
        if stamp_tombstones(self._state) == self._stamp:
            return False
        found = read_erasures(self._state)
        with self._lock:
            self._erasures, self._stamp = found.since(self._generation.erased), found.stamp
            self._all = found
            self._numbers = None
        return True

    def names(self, customer_id: str) -> bool:
        """Tell whether a customer of the generation is to be left out."""
        return self._erasures.names(customer_id)

    def objects(self, customer_id: str) -> bool:
        """Tell whether a customer is to be left out with orders that come later, too."""
        return self._all.objects(customer_id)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the customers to be left out; worked out once for all customers."""
        with self._lock:
            if self._numbers is None:
                names = self._erasures.names
                pairs = self._generation.iterate_customers() if self._erasures.moments else ()
                self._numbers = tuple(number for number, customer in pairs if names(customer))
            return self._numbers
