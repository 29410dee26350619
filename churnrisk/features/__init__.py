"""Features of customers, from the orders before a cutoff and nothing else.

This package and :mod:`churnrisk.labels` do not know each other: that is the barrier against leaks from the future.
"""

from churnrisk.features.base import PurchaseLog
from churnrisk.features.beside import beside_names, check_beside
from churnrisk.features.build import Features, customer_features, finish_features, iterate_features, lazy_features
from churnrisk.features.catalogue import catalogue, feature_fingerprint, feature_of, left_out, tell_feature
from churnrisk.features.compiled import run_kept
from churnrisk.features.families import TABLES, TOLD_AS, TOLD_FAMILIES

__all__ = [
    "TABLES",
    "TOLD_AS",
    "TOLD_FAMILIES",
    "Features",
    "PurchaseLog",
    "beside_names",
    "catalogue",
    "check_beside",
    "customer_features",
    "feature_fingerprint",
    "feature_of",
    "finish_features",
    "iterate_features",
    "lazy_features",
    "left_out",
    "run_kept",
    "tell_feature",
]
