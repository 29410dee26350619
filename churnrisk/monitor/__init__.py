"""Watching a model at work: drift, what became of its scores, freshness of the log, and rules that call for somebody.

Nothing here reads a source or writes a file; :mod:`churnrisk.workflows` does.
"""

from churnrisk.monitor.advice import advise, tell_stopped
from churnrisk.monitor.arrival import Arrival, measure_arrival
from churnrisk.monitor.drift import CustomerBase, ScoreDrift, compare_scores, count_base, measure_feature_drift
from churnrisk.monitor.look import Drift, Freshness, Look
from churnrisk.monitor.realised import Realised, is_over, judge_run
from churnrisk.monitor.reference import KEY, Reference, make_reference, read_reference
from churnrisk.monitor.rules import Rule, Verdict, check_rules, parse_rules
from churnrisk.monitor.volume import measure_volume

__all__ = [
    "KEY",
    "Arrival",
    "CustomerBase",
    "Drift",
    "Freshness",
    "Look",
    "Realised",
    "Reference",
    "Rule",
    "ScoreDrift",
    "Verdict",
    "advise",
    "check_rules",
    "compare_scores",
    "count_base",
    "is_over",
    "judge_run",
    "make_reference",
    "measure_arrival",
    "measure_feature_drift",
    "measure_volume",
    "parse_rules",
    "read_reference",
    "tell_stopped",
]
