"""From a source of purchases to a report: measure, score where a model can, and write one HTML file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import churnrisk
from churnrisk.campaigns import StoredCampaign, list_campaigns, list_measured
from churnrisk.cards import describe_intake, describe_snapshot, read_as_trained, warn_of_grade
from churnrisk.decide import ContactTerms
from churnrisk.errors import IncompatibleModel, ModelNotFound, NotEnoughData, OutputError, SettingsError, StoreError
from churnrisk.memory import plan_as_measured
from churnrisk.messages import mark
from churnrisk.orders import ContactList, IntakeOptions, Orders, read_contacts, read_opted_out, read_orders
from churnrisk.planning import choose_as_of
from churnrisk.products import MOST_PAIRS, NO_CHOICE, ItemChoice, find_pair_days, sum_up_products
from churnrisk.report import AtRisk, ContactPlan, MeasuredCampaign, ModelSheet, ReportData, render_report
from churnrisk.retention import (
    USUAL,
    Calendar,
    Change,
    RetentionTable,
    build_cohorts,
    build_segments,
    compare_with_past,
    measure_retention,
)
from churnrisk.schema import RISKS
from churnrisk.scoring import Scores, score_orders
from churnrisk.state import State, StatePlace, find_state
from churnrisk.timeline import DEFAULT_LOOKBACK, date_of
from churnrisk.week_list import ListPlan
from churnrisk.workflows.model import ChurnModel, load
from churnrisk.workflows.week_list import ListKnown, list_scored
from churnrisk.writing import replacing

ENDINGS = (".html", ".htm")
MOST_LISTED = 1000
NO_MODEL = mark(
    "No model is stored, so nobody is scored: `churnrisk train` learns one from the purchase history, and the next "
    "report lists the customers most at risk."
)
UNUSABLE_MODEL = mark(
    "A model is stored, but it cannot be used for this log, so nobody is scored; `churnrisk score` with the same file "
    "says why."
)


@dataclass(frozen=True)
class ReportResult:
    """A report, why it has no list where a stored model could not be used (else empty), and the contacts behind it."""

    data: ReportData
    model_problem: str = ""
    contacts: ContactList | None = None


def make_report(
    source: Any,
    *,
    kind: str | int = "month",
    calendar: Calendar = USUAL,
    lookback: int = DEFAULT_LOOKBACK,
    plan: ListPlan = ListPlan(),  # noqa: B008 - it cannot be changed
    models_dir: Path = Path("models"),
    state: StatePlace | None = None,
    options: IntakeOptions | None = None,
    products: ItemChoice = NO_CHOICE,
) -> ReportResult:
    """Measure all that a report shows.

    Parameters
    ----------
    source : str, Path or frame
        The purchase history.
    kind : str or int
        Kind of period, or its length in days.
    calendar : Calendar
        On which day years and weeks begin.
    lookback : int
        Days in which a purchase makes a customer active.
    plan : ListPlan
        How the shop wants this week's list, at most 1,000 customers; of size 0 it leaves single customers out.
    models_dir : Path
        Where a model may be stored; the report does without one.
    state : Path or str, optional
        The state file or URL, for what measured campaigns came to.
    options : IntakeOptions, optional
        How to read the source.
    products : ItemChoice
        What counts as a product, in a log that names any.
    """
    _check_size(plan)
    found = _find_model(models_dir)
    reading = replace(found.read_as_trained(options or IntakeOptions()), products=True)
    with read_orders(source, reading) as orders, _opened(state) as remembered:
        found = found.fitting(orders)
        plan = plan if remembered is None else plan_as_measured(remembered, plan)
        scores = found.score(orders, plan)
        segmentation = build_segments(orders, churn_probability={} if scores is None else _probability_of(scores))
        pairs = find_pair_days(orders, orders.last_day + 1, choice=products)
        known = ListKnown(segmentation, pairs, remembered, *_read_people(plan, reading))
        data = ReportData(
            version=churnrisk.__version__,
            intake=describe_intake(orders),
            first_day=orders.first_day,
            last_day=orders.last_day,
            table=(table := measure_retention(orders, kind, lookback=lookback, calendar=calendar)),
            changes=_compare(orders, table),
            cohorts=build_cohorts(orders, kind, lookback=lookback, calendar=calendar),
            segmentation=segmentation,
            at_risk=None if scores is None else _describe_scores(found.known, scores),
            week_list=None if scores is None else list_scored(found.known, orders, scores, plan=plan, known=known),
            no_list=found.no_list,
            campaigns=() if remembered is None else _list_campaigns(remembered),
            model=None if scores is None else describe_model(found.known, _plan_contacts(scores, plan)),
            playbook=plan.playbook,
            products=None if pairs is None else sum_up_products(pairs, most_pairs=min(plan.size, MOST_PAIRS)),
        )
    return ReportResult(data, found.problem, known.contacts)


def _read_people(plan: ListPlan, reading: IntakeOptions) -> tuple[ContactList | None, ContactList | None]:
    """Read who has opted out, and how customers are reached, where the shop has files of them."""
    return (
        None if plan.suppress is None else read_opted_out(plan.suppress, reading),
        None if plan.contacts is None else read_contacts(plan.contacts, reading, needs_email=False),
    )


def _check_size(plan: ListPlan) -> None:
    if plan.size > MOST_LISTED:
        raise SettingsError(f"--top {plan.size}: give 0 to {MOST_LISTED}; `churnrisk score --output` writes everybody.")


def check_report_path(path: Path) -> None:
    """Refuse a file that is no HTML page, before long work and before anything is replaced.

    Raises
    ------
    OutputError
        For another ending, or a folder that is not there.
    """
    if path.suffix.lower() not in ENDINGS:
        raise OutputError(f"{path}: a report is an HTML page; name it as {path.with_suffix('.html')}.")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: cannot be written: there is no folder {path.parent}.")


def write_report(data: ReportData, path: Path) -> int:
    """Write a report as one HTML file, whole or absent, and give its size in bytes."""
    check_report_path(path)
    page = render_report(data).encode()
    with replacing(path, holds="report") as temporary:
        temporary.write_bytes(page)
    return len(page)


@dataclass(frozen=True)
class _Found:
    """The current model; else the sentence for the reader, and the problem for whoever runs this."""

    model: ChurnModel | None = None
    no_list: str = ""
    problem: str = ""

    @property
    def known(self) -> ChurnModel:
        """The model, where there is one."""
        if self.model is None:
            raise AssertionError("scores without a model")
        return self.model

    def read_as_trained(self, options: IntakeOptions) -> IntakeOptions:
        """Return the options by which the model reads a log."""
        return options if self.model is None else read_as_trained(options, self.model.card)

    def fitting(self, orders: Orders) -> _Found:
        """Return it without a model that cannot score these orders."""
        if self.model is None or orders.has_amounts or not self.model.model.needs_amounts:
            return self
        problem = IncompatibleModel("the model was trained with amounts; this log has none.")
        return _Found(None, UNUSABLE_MODEL, str(problem))

    def score(self, orders: Orders, plan: ListPlan) -> Scores | None:
        """Score everybody; None without a model."""
        if self.model is None:
            return None
        day = choose_as_of(self.model.model, orders, None)
        return score_orders(self.model.model, orders, day, by="value", valuation=plan.valuation)


def _find_model(models_dir: Path) -> _Found:
    try:
        return _Found(load(models_dir=models_dir))
    except ModelNotFound:
        return _Found(None, NO_MODEL)
    except StoreError as error:
        return _Found(None, UNUSABLE_MODEL, str(error))


@contextlib.contextmanager
def _opened(place: StatePlace | None) -> Iterator[State | None]:
    """Yield what is remembered; None where nothing is."""
    state = None if place is None else find_state(place)
    if state is None:
        yield None
        return
    with state:
        yield state


def describe_model(model: ChurnModel, plan: ContactPlan) -> ModelSheet:
    """Return a model as pages show it: its card, and what contacting costs and brings."""
    return ModelSheet(version=str(model.version), card=model.card, plan=plan)


def _plan_contacts(scores: Scores, plan: ListPlan) -> ContactPlan:
    at_risk, leavers = (float(np.nansum(scores.columns[name])) for name in ("value_at_risk", "churn_probability"))
    return plan_contacts(plan.valuation.margin * at_risk, leavers, plan.terms)


def plan_contacts(at_risk: float, leavers: float, terms: ContactTerms | None) -> ContactPlan:
    """Return what contacting costs and brings: the shop's own, where it is all known, else that of the literature.

    A kept customer is worth the value at risk of all scored customers, as profit, over the number expected to leave.
    """
    if terms is None or at_risk <= 0 or leavers <= 0:
        return ContactPlan()
    return ContactPlan(
        value=at_risk / leavers,
        incentive_cost=terms.incentive_cost,
        contact_cost=terms.contact_cost,
        acceptance_rate=terms.acceptance_rate,
        redemption=terms.redemption,
        is_own=True,
    )


def _list_campaigns(state: State) -> tuple[MeasuredCampaign, ...]:
    """Return what measured campaigns came to."""
    measured = list_measured(state)
    return tuple(
        describe_campaign(one, measured[one.campaign.name].result)
        for one in list_campaigns(state)
        if one.campaign.name in measured
    )


def describe_campaign(stored: StoredCampaign, result: Mapping[str, Any]) -> MeasuredCampaign:
    """Return a campaign with what it came to, as pages show it."""
    campaign = stored.campaign
    effect = result["effects"].get(campaign.outcome, {})
    return MeasuredCampaign(
        name=campaign.name,
        starts_on=date_of(campaign.starts_on).isoformat(),
        contacted=stored.treated,
        kept_back=stored.control,
        outcome=campaign.outcome,
        effect=effect.get("difference"),
        low=effect.get("low"),
        high=effect.get("high"),
        profit=result["profit"],
        verdict=result["verdict"],
    )


def _probability_of(scores: Scores) -> dict[str, float]:
    columns = scores.columns
    is_scored = columns["status"] == "scored"
    ids, values = columns["customer_id"][is_scored], columns["churn_probability"][is_scored]
    return dict(zip(ids.tolist(), values.tolist(), strict=True))


def _compare(orders: Orders, table: RetentionTable) -> tuple[Change, ...]:
    try:
        return compare_with_past(orders, table)
    except NotEnoughData:
        return ()


def _describe_scores(model: ChurnModel, scores: Scores) -> AtRisk:
    snapshot = describe_snapshot(scores.snapshot)
    return AtRisk(
        model=model.version or "",
        trained_as_of=model.card["snapshot"]["as_of"],
        as_of=snapshot["as_of"],
        horizon_days=snapshot["horizon_days"],
        lookback_days=snapshot["lookback_days"],
        lead_days=snapshot["lead_days"],
        scored=scores.count("status", "scored"),
        lapsed=scores.count("status", "lapsed"),
        bands=_count_bands(model, scores),
        warnings=tuple(warn_of_grade(model.card)),
    )


def _count_bands(model: ChurnModel, scores: Scores) -> dict[str, dict[str, Any]]:
    tested = model.card["test"]["risk_bands"]
    return {
        level: {"customers": scores.count("risk", level), "churn_rate": tested[level]["churn_rate"]} for level in RISKS
    }
