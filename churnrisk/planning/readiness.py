"""What a log is enough for: retention figures, training at several horizons, scoring. Nothing is learned here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from churnrisk.errors import NotEnoughData
from churnrisk.holes import Hole, describe_holes, selling_days
from churnrisk.labels import label_churn
from churnrisk.orders import TRAIN_CUSTOMERS, IntakeOptions, Orders, read_orders
from churnrisk.planning.beside import TableReadiness, judge_tables
from churnrisk.planning.days import say_if_long_past, today
from churnrisk.planning.snapshots import choose_snapshot, plan_training
from churnrisk.timeline import Snapshot, date_of

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
    """The account of the reading, a verdict for each use, and what is to be known about the days of the log."""

    intake: Mapping[str, Any]
    verdicts: tuple[Verdict, ...]
    holes: tuple[Hole, ...] = ()
    notices: tuple[str, ...] = ()
    tables: tuple[TableReadiness, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "intake": dict(self.intake),
            "readiness": [vars(verdict) for verdict in self.verdicts],
            "holes": [hole.to_dict() for hole in self.holes],
            "notices": list(self.notices),
            **({"tables": [table.to_dict() for table in self.tables]} if self.tables else {}),
        }


@dataclass(frozen=True)
class TrainingTerms:
    """What training would be asked for.

    Parameters
    ----------
    lookback, lead : int
        Days.
    horizon : int, optional
        Days, where it is not to be chosen from the log.
    most, seed : int
        How many customers are learned from at most, and the seed of the draw.
    """

    lookback: int
    lead: int = 0
    horizon: int | None = None
    most: int = TRAIN_CUSTOMERS
    seed: int = 0


def check_readiness(source: Any, terms: TrainingTerms, *, options: IntakeOptions | None = None) -> Readiness:
    """Read a source of purchases and judge what it is enough for.

    Parameters
    ----------
    source : str, Path or frame
        As for :func:`churnrisk.train`.
    terms : TrainingTerms
        What training would be asked for.
    options : IntakeOptions, optional
        How to read the source.
    """
    with read_orders(source, options or IntakeOptions()) as orders:
        sold = selling_days(orders)
        verdicts = (
            judge_metrics(orders, terms.lookback),
            *(judge_training(orders, terms, horizon) for horizon in TRAINING_HORIZONS),
            judge_default(orders, terms),
            judge_scoring(orders, terms.lookback),
        )
        notices = (*describe_holes(sold.holes()), *say_if_long_past(orders.last_day, sold.longest_gap, today()))
        intake = orders.report.describe(has_rows=True) | orders.describe_beside()
        return Readiness(intake, verdicts, sold.holes(), notices, judge_tables(orders))


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


def judge_training(orders: Orders, terms: TrainingTerms, horizon: int | None) -> Verdict:
    """Training needs outcome windows within the history, and enough customers on both sides: what ``train`` asks."""
    return Verdict(f"training at {horizon} days", *_judge(orders, terms, horizon))


def judge_default(orders: Orders, terms: TrainingTerms) -> Verdict:
    """Judge what ``churnrisk train`` does unless told otherwise: at the horizon that is set, or at its own choice."""
    use = "choosing a horizon" if terms.horizon is None else f"training at {terms.horizon} days, as set"
    return Verdict(use, *_judge(orders, terms, terms.horizon))


def _judge(orders: Orders, terms: TrainingTerms, horizon: int | None) -> tuple[bool, str]:
    told = ""
    try:
        current, choice = choose_snapshot(
            orders, orders.last_day + 1, horizon=horizon, lookback=terms.lookback, lead=terms.lead
        )
        if choice is not None:
            told = f"{choice.reason} `churnrisk train` takes that horizon unless told otherwise: "
        plan = plan_training(orders, current, most=terms.most, seed=terms.seed)
    except NotEnoughData as error:
        return False, f"{told}{error}"
    test = "tested on a later snapshot" if plan.plan.fitting else "tested on other customers only, for want of history"
    return True, f"{told}{plan.outcomes.numbers}; {test}."


def judge_scoring(orders: Orders, lookback: int) -> Verdict:
    """Scoring needs somebody who is active, and a model."""
    as_of = orders.last_day + 1
    customers, _ = label_churn(orders, Snapshot(as_of, lookback, 1))
    reason = f"{len(customers):,} customers are active on {date_of(as_of)} (a purchase in the last {lookback} days)."
    return Verdict("scoring", len(customers) > 0, reason)
