"""What a model must beat.

The churn rate for everybody, a rule on the last order and logistic regression on RFM are trained as it is usually
done: on the newest snapshot alone. The buy-till-you-die models need no labels and are fitted to the purchases of all
customers before the cutoff.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from threadpoolctl import threadpool_limits

from churnrisk.btyd import BtydModel, fit_btyd
from churnrisk.dataset import SnapshotData, TrainingSet, weighted_mean
from churnrisk.errors import NotEnoughData
from churnrisk.types import Floats

RECENCY_BINS = 10
RFM = ("days_since_last_order", "order_count", "mean_order_amount", "tenure_days")


class BaseRate:
    """The churn rate of the snapshot, for everybody."""

    def __init__(self, features: Mapping[str, Floats], churned: Floats, weight: Floats | None = None) -> None:
        del features
        self.rate = weighted_mean(churned, weight)

    def predict(self, features: Mapping[str, Floats]) -> Floats:
        """Return the same probability to all."""
        return np.full(len(features["days_since_last_order"]), self.rate)


class RecencyRule:
    """The churn rate of the tenth of customers whose last order is as long ago, lightly smoothed."""

    def __init__(self, features: Mapping[str, Floats], churned: Floats, weight: Floats | None = None) -> None:
        days = features["days_since_last_order"]
        self.edges = np.unique(np.quantile(days, np.linspace(0, 1, RECENCY_BINS + 1)[1:-1]))
        bins = np.searchsorted(self.edges, days, side="right")
        counted = np.ones(len(churned)) if weight is None else weight
        size = np.bincount(bins, weights=counted, minlength=len(self.edges) + 1)
        lost = np.bincount(bins, weights=counted * churned, minlength=len(self.edges) + 1)
        self.rates = (lost + weighted_mean(churned, weight)) / (size + 1)

    def predict(self, features: Mapping[str, Floats]) -> Floats:
        """Return the rate of the bin that each customer falls into."""
        rates: Floats = self.rates[np.searchsorted(self.edges, features["days_since_last_order"], side="right")]
        return rates


class RfmRegression:
    """Logistic regression on logarithms of days since the last order, order count, mean order amount and tenure."""

    def __init__(self, features: Mapping[str, Floats], churned: Floats, weight: Floats | None = None) -> None:
        from sklearn.linear_model import LogisticRegression  # not before: scoring does without, its import is slow

        self.names = tuple(name for name in RFM if name in features)
        columns = self._logs(features)
        self.centre, self.spread = columns.mean(axis=0), np.maximum(columns.std(axis=0), 1e-9)
        with threadpool_limits(limits=1, user_api="blas"):  # the solver's path differs between one thread and two
            standard = (columns - self.centre) / self.spread
            self.regression = LogisticRegression(max_iter=1000).fit(standard, churned, sample_weight=weight)

    def _logs(self, features: Mapping[str, Floats]) -> Floats:
        return np.column_stack([np.log1p(np.maximum(features[name], 0)) for name in self.names])

    def predict(self, features: Mapping[str, Floats]) -> Floats:
        """Return the fitted probability."""
        standard = (self._logs(features) - self.centre) / self.spread
        with threadpool_limits(limits=1, user_api="blas"):
            probability: Floats = self.regression.predict_proba(standard)[:, 1]
        return probability


BASELINES: Mapping[str, type[BaseRate] | type[RecencyRule] | type[RfmRegression]] = {
    "base rate": BaseRate,
    "recency rule": RecencyRule,
    "RFM logistic regression": RfmRegression,
}

BTYD_BASELINES: Mapping[str, Literal["bgnbd", "mbgnbd", "pareto_nbd"]] = {
    "BG/NBD": "bgnbd",
    "MBG/NBD": "mbgnbd",
    "Pareto/NBD": "pareto_nbd",
}
BASELINE_NAMES = (*BASELINES, *BTYD_BASELINES)
QUICK_BASELINES = tuple(name for name in BASELINE_NAMES if name != "Pareto/NBD")
"""Those that take no time to speak of; Pareto/NBD takes seconds, and hardly ever differs much from MBG/NBD."""


@dataclass(frozen=True)
class BaselineForecasts:
    """What the baselines say of the customer base at one cutoff.

    Parameters
    ----------
    probabilities : mapping of str to ndarray of shape (n,)
        By the name of the baseline; one that could not be fitted is missing.
    notes : mapping of str to str
        What was out of the ordinary about a baseline, such as why it is missing.
    btyd : mapping of str to BtydModel
        The fitted buy-till-you-die models, to start the next fit from.
    """

    probabilities: Mapping[str, Floats]
    notes: Mapping[str, str]
    btyd: Mapping[str, BtydModel]


def forecast_baselines(
    past: TrainingSet, *, names: Sequence[str] = BASELINE_NAMES, start: Mapping[str, BtydModel] | None = None
) -> BaselineForecasts:
    """Fit every baseline on what was known at a cutoff, and ask it about the customer base of that cutoff.

    Parameters
    ----------
    past : TrainingSet
        As it stood at the cutoff; ``current`` is the customer base to predict.
    names : sequence of str
        Which baselines.
    start : mapping of str to BtydModel, optional
        Fits at an earlier cutoff, which make these quicker.
    """
    learned, why_not = _forecast_learned(past, [name for name in BASELINES if name in names])
    fitted, notes = _fit_btyd_models(past, [name for name in BTYD_BASELINES if name in names], start or {})
    horizon, lead = past.current.snapshot.horizon, past.current.snapshot.lead
    structural = {
        name: model.no_purchase_probability(past.current.histories, horizon, lead=lead)
        for name, model in fitted.items()
    }
    return BaselineForecasts(learned | structural, why_not | notes, fitted)


def _forecast_learned(past: TrainingSet, names: Sequence[str]) -> tuple[dict[str, Floats], dict[str, str]]:
    newest = _newest_with_both_outcomes(past)
    if newest is None:
        reason = "not fitted: at no snapshot there were customers who churned and customers who were kept"
        return {}, dict.fromkeys(names, reason)
    features, current = name_columns(newest, past.names), name_columns(past.current, past.names)
    churned = np.asarray(newest.churned)
    fitted = {name: BASELINES[name](features, churned, newest.weight) for name in names}
    return {name: one.predict(current) for name, one in fitted.items()}, {}


def _newest_with_both_outcomes(past: TrainingSet) -> SnapshotData | None:
    return next((one for one in reversed(past.snapshots) if len(np.unique(np.asarray(one.churned))) == 2), None)


def _fit_btyd_models(
    past: TrainingSet, names: Sequence[str], start: Mapping[str, BtydModel]
) -> tuple[dict[str, BtydModel], dict[str, str]]:
    fitted: dict[str, BtydModel] = {}
    notes: dict[str, str] = {}
    for name in names:
        try:
            fitted[name] = fit_btyd(past.current.summary, BTYD_BASELINES[name], start=start.get(name))
        except NotEnoughData as error:
            notes[name] = f"not fitted: {error}"
            continue
        if fitted[name].note:
            notes[name] = fitted[name].note
    return fitted, notes


def name_columns(data: SnapshotData, names: tuple[str, ...]) -> dict[str, Floats]:
    """Return each feature of a snapshot by its name."""
    return {name: data.values[:, position] for position, name in enumerate(names)}
