"""Learning: churn probabilities from a training set, tested against baselines on what came after."""

from churnrisk.learning.backtest import Backtest, CutoffResult, Figures, SkippedCutoff, plan_backtest, run_backtest
from churnrisk.learning.evaluate import MEASURES, Interval
from churnrisk.learning.grade import Evidence, Grade, evidence_of_backtest, evidence_of_test, grade_model
from churnrisk.learning.train import LEAST_CUSTOMERS, FittedModel, SummaryModel, TestResult, fit_model, run_test

__all__ = [
    "LEAST_CUSTOMERS",
    "MEASURES",
    "Backtest",
    "CutoffResult",
    "Evidence",
    "Figures",
    "FittedModel",
    "Grade",
    "Interval",
    "SkippedCutoff",
    "SummaryModel",
    "TestResult",
    "evidence_of_backtest",
    "evidence_of_test",
    "fit_model",
    "grade_model",
    "plan_backtest",
    "run_backtest",
    "run_test",
]
