"""What measured campaigns came to."""

from __future__ import annotations

from churnrisk.report.blocks import Column, DataTable, Section, Words
from churnrisk.report.content import MeasuredCampaign, ReportData
from churnrisk.report.formats import NOTHING, amount, whole


def build_campaigns(data: ReportData) -> Section | None:
    """Build the table of campaigns; a shop that has measured none has no such section."""
    if not data.campaigns:
        return None
    columns = (
        Column("Campaign", is_number=False, is_foreign=True),
        Column("from", is_number=False),
        Column("contacted"),
        Column("kept back", is_wide=True),
        Column("effect"),
        Column("95 % interval", is_number=False, is_wide=True),
        Column("profit"),
    )
    table = DataTable("By assignment, contacted against kept back", columns, tuple(map(_write, data.campaigns)))
    verdicts = [Words(f"{one.name}: {one.verdict}") for one in data.campaigns]
    return Section("campaigns", "Campaigns", [table, *verdicts])


def _write(campaign: MeasuredCampaign) -> tuple[str, ...]:
    def write(value: float | None) -> str:
        if value is None:
            return NOTHING
        return f"{100 * value:+.1f} points" if campaign.outcome == "retained" else f"{value:+,.2f} {campaign.outcome}"

    interval = NOTHING if campaign.low is None else f"{write(campaign.low)} to {write(campaign.high)}"
    return (
        campaign.name,
        campaign.starts_on,
        whole(campaign.contacted),
        whole(campaign.kept_back),
        write(campaign.effect),
        interval,
        amount(campaign.profit),
    )
