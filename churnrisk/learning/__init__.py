"""Learning: churn probabilities from a training set, tested against baselines on what came after."""

from churnrisk.learning.evaluate import MEASURES, Interval
from churnrisk.learning.train import FittedModel, SummaryModel, TestResult, fit_model, run_test

__all__ = ["MEASURES", "FittedModel", "Interval", "SummaryModel", "TestResult", "fit_model", "run_test"]
