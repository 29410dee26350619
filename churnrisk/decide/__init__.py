"""Decisions: whom it pays to contact and how, whom to leave alone so that one can tell, and whether it helped."""

from churnrisk.decide.assignment import Assignment, ListedCustomers, assign_control
from churnrisk.decide.campaign_effect import Effect, Outcomes, estimate_effect
from churnrisk.decide.campaign_result import CampaignResult, acceptance_of, measure_outcomes
from churnrisk.decide.doubt import Doubt, learn_error
from churnrisk.decide.exports import EXPORT_FIELDS, TOOLS, Export, make_export
from churnrisk.decide.playbook import (
    ACTIONS,
    DEFAULT_PLAYBOOK,
    REASONS,
    SITUATIONS,
    Action,
    check_playbook,
    choose_actions,
)
from churnrisk.decide.pooled import measured_acceptance, measured_multiple
from churnrisk.decide.power import Plan, needed_customers, plan_split, smallest_effect
from churnrisk.decide.profit import ContactTerms, expected_cost, expected_profit
from churnrisk.decide.qini import Qini, qini_coefficient, qini_curve
from churnrisk.decide.target import Candidates, Comparison, Target, choose_target
from churnrisk.decide.uplift import (
    LEAST_CONTROL,
    RISK,
    UpliftTest,
    UpliftVerdict,
    compare_rankings,
    learn_effect,
    response_of,
)
from churnrisk.decide.value import NO_VALUES, value_of_keeping

__all__ = [
    "ACTIONS",
    "DEFAULT_PLAYBOOK",
    "EXPORT_FIELDS",
    "LEAST_CONTROL",
    "NO_VALUES",
    "REASONS",
    "RISK",
    "SITUATIONS",
    "TOOLS",
    "Action",
    "Assignment",
    "CampaignResult",
    "Candidates",
    "Comparison",
    "ContactTerms",
    "Doubt",
    "Effect",
    "Export",
    "ListedCustomers",
    "Outcomes",
    "Plan",
    "Qini",
    "Target",
    "UpliftTest",
    "UpliftVerdict",
    "acceptance_of",
    "assign_control",
    "check_playbook",
    "choose_actions",
    "choose_target",
    "compare_rankings",
    "estimate_effect",
    "expected_cost",
    "expected_profit",
    "learn_effect",
    "learn_error",
    "make_export",
    "measure_outcomes",
    "measured_acceptance",
    "measured_multiple",
    "needed_customers",
    "plan_split",
    "qini_coefficient",
    "qini_curve",
    "response_of",
    "smallest_effect",
    "value_of_keeping",
]
