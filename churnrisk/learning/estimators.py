"""The learner: churn probabilities from a feature matrix with missing values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnrisk.learning.linear import LinearModel, fit_linear

Floats = np.ndarray

STRENGTH = 0.005
DECAY = 0.85
"""Weight of a snapshot against the one after it: what happened lately tells more."""


@dataclass(frozen=True)
class Design:
    """Features as the linear model sees them: logarithms, squares, and a mark where a value is missing."""

    medians: Floats

    @classmethod
    def of(cls, values: Floats) -> Design:
        """Note what stands in for missing values."""
        logs = signed_log(values)
        known = ~np.isnan(logs)
        medians = [float(np.median(logs[known[:, k], k])) if known[:, k].any() else 0.0 for k in range(logs.shape[1])]
        return cls(np.array(medians))

    def apply(self, values: Floats) -> Floats:
        """Give the columns, shape (n, 3 p), none of them missing."""
        logs = signed_log(values)
        missing = np.isnan(logs)
        filled = np.where(missing, self.medians, logs)
        return np.hstack([filled, filled**2, missing.astype(np.float64)])


def signed_log(values: Floats) -> Floats:
    """Take logarithms of size, keeping sign and zero: amounts and gaps spread over orders of magnitude."""
    logs: Floats = np.sign(values) * np.log1p(np.abs(values))
    return logs


@dataclass(frozen=True)
class Learner:
    """A fitted learner; ``log_odds`` of a row depends on that row alone."""

    design: Design
    linear: LinearModel

    def log_odds(self, values: Floats) -> Floats:
        """Give the log-odds of churning for feature rows of shape (n, p)."""
        return self.linear.log_odds(self.design.apply(values))


def fit_learner(values: Floats, churned: Floats, sample_weight: Floats, *, seed: int) -> Learner:
    """Fit the learner on rows sorted by cutoff and customer."""
    del seed  # nothing random yet
    design = Design.of(values)
    return Learner(design, fit_linear(design.apply(values), churned, sample_weight, strength=STRENGTH))
