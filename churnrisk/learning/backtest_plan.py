"""The cutoffs of a backtest, and what is learned from at each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from churnrisk.errors import NotEnoughData
from churnrisk.timeline import Snapshot, SnapshotPlan, plan_snapshots

MOST_CUTOFFS = 5
"""So many cutoffs unless another number is asked for."""

DISTORTED = "the whole shop sold nothing for so long that the outcome, or what is learned from, tells of no customer"


@dataclass(frozen=True)
class SkippedCutoff:
    """A cutoff that is not in the backtest, and why."""

    snapshot: Snapshot
    reason: str


@dataclass(frozen=True)
class BacktestPlan:
    """The cutoffs of a backtest, one horizon apart, so that no two outcome windows overlap.

    Parameters
    ----------
    current : Snapshot
        The one at ``as_of``, where the history ends.
    plans : tuple of SnapshotPlan
        For each cutoff, oldest first: what is scored (``current``) and what is learned from (``labelled``).
    skipped : tuple of SkippedCutoff
        Cutoffs that were asked for and for which the history is too short, and those in a hole of the log.
    """

    current: Snapshot
    plans: tuple[SnapshotPlan, ...]
    skipped: tuple[SkippedCutoff, ...]

    @property
    def snapshots(self) -> SnapshotPlan:
        """Every snapshot that is needed, to build the training set once."""
        needed = {one for plan in self.plans for one in (plan.current, *plan.labelled)}
        return SnapshotPlan(self.current, tuple(sorted(needed)), ())


def plan_backtest(
    first_day: int,
    current: Snapshot,
    *,
    cutoffs: int | None = None,
    leave_out: Callable[[Snapshot], bool] | None = None,
) -> BacktestPlan:
    """Choose the cutoffs: the newest whose outcome is known, and earlier ones a horizon apart.

    Parameters
    ----------
    first_day : int
        Day of the first order of the log.
    current : Snapshot
        The snapshot at ``as_of``.
    cutoffs : int, optional
        How many. By default as many as the history allows, at most five.
    leave_out : callable, optional
        Tells which snapshots neither to learn from nor to test on, since a hole in the log distorts them.

    Raises
    ------
    NotEnoughData
        Where the history allows none.
    """
    newest = current.cutoff - current.horizon - current.lead
    plans, skipped, distorted = [], [], []
    for k in range(cutoffs or MOST_CUTOFFS):
        snapshot = current.at(newest - k * current.horizon)
        try:
            plan = plan_snapshots(first_day, snapshot, leave_out=leave_out)
        except NotEnoughData as error:
            skipped.append(SkippedCutoff(snapshot, str(error)))
            continue
        if plan.labelled and (leave_out is None or not leave_out(snapshot)):
            plans.append(plan)
        else:
            distorted.append(SkippedCutoff(snapshot, DISTORTED))
    if not plans:
        raise NotEnoughData(
            f"a backtest with a horizon of {current.horizon} days needs a snapshot to score and an earlier one to "
            f"learn from: {(skipped + distorted)[0].reason}"
        )
    return BacktestPlan(current, tuple(reversed(plans)), (*distorted, *(skipped if cutoffs else ())))
