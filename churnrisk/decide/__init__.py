"""Decisions: whom to leave alone so that one can tell, how much a campaign did, and for whom it does most."""

from churnrisk.decide.assignment import Assignment, ListedCustomers, assign_control
from churnrisk.decide.campaign_effect import Effect, Outcomes, estimate_effect
from churnrisk.decide.campaign_result import CampaignResult, acceptance_of, measure_outcomes, measured_acceptance
from churnrisk.decide.power import Plan, needed_customers, plan_split, smallest_effect
from churnrisk.decide.qini import Qini, qini_coefficient, qini_curve
from churnrisk.decide.uplift import LEAST_CONTROL, UpliftTest, UpliftVerdict, compare_rankings

__all__ = [
    "LEAST_CONTROL",
    "Assignment",
    "CampaignResult",
    "Effect",
    "ListedCustomers",
    "Outcomes",
    "Plan",
    "Qini",
    "UpliftTest",
    "UpliftVerdict",
    "acceptance_of",
    "assign_control",
    "compare_rankings",
    "estimate_effect",
    "measure_outcomes",
    "measured_acceptance",
    "needed_customers",
    "plan_split",
    "qini_coefficient",
    "qini_curve",
    "smallest_effect",
]
