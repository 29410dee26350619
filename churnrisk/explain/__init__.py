"""Reasons: which families of features a score comes from, as exact Shapley values, and that in words."""

from churnrisk.explain.customer import explain_customer
from churnrisk.explain.finder import (
    REASON_COLUMNS,
    ReasonFinder,
    Told,
    describe_drivers,
    main_families,
    make_finder,
    score_with_reasons,
    tell_reasons,
    with_reasons,
)
from churnrisk.explain.reasons import Explainer

__all__ = [
    "REASON_COLUMNS",
    "Explainer",
    "ReasonFinder",
    "Told",
    "describe_drivers",
    "explain_customer",
    "main_families",
    "make_finder",
    "score_with_reasons",
    "tell_reasons",
    "with_reasons",
]
