"""Published figures of other shops, each with its source, and a comparison that refuses what is not comparable."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib import resources
from typing import Any

import numpy as np

from churnrisk.engines import Arrays
from churnrisk.retention.definitions import divide
from churnrisk.retention.histories import OrderLog, follow_customers, map_orders, read_rows
from churnrisk.retention.metrics import measure_retention
from churnrisk.timeline import YEAR

REFUSALS = {
    "subscription_churn_rate_monthly": "counts cancelled subscriptions; a shop has none, so its lost customers are "
    "another thing",
    "retention_rate_of_unknown_definition": "its definition is not published",
    "repeat_share_of_unknown_window": "the time within which customers come back is not published, and the figure "
    "grows with it",
    "nps": "needs the answers to a survey: churnrisk nps SURVEY",
}
"""Why a published figure cannot be set beside one of the shop."""


@dataclass(frozen=True)
class Benchmark:
    """A published figure.

    Parameters
    ----------
    name, industry : str
        What and whose.
    measures : str
        Key of the definition: only a figure of the same key may be compared.
    value : float
        A share, or points.
    unit : str
        ``share`` or ``points``.
    definition, sample, period, published, source : str
        As far as they are known.
    read_at : tuple of str
        Where it was read.
    grade : str
        How far to trust it: B, C or D.
    """

    name: str
    industry: str
    measures: str
    value: float
    unit: str
    definition: str
    sample: str
    period: str
    published: str
    source: str
    read_at: tuple[str, ...]
    grade: str


@dataclass(frozen=True)
class Comparison:
    """A published figure beside the shop's own, or why not.

    Parameters
    ----------
    benchmark : Benchmark
        The published figure.
    own : float or None
        The shop's, under the same definition.
    refused : str
        Why there is no comparison; empty where there is one.
    """

    benchmark: Benchmark
    own: float | None
    refused: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        facts = asdict(self.benchmark)
        return {**facts, "read_at": list(self.benchmark.read_at), "own": self.own, "refused": self.refused or None}


def read_benchmarks() -> tuple[Benchmark, ...]:
    """Read the table of published figures that the package brings."""
    text = resources.files("churnrisk.retention").joinpath("benchmarks.json").read_text(encoding="utf-8")
    figures = json.loads(text)["figures"]
    return tuple(Benchmark(**{**figure, "read_at": tuple(figure["read_at"])}) for figure in figures)


def grade_meanings() -> dict[str, str]:
    """Return what the grades mean."""
    text = resources.files("churnrisk.retention").joinpath("benchmarks.json").read_text(encoding="utf-8")
    grades: dict[str, str] = json.loads(text)["grades"]
    return grades


def compare_benchmarks(own: Mapping[str, float | None]) -> tuple[Comparison, ...]:
    """Set published figures beside the shop's own of the same definition, and refuse all others with the reason."""
    compared = []
    for benchmark in read_benchmarks():
        value = own.get(benchmark.measures)
        undefined = "the shop's own figure is undefined: the log is too short, or nobody is in it"
        reason = "" if value is not None else REFUSALS.get(benchmark.measures, undefined)
        compared.append(Comparison(benchmark, value, reason))
    return tuple(compared)


def measure_own(log: OrderLog, *, nps: float | None = None) -> dict[str, float | None]:
    """Measure the shop's own figures under the definitions of the published ones."""
    end = log.last_day + 1
    own: dict[str, float | None] = {"second_order_rate_365_days": second_order_rate(log, YEAR), "nps": nps}
    last_year = measure_retention(log, YEAR, start=end - YEAR, stop=end).rows[0]
    own["annual_retention_rate_by_count"] = last_year.figures["retention_rate_by_count"] if last_year.complete else None
    return own


def second_order_rate(log: OrderLog, days: int) -> float | None:
    """Return the share with a second purchase day within so many days, of all customers followed for that long."""
    step = partial(count_second_orders, days, log.last_day + 1)
    followed = returned = 0
    for part in map_orders(log, step, until=log.last_day):
        followed, returned = followed + int(part["followed"]), returned + int(part["returned"])
    return divide(returned, followed)


def count_second_orders(days: int, end_day: int, batch: Arrays) -> Arrays:
    """Count, in a batch of whole customers, those followed long enough and those who came back."""
    seen = follow_customers(read_rows(batch), np.zeros(0, np.int64))
    first_day = seen.first_day(end_day)
    followed = first_day + days < end_day
    returned = followed & seen.came_back(first_day, days)
    return {"followed": np.array(followed.sum()), "returned": np.array(returned.sum())}
