"""From a source of purchases to a report: measure, score where a model can, and write one HTML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import churnrisk
from churnrisk.campaigns import StoredCampaign, list_campaigns, list_measured
from churnrisk.cards import describe_intake, describe_snapshot, is_worth_acting_on, warn_of_grade
from churnrisk.decide import ContactTerms, Playbook
from churnrisk.errors import IncompatibleModel, ModelNotFound, NotEnoughData, OutputError, SettingsError, StoreError
from churnrisk.explain import make_finder, score_with_reasons
from churnrisk.messages import mark
from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.planning import choose_as_of
from churnrisk.products import MOST_PAIRS, NO_CHOICE, ItemChoice, find_pair_days, sum_up_products
from churnrisk.report import AtRisk, ContactPlan, MeasuredCampaign, ModelSheet, ReportData, render_report
from churnrisk.retention import (
    USUAL,
    Calendar,
    Change,
    RetentionTable,
    Segmentation,
    build_cohorts,
    build_segments,
    compare_with_past,
    measure_retention,
)
from churnrisk.schema import RISKS
from churnrisk.scoring import Scores
from churnrisk.state import StatePlace, find_state
from churnrisk.tables import Table
from churnrisk.timeline import DEFAULT_LOOKBACK, date_of
from churnrisk.workflows.model import ChurnModel, load
from churnrisk.writing import replacing

ENDINGS = (".html", ".htm")
DEFAULT_TOP = 20
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
    """A report, and why it has no list where a stored model could not be used (else empty)."""

    data: ReportData
    model_problem: str = ""


def make_report(
    source: Any,
    *,
    kind: str | int = "month",
    calendar: Calendar = USUAL,
    lookback: int = DEFAULT_LOOKBACK,
    top: int = DEFAULT_TOP,
    models_dir: Path = Path("models"),
    state: StatePlace | None = None,
    options: IntakeOptions | None = None,
    terms: ContactTerms | None = None,
    margin: float = 1.0,
    playbook: Playbook | None = None,
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
    top : int
        How many customers the list of those at risk holds, at most 1,000; 0 leaves single customers out.
    models_dir : Path
        Where a model may be stored; the report does without one.
    state : Path or str, optional
        The state file or URL, for what measured campaigns came to.
    options : IntakeOptions, optional
        How to read the source.
    terms : ContactTerms, optional
        What contacting costs and brings, for the profit curve of the model; else the numbers of the literature.
    margin : float
        Share of revenue that is profit, for the same.
    playbook : Playbook, optional
        What to do for whom.
    products : ItemChoice
        What counts as a product, in a log that names any.
    """
    if not 0 <= top <= MOST_LISTED:
        raise SettingsError(f"--top {top}: give 0 to {MOST_LISTED}; `churnrisk score --output` writes all customers.")
    with read_orders(source, replace(options or IntakeOptions(), products=True)) as orders:
        table = measure_retention(orders, kind, lookback=lookback, calendar=calendar)
        model, no_list, problem = _find_model(models_dir, orders)
        scores = None if model is None else _score(model, orders, top)
        probability = {} if scores is None else _probability_of(scores)
        segmentation = build_segments(orders, churn_probability=probability)
        data = ReportData(
            version=churnrisk.__version__,
            intake=describe_intake(orders),
            first_day=orders.first_day,
            last_day=orders.last_day,
            table=table,
            changes=_compare(orders, table),
            cohorts=build_cohorts(orders, kind, lookback=lookback, calendar=calendar),
            segmentation=segmentation,
            at_risk=None if model is None or scores is None else _list_at_risk(model, scores, segmentation, top),
            no_list=no_list,
            campaigns=_list_campaigns(state),
            model=_show_model(model, scores, terms, margin=margin),
            playbook=playbook or Playbook(),
            products=_sum_up_products(orders, products, top),
        )
    return ReportResult(data, problem)


def _sum_up_products(orders: Orders, choice: ItemChoice, top: int) -> dict[str, Any] | None:
    """Return what is told of products, with so many rows of single customers; None where the log names no products."""
    pairs = find_pair_days(orders, orders.last_day + 1, choice=choice)
    if pairs is None:
        return None
    return sum_up_products(pairs, most_pairs=min(top, MOST_PAIRS))


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


def _find_model(models_dir: Path, orders: Orders) -> tuple[ChurnModel | None, str, str]:
    """Load the current model; else give the sentence for the reader, and the problem for whoever runs this."""
    try:
        model = load(models_dir=models_dir)
    except ModelNotFound:
        return None, NO_MODEL, ""
    except StoreError as error:
        return None, UNUSABLE_MODEL, str(error)
    if model.model.needs_amounts and not orders.has_amounts:
        return None, UNUSABLE_MODEL, str(IncompatibleModel("the model was trained with amounts; this log has none."))
    return model, "", ""


def _score(model: ChurnModel, orders: Orders, top: int) -> Scores:
    """Score everybody, with reasons for those who are listed; a model of an earlier version knows none."""
    day = choose_as_of(model.model, orders, None)
    is_explained = top > 0 and model.model.sample is not None
    finder = make_finder(model.model, "shown" if is_explained else "none", top=top, by="risk")
    return score_with_reasons(finder, model.model, orders, day)


def describe_model(model: ChurnModel, plan: ContactPlan) -> ModelSheet:
    """Return a model as pages show it: its card, and what contacting costs and brings."""
    return ModelSheet(version=str(model.version), card=model.card, plan=plan)


def _show_model(
    model: ChurnModel | None, scores: Scores | None, terms: ContactTerms | None, *, margin: float
) -> ModelSheet | None:
    if model is None or scores is None:
        return None
    return describe_model(model, _plan_contacts(scores, terms, margin=margin))


def _plan_contacts(scores: Scores, terms: ContactTerms | None, *, margin: float) -> ContactPlan:
    at_risk, leavers = (float(np.nansum(scores.columns[name])) for name in ("value_at_risk", "churn_probability"))
    return plan_contacts(margin * at_risk, leavers, terms)


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


def _list_campaigns(path: StatePlace | None) -> tuple[MeasuredCampaign, ...]:
    """Return what measured campaigns came to; none where nothing is remembered."""
    state = None if path is None else find_state(path)
    if state is None:
        return ()
    with state:
        measured, stored = list_measured(state), list_campaigns(state)
    return tuple(
        describe_campaign(one, measured[one.campaign.name].result) for one in stored if one.campaign.name in measured
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


def _list_at_risk(model: ChurnModel, scores: Scores, segmentation: Segmentation, top: int) -> AtRisk:
    snapshot = describe_snapshot(scores.snapshot)
    listed = min(top, scores.count("status", "scored")) if is_worth_acting_on(model.card) else 0
    segment_of = segmentation.segment_of() if listed else {}
    first = Table({name: values[:listed].tolist() for name, values in scores.columns.items()}).records()
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
        customers=tuple(_describe_customer(record, segment_of) for record in first),
        warnings=tuple(warn_of_grade(model.card)),
    )


def _count_bands(model: ChurnModel, scores: Scores) -> dict[str, dict[str, Any]]:
    tested = model.card["test"]["risk_bands"]
    return {
        level: {"customers": scores.count("risk", level), "churn_rate": tested[level]["churn_rate"]} for level in RISKS
    }


def _describe_customer(record: Mapping[str, Any], segment_of: Mapping[str, str]) -> dict[str, Any]:
    return {
        "risk_rank": int(record["risk_rank"]),
        "customer_id": record["customer_id"],
        "churn_probability": record["churn_probability"],
        "risk": record["risk"],
        "segment": segment_of.get(record["customer_id"]),
        "days_since_last_order": int(record["days_since_last_order"]),
        "order_count": int(record["order_count"]),
        "total_amount": record["total_amount"],
        "reason": record.get("reason_1"),
    }
