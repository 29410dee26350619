"""The customers most at risk, where a model has scored them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from churnrisk.report.blocks import Block, Column, DataTable, Section, Words
from churnrisk.report.content import AtRisk, ReportData
from churnrisk.report.formats import NOTHING, amount, percent, whole


def build_at_risk(data: ReportData) -> Section:
    """Build the list, or say how to get one."""
    if data.at_risk is None:
        return Section("at-risk", "At risk", [Words(data.no_list)])
    return Section("at-risk", "At risk", list(_build_blocks(data.at_risk, data.table.lookback_days)))


def _build_blocks(risk: AtRisk, lookback: int) -> Iterator[Block]:
    lead = f", from {risk.lead_days} days after that day on" if risk.lead_days else ""
    yield Words(
        f"Churn probability: no purchase within {risk.horizon_days} days{lead}. Scored as of {risk.as_of} by model "
        f"{risk.model}, which knew the orders before {risk.trained_as_of}: {whole(risk.scored)} customers who bought "
        f"in the last {risk.lookback_days} days; {whole(risk.lapsed)} have lapsed and are not scored."
    )
    yield Words(
        f"This is not “lost” of the overview, which is no purchase for {lookback} days at the end of a period.",
        is_note=True,
    )
    yield _tabulate_bands(risk)
    if risk.drivers is not None:
        yield _tabulate_drivers(risk.drivers)
        yield Words(
            f"Mean share in log-odds, of either sign, over {whole(risk.drivers['customers'])} customers. "
            f"{risk.drivers['note']}",
            is_note=True,
        )
    if risk.customers:
        yield _tabulate_customers(risk)


def _tabulate_bands(risk: AtRisk) -> DataTable:
    columns = (Column("Risk", is_number=False), Column("customers"), Column("churned in test"))
    rows = [(level, whole(band["customers"]), percent(band["churn_rate"])) for level, band in risk.bands.items()]
    return DataTable("By level of risk", columns, tuple(rows))


def _tabulate_drivers(drivers: Mapping[str, Any]) -> DataTable:
    means = drivers["mean_absolute_log_odds"]
    ordered = sorted(means, key=lambda family: -means[family])
    columns = (Column("Family of features", is_number=False), Column("mean share"))
    return DataTable("What drives the scores", columns, tuple((one, f"{means[one]:.2f}") for one in ordered))


def _tabulate_customers(risk: AtRisk) -> DataTable:
    columns: tuple[Column, ...] = (
        Column("Rank"),
        Column("customer", is_number=False, is_foreign=True),
        Column("churn"),
        Column("risk", is_number=False, is_wide=True),
        Column("segment", is_number=False, is_wide=True),
        Column("days quiet"),
        Column("orders", is_wide=True),
        Column("amount"),
        Column("main reason", is_number=False, is_wide=True),
    )
    rows = tuple(_write_customer(customer) for customer in risk.customers)
    if all(customer["total_amount"] is None for customer in risk.customers):
        columns, rows = (*columns[:-2], columns[-1]), tuple((*row[:-2], row[-1]) for row in rows)
    return DataTable(f"The {len(rows)} customers most at risk", columns, rows)


def _write_customer(customer: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        whole(customer["risk_rank"]),
        str(customer["customer_id"]),
        percent(customer["churn_probability"]),
        str(customer["risk"]),
        str(customer["segment"] or NOTHING).replace("_", " "),
        whole(customer["days_since_last_order"]),
        whole(customer["order_count"]),
        amount(customer["total_amount"]),
        str(customer["reason"] or NOTHING),
    )
