"""The sections of the page, in their order. A new section is one function and one line here."""

from __future__ import annotations

from collections.abc import Callable

from churnrisk.report.at_risk import build_at_risk, build_week_list
from churnrisk.report.blocks import Section
from churnrisk.report.campaigns import build_campaigns
from churnrisk.report.cohort_map import build_cohort_map
from churnrisk.report.content import ReportData
from churnrisk.report.footing import build_account, build_definitions
from churnrisk.report.model_sheet import build_model
from churnrisk.report.overview import build_overview
from churnrisk.report.product_sheet import build_products
from churnrisk.report.segment_shares import build_segment_shares
from churnrisk.report.trends import build_trends

SECTIONS: tuple[Callable[[ReportData], Section | None], ...] = (
    build_overview,
    build_week_list,
    build_trends,
    build_cohort_map,
    build_segment_shares,
    build_at_risk,
    build_products,
    build_model,
    build_campaigns,
    build_definitions,
    build_account,
)


def build_sections(data: ReportData) -> list[Section]:
    """Build every section of the page; one that has nothing to say is left out."""
    return [section for build in SECTIONS if (section := build(data)) is not None]
