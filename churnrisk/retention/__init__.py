"""The retention figures: rates, revenue, cohorts, segments, lifetime value, surveys, benchmarks, economics."""

from churnrisk.retention.benchmarks import (
    Comparison,
    compare_benchmarks,
    grade_meanings,
    measure_own,
    read_benchmarks,
)
from churnrisk.retention.change import Change, compare_with_past, measure_trend
from churnrisk.retention.cohorts import Cohort, CohortTable, build_cohorts
from churnrisk.retention.customers import Customers, profile_customers
from churnrisk.retention.economics import FOLKLORE, Economics, Terms, estimate_economics
from churnrisk.retention.metrics import (
    DEFAULT_REVENUE_WINDOW,
    PeriodRow,
    RetentionTable,
    measure_retention,
)
from churnrisk.retention.movement import Movement, follow_segments
from churnrisk.retention.pages import DEFINITIONS, definitions_page, glossary_page
from churnrisk.retention.periods import KINDS, USUAL, WEEKDAYS, Calendar, Period, make_periods, parse_kind
from churnrisk.retention.rate import Rate, compute_rate
from churnrisk.retention.segments import SEGMENTS, Cuts, Segmentation, SegmentRow, build_segments, name_cell
from churnrisk.retention.survey import Answer, KnownCustomers, Nps, Survey, compute_nps, measure_survey
from churnrisk.retention.survey_file import SURVEY_ROLES, SurveyRows, read_survey
from churnrisk.retention.value import StoredValue, ValueForecast, ValueTerms, forecast_value
from churnrisk.retention.value_check import ValueCheck, check_forecast, check_value, stretch_interval
from churnrisk.retention.value_fit import ValueFit, fit_value

__all__ = [
    "DEFAULT_REVENUE_WINDOW",
    "DEFINITIONS",
    "FOLKLORE",
    "KINDS",
    "SEGMENTS",
    "SURVEY_ROLES",
    "USUAL",
    "WEEKDAYS",
    "Answer",
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
    "Nps",
    "Period",
    "PeriodRow",
    "Rate",
    "RetentionTable",
    "SegmentRow",
    "Segmentation",
    "StoredValue",
    "Survey",
    "SurveyRows",
    "Terms",
    "ValueCheck",
    "ValueFit",
    "ValueForecast",
    "ValueTerms",
    "build_cohorts",
    "build_segments",
    "check_forecast",
    "check_value",
    "compare_benchmarks",
    "compare_with_past",
    "compute_nps",
    "compute_rate",
    "definitions_page",
    "estimate_economics",
    "fit_value",
    "follow_segments",
    "forecast_value",
    "glossary_page",
    "grade_meanings",
    "make_periods",
    "measure_own",
    "measure_retention",
    "measure_survey",
    "measure_trend",
    "name_cell",
    "parse_kind",
    "profile_customers",
    "read_benchmarks",
    "read_survey",
    "stretch_interval",
]
