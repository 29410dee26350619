"""The report: one self-contained HTML page with the retention figures, their charts and who is at risk."""

from churnrisk.report.content import AtRisk, MeasuredCampaign, ReportData, describe_report
from churnrisk.report.page import render_report

__all__ = ["AtRisk", "MeasuredCampaign", "ReportData", "describe_report", "render_report"]
