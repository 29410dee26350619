"""Learning: churn probabilities from a training set, tested against baselines on what came after."""

from churnrisk.learning.any_table import fit_table
from churnrisk.learning.backtest import Backtest, Figures, run_backtest
from churnrisk.learning.backtest_plan import BacktestPlan, plan_backtest
from churnrisk.learning.calibration import calibration_beyond_chance
from churnrisk.learning.estimators import Blend, RidgePart, fit_bytes
from churnrisk.learning.evaluate import Interval, Scored, difference, measure, reliability
from churnrisk.learning.grade import Grade, grade_tested
from churnrisk.learning.kept_tables import choose_tables
from churnrisk.learning.max_profit import MaxProfit, expected_maximum_profit
from churnrisk.learning.prospects import add_outlook, learn_outlook
from churnrisk.learning.rules import Rule
from churnrisk.learning.train import LEAST_CUSTOMERS, FittedModel, Outcomes, SummaryModel, TestResult, fit_and_test
from churnrisk.learning.tree_tables import SmallTrees
from churnrisk.learning.trees import BoostedModel, ForestModel, classify, import_growers
from churnrisk.learning.workers import Workers

__all__ = [
    "LEAST_CUSTOMERS",
    "Backtest",
    "BacktestPlan",
    "Blend",
    "BoostedModel",
    "Figures",
    "FittedModel",
    "ForestModel",
    "Grade",
    "Interval",
    "MaxProfit",
    "Outcomes",
    "RidgePart",
    "Rule",
    "Scored",
    "SmallTrees",
    "SummaryModel",
    "TestResult",
    "Workers",
    "add_outlook",
    "calibration_beyond_chance",
    "choose_tables",
    "classify",
    "difference",
    "expected_maximum_profit",
    "fit_and_test",
    "fit_bytes",
    "fit_table",
    "grade_tested",
    "import_growers",
    "learn_outlook",
    "measure",
    "plan_backtest",
    "reliability",
    "run_backtest",
]
