"""Features and labels at many snapshots, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnrisk.btyd import Summary
from churnrisk.dataset.past_bases import PastBase, trace_past_bases
from churnrisk.dataset.purchase_days import DailyPurchases, count_daily_purchases, summarise_histories
from churnrisk.engines import Database
from churnrisk.features import Features, PurchaseLog, beside_names, catalogue, customer_features
from churnrisk.labels import label_churn
from churnrisk.timeline import Snapshot, SnapshotPlan
from churnrisk.types import Steps

ID_BYTES = 80
"""Of one customer id as Python keeps it, about."""


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
        The same of *all* customers with a purchase before the cutoff (all who were drawn, in a part of a log), alike
        ones in one row: what buy-till-you-die models are fitted to.
    raw : dict of str to ndarray of int64, shape (n,)
        Whole numbers for the output, as in :class:`churnrisk.features.Features`.
    weight : ndarray of float64, shape (n,), or None
        How many customers each stands for, where a campaign took some away; None for one each.
    """

    snapshot: Snapshot
    customer_ids: NDArray[np.object_]
    values: NDArray[np.float64]
    churned: NDArray[np.int8] | None
    histories: Summary
    summary: Summary
    raw: dict[str, NDArray[np.int64]]
    weight: NDArray[np.float64] | None = None

    @property
    def held_bytes(self) -> int:
        """Memory that it takes, about."""
        histories = sum(4 * one.frequency.nbytes for one in (self.histories, self.summary))
        raw = sum(column.nbytes for column in self.raw.values())
        return self.values.nbytes + histories + raw + ID_BYTES * len(self.customer_ids)

    @property
    def weights(self) -> NDArray[np.float64]:
        """How many customers each stands for."""
        return np.ones(len(self.customer_ids)) if self.weight is None else self.weight

    @property
    def churn_rate(self) -> float:
        """Share of the customer base that churned."""
        if self.churned is None:
            raise ValueError(f"{self.snapshot} has no labels")
        return weighted_mean(self.churned, self.weight)

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
            weight=None if self.weight is None else self.weight[kept],
        )


def weighted_mean(values: NDArray[Any], weight: NDArray[np.float64] | None) -> float:
    """Return the mean; without weights as NumPy takes it, to the last bit."""
    if weight is None:
        return float(np.mean(values))
    return float((weight * values).sum() / weight.sum())


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
    past_bases : tuple of PastBase
        The customer base week by week with its churn, oldest first, for the forecast of the base rate.
    """

    names: tuple[str, ...]
    snapshots: tuple[SnapshotData, ...]
    current: SnapshotData
    daily_purchases: DailyPurchases
    past_bases: tuple[PastBase, ...]

    @property
    def held_bytes(self) -> int:
        """Memory that it takes, about."""
        return sum(one.held_bytes for one in (*self.snapshots, self.current))

    def at(self, snapshots: Sequence[Snapshot]) -> tuple[SnapshotData, ...]:
        """Return the data of some of the snapshots, such as those of a plan that are for fitting."""
        by_snapshot = {data.snapshot: data for data in self.snapshots}
        return tuple(by_snapshot[snapshot] for snapshot in snapshots)

    def known_at(self, current: Snapshot) -> TrainingSet:
        """Return the training set as it stood at one of its snapshots: only outcome windows that were over by then."""
        over = tuple(data for data in self.snapshots if data.snapshot.outcome_end <= current.cutoff)
        bases = tuple(base for base in self.past_bases if base.snapshot.outcome_end <= current.cutoff)
        daily = self.daily_purchases.before(current.cutoff)
        return TrainingSet(self.names, over, self.at([current])[0], daily, bases)

    def without(self, customers: frozenset[str]) -> TrainingSet:
        """Leave customers out of all features and labels; what counts the shop as a whole stays."""
        kept = tuple(data.without(customers) for data in self.snapshots)
        return replace(self, snapshots=kept, current=self.current.without(customers))


def build_training_set(
    log: PurchaseLog,
    plan: SnapshotPlan,
    *,
    names: Sequence[str] | None = None,
    progress: Steps | None = None,
    database: Database | None = None,
    drawn: PurchaseLog | None = None,
) -> TrainingSet:
    """Compute features and labels at every snapshot of a plan.

    Parameters
    ----------
    log : PurchaseLog
        Orders on any engine.
    plan : SnapshotPlan
        Which snapshots; its labelled ones and those for fitting are computed, each once.
    names : sequence of str, optional
        The features to compute; by default all that the log and the tables beside it support.
    progress : callable, optional
        Told after each snapshot.
    database : Database, optional
        The one that the log lies in; then long results stream.
    drawn : PurchaseLog, optional
        The part of the log whose customers are learned from, where all would be more than come to this process. Only
        the days of the shop are then counted over ``log``.

    Raises
    ------
    ValueError
        Where an outcome window of the plan reaches past ``as_of``: a defect of the plan.
    """
    as_of = plan.current.cutoff
    wanted = tuple(names) if names is not None else _all_names(drawn or log, plan)
    labelled = sorted({*plan.labelled, *plan.fitting})
    snapshots = []
    chosen = drawn or log
    own = (
        database if chosen is log else None
    )  # what is drawn is small, and queries that a database keeps are of its log
    look = partial(customer_features, chosen, names=wanted, database=own)
    for done, snapshot in enumerate(labelled):
        if snapshot.outcome_end > as_of:
            raise ValueError(f"the outcome window of {snapshot} reaches past as_of, day {as_of}")
        snapshots.append(_snapshot_data(chosen, look(snapshot), is_labelled=True))
        if database is not None:
            database.make_room(sum(one.held_bytes for one in snapshots))
        if progress:
            progress(done + 1, len(labelled) + 1)
    current = _snapshot_data(chosen, look(plan.current), is_labelled=False)
    daily = count_daily_purchases(log, as_of, database=database)
    past_bases = trace_past_bases(chosen, plan.current, first_day=daily.first_day, database=own)
    if progress:
        progress(len(labelled) + 1, len(labelled) + 1)
    return TrainingSet(wanted, tuple(snapshots), current, daily, past_bases)


def _all_names(log: PurchaseLog, plan: SnapshotPlan) -> tuple[str, ...]:
    """Return all features that a log supports; kinds in tables are read before all snapshots that are tested on."""
    tested = plan.labelled[-1:] if plan.fitting else plan.labelled
    known_before = min((one.cutoff for one in tested), default=plan.current.cutoff)
    return (*(feature.name for feature in catalogue(log)), *beside_names(log, known_before))


def _select(histories: Summary, kept: NDArray[np.bool_]) -> Summary:
    return Summary(histories.frequency[kept], histories.age_at_last_order[kept], histories.tenure[kept])


def _snapshot_data(log: PurchaseLog, features: Features, *, is_labelled: bool) -> SnapshotData:
    snapshot = features.snapshot
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
        raise AssertionError("features and labels do not agree on the customer base")
    return churned


def _histories_of(features: Features) -> Summary:
    raw = features.raw
    return Summary(
        raw["purchase_day_count"] - 1,
        raw["tenure_days"] - raw["days_since_last_order"],
        raw["tenure_days"],
    )
