"""How many customers are at which risk, where a model has scored them; and this week's list."""

from __future__ import annotations

from collections.abc import Iterator

from churnrisk.messages import say, say_many, write_date
from churnrisk.report.blocks import Block, Column, DataTable, Section, Words
from churnrisk.report.content import AtRisk, ReportData
from churnrisk.report.formats import percent, whole
from churnrisk.report.week_list import describe_week_list
from churnrisk.retelling import retell


def build_week_list(data: ReportData) -> Section | None:
    """Build this week's list; nothing where nobody is scored, or no single customer is to be shown."""
    listed = data.week_list
    if listed is None or not (listed.contact or listed.due or listed.lapsed or listed.notices):
        return None
    return Section("week-list", say("This week’s list"), list(describe_week_list(listed)))


def build_at_risk(data: ReportData) -> Section:
    """Build the counts by risk, or say how to get them."""
    if data.at_risk is None:
        return Section("at-risk", say("At risk"), [Words(say(data.no_list))])
    return Section("at-risk", say("At risk"), list(_build_blocks(data.at_risk, data.table.lookback_days)))


def _build_blocks(risk: AtRisk, lookback: int) -> Iterator[Block]:
    yield Words(_introduce(risk))
    yield from (Words(retell(warning), is_note=True) for warning in risk.warnings)
    yield Words(
        say(
            "This is not “lost” of the overview, which is no purchase for {days} days at the end of a period.",
            days=lookback,
        ),
        is_note=True,
    )
    yield _tabulate_bands(risk)


def _introduce(risk: AtRisk) -> str:
    if risk.lead_days:
        what = say(
            "Churn probability: no purchase within {days} days, from {lead} days after the day of the score on.",
            days=risk.horizon_days,
            lead=risk.lead_days,
        )
    else:
        what = say_many(
            "Churn probability: no purchase within a day.",
            "Churn probability: no purchase within {count} days.",
            risk.horizon_days,
        )
    scored = say(
        "Scored as of {as_of} by model {model}, which knew the orders before {trained}: {scored} customers who bought "
        "in the last {lookback} days; {lapsed} have lapsed and are not scored.",
        as_of=write_date(risk.as_of),
        model=risk.model,
        trained=write_date(risk.trained_as_of),
        scored=whole(risk.scored),
        lookback=risk.lookback_days,
        lapsed=whole(risk.lapsed),
    )
    return f"{what} {scored}"


def _tabulate_bands(risk: AtRisk) -> DataTable:
    columns = (Column(say("Risk"), is_number=False), Column(say("customers")), Column(say("churned in test")))
    rows = [(say(level), whole(band["customers"]), percent(band["churn_rate"])) for level, band in risk.bands.items()]
    return DataTable(say("By level of risk"), columns, tuple(rows))
