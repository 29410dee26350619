"""Campaigns within outcome windows: what contacted customers did says nothing about customers left alone.

A model is to say who leaves if nobody does anything. Of customers who were contacted in an outcome window that is not
known. So they are dropped from that snapshot, and the controls of the same draw stand for them: each counts as one
over the probability of having been drawn as control. Dropping alone would leave a customer base without those who were
thought most at risk, and with that a churn rate that is too low.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from churnrisk.btyd import Summary
from churnrisk.dataset.past_bases import PastBase, PurchaseDays, collapse_histories, members_at
from churnrisk.dataset.purchase_days import purchase_days_ever
from churnrisk.dataset.training import SnapshotData, TrainingSet
from churnrisk.engines import Arrays, iterate_batches
from churnrisk.features import PurchaseLog
from churnrisk.timeline import Snapshot
from churnrisk.types import Floats

ROWS = 200_000
NOBODY = 1e-9


@dataclass(frozen=True)
class Exposure:
    """A campaign, as far as outcomes are concerned.

    Parameters
    ----------
    name : str
        Of the campaign.
    start, end : int
        Days on which the contacted may have been moved, ``[start, end)``.
    treated : frozenset of str
        Who was contacted.
    control_weight : mapping of str to float
        Each control with one over the probability of being one; empty without a control group.
    """

    name: str
    start: int
    end: int
    treated: frozenset[str]
    control_weight: Mapping[str, float]

    def touches(self, snapshot: Snapshot) -> bool:
        """Whether the campaign shares a day with the outcome window of a snapshot."""
        return self.start < snapshot.outcome_end and snapshot.outcome_start < self.end

    @property
    def can_be_mended(self) -> bool:
        """Whether there is a control group that can stand for the contacted."""
        return bool(self.control_weight)


def mend_exposed(
    data: TrainingSet, exposures: Sequence[Exposure], log: PurchaseLog
) -> tuple[TrainingSet, dict[str, int]]:
    """Drop contacted customers from the snapshots whose outcome they blur, and weigh controls up.

    A campaign without a control group is left in as it is: without its customers the base would be another one, and
    nobody stands for them. Its figures are biased, and whoever calls this has to say so.

    Parameters
    ----------
    data : TrainingSet
        As it was built from the log.
    exposures : sequence of Exposure
        The campaigns.
    log : PurchaseLog
        The log, for the histories in :attr:`TrainingSet.past_bases`.

    Returns
    -------
    mended : TrainingSet
        The same object where no campaign shares a day with an outcome window.
    dropped : dict of str to int
        For each campaign that does, the contacted who were dropped, counted once for each snapshot.
    """
    snapshots = [*(one.snapshot for one in data.snapshots), *(base.snapshot for base in data.past_bases)]
    touching = [one for one in exposures if any(map(one.touches, snapshots))]
    dropped = {one.name: sum(_count_dropped(snapshot, one) for snapshot in data.snapshots) for one in touching}
    usable = [one for one in touching if one.can_be_mended]
    if not usable:
        return data, dropped
    mended = tuple(mend_snapshot(one, usable) for one in data.snapshots)
    bases = mend_past_bases(data.past_bases, usable, log, data.current.snapshot.cutoff)
    return replace(data, snapshots=mended, past_bases=bases), dropped


def _count_dropped(data: SnapshotData, exposure: Exposure) -> int:
    if not exposure.can_be_mended or not exposure.touches(data.snapshot):
        return 0
    return sum(one in exposure.treated for one in data.customer_ids)


def mend_snapshot(data: SnapshotData, exposures: Sequence[Exposure]) -> SnapshotData:
    """Drop the contacted from one snapshot, and weigh the controls; other snapshots are left as they are."""
    weight = weigh_customers(data.customer_ids, data.snapshot, exposures)
    if (weight == 1).all():
        return data
    kept = data.without(frozenset(data.customer_ids[weight == 0]))
    return replace(kept, weight=weight[weight > 0])


def weigh_customers(customer_ids: NDArray[np.object_], snapshot: Snapshot, exposures: Sequence[Exposure]) -> Floats:
    """Return each customer's weight at a snapshot: 0 for a contacted one, above 1 for a control, else 1."""
    weight = np.ones(len(customer_ids))
    for exposure in exposures:
        if exposure.touches(snapshot):
            weight *= [
                0.0 if one in exposure.treated else exposure.control_weight.get(one, 1.0) for one in customer_ids
            ]
    return weight


def mend_past_bases(
    bases: Sequence[PastBase], exposures: Sequence[Exposure], log: PurchaseLog, as_of: int
) -> tuple[PastBase, ...]:
    """Do the same to the customer bases that are known as counts only: members of campaigns are counted apart."""
    everybody = {name for one in exposures for name in (*one.treated, *one.control_weight)}
    ids, days = _days_of(log, as_of, everybody)
    return tuple(_mend_base(base, ids, days, exposures) for base in bases)


def _days_of(log: PurchaseLog, as_of: int, wanted: set[str]) -> tuple[NDArray[np.object_], PurchaseDays]:
    """Return some customers and their purchase days."""
    keep = partial(_keep, wanted)
    batches = iterate_batches(purchase_days_ever(log, as_of), sort_by=["customer_id", "order_day"], rows=ROWS)
    parts = [keep(batch) for batch in batches]
    ids = np.concatenate([part["customer_id"] for part in parts] or [np.zeros(0, dtype=object)])
    names = ("order_day", "undone_day")
    columns = (np.concatenate([part[name] for part in parts] or [np.zeros(0, np.int64)]) for name in names)
    is_first = np.ones(len(ids), dtype=bool)
    is_first[1:] = ids[1:] != ids[:-1]
    return ids[is_first], PurchaseDays(np.cumsum(is_first) - 1, *columns)


def _keep(wanted: set[str], batch: Arrays) -> Arrays:
    chosen = np.array([one in wanted for one in batch["customer_id"]], dtype=bool)
    return {name: values[chosen] for name, values in batch.items()}


def _mend_base(base: PastBase, ids: NDArray[np.object_], days: PurchaseDays, exposures: Sequence[Exposure]) -> PastBase:
    change = weigh_customers(ids, base.snapshot, exposures) - 1
    if not change.any():
        return base
    rows, members = members_at(base.snapshot, days)
    rows["customers"], rows["churned"] = change[members], change[members] * rows["churned"]
    known = base.histories
    before = (known.frequency, known.age_at_last_order, known.tenure, known.customers, base.churned)
    names = ("frequency", "age", "tenure", "customers", "churned")
    both = {name: np.concatenate([old, rows[name]]) for name, old in zip(names, before, strict=True)}
    whole = {name: both[name].astype(np.int64) for name in names[:3]}
    merged = collapse_histories(**whole, customers=both["customers"], churned=both["churned"])
    left = {name: values[merged["customers"] > NOBODY] for name, values in merged.items()}
    histories = Summary(left["frequency"], left["age"], left["tenure"], left["customers"])
    return PastBase(base.snapshot, histories, np.maximum(left["churned"], 0.0))
