"""Learning: churn probabilities from a training set, tested against baselines on what came after."""

from churnrisk.learning.backtest import Backtest, CutoffResult, Figures, run_backtest
from churnrisk.learning.backtest_plan import BacktestPlan, SkippedCutoff, plan_backtest
from churnrisk.learning.calibration import calibration_beyond_chance
from churnrisk.learning.design import FAMILIES, families_of
from churnrisk.learning.estimators import Blend, Learner, RidgePart, fit_bytes
from churnrisk.learning.evaluate import MEASURES, Interval, Scored, difference, measure, reliability
from churnrisk.learning.grade import (
    Evidence,
    Grade,
    evidence_of_backtest,
    evidence_of_test,
    grade_model,
)
from churnrisk.learning.linear import LinearModel, fit_linear, to_probability
from churnrisk.learning.max_profit import MaxProfit, expected_maximum_profit, roc_hull
from churnrisk.learning.outlook import Outlook, Prospects
from churnrisk.learning.outlook_fit import OutlookCheck, fit_outlook, select_outlook_features
from churnrisk.learning.prospects import add_outlook
from churnrisk.learning.rules import Rule
from churnrisk.learning.survival import REPORTED
from churnrisk.learning.train import (
    LEAST_CUSTOMERS,
    FittedModel,
    Outcomes,
    SummaryModel,
    TestResult,
    fit_and_test,
    fit_model,
    run_test,
)
from churnrisk.learning.tree_tables import SmallTrees
from churnrisk.learning.trees import BoostedModel, ForestModel, classify, import_growers, rate_to_log_odds
from churnrisk.learning.valuation import Valuation
from churnrisk.learning.workers import Workers

__all__ = [
    "FAMILIES",
    "LEAST_CUSTOMERS",
    "MEASURES",
    "REPORTED",
    "Backtest",
    "BacktestPlan",
    "Blend",
    "BoostedModel",
    "CutoffResult",
    "Evidence",
    "Figures",
    "FittedModel",
    "ForestModel",
    "Grade",
    "Interval",
    "Learner",
    "LinearModel",
    "MaxProfit",
    "Outcomes",
    "Outlook",
    "OutlookCheck",
    "Prospects",
    "RidgePart",
    "Rule",
    "Scored",
    "SkippedCutoff",
    "SmallTrees",
    "SummaryModel",
    "TestResult",
    "Valuation",
    "Workers",
    "add_outlook",
    "calibration_beyond_chance",
    "classify",
    "difference",
    "evidence_of_backtest",
    "evidence_of_test",
    "expected_maximum_profit",
    "families_of",
    "fit_and_test",
    "fit_bytes",
    "fit_linear",
    "fit_model",
    "fit_outlook",
    "grade_model",
    "import_growers",
    "measure",
    "plan_backtest",
    "rate_to_log_odds",
    "reliability",
    "roc_hull",
    "run_backtest",
    "run_test",
    "select_outlook_features",
    "to_probability",
]
