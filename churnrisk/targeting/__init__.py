"""Whom it pays to contact, under which terms, and the files in which the list is written."""

from churnrisk.targeting.files import Written, check_list_output, write_target
from churnrisk.targeting.target import LearnedFrom, TargetResult, make_target
from churnrisk.targeting.terms import Acceptance, check_needed, choose_acceptance, find_measured

__all__ = [
    "Acceptance",
    "LearnedFrom",
    "TargetResult",
    "Written",
    "check_list_output",
    "check_needed",
    "choose_acceptance",
    "find_measured",
    "make_target",
    "write_target",
]
