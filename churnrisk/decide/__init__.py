"""Decisions: what a contact is expected to bring, which customers it pays to contact, how, and which respond."""

from churnrisk.decide.actions import Playbook, Plays, read_actions
from churnrisk.decide.doubt import Doubt, learn_error
from churnrisk.decide.exports import EXPORT_FIELDS, make_export
from churnrisk.decide.offers import Offers
from churnrisk.decide.playbook import Action, choose_actions
from churnrisk.decide.profit import ContactTerms, Terms
from churnrisk.decide.target import Candidates, Target, choose_target
from churnrisk.decide.uplift import RISK, UpliftTest, compare_rankings, learn_effect, response_of
from churnrisk.decide.value import value_of_keeping

__all__ = [
    "EXPORT_FIELDS",
    "RISK",
    "Action",
    "Candidates",
    "ContactTerms",
    "Doubt",
    "Offers",
    "Playbook",
    "Plays",
    "Target",
    "Terms",
    "UpliftTest",
    "choose_actions",
    "choose_target",
    "compare_rankings",
    "learn_effect",
    "learn_error",
    "make_export",
    "read_actions",
    "response_of",
    "value_of_keeping",
]
