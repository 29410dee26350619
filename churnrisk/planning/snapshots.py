"""What a log is enough for, and what is learned from: one judgement, for ``check`` and for ``train`` alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import narwhals as nw
import numpy as np

from churnrisk.dataset import TrainingSet, repurchase_gaps
from churnrisk.engines import collect_arrays
from churnrisk.errors import NotEnoughData
from churnrisk.holes import Hole, describe_holes, harm, is_distorted, is_stale, selling_days, tell_distorted
from churnrisk.labels import label_churn
from churnrisk.learning import LEAST_CUSTOMERS, BacktestPlan, Outcomes, Workers, fit_bytes, plan_backtest
from churnrisk.orders import Orders
from churnrisk.planning.drawing import Drawn, draw_for_training
from churnrisk.timeline import HorizonChoice, Snapshot, SnapshotPlan, choose_horizon, date_of, plan_snapshots

MOST_NAMED = 5
Label = Callable[[Snapshot], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class TrainingPlan:
    """What is learned from, and why it is enough.

    Parameters
    ----------
    plan : SnapshotPlan
        The snapshots.
    drawn : Drawn
        Whose orders are learned from.
    outcomes : Outcomes
        Customers that churned, and that bought again, in them.
    holes : tuple of Hole
        When the whole shop sold nothing for longer than it ever does, before ``as_of``.
    longest_gap : int
        Most days in a row without a purchase of anybody, before ``as_of``.
    admitted : tuple of Snapshot
        Distorted ones that are learned from all the same, since too little would be left without them.
    """

    plan: SnapshotPlan
    drawn: Drawn
    outcomes: Outcomes
    holes: tuple[Hole, ...] = ()
    longest_gap: int = 0
    admitted: tuple[Snapshot, ...] = ()

    def leaves_out(self, snapshot: Snapshot) -> bool:
        """Tell whether a snapshot is not to be learned from."""
        return snapshot not in self.admitted and is_distorted(snapshot, self.holes)

    def to_dict(self) -> dict[str, Any]:
        """Return what a card keeps: when the shop sold nothing, and what that did to the training."""
        return {
            "holes": [hole.to_dict() for hole in self.holes],
            "snapshots_left_out": len(self.plan.left_out),
            "longest_gap_days": self.longest_gap,
            "notices": list(self.notices()),
        }

    def notices(self) -> Iterator[str]:
        """Say which days the shop sold nothing, and what was left out for it."""
        yield from describe_holes(self.holes)
        left_out, used = len(self.plan.left_out), len(self.plan.labelled)
        if left_out:
            yield (
                f"{left_out} snapshots are left out of training, since these days are more than a tenth of their "
                f"outcome window, or of as many days before their cutoff; {used} are learned from."
            )
        if self.admitted:
            yield (
                f"{len(self.admitted)} of the {used} snapshots that are learned from are distorted by these days. "
                f"Without them fewer than {LEAST_CUSTOMERS} customers churned, or bought again, so they are used "
                "all the same: bring the missing orders, or older ones."
            )
        if is_stale(self.plan.current, self.holes):
            yield (
                f"As of {date_of(self.plan.current.cutoff)} customers look more silent than they are: the shop sold "
                "nothing shortly before."
            )


def choose_snapshot(
    orders: Orders, as_of: int, *, horizon: int | None, lookback: int, lead: int
) -> tuple[Snapshot, HorizonChoice | None]:
    """Return the snapshot at the day where the history ends, and how its horizon was chosen if it was not given."""
    choice = None
    if horizon is None:
        gaps, open_gaps = repurchase_gaps(orders, as_of, database=orders.database)
        choice = choose_horizon(gaps, open_gaps, history=as_of - orders.first_day, lead=lead)
        horizon = choice.horizon
    return Snapshot(cutoff=as_of, lookback=lookback, horizon=horizon, lead=lead), choice


def plan_training(orders: Orders, current: Snapshot, *, most: int, seed: int) -> TrainingPlan:
    """Choose what to learn from, and judge whether it is enough.

    Snapshots that a hole distorts are left out, and older ones take their place; where too little is left without
    them, those that it distorts least are used all the same, as many as it takes.

    Parameters
    ----------
    orders : Orders
        The log.
    current : Snapshot
        The one at ``as_of``.
    most, seed : int
        How many customers are learned from at most, and the seed of the draw.

    Raises
    ------
    NotEnoughData
        Where the history is too short, too few customers churned or bought again, in all or in the test, or a hole of
        a horizon or more is followed by next to no orders.
    """
    sold = selling_days(orders).before(current.cutoff)
    holes = sold.holes()
    _refuse_after_hole(orders, current, holes)
    plan_with = partial(_plan_with, orders.first_day, current, holes)
    spared = plan_with(())
    by_harm = sorted(spared.left_out, key=lambda one: (*harm(one, holes), -one.cutoff))
    drawn = draw_for_training(orders, current, most=most, seed=seed)
    label = cache(partial(label_churn, drawn[0]))
    if not len(label(current)[0]):
        raise NotEnoughData(
            f"nobody is active on {date_of(current.cutoff)}: no purchase in the {current.lookback} days before. "
            "Choose a longer --lookback, or another --as-of.",
            code="data.nobody_active",
        )
    for count in range(len(by_harm) + 1):
        admitted = tuple(by_harm[:count])
        plan = _without_empty(plan_with(admitted), label)
        outcomes = Outcomes.count(label(one) for one in sorted({*plan.labelled, *plan.fitting}))
        if outcomes.is_enough:
            Outcomes.count([label(plan.test)]).check_test(plan.test)
            return TrainingPlan(plan, drawn, outcomes, holes, sold.longest_gap, admitted)
    outcomes.check()
    raise AssertionError("outcomes that are not enough were not refused")


def _plan_with(first_day: int, current: Snapshot, holes: Sequence[Hole], admitted: Sequence[Snapshot]) -> SnapshotPlan:
    return plan_snapshots(first_day, current, leave_out=lambda one: one not in admitted and is_distorted(one, holes))


def _without_empty(plan: SnapshotPlan, label: Label) -> SnapshotPlan:
    """Leave out snapshots at which nobody was active."""
    labelled, fitting = (tuple(one for one in side if len(label(one)[0])) for side in (plan.labelled, plan.fitting))
    return replace(plan, labelled=labelled, fitting=fitting if labelled else ())


def _refuse_after_hole(orders: Orders, current: Snapshot, holes: Sequence[Hole]) -> None:
    """Refuse a log that goes on with a handful of orders after so long a silence that everybody known has churned."""
    if not is_stale(current, holes) or holes[-1].days < current.horizon + current.lead:
        return
    hole = holes[-1]
    day, is_purchase = nw.col("order_day"), nw.col("is_purchase") == 1
    since = orders.frame().filter(is_purchase, day > hole.last_day, day < current.cutoff)
    rows = collect_arrays(since.select("customer_id", "order_day"), sort_by=["order_day", "customer_id"])
    customers = len(np.unique(rows["customer_id"]))
    if customers >= LEAST_CUSTOMERS:
        return
    raise NotEnoughData(
        f"everybody known has churned: the whole shop sold nothing from {hole}, a horizon of {current.horizon} days or "
        f"longer, and since then {customers} {'customer' if customers == 1 else 'customers'} bought; {LEAST_CUSTOMERS} "
        f"are needed. {_name_orders(rows)} If a date is wrong, mend it; else bring the missing orders, or give --as-of "
        f"{date_of(hole.first_day)} to learn from the days before.",
        code="data.hole_at_the_end",
    )


def _name_orders(rows: dict[str, Any]) -> str:
    """Name the orders that set the end of the log."""
    count = len(rows["order_day"])
    named = [
        f"customer {customer} on {date_of(day)}"
        for customer, day in zip(rows["customer_id"], rows["order_day"], strict=True)
    ][-MOST_NAMED:]
    if count == 1:
        return f"One order sets the end of the log, by {named[0]}."
    more = f", the last {MOST_NAMED} of them" if count > MOST_NAMED else ""
    return f"{count} orders set the end of the log{more} by {', '.join(named)}."


def plan_backtest_of(
    orders: Orders, current: Snapshot, cutoffs: int | None
) -> tuple[BacktestPlan, Callable[[Snapshot], bool]]:
    """Leave out what a hole in the log distorts, unless nothing is left then; and tell what is left out."""
    look = partial(plan_backtest, orders.first_day, current, cutoffs=cutoffs)
    try:
        leave_out = tell_distorted(orders, current.cutoff)
        return look(leave_out=leave_out), leave_out
    except NotEnoughData:
        return look(), lambda _: False


def choose_workers(orders: Orders, data: TrainingSet | None = None) -> Workers:
    """Use all threads of the engine, or as many as can fit on a training set at a time in the memory that was set."""
    if orders.database is None:
        return Workers(os.cpu_count() or 1)
    taken, each = (0, 1) if data is None else (data.held_bytes, fit_bytes(data))
    return Workers(orders.database.count_workers(taken, each=each))
