"""The customer base at many past cutoffs, in three numbers a customer, and how many of it churned.

A forecast of the coming base rate asks how far a buy-till-you-die model was off, week by week, in the past: last
month, and in the same season a year ago. That takes the customer base at a hundred cutoffs, but no features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from churnrisk.btyd import Summary
from churnrisk.dataset.purchase_days import purchase_days
from churnrisk.engines import BATCH_ROWS, Arrays, Database, map_customers
from churnrisk.features import PurchaseLog
from churnrisk.timeline import Snapshot

STEP = 7
"""Days between cutoffs: whole weeks, so that each window holds the same weekdays."""

REACH = 800
"""Days that the oldest cutoff lies back: two years, and a month to see the change since a year before."""

LEAST_HISTORY = 14
"""Days of history that a cutoff must have before it."""


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
        How many of these had no purchase in the outcome window.
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
    """Give the customer base week by week, from the newest cutoff whose outcome is known backwards.

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
    oldest = max(first_day + LEAST_HISTORY, current.cutoff - REACH)
    snapshots = [current.at(cutoff) for cutoff in range(newest, oldest - 1, -STEP)][::-1]
    if not snapshots:
        return ()
    days = purchase_days(log, current.cutoff)
    step = partial(count_bases, snapshots)
    by_day = ["customer_id", "order_day"]
    parts = list(map_customers(days, step, sort_by=by_day, rows=rows, database=database, table="orders"))
    names = ("at", "frequency", "age", "tenure", "customers", "churned")
    table = {name: np.concatenate([part[name] for part in parts] or [np.zeros(0, np.int64)]) for name in names}
    return tuple(_past_base(snapshot, table, at) for at, snapshot in enumerate(snapshots))


def count_bases(snapshots: Sequence[Snapshot], batch: Arrays) -> Arrays:
    """Count the members of the customer base by history at each snapshot, among some whole customers.

    Parameters
    ----------
    snapshots : sequence of Snapshot
        The cutoffs.
    batch : dict of arrays
        ``customer`` (whole numbers, sorted) and ``order_day`` (sorted within a customer, each day once).
    """
    days = batch["order_day"]
    starts = np.flatnonzero(np.diff(batch["customer"], prepend=-1))
    counted = [_count_base(at, snapshot, days, starts) for at, snapshot in enumerate(snapshots)]
    return {name: np.concatenate([part[name] for part in counted]) for name in counted[0]}


def _count_base(at: int, snapshot: Snapshot, days: NDArray[np.int64], starts: NDArray[np.intp]) -> Arrays:
    rows = collapse_histories(**members_at(snapshot, days, starts)[0])
    return {"at": np.full(len(rows["age"]), at), **rows}


def members_at(
    snapshot: Snapshot, days: NDArray[np.int64], starts: NDArray[np.intp]
) -> tuple[Arrays, NDArray[np.bool_]]:
    """Give the members of the base among some customers, a row each, and who of the customers they are.

    Parameters
    ----------
    snapshot : Snapshot
        The cutoff.
    days : ndarray of int64
        Purchase days, sorted within each customer.
    starts : ndarray of int
        Where each customer begins.
    """
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
    return rows, is_member


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
