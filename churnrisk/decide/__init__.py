"""Decisions: whom it pays to contact, what to do for each of them, and the files that other tools import."""

from churnrisk.decide.exports import EXPORT_FIELDS, TOOLS, Export, make_export
from churnrisk.decide.playbook import ACTIONS, DEFAULT_PLAYBOOK, SITUATIONS, Action, check_playbook, choose_actions
from churnrisk.decide.profit import ContactTerms, expected_cost, expected_profit
from churnrisk.decide.target import Candidates, Comparison, Target, choose_target
from churnrisk.decide.value import NO_VALUES, value_of_keeping

__all__ = [
    "ACTIONS",
    "DEFAULT_PLAYBOOK",
    "EXPORT_FIELDS",
    "NO_VALUES",
    "SITUATIONS",
    "TOOLS",
    "Action",
    "Candidates",
    "Comparison",
    "ContactTerms",
    "Export",
    "Target",
    "check_playbook",
    "choose_actions",
    "choose_target",
    "expected_cost",
    "expected_profit",
    "make_export",
    "value_of_keeping",
]
