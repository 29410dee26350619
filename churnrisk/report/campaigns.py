"""What measured campaigns came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from churnrisk.messages import say, write_date, write_number
from churnrisk.report.blocks import Block, Chart, Column, DataTable, Section, Words
from churnrisk.report.charts import interval_chart
from churnrisk.report.content import MeasuredCampaign, ReportData
from churnrisk.report.formats import NOTHING, amount, points, whole
from churnrisk.retelling import retell

MOST_LETTERS = 24
"""Of a name beside a chart; the table has it whole."""


def build_campaigns(data: ReportData) -> Section | None:
    """Build the table of campaigns; a shop that has measured none has no such section."""
    return Section("campaigns", say("Campaigns"), list(describe_campaigns(data.campaigns))) if data.campaigns else None


def describe_campaigns(campaigns: Sequence[MeasuredCampaign]) -> Iterator[Block]:
    """Yield the effects as a chart and a table, and each verdict."""
    columns = (
        Column(say("Campaign"), is_number=False, is_foreign=True),
        Column(say("from"), is_number=False, is_wide=True),
        Column(say("contacted"), is_wide=True),
        Column(say("kept back"), is_wide=True),
        Column(say("effect")),
        Column(say("95 % interval"), is_number=False, is_wide=True),
        Column(say("profit")),
    )
    table = DataTable(say("By assignment, contacted against kept back"), columns, tuple(map(_write, campaigns)))
    yield from _draw(campaigns)
    yield table
    yield from (Words(f"{one.name}: {retell(one.verdict)}") for one in campaigns)


def _draw(campaigns: Sequence[MeasuredCampaign]) -> Iterator[Chart]:
    """Draw the effects that have an interval, of those campaigns that are judged by customers that stayed."""
    shown = [
        (one.name, (one.low, one.effect, one.high))
        for one in campaigns
        if one.outcome == "retained" and one.effect is not None and one.low is not None and one.high is not None
    ]
    if not shown:
        return
    title = say("Customers kept by contacting them, against those kept back")
    columns = (Column(say("Campaign"), is_number=False, is_foreign=True), Column(say("effect")))
    rows = tuple((name, points(effect)) for name, (_, effect, _) in shown)
    names = [_shorten(name) for name, _ in shown]
    option = interval_chart(names, [figures for _, figures in shown], unit="share", name=say("effect"))
    summary = say("Effects of {campaigns} campaigns with their 95 % intervals.", campaigns=len(shown))
    yield Chart("effects", title, summary, option, DataTable(title, columns, rows), height=80 + 40 * len(shown))


def _shorten(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else name[: MOST_LETTERS - 1] + "…"


def _write(campaign: MeasuredCampaign) -> tuple[str, ...]:
    def write(value: float | None) -> str:
        if value is None:
            return NOTHING
        if campaign.outcome == "retained":
            return points(value)
        sign = "+" if value > 0 else ""
        return f"{sign}{write_number(value, 2)} {say(campaign.outcome)}"

    interval = (
        NOTHING if campaign.low is None else say("{low} to {high}", low=write(campaign.low), high=write(campaign.high))
    )
    return (
        campaign.name,
        write_date(campaign.starts_on),
        whole(campaign.contacted),
        whole(campaign.kept_back),
        write(campaign.effect),
        interval,
        amount(campaign.profit),
    )
