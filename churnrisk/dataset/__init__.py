"""The training set: features, labels and histories at many snapshots, as arrays.

Here lazy queries become arrays, once. Features and labels are computed apart and meet only by customer. No outcome
window reaches past ``as_of``, and nothing on or after ``as_of`` is read.
"""

from churnrisk.dataset.exposure import Exposure, mend_exposed, weigh_customers
from churnrisk.dataset.follow_ups import FollowUpData, build_follow_ups, choose_follow_ups
from churnrisk.dataset.past_bases import PastBase
from churnrisk.dataset.purchase_days import DailyPurchases, count_daily_purchases, repurchase_gaps
from churnrisk.dataset.table_days import find_table_days
from churnrisk.dataset.training import SnapshotData, TrainingSet, build_training_set, weighted_mean

__all__ = [
    "DailyPurchases",
    "Exposure",
    "FollowUpData",
    "PastBase",
    "SnapshotData",
    "TrainingSet",
    "build_follow_ups",
    "build_training_set",
    "choose_follow_ups",
    "count_daily_purchases",
    "find_table_days",
    "mend_exposed",
    "repurchase_gaps",
    "weigh_customers",
    "weighted_mean",
]
