"""The whole journeys: from a source of purchases to a stored model, and from a model to scores.

The only place where a source, a store and the stages meet. The command line and the service call these functions;
:class:`ChurnModel`, :func:`train` and :func:`load` are the Python interface.
"""

from churnrisk.workflows.backtest import BacktestReport, backtest
from churnrisk.workflows.known import KnownChurn, predict_churn
from churnrisk.workflows.model import ChurnModel, load, train
from churnrisk.workflows.readiness import Readiness, check_readiness
from churnrisk.workflows.report import ReportResult, check_report_path, make_report, write_report
from churnrisk.workflows.scoring import ScoreResult, check_output, score_source, write_scores
from churnrisk.workflows.sources import SAMPLE_PURCHASES, find_purchases, rejects_beside, sample_file, without_password
from churnrisk.workflows.target import TargetResult, Written, check_list_output, make_target, write_target
from churnrisk.workflows.terms import Acceptance, check_needed, choose_acceptance

__all__ = [
    "SAMPLE_PURCHASES",
    "Acceptance",
    "BacktestReport",
    "ChurnModel",
    "KnownChurn",
    "Readiness",
    "ReportResult",
    "ScoreResult",
    "TargetResult",
    "Written",
    "backtest",
    "check_list_output",
    "check_needed",
    "check_output",
    "check_readiness",
    "check_report_path",
    "choose_acceptance",
    "find_purchases",
    "load",
    "make_report",
    "make_target",
    "predict_churn",
    "rejects_beside",
    "sample_file",
    "score_source",
    "train",
    "without_password",
    "write_report",
    "write_scores",
    "write_target",
]
