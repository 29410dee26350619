"""The report: one self-contained HTML page with the retention figures, their charts and who is at risk."""

from churnrisk.report.content import AtRisk, ContactPlan, MeasuredCampaign, ModelSheet, ReportData, describe_report
from churnrisk.report.page import render_report

__all__ = [
    "AtRisk",
    "ContactPlan",
    "MeasuredCampaign",
    "ModelSheet",
    "ReportData",
    "describe_report",
    "render_report",
]
