"""Learning: churn probabilities from a training set, tested against baselines on what came after."""

from churnrisk.learning.backtest import Backtest, CutoffResult, Figures, SkippedCutoff, plan_backtest, run_backtest
from churnrisk.learning.evaluate import MEASURES, Interval, Scored
from churnrisk.learning.grade import Evidence, Grade, evidence_of_backtest, evidence_of_test, grade_model
from churnrisk.learning.max_profit import MaxProfit, expected_maximum_profit, roc_hull
from churnrisk.learning.outlook import Outlook, Prospects
from churnrisk.learning.outlook_fit import OutlookCheck, fit_outlook, select_outlook_features
from churnrisk.learning.survival import REPORTED
from churnrisk.learning.train import LEAST_CUSTOMERS, FittedModel, SummaryModel, TestResult, fit_model, run_test
from churnrisk.learning.worth import Valuation

__all__ = [
    "LEAST_CUSTOMERS",
    "MEASURES",
    "REPORTED",
    "Backtest",
    "CutoffResult",
    "Evidence",
    "Figures",
    "FittedModel",
    "Grade",
    "Interval",
    "MaxProfit",
    "Outlook",
    "OutlookCheck",
    "Prospects",
    "Scored",
    "SkippedCutoff",
    "SummaryModel",
    "TestResult",
    "Valuation",
    "evidence_of_backtest",
    "evidence_of_test",
    "expected_maximum_profit",
    "fit_model",
    "fit_outlook",
    "grade_model",
    "plan_backtest",
    "roc_hull",
    "run_backtest",
    "run_test",
    "select_outlook_features",
]
