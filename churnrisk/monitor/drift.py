"""Whether the customers have changed since training, beyond what chance and the calendar always change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from churnrisk.features import catalogue
from churnrisk.learning import FittedModel
from churnrisk.monitor.bins import Histogram, chance_limit, count_bins, expected_index, stability_index
from churnrisk.monitor.reference import Reference
from churnrisk.schema import RISKS

Verdict = Literal["chance", "usual", "calendar", "drifted"]

CALENDAR = frozenset(one.name for one in catalogue() if one.family == "season")
"""Features that count what customers did on these days of earlier years: they turn with the calendar."""


@dataclass(frozen=True)
class FeatureDrift:
    """How one feature differs from training.

    Parameters
    ----------
    name : str
        The feature.
    index : float
        Population stability index between the customer base at training and now.
    expected : float
        What it is on average when nothing has shifted, with so many customers.
    chance : float
        What chance alone exceeds once in 10,000.
    usual : float or None
        The largest index between two training cutoffs about so far apart as training and now. Histories grow and
        seasons turn, so this is seldom 0. None where the history was too short to tell.
    missing_then, missing_now : float
        Shares of customers without the feature.
    """

    name: str
    index: float
    expected: float
    chance: float
    usual: float | None
    missing_then: float
    missing_now: float

    @property
    def limit(self) -> float:
        """What chance and the usual course of a shop explain together."""
        return self.chance + (self.usual or 0.0)

    @property
    def verdict(self) -> Verdict:
        """``chance``, ``usual``, ``drifted`` (more than both explain), or ``calendar`` where that is no surprise."""
        if self.index <= self.chance:
            return "chance"
        if self.index <= self.limit:
            return "usual"
        return "calendar" if self.name in CALENDAR else "drifted"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {**asdict(self), "limit": self.limit, "verdict": self.verdict}


@dataclass(frozen=True)
class ScoreDrift:
    """How the probabilities of now differ from some of before.

    Parameters
    ----------
    customers : int
        Whose probabilities those of before are.
    index, expected, chance : float
        As of :class:`FeatureDrift`.
    mean_then, mean_now : float
        Mean churn probabilities.
    risk_then, risk_now : mapping of str to float
        Share of high, medium and low risk.
    """

    customers: int
    index: float
    expected: float
    chance: float
    mean_then: float
    mean_now: float
    risk_then: Mapping[str, float]
    risk_now: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class CustomerBase:
    """The customers of now, counted as the model counts those of training.

    Parameters
    ----------
    customers : int
        How many are active.
    features : mapping of str to Histogram
        Between the edges of training.
    probability : Histogram or None
        Between the edges of training; None without a model that can be loaded.
    mean_probability : float
        NaN without.
    risk : mapping of str to int
        Customers of each risk.
    """

    customers: int
    features: Mapping[str, Histogram]
    probability: Histogram | None
    mean_probability: float
    risk: Mapping[str, int]


def count_base(
    reference: Reference, batches: Iterable[tuple[tuple[str, ...], NDArray[np.float64]]], model: FittedModel | None
) -> CustomerBase:
    """Count the customers of now between the edges of training, batch by batch.

    Parameters
    ----------
    reference : Reference
        The edges.
    batches : iterable of (names, values)
        Features, values of shape (n, p).
    model : FittedModel, optional
        To score them with; without, their probabilities stay unknown.
    """
    counts = {name: np.zeros(len(one.counts), np.int64) for name, one in reference.features.items()}
    scored, risk = np.zeros(len(reference.probability.counts), np.int64), dict.fromkeys(RISKS, 0)
    total, customers = 0.0, 0
    for names, values in batches:
        customers += len(values)
        for name, one in reference.features.items():
            counts[name] += count_bins(values[:, names.index(name)], one.edges)
        if model is not None:
            probability = model.predict(values)
            scored += count_bins(probability, reference.probability.edges)
            total += float(probability.sum())
            words = model.bands.classify(probability)
            risk = {level: risk[level] + int((words == level).sum()) for level in RISKS}
    features = {name: Histogram(one.edges, tuple(counts[name].tolist())) for name, one in reference.features.items()}
    is_scored = model is not None and customers > 0
    probabilities = Histogram(reference.probability.edges, tuple(scored.tolist())) if is_scored else None
    return CustomerBase(customers, features, probabilities, total / customers if is_scored else float("nan"), risk)


def measure_feature_drift(reference: Reference, base: CustomerBase, *, days: int) -> tuple[FeatureDrift, ...]:
    """Compare every feature with training, those first that differ most beyond what chance and season explain.

    Parameters
    ----------
    reference : Reference
        Training.
    base : CustomerBase
        Now.
    days : int
        From the model's ``as_of`` to now.
    """
    if not base.customers or not reference.customers:
        return ()
    found = [_compare(name, reference, base, days) for name in reference.features]
    return tuple(sorted(found, key=_urgency))


def _urgency(one: FeatureDrift) -> tuple[bool, float, str]:
    """Sort those first that drifted, by how far beyond their limit; the others by their index."""
    has_drifted = one.verdict == "drifted"
    return not has_drifted, one.limit - one.index if has_drifted else -one.index, one.name


def _compare(name: str, reference: Reference, base: CustomerBase, days: int) -> FeatureDrift:
    then, now = reference.features[name], base.features[name]
    return FeatureDrift(
        name,
        stability_index(then.counts, now.counts),
        expected_index(then.counts, now.counts),
        chance_limit(then.counts, now.counts),
        reference.usual_index(name, days),
        then.missing_share,
        now.missing_share,
    )


def compare_scores(
    then: Histogram, base: CustomerBase, *, mean_then: float, risk_then: Mapping[str, int]
) -> ScoreDrift | None:
    """Compare the probabilities of now with earlier ones, counted between the same edges; None where one has none."""
    now = base.probability
    if now is None or not now.customers or not then.customers:
        return None
    return ScoreDrift(
        then.customers,
        stability_index(then.counts, now.counts),
        expected_index(then.counts, now.counts),
        chance_limit(then.counts, now.counts),
        mean_then,
        base.mean_probability,
        _shares_of(risk_then),
        _shares_of(base.risk),
    )


def _shares_of(counts: Mapping[str, int]) -> dict[str, float]:
    total = max(sum(counts.values()), 1)
    return {level: counts.get(level, 0) / total for level in RISKS}
