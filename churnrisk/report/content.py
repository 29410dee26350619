"""What a report speaks of: the figures, as the other stages measured them, and who is at risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from churnrisk.retention import Change, CohortTable, RetentionTable, Segmentation


@dataclass(frozen=True, kw_only=True)
class AtRisk:
    """The customers whom a model holds most likely to stop buying.

    Parameters
    ----------
    model : str
        Version of the model.
    trained_as_of : str
        First day that the model did not know.
    as_of : str
        Day of the scores.
    horizon_days, lookback_days, lead_days : int
        Of the model.
    scored, lapsed : int
        Customers with a score, and those who had bought nothing in the lookback.
    bands : mapping of str to mapping
        By level of risk: ``customers`` now, and ``churn_rate`` in the model's test (None where the band was empty).
    customers : tuple of mapping
        Most at risk first: ``risk_rank, customer_id, churn_probability, risk, segment, days_since_last_order,
        order_count, total_amount, reason``; the reason is None where there is none.
    drivers : mapping, optional
        What drives the scores of the customer base as a whole, as the model's card has it.
    """

    model: str
    trained_as_of: str
    as_of: str
    horizon_days: int
    lookback_days: int
    lead_days: int
    scored: int
    lapsed: int
    bands: Mapping[str, Mapping[str, Any]]
    customers: tuple[Mapping[str, Any], ...]
    drivers: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class MeasuredCampaign:
    """What a campaign came to.

    Parameters
    ----------
    name, starts_on : str
        As it was created; the first day of its window.
    contacted, kept_back : int
        Customers by assignment.
    outcome : {"retained", "orders", "revenue"}
        What was fixed beforehand to judge it by.
    effect, low, high : float or None
        Contacted minus kept back, for each customer, with its 95 % interval; None without a control group.
    profit : float or None
        In currency units.
    verdict : str
        In a sentence.
    """

    name: str
    starts_on: str
    contacted: int
    kept_back: int
    outcome: str
    effect: float | None
    low: float | None
    high: float | None
    profit: float | None
    verdict: str


@dataclass(frozen=True, kw_only=True)
class ReportData:
    """Everything that stands in a report.

    Parameters
    ----------
    version : str
        Of churnrisk.
    intake : mapping
        The account of the rows, without any row.
    first_day, last_day : int
        Day numbers of the first and the last order.
    table : RetentionTable
        Figures by period, without groups.
    changes : tuple of Change
        The last complete period beside its past; empty where there is none.
    cohorts : CohortTable
        By customers, in the same kind of period.
    segmentation : Segmentation
        Of all customers, at the end of the log.
    at_risk : AtRisk or None
        Where a model could score.
    no_list : str
        Otherwise: one sentence on why there is no list, and how to get it.
    campaigns : tuple of MeasuredCampaign
        Oldest first.
    """

    version: str
    intake: Mapping[str, Any]
    first_day: int
    last_day: int
    table: RetentionTable
    changes: tuple[Change, ...]
    cohorts: CohortTable
    segmentation: Segmentation
    at_risk: AtRisk | None
    no_list: str = ""
    campaigns: tuple[MeasuredCampaign, ...] = ()


def describe_report(data: ReportData) -> dict[str, Any]:
    """Give all that a report shows as plain values, for JSON."""
    return {
        "churnrisk": data.version,
        "retention": data.table.to_dict(),
        "changes": [change.to_dict() for change in data.changes],
        "cohorts": data.cohorts.to_dict(),
        "segments": data.segmentation.to_dict(),
        "at_risk": None if data.at_risk is None else asdict(data.at_risk),
        "no_list": data.no_list or None,
        "campaigns": [asdict(campaign) for campaign in data.campaigns],
        "intake": dict(data.intake),
    }
