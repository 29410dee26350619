"""The report: one self-contained HTML page with the retention figures, their charts and the customers at risk.

The dashboard shows the same: it asks for the blocks of a section, :func:`describe_model` and its like, and renders them
with the same templates.
"""

from churnrisk.report.blocks import Block, Card, Cards, Column, DataTable, Words
from churnrisk.report.campaigns import describe_campaigns
from churnrisk.report.cohort_map import describe_cohorts
from churnrisk.report.content import AtRisk, ContactPlan, MeasuredCampaign, ModelSheet, ReportData
from churnrisk.report.customer_sheet import draw_history, draw_reasons, draw_timeline
from churnrisk.report.formats import amount, percent, whole
from churnrisk.report.model_sheet import describe_model
from churnrisk.report.monitor_sheet import describe_monitor
from churnrisk.report.names import CHOICES, name_action, name_segment, tell_table
from churnrisk.report.overview import describe_periods
from churnrisk.report.page import make_environment, read_assets, render_report
from churnrisk.report.plain import describe_report
from churnrisk.report.product_sheet import describe_products
from churnrisk.report.segment_shares import describe_segments
from churnrisk.report.value_trust import is_rough, tell_value_trust
from churnrisk.report.week_list import describe_week_list, list_sheets

__all__ = [
    "CHOICES",
    "AtRisk",
    "Block",
    "Card",
    "Cards",
    "Column",
    "ContactPlan",
    "DataTable",
    "MeasuredCampaign",
    "ModelSheet",
    "ReportData",
    "Words",
    "amount",
    "describe_campaigns",
    "describe_cohorts",
    "describe_model",
    "describe_monitor",
    "describe_periods",
    "describe_products",
    "describe_report",
    "describe_segments",
    "describe_week_list",
    "draw_history",
    "draw_reasons",
    "draw_timeline",
    "is_rough",
    "list_sheets",
    "make_environment",
    "name_action",
    "name_segment",
    "percent",
    "read_assets",
    "render_report",
    "tell_table",
    "tell_value_trust",
    "whole",
]
