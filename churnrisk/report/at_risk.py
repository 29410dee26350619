"""The customers most at risk, where a model has scored them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from churnrisk.messages import say, say_many, write_date
from churnrisk.report.blocks import Block, Column, DataTable, Section, Words
from churnrisk.report.content import AtRisk, ReportData
from churnrisk.report.formats import NOTHING, amount, percent, whole
from churnrisk.report.names import name_segment
from churnrisk.retelling import retell


def build_at_risk(data: ReportData) -> Section:
    """Build the list, or say how to get one."""
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
    if risk.customers:
        yield _tabulate_customers(risk)


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


def _tabulate_customers(risk: AtRisk) -> DataTable:
    columns: tuple[Column, ...] = (
        Column(say("Rank")),
        Column(say("customer"), is_number=False, is_foreign=True),
        Column(say("churn")),
        Column(say("risk"), is_number=False, is_wide=True),
        Column(say("segment"), is_number=False, is_wide=True),
        Column(say("days quiet")),
        Column(say("orders"), is_wide=True),
        Column(say("amount"), is_wide=True),
        Column(say("main reason"), is_number=False, is_wide=True),
    )
    rows = tuple(_write_customer(customer) for customer in risk.customers)
    if all(customer["total_amount"] is None for customer in risk.customers):
        columns, rows = (*columns[:-2], columns[-1]), tuple((*row[:-2], row[-1]) for row in rows)
    title = say_many("The customer most at risk", "The {count} customers most at risk", len(rows))
    return DataTable(title, columns, rows)


def _write_customer(customer: Mapping[str, Any]) -> tuple[str, ...]:
    level = str(customer["risk"])
    return (
        whole(customer["risk_rank"]),
        str(customer["customer_id"]),
        percent(customer["churn_probability"]),
        say(level),
        name_segment(customer["segment"]),
        whole(customer["days_since_last_order"]),
        whole(customer["order_count"]),
        amount(customer["total_amount"]),
        retell(customer["reason"] or NOTHING),
    )
