"""The whole journeys: from a source of purchases to a stored model, and from a model to scores.

The only place where a source, a store and the stages meet. The command line and the service call these functions;
:class:`ChurnModel`, :func:`train` and :func:`load` are the Python interface.
"""

from churnrisk.workflows.model import ChurnModel, load, train
from churnrisk.workflows.scoring import ScoreResult, score_source
from churnrisk.workflows.sources import SAMPLE_PURCHASES, find_purchases, sample_file

__all__ = [
    "SAMPLE_PURCHASES",
    "ChurnModel",
    "ScoreResult",
    "find_purchases",
    "load",
    "sample_file",
    "score_source",
    "train",
]
