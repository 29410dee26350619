"""What a log is enough for: retention figures, training at several horizons, scoring. Nothing is learned here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from churnrisk.dataset import repurchase_gaps
from churnrisk.errors import NotEnoughData
from churnrisk.labels import label_churn
from churnrisk.learning import LEAST_CUSTOMERS
from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.timeline import Snapshot, choose_horizon, date_of, plan_snapshots

TRAINING_HORIZONS = (30, 90, 180)
MONTH = 30


@dataclass(frozen=True)
class Verdict:
    """Whether a log is enough for a use, and the numbers that say so."""

    use: str
    is_enough: bool
    reason: str


@dataclass(frozen=True)
class Readiness:
    """The account of the reading and a verdict for each use."""

    intake: Mapping[str, Any]
    verdicts: tuple[Verdict, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, for JSON."""
        return {"intake": dict(self.intake), "readiness": [vars(verdict) for verdict in self.verdicts]}


def check_readiness(source: Any, *, lookback: int, lead: int = 0, options: IntakeOptions | None = None) -> Readiness:
    """Read a source of purchases and judge what it is enough for.

    Parameters
    ----------
    source : str, Path or frame
        As for :func:`churnrisk.train`.
    lookback, lead : int
        Days, as for training.
    options : IntakeOptions, optional
        How to read the source.
    """
    with read_orders(source, options or IntakeOptions()) as orders:
        as_of = orders.last_day + 1
        training = [judge_training(orders, Snapshot(as_of, lookback, horizon, lead)) for horizon in TRAINING_HORIZONS]
        verdicts = (
            judge_metrics(orders, lookback),
            *training,
            _judge_horizon(orders, lead),
            judge_scoring(orders, lookback),
        )
        return Readiness(orders.report.to_dict(), verdicts)


def judge_metrics(orders: Orders, lookback: int) -> Verdict:
    """Retention figures need a month after the first lookback, within which new and returning cannot be told apart."""
    days = orders.last_day + 1 - orders.first_day
    months = max(0, days - lookback) // MONTH
    if months:
        return Verdict("metrics", True, f"{days} days of history: {months} months after the first {lookback} days.")
    return Verdict(
        "metrics",
        False,
        f"{days} days of history; {lookback + MONTH} are needed, since within the first {lookback} days (--lookback) "
        "new and reactivated customers cannot be told apart. Figures are computed, and marked incomplete.",
    )


def judge_training(orders: Orders, current: Snapshot) -> Verdict:
    """Training needs outcome windows within the history, and enough customers on both sides."""
    use = f"training at {current.horizon} days"
    try:
        plan = plan_snapshots(orders.first_day, current)
    except NotEnoughData as error:
        return Verdict(use, False, str(error))
    churned, kept = _outcomes(orders, plan.labelled)
    numbers = f"{churned} customers churned and {kept} bought again in {len(plan.labelled)} snapshots"
    if min(churned, kept) < LEAST_CUSTOMERS:
        return Verdict(use, False, f"{numbers}; {LEAST_CUSTOMERS} of each are needed.")
    test = "tested on a later snapshot" if plan.fitting else "tested on other customers only, for want of history"
    return Verdict(use, True, f"{numbers}; {test}.")


def judge_scoring(orders: Orders, lookback: int) -> Verdict:
    """Scoring needs somebody who is active, and a model."""
    as_of = orders.last_day + 1
    customers, _ = label_churn(orders, Snapshot(as_of, lookback, 1))
    reason = f"{len(customers)} customers are active on {date_of(as_of)} (a purchase in the last {lookback} days)."
    return Verdict("scoring", len(customers) > 0, reason)


def _judge_horizon(orders: Orders, lead: int) -> Verdict:
    use = "choosing a horizon"
    as_of = orders.last_day + 1
    try:
        choice = choose_horizon(
            *repurchase_gaps(orders, as_of, database=orders.database), history=as_of - orders.first_day, lead=lead
        )
    except NotEnoughData as error:
        return Verdict(use, False, str(error))
    share = f"{choice.share:.1%} of those who buy again do so within {choice.horizon} days"
    return Verdict(use, True, f"{share}; `churnrisk train` takes that horizon unless told otherwise.")


def _outcomes(orders: Orders, snapshots: tuple[Snapshot, ...]) -> tuple[int, int]:
    churned: set[str] = set()
    kept: set[str] = set()
    for snapshot in snapshots:
        customers, outcome = label_churn(orders, snapshot)
        churned.update(customers[outcome == 1])
        kept.update(customers[outcome == 0])
    return len(churned), len(kept)
