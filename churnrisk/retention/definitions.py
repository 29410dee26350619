"""What a figure is: its name, formula, unit, edge cases and source, and how it comes from whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from churnrisk.retention.periods import Period
from churnrisk.timeline import YEAR

Unit = Literal["customers", "share", "currency", "ratio", "orders", "days", "points", "count"]
Value = int | float | None

Z = 1.959964
"""Of the normal distribution, for intervals of 95 %."""


@dataclass(frozen=True)
class PeriodTotals:
    """The whole numbers of one period (and group), and the settings they were counted under."""

    counts: Mapping[str, int]
    period: Period
    lookback: int
    revenue_window: int

    def __getitem__(self, name: str) -> int:
        return self.counts[name]


@dataclass(frozen=True)
class Definition:
    """What a figure means.

    Parameters
    ----------
    name : str
        Key in the JSON.
    title : str
        Short heading on the screen.
    unit : str
        What the number counts.
    formula : str
        With the letters of the definitions page.
    edge_cases : str
        What happens where it is unclear.
    elsewhere : str
        What other tools do differently; empty where they agree.
    source : str
        Where the definition comes from.
    """

    name: str
    title: str
    unit: Unit
    formula: str
    edge_cases: str = ""
    elsewhere: str = ""
    source: str = "churnrisk"


@dataclass(frozen=True)
class PeriodFigure:
    """A figure of the metrics table.

    Parameters
    ----------
    definition : Definition
        What it means.
    of : callable
        Computes it from the totals of a period; None where it is undefined.
    undefined : str
        Why it is undefined, where it is.
    reach : callable
        The first day that the log must cover for the figure to mean what it says.
    needs_amounts : bool
        Whether a log without amounts cannot have it.
    """

    definition: Definition
    of: Callable[[PeriodTotals], Value]
    undefined: str = ""
    reach: Callable[[PeriodTotals], int] = lambda totals: totals.period.starts_on - totals.lookback
    needs_amounts: bool = False


def divide(numerator: float, denominator: float) -> float | None:
    """Divide, or give nothing where the denominator is not above 0."""
    return numerator / denominator if denominator > 0 else None


def annualise_churn(churn: float, days: int) -> float:
    """Return the share lost in a year if every ``days`` days the share ``churn`` of those left is lost.

    >>> round(annualise_churn(0.02, 30), 3)
    0.218
    """
    return float(1 - (1 - churn) ** (YEAR / days))
