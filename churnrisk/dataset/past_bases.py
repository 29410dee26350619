"""The customer base at many past cutoffs, in three numbers a customer, and how many of it churned.

A forecast of the coming base rate asks how far a buy-till-you-die model was off, week by week, in the past: last
month, and in the same season of every year of the log. That takes the customer base at a hundred cutoffs and more, but
no features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from churnrisk.btyd import Summary
from churnrisk.dataset.purchase_days import purchase_days_ever
from churnrisk.engines import BATCH_ROWS, Arrays, Database, map_customers
from churnrisk.features import PurchaseLog
from churnrisk.schema import NEVER
from churnrisk.timeline import Snapshot, stands_at

STEP = 7
"""Days between cutoffs: whole weeks, so that each window holds the same weekdays."""

NEAR_DAYS, FAR_STEP = 800, 28
"""Cutoffs that lie further back than two years and a month are four weeks apart: there only the season is asked for."""

LEAST_HISTORY = 14
"""Days of history that a cutoff must have before it."""


@dataclass(frozen=True)
class PurchaseDays:
    """Days with a purchase of some customers, sorted by customer and day, each day once.

    Parameters
    ----------
    customer : ndarray of int64, shape (n,)
        Whole numbers that rise.
    day, undone_day : ndarray of int64, shape (n,)
        The day, and when the last of its purchases is undone.
    """

    customer: NDArray[np.int64]
    day: NDArray[np.int64]
    undone_day: NDArray[np.int64]

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """Where each customer begins."""
        return np.flatnonzero(np.diff(self.customer, prepend=-1))

    @cached_property
    def _first_undone(self) -> int:
        return int(self.undone_day.min(initial=NEVER))

    def known_at(self, snapshot: Snapshot) -> PurchaseDays:
        """Leave out what was undone in a look at the cutoff, and in one at the end of the outcome window."""
        if stands_at(self._first_undone, snapshot.outcome_end):
            return self
        was_known = snapshot.is_past(self.day) & stands_at(self.undone_day, snapshot.cutoff)
        kept = was_known | (~snapshot.is_past(self.day) & stands_at(self.undone_day, snapshot.outcome_end))
        return PurchaseDays(self.customer[kept], self.day[kept], self.undone_day[kept])


@dataclass(frozen=True)
class PastBase:
    """The customer base at one past cutoff, members with the same history in one row.

    Parameters
    ----------
    snapshot : Snapshot
        When; its outcome window is over.
    histories : Summary of m rows
        The members' histories, and how many members each row stands for.
    churned : ndarray of float64, shape (m,)
        How many of these had no purchase in the outcome window, as known at its end.
    """

    snapshot: Snapshot
    histories: Summary
    churned: NDArray[np.float64]

    @property
    def size(self) -> int:
        """Customers in the base."""
        return int(self.histories.customers.sum())

    @property
    def churn_rate(self) -> float:
        """Share of the base that churned; NaN where nobody was in the base."""
        return float(self.churned.sum() / self.size) if self.size else float("nan")


def trace_past_bases(
    log: PurchaseLog,
    current: Snapshot,
    *,
    first_day: int,
    database: Database | None = None,
    rows: int = BATCH_ROWS,
) -> tuple[PastBase, ...]:
    """Return the customer base week by week, from the newest cutoff whose outcome is known back to the first days.

    Parameters
    ----------
    log : PurchaseLog
        Orders on any engine.
    current : Snapshot
        The one at ``as_of``; nothing on or after that day is read.
    first_day : int
        Day of the first order of the log.
    database : Database, optional
        The one that the log lies in; then purchase days stream.
    rows : int
        Purchase days of a batch, about.

    Returns
    -------
    tuple of PastBase
        Oldest cutoff first; empty where the history is too short.
    """
    newest = current.cutoff - current.lead - current.horizon
    snapshots = [current.at(cutoff) for cutoff in choose_cutoffs(newest, first_day + LEAST_HISTORY)]
    if not snapshots:
        return ()
    days = purchase_days_ever(log, current.cutoff)
    step = partial(count_bases, snapshots)
    by_day = ["customer_id", "order_day"]
    parts = list(map_customers(days, step, sort_by=by_day, rows=rows, database=database, table="orders"))
    names = ("at", "frequency", "age", "tenure", "customers", "churned")
    table = {name: np.concatenate([part[name] for part in parts] or [np.zeros(0, np.int64)]) for name in names}
    return tuple(_past_base(snapshot, table, at) for at, snapshot in enumerate(snapshots))


def choose_cutoffs(newest: int, oldest: int) -> list[int]:
    """Choose the cutoffs, oldest first: weekly for 800 days, and every four weeks before that."""
    turn = newest - NEAR_DAYS // FAR_STEP * FAR_STEP
    near, far = range(newest, max(turn, oldest - 1), -STEP), range(turn, oldest - 1, -FAR_STEP)
    return [*near, *far][::-1]


def count_bases(snapshots: Sequence[Snapshot], batch: Arrays) -> Arrays:
    """Count the members of the customer base by history at each snapshot, among some whole customers.

    Parameters
    ----------
    snapshots : sequence of Snapshot
        The cutoffs.
    batch : dict of arrays
        ``customer`` (whole numbers, sorted), ``order_day`` (sorted within a customer, each day once), ``undone_day``.
    """
    days = PurchaseDays(batch["customer"], batch["order_day"], batch["undone_day"])
    counted = [_count_base(at, snapshot, days) for at, snapshot in enumerate(snapshots)]
    return {name: np.concatenate([part[name] for part in counted]) for name in counted[0]}


def _count_base(at: int, snapshot: Snapshot, days: PurchaseDays) -> Arrays:
    rows = collapse_histories(**members_at(snapshot, days)[0])
    return {"at": np.full(len(rows["age"]), at), **rows}


def members_at(snapshot: Snapshot, history: PurchaseDays) -> tuple[Arrays, NDArray[np.int64]]:
    """Return the members of the base among some customers, a row each, and their numbers."""
    history = history.known_at(snapshot)
    days, starts = history.day, history.starts
    known = np.add.reduceat(snapshot.is_past(days).astype(np.int64), starts)
    returned = np.add.reduceat(snapshot.in_outcome(days).astype(np.int64), starts) > 0
    last = days[starts + np.maximum(known, 1) - 1]
    is_member = (known > 0) & snapshot.in_base(last)
    known, last, first = known[is_member], last[is_member], days[starts][is_member]
    rows: Arrays = {
        "frequency": known - 1,
        "age": last - first,
        "tenure": snapshot.cutoff - first,
        "customers": np.ones(len(known)),
        "churned": (~returned[is_member]).astype(np.float64),
    }
    return rows, history.customer[starts][is_member]


def collapse_histories(
    *,
    frequency: NDArray[np.int64],
    age: NDArray[np.int64],
    tenure: NDArray[np.int64],
    customers: NDArray[np.float64],
    churned: NDArray[np.float64],
) -> Arrays:
    """Put equal histories into one row; three numbers become one, since sorting one is ten times faster."""
    base = int(tenure.max(initial=0)) + 1
    code, place = np.unique((frequency * base + age) * base + tenure, return_inverse=True)
    return {
        "frequency": code // base // base,
        "age": code // base % base,
        "tenure": code % base,
        "customers": np.bincount(place, customers, len(code)),
        "churned": np.bincount(place, churned, len(code)),
    }


def _past_base(snapshot: Snapshot, table: Arrays, at: int) -> PastBase:
    chosen = table["at"] == at
    rows = collapse_histories(**{name: values[chosen] for name, values in table.items() if name != "at"})
    histories = Summary(rows["frequency"], rows["age"], rows["tenure"], rows["customers"])
    return PastBase(snapshot, histories, rows["churned"])
