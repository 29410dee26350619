"""The retention figures: rates, revenue, cohorts, segments, surveys, benchmarks, economics."""

from churnrisk.retention.benchmarks import Comparison, compare_benchmarks, grade_meanings, measure_own
from churnrisk.retention.change import Change, compare_with_past, measure_trend
from churnrisk.retention.cohorts import Cohort, CohortTable, build_cohorts
from churnrisk.retention.customers import Customers, amount_quantiles, profile_customers, spend_within
from churnrisk.retention.definitions import Z, divide
from churnrisk.retention.economics import FOLKLORE, Economics, Terms, estimate_economics
from churnrisk.retention.groups import group_customers
from churnrisk.retention.histories import OrderLog
from churnrisk.retention.metrics import PeriodRow, RetentionTable, measure_retention
from churnrisk.retention.movement import Movement, follow_segments
from churnrisk.retention.pages import DEFINITIONS
from churnrisk.retention.periods import KINDS, USUAL, Calendar, Period, make_periods, parse_kind
from churnrisk.retention.rate import Rate, compute_rate
from churnrisk.retention.segments import SEGMENTS, Cuts, Segmentation, SegmentRow, build_segments
from churnrisk.retention.survey import KnownCustomers, Survey, measure_survey
from churnrisk.retention.survey_file import SURVEY_ROLES, read_survey

__all__ = [
    "DEFINITIONS",
    "FOLKLORE",
    "KINDS",
    "SEGMENTS",
    "SURVEY_ROLES",
    "USUAL",
    "Calendar",
    "Change",
    "Cohort",
    "CohortTable",
    "Comparison",
    "Customers",
    "Cuts",
    "Economics",
    "KnownCustomers",
    "Movement",
    "OrderLog",
    "Period",
    "PeriodRow",
    "Rate",
    "RetentionTable",
    "SegmentRow",
    "Segmentation",
    "Survey",
    "Terms",
    "Z",
    "amount_quantiles",
    "build_cohorts",
    "build_segments",
    "compare_benchmarks",
    "compare_with_past",
    "compute_rate",
    "divide",
    "estimate_economics",
    "follow_segments",
    "grade_meanings",
    "group_customers",
    "make_periods",
    "measure_own",
    "measure_retention",
    "measure_survey",
    "measure_trend",
    "parse_kind",
    "profile_customers",
    "read_survey",
    "spend_within",
]
