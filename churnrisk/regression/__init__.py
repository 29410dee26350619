"""Regression on customers: columns made ready, weights fitted, the same bytes on any thread count."""

from churnrisk.regression.design import ALIVE, SILENCE, Design, families_of, find_terms, flatten
from churnrisk.regression.glm import LinearPredictor, fit_logistic
from churnrisk.regression.linear import (
    LinearModel,
    Terms,
    fit_linear,
    median_of_known,
    shift_to,
    to_log_odds,
    to_probability,
)

__all__ = [
    "ALIVE",
    "SILENCE",
    "Design",
    "LinearModel",
    "LinearPredictor",
    "Terms",
    "families_of",
    "find_terms",
    "fit_linear",
    "fit_logistic",
    "flatten",
    "median_of_known",
    "shift_to",
    "to_log_odds",
    "to_probability",
]
