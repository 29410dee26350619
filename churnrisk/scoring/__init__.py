"""Score customers: one row for each, whoever they are, in this process or on the executors of Spark."""

from churnrisk.scoring.cluster import ClusterScores, score_on_cluster
from churnrisk.scoring.score import score_orders, score_summary
from churnrisk.scoring.scores import NEXT_ORDER, OUTLOOK_COLUMNS, Scores
from churnrisk.scoring.standing import Standing, find, standing_of
from churnrisk.scoring.stream import StreamedScores, stream_scores

__all__ = [
    "NEXT_ORDER",
    "OUTLOOK_COLUMNS",
    "ClusterScores",
    "Scores",
    "Standing",
    "StreamedScores",
    "find",
    "score_on_cluster",
    "score_orders",
    "score_summary",
    "standing_of",
    "stream_scores",
]
