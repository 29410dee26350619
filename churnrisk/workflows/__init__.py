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

__all__ = [
    "SAMPLE_PURCHASES",
    "BacktestReport",
    "ChurnModel",
    "KnownChurn",
    "Readiness",
    "ReportResult",
    "ScoreResult",
    "backtest",
    "check_output",
    "check_readiness",
    "check_report_path",
    "find_purchases",
    "load",
    "make_report",
    "predict_churn",
    "rejects_beside",
    "sample_file",
    "score_source",
    "train",
    "without_password",
    "write_report",
    "write_scores",
]
