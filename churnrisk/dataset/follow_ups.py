"""What customers did after past cutoffs: for the next order, and the return of lapsed ones.

These snapshots have cutoffs of their own, about a month apart, and reach further back than those that churn is learned
from: a year of follow-up needs a cutoff a year before ``as_of``. They take few features each, so they are cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from churnrisk.btyd import Summary
from churnrisk.engines import Database
from churnrisk.features import Features, PurchaseLog, customer_features
from churnrisk.labels import UndonePurchases, find_undone, follow_customers
from churnrisk.timeline import Snapshot, stands_at

STEP, NEAR_CUTOFFS = 40, 13
"""Days between cutoffs, where the history is long enough, and how many lie so close: four of them have a year of
follow-up. No whole weeks, so that all weekdays occur."""

FAR_STEP, FAR_CUTOFFS = 61, 9
"""Older cutoffs lie further apart; with three years of history they show how a forecast of a year would have done."""

LEAST_DAYS = 30
"""Days that the newest cutoff is followed, or a horizon if that is shorter."""

LEAST_CUTOFFS = 8
"""In a short history cutoffs lie closer, down to a week, so that there are so many."""

LEAST_HISTORY = 90
"""Days of history before the oldest cutoff, or a horizon if that is shorter."""

MOST_CUSTOMERS = 6000
"""Customers of one cutoff that are kept, drawn at random."""


@dataclass(frozen=True)
class UndoneWaits:
    """Purchases after a cutoff that are none any more, for what was known while they still were.

    Parameters
    ----------
    row : ndarray of int64, shape (m,)
        Place of the customer among those that are followed.
    wait_days, undone_after : ndarray of int64, shape (m,)
        Days from the start of the outcome window to the purchase, and to the day on which it was undone.
    """

    row: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    wait_days: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    undone_after: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def find(cls, undone: UndonePurchases, customer_ids: NDArray[np.object_], snapshot: Snapshot) -> UndoneWaits:
        """Find those of the customers, which are sorted by id."""
        start = snapshot.outcome_start
        later = np.flatnonzero(undone.day >= start)
        if not len(later) or not len(customer_ids):
            return cls()
        rows = np.searchsorted(customer_ids, undone.customer_ids[later])
        is_followed = customer_ids[np.minimum(rows, len(customer_ids) - 1)] == undone.customer_ids[later]
        later = later[is_followed]
        return cls(rows[is_followed], undone.day[later] - start, undone.undone_day[later] - start)

    def known_after(self, wait_days: NDArray[np.float64], days: int) -> NDArray[np.float64]:
        """Return the waits as they were known so many days after the start of the outcome window."""
        known = np.where(wait_days < days, wait_days, np.inf)
        stood = (self.wait_days < days) & stands_at(self.undone_after, days)
        np.minimum.at(known, self.row[stood], self.wait_days[stood])
        return known

    def of_rows(self, rows: NDArray[np.intp]) -> UndoneWaits:
        """Keep those of some customers, given by their places, which rise."""
        chosen = np.isin(self.row, rows)
        places = np.searchsorted(rows, self.row[chosen])
        return UndoneWaits(places, self.wait_days[chosen], self.undone_after[chosen])


@dataclass(frozen=True)
class FollowUpData:
    """The customer base at one past cutoff, and what it did afterwards, as far as known at ``until``.

    Parameters
    ----------
    snapshot : Snapshot
        When.
    until : int
        The first day that is not known.
    customer_ids : ndarray of object, shape (n,)
        The customer base, or a random part of it.
    values : ndarray of float64, shape (n, p)
        A few features, NaN where missing.
    wait_days : ndarray of float64, shape (n,)
        Days from the start of the outcome window to the next purchase day as known at ``until``, infinite for none.
    lapsed : Summary
        Histories of the customers who had lapsed, alike ones in one row.
    returned : ndarray of float64
        How many customers of each row of ``lapsed`` bought in the outcome window, as known at its end; empty where it
        is not over.
    undone : UndoneWaits
        Purchases that were undone before ``until``.
    """

    snapshot: Snapshot
    until: int
    customer_ids: NDArray[np.object_]
    values: NDArray[np.float64]
    wait_days: NDArray[np.float64]
    lapsed: Summary
    returned: NDArray[np.float64]
    undone: UndoneWaits = field(default_factory=UndoneWaits)

    @property
    def known_days(self) -> int:
        """Days of the outcome window and after it that are known."""
        return self.until - self.snapshot.outcome_start

    def known_at(self, until: int) -> FollowUpData:
        """Return what was known of the same customers on the morning of an earlier day."""
        days = until - self.snapshot.outcome_start
        return FollowUpData(
            self.snapshot,
            until,
            self.customer_ids,
            self.values,
            self.undone.known_after(self.wait_days, days),
            self.lapsed,
            self.returned if self.snapshot.outcome_end <= until else np.zeros(0),
            self.undone,
        )


def choose_follow_ups(first_day: int, current: Snapshot) -> tuple[Snapshot, ...]:
    """Choose the cutoffs that are followed, oldest first: each with some history before it and a month after it."""
    newest = current.cutoff - current.lead - min(current.horizon, LEAST_DAYS)
    oldest = first_day + min(current.horizon, LEAST_HISTORY)
    if newest < oldest:
        return ()
    step = max(7, min(STEP, (newest - oldest) // LEAST_CUTOFFS))
    near = [newest - k * step for k in range(NEAR_CUTOFFS)]
    far = [near[-1] - k * FAR_STEP for k in range(1, FAR_CUTOFFS + 1)]
    return tuple(current.at(day) for day in reversed(near + far) if day >= oldest)


def build_follow_ups(
    log: PurchaseLog,
    snapshots: Sequence[Snapshot],
    *,
    names: Sequence[str],
    until: int,
    seed: int = 0,
    database: Database | None = None,
) -> tuple[FollowUpData, ...]:
    """Follow the customers of past cutoffs.

    Parameters
    ----------
    log : PurchaseLog
        Orders on any engine.
    snapshots : sequence of Snapshot
        The cutoffs, oldest first.
    names : sequence of str
        The features to compute.
    until : int
        The first day that is not known.
    seed : int
        Of the draw of customers where a cutoff has more than 6,000.
    database : Database, optional
        The one that the log lies in.
    """
    features = partial(customer_features, log, who="all", names=names, database=database)
    undone = find_undone(log, until=until)
    return tuple(_follow(log, features(snapshot), undone, until, seed) for snapshot in snapshots)


def _follow(log: PurchaseLog, features: Features, undone: UndonePurchases, until: int, seed: int) -> FollowUpData:
    snapshot = features.snapshot
    after = follow_customers(log, snapshot, windows=(), until=until)
    if not np.array_equal(after.customer_ids, features.customer_ids):
        raise AssertionError("features and outcomes do not agree on the customers before the cutoff")
    raw = features.raw
    is_member = np.asarray(snapshot.in_base(snapshot.cutoff - raw["days_since_last_order"]))
    rows = np.flatnonzero(is_member)
    if len(rows) > MOST_CUSTOMERS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_CUSTOMERS, replace=False))
    tenure = raw["tenure_days"]
    histories = Summary(raw["purchase_day_count"] - 1, tenure - raw["days_since_last_order"], tenure)
    waits = UndoneWaits.find(undone, features.customer_ids, snapshot)
    at_end = waits.known_after(after.wait_days, snapshot.horizon)
    lapsed, returned = _count_returned(histories, ~is_member, at_end < snapshot.horizon)
    return FollowUpData(
        snapshot,
        until,
        features.customer_ids[rows],
        features.values[rows],
        after.wait_days[rows],
        lapsed,
        returned if snapshot.outcome_end <= until else np.zeros(0),
        waits.of_rows(rows),
    )


def _count_returned(
    histories: Summary, chosen: NDArray[np.bool_], has_returned: NDArray[np.bool_]
) -> tuple[Summary, NDArray[np.float64]]:
    columns = (histories.frequency, histories.age_at_last_order, histories.tenure)
    distinct, place = Summary(*(column[chosen] for column in columns)).collapse()
    returned = np.bincount(place, has_returned[chosen].astype(np.float64), len(distinct))
    return distinct, returned.astype(np.float64)
