"""What a report speaks of: the figures, as the other stages measured them, and the customers at risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from churnrisk.decide import Playbook
from churnrisk.retention import Change, CohortTable, RetentionTable, Segmentation
from churnrisk.week_list import WeekList


@dataclass(frozen=True, kw_only=True)
class AtRisk:
    """The scores of a log as a whole.

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
    warnings : tuple of str
        What is to be known of the model's grade.
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
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ContactPlan:
    """What contacting a customer is taken to cost and to bring, for the profit curve of a model.

    Parameters
    ----------
    value : float
        What a kept customer is worth, in currency units of profit.
    incentive_cost, contact_cost : float
        Of an offer that is taken, and of reaching somebody, in currency units.
    acceptance_rate : float
        Share of the would-be leavers who stay because they were contacted.
    redemption : float
        Share of the contacted who would have stayed anyway and take the offer.
    is_own : bool
        Whether the shop gave the numbers; else they are those of the literature.
    """

    value: float = 200.0
    incentive_cost: float = 10.0
    contact_cost: float = 1.0
    acceptance_rate: float = 0.3
    redemption: float = 1.0
    is_own: bool = False


@dataclass(frozen=True, kw_only=True)
class ModelSheet:
    """A model as the page shows it.

    Parameters
    ----------
    version : str
        As it is stored.
    card : mapping
        Its card, see :mod:`churnrisk.cards.card`; nothing of a single customer is in it.
    plan : ContactPlan
        For the profit curve.
    """

    version: str
    card: Mapping[str, Any]
    plan: ContactPlan = ContactPlan()


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


class PeriodFigures(Protocol):
    """What charts and cards over periods are made from; :class:`ReportData` is one."""

    @property
    def table(self) -> RetentionTable:
        """Figures by period, without groups."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """The last complete period beside its past."""

    @property
    def first_day(self) -> int:
        """Day number of the first order."""

    @property
    def last_day(self) -> int:
        """Day number of the last order."""


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
    week_list : WeekList or None
        This week's list, where a model could score.
    no_list : str
        Otherwise: one sentence on why there is no list, and how to get it.
    campaigns : tuple of MeasuredCampaign
        Oldest first.
    model : ModelSheet or None
        The model that scored, or would have.
    playbook : Playbook
        What to do for whom.
    products : mapping or None
        As :func:`churnrisk.products.sum_up_products`; None where the log names no products.
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
    week_list: WeekList | None = None
    no_list: str = ""
    campaigns: tuple[MeasuredCampaign, ...] = ()
    model: ModelSheet | None = None
    playbook: Playbook = field(default_factory=Playbook)
    products: Mapping[str, Any] | None = None
