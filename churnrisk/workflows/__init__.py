"""The whole journeys: from a source of purchases to a stored model, and from a model to scores.

Here a source, a store and the stages meet. The command line, the service and the packages above call these functions;
:class:`ChurnModel`, :func:`train` and :func:`load` are the Python interface.
"""

from churnrisk.workflows.backtest import backtest
from churnrisk.workflows.cluster import ClusterResult, score_source_on_spark
from churnrisk.workflows.known import predict_churn, stored_value
from churnrisk.workflows.model import ChurnModel, load
from churnrisk.workflows.report import (
    ReportResult,
    check_report_path,
    describe_campaign,
    make_report,
    plan_contacts,
    write_report,
)
from churnrisk.workflows.scoring import ScoreResult, check_output, describe_scores, score_source, write_scores
from churnrisk.workflows.streaming import StreamTo
from churnrisk.workflows.training import TrainPlan, train, train_orders

__all__ = [
    "ChurnModel",
    "ClusterResult",
    "ReportResult",
    "ScoreResult",
    "StreamTo",
    "TrainPlan",
    "backtest",
    "check_output",
    "check_report_path",
    "describe_campaign",
    "describe_scores",
    "load",
    "make_report",
    "plan_contacts",
    "predict_churn",
    "score_source",
    "score_source_on_spark",
    "stored_value",
    "train",
    "train_orders",
    "write_report",
    "write_scores",
]
