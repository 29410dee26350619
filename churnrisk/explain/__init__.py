"""Reasons: which of eight families of features a score comes from, as exact Shapley values, and that in words."""

from churnrisk.explain.facts import CAUTION
from churnrisk.explain.reasons import MOST_REASONS, Explainer, Explanation, Reason, list_texts, measure_drivers
from churnrisk.explain.shares import Shares

__all__ = [
    "CAUTION",
    "MOST_REASONS",
    "Explainer",
    "Explanation",
    "Reason",
    "Shares",
    "list_texts",
    "measure_drivers",
]
