"""The whole journeys: from a source of purchases to a stored model, and from a model to scores.

The only place where a source, a store and the stages meet. The command line and the service call these functions;
:class:`ChurnModel`, :func:`train` and :func:`load` are the Python interface.
"""

from churnrisk.workflows.known import KnownChurn, predict_churn
from churnrisk.workflows.model import ChurnModel, load, train
from churnrisk.workflows.readiness import Readiness, check_readiness
from churnrisk.workflows.scoring import ScoreResult, score_source
from churnrisk.workflows.sources import SAMPLE_PURCHASES, find_purchases, rejects_beside, sample_file

__all__ = [
    "SAMPLE_PURCHASES",
    "ChurnModel",
    "KnownChurn",
    "Readiness",
    "ScoreResult",
    "check_readiness",
    "find_purchases",
    "load",
    "predict_churn",
    "rejects_beside",
    "sample_file",
    "score_source",
    "train",
]
