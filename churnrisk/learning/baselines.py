"""What a model must beat: the churn rate for everybody, a rule on the last order, and logistic regression on RFM.

Each is trained as it is usually done: on the newest snapshot alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from sklearn.linear_model import LogisticRegression

Floats = np.ndarray

RECENCY_BINS = 10
RFM = ("days_since_last_order", "order_count", "mean_order_amount", "tenure_days")


class Classifier(Protocol):
    """Anything that turns named features into churn probabilities."""

    def predict(self, features: Mapping[str, Floats]) -> Floats:
        """Give P(churned) for each row."""


class BaseRate:
    """The churn rate of the snapshot, for everybody."""

    def __init__(self, features: Mapping[str, Floats], churned: Floats) -> None:
        del features
        self.rate = float(churned.mean())

    def predict(self, features: Mapping[str, Floats]) -> Floats:
        """Give the same probability to all."""
        return np.full(len(features["days_since_last_order"]), self.rate)


class RecencyRule:
    """The churn rate of the tenth of customers whose last order is as long ago, lightly smoothed."""

    def __init__(self, features: Mapping[str, Floats], churned: Floats) -> None:
        days = features["days_since_last_order"]
        self.edges = np.unique(np.quantile(days, np.linspace(0, 1, RECENCY_BINS + 1)[1:-1]))
        bins = np.searchsorted(self.edges, days, side="right")
        size = np.bincount(bins, minlength=len(self.edges) + 1)
        lost = np.bincount(bins, weights=churned, minlength=len(self.edges) + 1)
        self.rates = (lost + churned.mean()) / (size + 1)

    def predict(self, features: Mapping[str, Floats]) -> Floats:
        """Give the rate of the bin that each customer falls into."""
        rates: Floats = self.rates[np.searchsorted(self.edges, features["days_since_last_order"], side="right")]
        return rates


class RfmRegression:
    """Logistic regression on logarithms of days since the last order, order count, mean order amount and tenure."""

    def __init__(self, features: Mapping[str, Floats], churned: Floats) -> None:
        self.names = tuple(name for name in RFM if name in features)
        columns = self._logs(features)
        self.centre, self.spread = columns.mean(axis=0), np.maximum(columns.std(axis=0), 1e-9)
        self.regression = LogisticRegression(max_iter=1000).fit((columns - self.centre) / self.spread, churned)

    def _logs(self, features: Mapping[str, Floats]) -> Floats:
        return np.column_stack([np.log1p(np.maximum(features[name], 0)) for name in self.names])

    def predict(self, features: Mapping[str, Floats]) -> Floats:
        """Give the fitted probability."""
        standard = (self._logs(features) - self.centre) / self.spread
        probability: Floats = self.regression.predict_proba(standard)[:, 1]
        return probability


BASELINES: Mapping[str, type[BaseRate] | type[RecencyRule] | type[RfmRegression]] = {
    "base rate": BaseRate,
    "recency rule": RecencyRule,
    "RFM logistic regression": RfmRegression,
}
