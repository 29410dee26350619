"""The whole journeys: from a source of purchases to a stored model, and from a model to scores.

Here a source, a store and the stages meet. The command line, the service and the packages above call these functions;
:class:`ChurnModel`, :func:`train` and :func:`load` are the Python interface.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from churnrisk.workflows.backtesting import backtest
    from churnrisk.workflows.cluster import ClusterResult, score_source_on_spark
    from churnrisk.workflows.frames import make_frame
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
    "make_frame",
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

_HOMES = {
    "backtesting": ("backtest",),
    "cluster": ("ClusterResult", "score_source_on_spark"),
    "frames": ("make_frame",),
    "known": ("predict_churn", "stored_value"),
    "model": ("ChurnModel", "load"),
    "report": (
        "ReportResult",
        "check_report_path",
        "describe_campaign",
        "make_report",
        "plan_contacts",
        "write_report",
    ),
    "scoring": ("ScoreResult", "check_output", "describe_scores", "score_source", "write_scores"),
    "streaming": ("StreamTo",),
    "training": ("TrainPlan", "train", "train_orders"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    # imported on first use: to explain a customer takes no training, no report and no campaigns
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
