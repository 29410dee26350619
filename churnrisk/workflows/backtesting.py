"""How a model would have done at several days of the past: the journey from a source to a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from churnrisk.campaigns import describe_exposures, read_exposures
from churnrisk.cards import describe_backtest, describe_grade, describe_intake
from churnrisk.inputs import named_when_too_short
from churnrisk.learning import Backtest, Grade, grade_tested
from churnrisk.orders import TRAIN_CUSTOMERS, IntakeOptions, read_orders
from churnrisk.planning import Day, describe_draw, draw_for_training
from churnrisk.timeline import DEFAULT_LOOKBACK, HorizonChoice
from churnrisk.types import Progress
from churnrisk.workflows.training import backtest_orders, choose_windows


@dataclass(frozen=True)
class BacktestReport:
    """A backtest, the grade that follows from it, and where the numbers come from.

    Parameters
    ----------
    backtest : Backtest
        Every figure, at each cutoff and pooled.
    grade : Grade
        What it says of a model trained on this log.
    choice : HorizonChoice or None
        How the horizon was chosen, if it was not given.
    intake : mapping
        The account of the rows.
    exposed : mapping
        Campaigns that began before the end of the history, as ``campaigns``; empty where there are none.
    """

    backtest: Backtest
    grade: Grade
    choice: HorizonChoice | None
    intake: Mapping[str, Any]
    exposed: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            **describe_backtest(self.backtest),
            "grade": describe_grade(self.grade),
            "horizon_choice": None if self.choice is None else self.choice.to_dict(),
            "intake": dict(self.intake),
            **self.exposed,
        }


def backtest(
    purchases: Any,
    *,
    horizon: int | None = None,
    lookback: int = DEFAULT_LOOKBACK,
    lead: int = 0,
    as_of: Day = None,
    cutoffs: int | None = None,
    seed: int = 0,
    campaigns: str | Path | None = None,
    options: IntakeOptions | None = None,
    train_customers: int = TRAIN_CUSTOMERS,
    progress: Progress | None = None,
) -> BacktestReport:
    """Train on the past, score the next snapshot, look what happened, and roll on. Nothing is stored.

    Parameters
    ----------
    purchases : str, Path, or a frame of pandas, Polars or another library that Narwhals knows
        As for :func:`churnrisk.train`, like ``horizon``, ``lookback``, ``lead`` and ``as_of``, all in days.
    cutoffs : int, optional
        How many cutoffs, one horizon apart. By default as many as the history allows, at most five.
    seed : int
        Seed of everything random; the same data and seed give the same report.
    campaigns : str or Path, optional
        State file whose campaigns are taken into account, as for :func:`churnrisk.train`.
    options : IntakeOptions, optional
        How to read the purchases.
    train_customers : int
        Learn from, and test on, so many customers, drawn, where there are more; 0 takes all.
    progress : callable, optional
        Told what is being done, the steps done, and all steps.

    Raises
    ------
    ChurnriskError
        For anything that the user can mend, with what to do.
    """
    tell = progress or (lambda _what, _done, _total: None)
    tell("reading purchases", 0, 1)
    with named_when_too_short(purchases), read_orders(purchases, options or IntakeOptions()) as orders:
        tell("reading purchases", 1, 1)
        current, choice = choose_windows(orders, as_of, horizon=horizon, lookback=lookback, lead=lead)
        exposures = read_exposures(campaigns)
        drawn, chosen = draw_for_training(orders, current, most=train_customers, seed=seed)
        run = partial(backtest_orders, orders, current, drawn=drawn, cutoffs=cutoffs, seed=seed)
        result = run(exposures=exposures, progress=tell)
        grade = grade_tested(result)
        exposed = describe_exposures([one for one in exposures if one.start < current.cutoff])
        return BacktestReport(
            result, grade, choice, describe_intake(orders), exposed | (describe_draw(chosen) if chosen else {})
        )
