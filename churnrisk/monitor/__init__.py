"""Watching a model at work: drift, what became of its scores, freshness of the log, and rules that call for somebody.

Nothing here reads a source or writes a file; :mod:`churnrisk.workflows` does.
"""

from churnrisk.monitor.advice import advise
from churnrisk.monitor.bins import Histogram, chance_limit, expected_index, make_histogram, stability_index
from churnrisk.monitor.drift import (
    CustomerBase,
    FeatureDrift,
    ScoreDrift,
    compare_scores,
    count_base,
    measure_feature_drift,
)
from churnrisk.monitor.look import LOOK_FORMAT, Drift, Freshness, Look
from churnrisk.monitor.realised import Realised, is_over, judge_run
from churnrisk.monitor.reference import KEY, REFERENCE_FORMAT, Reference, make_reference, read_reference
from churnrisk.monitor.rules import NAMES, WATCHED, Rule, Verdict, check_rules, parse_rules, rules_page
from churnrisk.monitor.volume import Volume, Week, measure_volume

__all__ = [
    "KEY",
    "LOOK_FORMAT",
    "NAMES",
    "REFERENCE_FORMAT",
    "WATCHED",
    "CustomerBase",
    "Drift",
    "FeatureDrift",
    "Freshness",
    "Histogram",
    "Look",
    "Realised",
    "Reference",
    "Rule",
    "ScoreDrift",
    "Verdict",
    "Volume",
    "Week",
    "advise",
    "chance_limit",
    "check_rules",
    "compare_scores",
    "count_base",
    "expected_index",
    "is_over",
    "judge_run",
    "make_histogram",
    "make_reference",
    "measure_feature_drift",
    "measure_volume",
    "parse_rules",
    "read_reference",
    "rules_page",
    "stability_index",
]
