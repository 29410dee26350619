"""Logistic regression whose probabilities are the same bytes however rows are batched and threads counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

Floats = np.ndarray

CLIP_AT = 8.0
"""Standardised columns are clipped here, so that one absurd order does not decide a score."""


@dataclass(frozen=True)
class LinearModel:
    """Intercept and one weight for each standardised column.

    Parameters
    ----------
    centre, spread, weights : ndarray of shape (p,)
        A column enters as ``clip((x - centre) / spread) * weight``.
    intercept : float
        In log-odds.
    """

    centre: Floats
    spread: Floats
    weights: Floats
    intercept: float

    def log_odds(self, columns: Floats) -> Floats:
        """Give the log-odds for a matrix of shape (n, p) without missing values.

        The sum goes column by column: a matrix product would differ in the last bit between batch sizes.
        """
        total = np.full(len(columns), self.intercept)
        for position, weight in enumerate(self.weights):
            if weight:
                standard = (columns[:, position] - self.centre[position]) / self.spread[position]
                total += np.clip(standard, -CLIP_AT, CLIP_AT) * weight
        return total


def fit_linear(columns: Floats, churned: Floats, sample_weight: Floats, *, strength: float) -> LinearModel:
    """Fit a ridge-penalised logistic regression on standardised columns.

    Parameters
    ----------
    columns : ndarray of shape (n, p)
        Without missing values.
    churned : ndarray of shape (n,)
        0 or 1, both present.
    sample_weight : ndarray of shape (n,)
        Weight of each row.
    strength : float
        Inverse of the penalty, as scikit-learn's ``C``.
    """
    centre, spread = columns.mean(axis=0), columns.std(axis=0)
    is_constant = spread < 1e-9
    safe = np.where(is_constant, 1.0, spread)
    standard = np.clip((columns - centre) / safe, -CLIP_AT, CLIP_AT)
    standard[:, is_constant] = 0.0
    with threadpool_limits(limits=1, user_api="blas"):  # the solver's path differs between one thread and two
        regression = LogisticRegression(C=strength, max_iter=1000, tol=1e-5)
        regression.fit(standard, churned, sample_weight=sample_weight)
    weights = np.where(is_constant, 0.0, regression.coef_[0])
    return LinearModel(centre, safe, weights, float(regression.intercept_[0]))


def to_probability(log_odds: Floats) -> Floats:
    """Turn log-odds into probabilities."""
    probability: Floats = 0.5 * (1 + np.tanh(log_odds / 2))
    return probability


def to_log_odds(probability: Floats) -> Floats:
    """Turn probabilities into log-odds, clipped to one in a million."""
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    log_odds: Floats = np.log(clipped / (1 - clipped))
    return log_odds
