"""What a model keeps in its card of the customers that it learned from: counts between edges, and no customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnrisk.dataset import SnapshotData, TrainingSet
from churnrisk.learning import FittedModel
from churnrisk.messages import mark, wording
from churnrisk.monitor.bins import Histogram, find_bins, make_histogram, stability_indices
from churnrisk.schema import RISKS

REFERENCE_FORMAT = 1
KEY = "monitoring"
"""Where the reference stands in a card."""

MOST_CUSTOMERS = 10_000
PAST_CUSTOMERS = 1_000
"""Customers drawn of the newest snapshot, and of each earlier one: enough to see a shift, and training stays quick."""

MOST_PAST = 13
DIGITS = 4


@dataclass(frozen=True)
class Reference:
    """The customer base at the end of training, and how far earlier ones differed from each other.

    Parameters
    ----------
    features : mapping of str to Histogram
        Each feature over the customer base at the model's ``as_of``.
    probability : Histogram
        Churn probabilities that the model gave them.
    mean_probability : float
        Their mean.
    risk : mapping of str to int
        How many were called a high, medium and low risk.
    past_days : tuple of int
        Days between two training cutoffs, rising; empty where the history was too short to compare any.
    past_index : mapping of str to tuple of float
        For each feature and each of ``past_days``, the largest stability index between two cutoffs so far apart.
    """

    features: Mapping[str, Histogram]
    probability: Histogram
    mean_probability: float
    risk: Mapping[str, int]
    past_days: tuple[int, ...]
    past_index: Mapping[str, tuple[float, ...]]

    @property
    def customers(self) -> int:
        """How many customers the histograms hold."""
        return self.probability.customers

    def usual_days(self, days: int) -> int | None:
        """Return the distance of training cutoffs that serves as comparison: the next longer one, else the longest."""
        longer = [one for one in self.past_days if one >= days]
        return longer[0] if longer else (self.past_days[-1] if self.past_days else None)

    def usual_index(self, feature: str, days: int) -> float | None:
        """Return how far the feature differed at most between two training cutoffs so far apart; None if not known."""
        usual = self.usual_days(days)
        return None if usual is None else self.past_index[feature][self.past_days.index(usual)]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for the card."""
        return {
            "format": REFERENCE_FORMAT,
            "features": {name: one.to_dict() for name, one in self.features.items()},
            "probability": self.probability.to_dict(),
            "mean_probability": self.mean_probability,
            "risk": dict(self.risk),
            "past_days": list(self.past_days),
            "past_index": {name: list(values) for name, values in self.past_index.items()},
        }


def make_reference(data: TrainingSet, model: FittedModel, *, seed: int) -> Reference:
    """Count what a model was learned from.

    Parameters
    ----------
    data : TrainingSet
        What it was fitted on.
    model : FittedModel
        The model.
    seed : int
        Of the draw of customers, where there are many.
    """
    values = _draw(data.current.values, MOST_CUSTOMERS, seed)
    features = {name: make_histogram(values[:, k]) for k, name in enumerate(data.names)}
    probability = model.predict(values[:PAST_CUSTOMERS])
    risk = model.bands.classify(probability)
    past = _even_snapshots(data.snapshots)
    days, index = _compare_past([features[name] for name in data.names], past, seed)
    return Reference(
        features,
        make_histogram(probability),
        float(probability.mean()) if len(probability) else float("nan"),
        {level: int((risk == level).sum()) for level in RISKS},
        days,
        {name: tuple(index[:, k].tolist()) for k, name in enumerate(data.names)},
    )


def _draw(values: NDArray[np.float64], most: int, seed: int) -> NDArray[np.float64]:
    """Draw customers in random order."""
    return values[np.random.default_rng(seed).permutation(len(values))[:most]]


def _even_snapshots(snapshots: Sequence[SnapshotData]) -> Sequence[SnapshotData]:
    """Take the newest snapshots, which lie a third of a horizon apart."""
    return snapshots[-MOST_PAST:]


def _compare_past(
    features: Sequence[Histogram], snapshots: Sequence[SnapshotData], seed: int
) -> tuple[tuple[int, ...], NDArray[np.float64]]:
    """Give, for each distance of two cutoffs, the largest index of each feature: shape (distances, features)."""
    counted = _count_all(features, snapshots, seed)
    largest: dict[int, NDArray[np.float64]] = {}
    for (k, one), (m, other) in combinations(enumerate(snapshots), 2):
        days = other.snapshot.cutoff - one.snapshot.cutoff
        index = stability_indices(counted[k], counted[m])
        largest[days] = np.fmax(largest.get(days, np.zeros(len(features))), index)
    days_apart = tuple(sorted(largest))
    rows = [np.round(np.nan_to_num(largest[days]), DIGITS) for days in days_apart]
    return days_apart, np.array(rows, dtype=np.float64).reshape(len(rows), len(features))


def _count_all(features: Sequence[Histogram], snapshots: Sequence[SnapshotData], seed: int) -> NDArray[np.float64]:
    """Count every snapshot between the edges of the newest: shape (snapshots, features, bins), short rows end in zeros.

    All snapshots at once, a feature at a time: one search among the edges costs less than one for each snapshot.
    """
    most = max((len(one.counts) for one in features), default=0)
    counts = np.zeros((len(snapshots), len(features), most))
    if not snapshots:
        return counts
    drawn = [_draw(one.values, PAST_CUSTOMERS, seed + k) for k, one in enumerate(snapshots)]
    first_bin = np.repeat(np.arange(len(drawn)) * most, [len(one) for one in drawn])
    values = np.asfortranarray(np.vstack(drawn))
    for k, one in enumerate(features):
        bins = first_bin + find_bins(values[:, k], one.edges)
        counts[:, k, :] = np.bincount(bins, minlength=len(drawn) * most).reshape(len(drawn), most)
    return counts


def read_reference(card: Mapping[str, Any]) -> tuple[Reference | None, str]:
    """Return what a card keeps for monitoring, or why there is nothing.

    Returns
    -------
    reference : Reference or None
        None where the model is older than this, or newer.
    note : str
        Why it is None, and what to do; else empty.
    """
    kept = card.get(KEY)
    if not isinstance(kept, Mapping):
        return None, mark(
            "The model was trained by an earlier churnrisk, which kept nothing to compare with; "
            "`churnrisk train --like current` makes one like it that does."
        )
    if kept.get("format") != REFERENCE_FORMAT:
        newer = wording(
            "What the model keeps for monitoring has the format {format}, and this churnrisk reads {ours}; update "
            "churnrisk."
        )
        return None, newer.format(format=repr(kept.get("format")), ours=REFERENCE_FORMAT)
    return _parse(kept), ""


def _parse(kept: Mapping[str, Any]) -> Reference:
    return Reference(
        {name: _histogram(one) for name, one in kept["features"].items()},
        _histogram(kept["probability"]),
        float(kept["mean_probability"]),
        {level: int(kept["risk"][level]) for level in RISKS},
        tuple(kept["past_days"]),
        {name: tuple(values) for name, values in kept["past_index"].items()},
    )


def _histogram(kept: Mapping[str, Any]) -> Histogram:
    return Histogram(tuple(kept["edges"]), tuple(kept["counts"]))
