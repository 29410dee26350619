"""Score customers: one row for each, whoever they are, in this process or on the executors of Spark."""

from churnrisk.scoring.cluster import ClusterScores, score_on_cluster
from churnrisk.scoring.score import Watch, score_orders, score_summary
from churnrisk.scoring.scores import NEXT_ORDER, OUTLOOK_COLUMNS, STATUSES, By, Scores
from churnrisk.scoring.standing import Standing, find, select_customers, standing_of
from churnrisk.scoring.stream import StreamedScores, stream_scores

__all__ = [
    "NEXT_ORDER",
    "OUTLOOK_COLUMNS",
    "STATUSES",
    "By",
    "ClusterScores",
    "Scores",
    "Standing",
    "StreamedScores",
    "Watch",
    "find",
    "score_on_cluster",
    "score_orders",
    "score_summary",
    "select_customers",
    "standing_of",
    "stream_scores",
]
