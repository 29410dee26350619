"""Learning: churn probabilities from a training set, tested against baselines on what came after."""

from churnrisk.learning.evaluate import MEASURES, Interval
from churnrisk.learning.train import LEAST_CUSTOMERS, FittedModel, SummaryModel, TestResult, fit_model, run_test

__all__ = [
    "LEAST_CUSTOMERS",
    "MEASURES",
    "FittedModel",
    "Interval",
    "SummaryModel",
    "TestResult",
    "fit_model",
    "run_test",
]
