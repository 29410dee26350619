"""How good probabilities are: ranking, calibration and lift, each with an interval over customers.

Churned customers are the positive class. Every measure takes weights, so that a bootstrap resample is a vector of
counts, and the same resamples serve every model: differences between models are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

CLIP = 1e-6
BINS = 15
RESAMPLES = 200
LEVEL = (0.025, 0.975)

Vector = np.ndarray
Measure = Callable[["Scored", Vector], float]


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval; NaN where it is undefined."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """Return plain numbers; an undefined one is None."""
        return {k: None if np.isnan(v) else float(v) for k, v in vars(self).items()}


class Scored:
    """Outcomes and probabilities of the same customers, sorted into groups of equal probability once.

    Parameters
    ----------
    churned : array of shape (n,)
        1 where the customer churned, else 0.
    probability : array of shape (n,)
        Predicted churn probabilities.
    weight : array of shape (n,), optional
        How many customers each row stands for; one each by default.
    """

    def __init__(self, churned: Vector, probability: Vector, weight: Vector | None = None) -> None:
        self.weight = np.ones(len(churned)) if weight is None else weight
        self.churned = np.asarray(churned, dtype=np.float64)
        self.probability = np.asarray(probability, dtype=np.float64)
        self.levels, self.group = np.unique(self.probability, return_inverse=True)
        clipped = np.clip(self.probability, CLIP, 1 - CLIP)
        self.loss = -(self.churned * np.log(clipped) + (1 - self.churned) * np.log(1 - clipped))
        edges = np.unique(np.quantile(self.probability, np.linspace(0, 1, BINS + 1)[1:-1]))
        self.bin = np.searchsorted(edges, self.probability, side="right")

    def __len__(self) -> int:
        return len(self.churned)

    def by_level(self, weights: Vector) -> tuple[Vector, Vector]:
        """Return the weight of churned and of kept customers at each distinct probability, rising."""
        size = len(self.levels)
        churned = np.bincount(self.group, weights=weights * self.churned, minlength=size)
        return churned, np.bincount(self.group, weights=weights, minlength=size) - churned


def roc_auc(scored: Scored, weights: Vector) -> float:
    """Probability that a churned customer is ranked above a kept one; ties count half."""
    churned, kept = scored.by_level(weights)
    if churned.sum() == 0 or kept.sum() == 0:
        return float("nan")
    return float((churned * (np.cumsum(kept) - kept / 2)).sum() / (churned.sum() * kept.sum()))


def average_precision(scored: Scored, weights: Vector) -> float:
    """Mean precision over the churned, from the highest probability down; ties enter together."""
    churned, kept = (side[::-1] for side in scored.by_level(weights))
    total = churned.sum()
    if total == 0:
        return float("nan")
    taken = np.cumsum(churned + kept)
    precision = np.divide(np.cumsum(churned), taken, out=np.zeros_like(taken), where=taken > 0)
    return float((churned * precision).sum() / total)


def log_loss(scored: Scored, weights: Vector) -> float:
    """Mean negative log-likelihood, natural logarithm, probabilities clipped to 1e-6."""
    return float((weights * scored.loss).sum() / weights.sum())


def brier_score(scored: Scored, weights: Vector) -> float:
    """Mean squared difference between probability and outcome."""
    return float((weights * (scored.probability - scored.churned) ** 2).sum() / weights.sum())


def calibration_error(scored: Scored, weights: Vector) -> float:
    """Mean absolute difference of predicted and observed rates over 15 bins of equal mass; ties are never split.

    A perfect model does not reach 0: with 500 customers it has about 0.05.
    """
    rows = reliability(scored, weights)
    return float(sum(size * abs(observed - predicted) for size, predicted, observed in rows) / weights.sum())


def reliability(scored: Scored, weights: Vector | None = None) -> list[tuple[float, float, float]]:
    """Return each bin's size, mean probability and observed churn rate, from low to high probability."""
    w = scored.weight if weights is None else weights
    size = np.bincount(scored.bin, weights=w)
    predicted = np.bincount(scored.bin, weights=w * scored.probability)
    observed = np.bincount(scored.bin, weights=w * scored.churned)
    return [(float(n), float(p / n), float(o / n)) for n, p, o in zip(size, predicted, observed, strict=True) if n]


def top_decile_lift(scored: Scored, weights: Vector) -> float:
    """Churn rate of the tenth with the highest probability over that of all; ties at the edge are shared."""
    churned, kept = (side[::-1] for side in scored.by_level(weights))
    mass = churned + kept
    if churned.sum() == 0:
        return float("nan")
    room = np.ceil(0.1 * mass.sum())
    before = np.cumsum(mass) - mass
    share = np.clip(np.divide(room - before, mass, out=np.zeros_like(mass), where=mass > 0), 0, 1)
    return float((churned * share).sum() / room / (churned.sum() / mass.sum()))


def bias(scored: Scored, weights: Vector) -> float:
    """Mean probability less the observed churn rate."""
    return float((weights * (scored.probability - scored.churned)).sum() / weights.sum())


MEASURES: Mapping[str, Measure] = {
    "auc": roc_auc,
    "average_precision": average_precision,
    "log_loss": log_loss,
    "brier": brier_score,
    "calibration_error": calibration_error,
    "top_decile_lift": top_decile_lift,
    "bias": bias,
}


def resample_counts(size: int, *, seed: int, resamples: int = RESAMPLES) -> Iterator[Vector]:
    """Draw customers with replacement; give how often each was drawn."""
    generator = np.random.default_rng(seed)
    for _ in range(resamples):
        yield np.bincount(generator.integers(0, size, size), minlength=size).astype(np.float64)


def percentile_interval(value: float, draws: Vector) -> Interval:
    """The 95 % percentile interval, quantiles by the Weibull rule (the usual rule is too narrow at 200 draws)."""
    known = draws[~np.isnan(draws)]
    if len(known) < 2:
        return Interval(value, np.nan, np.nan)  # one object, so that intervals of no extent are equal
    low, high = np.quantile(known, LEVEL, method="weibull")
    return Interval(value, float(low), float(high))


def estimate(name: str, value: float, draws: Vector) -> Interval:
    """A measure with its interval; the calibration error has none, since each resample adds to what chance did."""
    return percentile_interval(value, np.zeros(0) if name == "calibration_error" else draws)


def measure(scored: Scored, *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Interval]:
    """Take every measure of one model on one snapshot, with its 95 % bootstrap interval over customers.

    The intervals hold the snapshot fixed. They do not cover the change from one cutoff to the next, which is
    larger; a backtest over several cutoffs shows that.
    """
    ones = scored.weight
    draws = {name: np.empty(resamples) for name in MEASURES}
    for k, counts in enumerate(resample_counts(len(scored), seed=seed, resamples=resamples)):
        for name, function in MEASURES.items():
            draws[name][k] = function(scored, counts * ones)
    return {name: estimate(name, function(scored, ones), draws[name]) for name, function in MEASURES.items()}


def difference(ours: Scored, theirs: Scored, name: str, *, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """Return ours minus theirs of one measure, paired over the same resampled customers."""
    function = MEASURES[name]
    ones = ours.weight
    resampled = (counts * ones for counts in resample_counts(len(ours), seed=seed, resamples=resamples))
    draws = np.array([function(ours, w) - function(theirs, w) for w in resampled])
    return percentile_interval(function(ours, ones) - function(theirs, ones), draws)
