"""The training set: features, labels and summaries at many snapshots, as arrays.

Here lazy queries become arrays, once. Features and labels are computed apart and meet only by customer. No outcome
window reaches past ``as_of``, and nothing after ``as_of`` is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from churnrisk.btyd import Summary
from churnrisk.engines import as_int, collect_arrays
from churnrisk.features import Features, PurchaseLog, catalogue, customer_features
from churnrisk.labels import label_churn
from churnrisk.timeline import Snapshot, SnapshotPlan

Progress = Callable[[int, int], None]
"""Called with the number of snapshots done and the number of all."""


@dataclass(frozen=True)
class SnapshotData:
    """What is known about the customer base at one snapshot.

    Parameters
    ----------
    snapshot : Snapshot
        When.
    customer_ids : ndarray of object, shape (n,)
        The customer base, sorted by code point.
    values : ndarray of float64, shape (n, p)
        Features, NaN where missing.
    churned : ndarray of int8, shape (n,), or None
        1 for no purchase in the outcome window; None where the outcome window is not over.
    histories : Summary of n rows
        The purchase history of each member of the base, in three numbers.
    summary : Summary
        The same of *all* customers with a purchase before the cutoff, alike ones in one row: what
        buy-till-you-die models are fitted to.
    raw : dict of str to ndarray of int64, shape (n,)
        Whole numbers for the output, as in :class:`churnrisk.features.Features`.
    """

    snapshot: Snapshot
    customer_ids: NDArray[np.object_]
    values: NDArray[np.float64]
    churned: NDArray[np.int8] | None
    histories: Summary
    summary: Summary
    raw: dict[str, NDArray[np.int64]]

    def without(self, customers: frozenset[str]) -> SnapshotData:
        """Leave customers out; the summary of all customers stays, since it names nobody."""
        kept = np.array([one not in customers for one in self.customer_ids], dtype=bool)
        return replace(
            self,
            customer_ids=self.customer_ids[kept],
            values=self.values[kept],
            churned=None if self.churned is None else self.churned[kept],
            histories=_select(self.histories, kept),
            raw={name: column[kept] for name, column in self.raw.items()},
        )


@dataclass(frozen=True)
class DailyPurchases:
    """Customers who bought on each day of the log before ``as_of``, days without any included.

    Parameters
    ----------
    first_day : int
        The day of ``counts[0]``.
    counts : ndarray of int64, shape (days,)
        Purchase days: customers with a purchase on that day.
    new_counts : ndarray of int64, shape (days,)
        Those among them who bought for the first time.
    """

    first_day: int
    counts: NDArray[np.int64]
    new_counts: NDArray[np.int64]

    def before(self, day: int) -> DailyPurchases:
        """Give what was known on the morning of ``day``."""
        end = max(0, day - self.first_day)
        return DailyPurchases(self.first_day, self.counts[:end], self.new_counts[:end])


@dataclass(frozen=True)
class TrainingSet:
    """Features and labels over many snapshots.

    Parameters
    ----------
    names : tuple of str
        The columns of every ``values``.
    snapshots : tuple of SnapshotData
        Labelled ones, oldest cutoff first.
    current : SnapshotData
        The one at ``as_of``, without labels.
    daily_purchases : DailyPurchases
        How busy the shop was, for the forecast of the base rate.
    """

    names: tuple[str, ...]
    snapshots: tuple[SnapshotData, ...]
    current: SnapshotData
    daily_purchases: DailyPurchases

    def at(self, snapshots: Sequence[Snapshot]) -> tuple[SnapshotData, ...]:
        """Give the data of some of the snapshots, such as those of a plan that are for fitting."""
        by_snapshot = {data.snapshot: data for data in self.snapshots}
        return tuple(by_snapshot[snapshot] for snapshot in snapshots)

    def known_at(self, current: Snapshot) -> TrainingSet:
        """Give the training set as it stood at one of its snapshots: only outcome windows that were over by then."""
        over = tuple(data for data in self.snapshots if data.snapshot.outcome_end <= current.cutoff)
        daily = self.daily_purchases.before(current.cutoff)
        return TrainingSet(self.names, over, self.at([current])[0], daily)

    def without(self, customers: frozenset[str]) -> TrainingSet:
        """Leave customers out of all features and labels; the shop's daily figures stay."""
        kept = tuple(data.without(customers) for data in self.snapshots)
        return replace(self, snapshots=kept, current=self.current.without(customers))


def build_training_set(
    log: PurchaseLog, plan: SnapshotPlan, *, names: Sequence[str] | None = None, progress: Progress | None = None
) -> TrainingSet:
    """Compute features and labels at every snapshot of a plan.

    Parameters
    ----------
    log : PurchaseLog
        Orders on any engine.
    plan : SnapshotPlan
        Which snapshots; its labelled ones and those for fitting are computed, each once.
    names : sequence of str, optional
        The features to compute; by default all that the log supports.
    progress : callable, optional
        Told after each snapshot.

    Raises
    ------
    ValueError
        Where an outcome window of the plan reaches past ``as_of``: a defect of the plan.
    """
    as_of = plan.current.cutoff
    wanted = tuple(names) if names is not None else tuple(feature.name for feature in catalogue(log))
    labelled = sorted({*plan.labelled, *plan.fitting})
    snapshots = []
    for done, snapshot in enumerate(labelled):
        if snapshot.outcome_end > as_of:
            raise ValueError(f"the outcome window of {snapshot} reaches past as_of, day {as_of}")
        snapshots.append(_snapshot_data(log, snapshot, wanted, is_labelled=True))
        if progress:
            progress(done + 1, len(labelled) + 1)
    current = _snapshot_data(log, plan.current, wanted, is_labelled=False)
    if progress:
        progress(len(labelled) + 1, len(labelled) + 1)
    return TrainingSet(wanted, tuple(snapshots), current, count_daily_purchases(log, as_of))


def count_daily_purchases(log: PurchaseLog, as_of: int) -> DailyPurchases:
    """Count the customers who bought on each day before ``as_of``, and those among them who were new."""
    days = _purchase_days(log, as_of)
    firsts = days.group_by("customer_id").agg(order_day=nw.col("order_day").min())
    counts, new_counts = (
        collect_arrays(frame.group_by("order_day").agg(n=nw.len()), sort_by=["order_day"]) for frame in (days, firsts)
    )
    if not len(counts["order_day"]):
        return DailyPurchases(as_of, np.zeros(0, np.int64), np.zeros(0, np.int64))
    first_day = int(counts["order_day"][0])
    return DailyPurchases(
        first_day, *(_spread_over_days(table, first_day, as_of - first_day) for table in (counts, new_counts))
    )


def repurchase_gaps(log: PurchaseLog, as_of: int) -> tuple[dict[int, int], dict[int, int]]:
    """Count how long customers wait from one purchase day to the next, for the choice of a horizon.

    Returns
    -------
    gaps : dict of int to int
        Days from a purchase day to the next one, and how often each occurs.
    open_gaps : dict of int to int
        Days from each customer's last purchase day to the last day before ``as_of``, and how often each occurs.
    """
    day = nw.col("order_day")
    days = _purchase_days(log, as_of).with_columns(
        next_day=day.shift(-1).over("customer_id", order_by="order_day"),
    )
    waits = days.select(
        wait=nw.when(nw.col("next_day").is_null()).then(as_of - 1 - day).otherwise(nw.col("next_day") - day),
        is_open=as_int(nw.col("next_day").is_null()),
    )
    table = collect_arrays(waits.group_by("is_open", "wait").agg(n=nw.len()), sort_by=["is_open", "wait"])
    rows = list(zip(table["is_open"].tolist(), table["wait"].tolist(), table["n"].tolist(), strict=True))
    return {w: n for is_open, w, n in rows if not is_open}, {w: n for is_open, w, n in rows if is_open}


def summarise_histories(log: PurchaseLog, snapshot: Snapshot) -> Summary:
    """Reduce the purchase days of all customers before a cutoff to what buy-till-you-die models read."""
    day = nw.col("order_day")
    customers = (
        _purchase_days(log, snapshot.cutoff).group_by("customer_id").agg(n=nw.len(), first=day.min(), last=day.max())
    )
    alike = customers.group_by("n", "first", "last").agg(customers=nw.len())
    table = collect_arrays(alike, sort_by=["n", "first", "last"])
    first = table["first"]
    return Summary(table["n"] - 1, table["last"] - first, snapshot.cutoff - first, table["customers"])


def _purchase_days(log: PurchaseLog, before: int) -> nw.LazyFrame[Any]:
    purchases = log.frame().filter(nw.col("is_purchase") == 1, nw.col("order_day") < before)
    return purchases.select("customer_id", "order_day").unique()


def _spread_over_days(table: dict[str, np.ndarray], first_day: int, days: int) -> NDArray[np.int64]:
    counts = np.zeros(days, np.int64)
    counts[table["order_day"] - first_day] = table["n"]
    return counts


def _select(histories: Summary, kept: NDArray[np.bool_]) -> Summary:
    return Summary(histories.frequency[kept], histories.age_at_last_order[kept], histories.tenure[kept])


def _snapshot_data(log: PurchaseLog, snapshot: Snapshot, names: Sequence[str], *, is_labelled: bool) -> SnapshotData:
    features = customer_features(log, snapshot, names=names)
    churned = _labels_of(log, features) if is_labelled else None
    return SnapshotData(
        snapshot,
        features.customer_ids,
        features.values,
        churned,
        _histories_of(features),
        summarise_histories(log, snapshot),
        features.raw,
    )


def _labels_of(log: PurchaseLog, features: Features) -> NDArray[np.int8]:
    customer_ids, churned = label_churn(log, features.snapshot)
    if not np.array_equal(customer_ids, features.customer_ids):
        raise AssertionError("features and labels do not agree on who is in the customer base")
    return churned


def _histories_of(features: Features) -> Summary:
    raw = features.raw
    return Summary(
        raw["purchase_day_count"] - 1,
        raw["tenure_days"] - raw["days_since_last_order"],
        raw["tenure_days"],
    )
