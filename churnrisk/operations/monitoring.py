"""Watch a model at work: read the log, look at it beside training and beside what earlier runs said."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from churnrisk.campaigns import read_exposures
from churnrisk.cards import read_as_trained
from churnrisk.clock import today
from churnrisk.dataset import Exposure, count_daily_purchases, find_table_days
from churnrisk.engines import BATCH_ROWS
from churnrisk.errors import ColumnError, IncompatibleModel, ModelNotFound, NotEnoughData, StateError, StoreError
from churnrisk.features import iterate_features
from churnrisk.learning import FittedModel
from churnrisk.messages import wording
from churnrisk.monitor import (
    Arrival,
    CustomerBase,
    Drift,
    Freshness,
    Look,
    Realised,
    Reference,
    Rule,
    ScoreDrift,
    Verdict,
    advise,
    check_rules,
    compare_scores,
    count_base,
    is_over,
    judge_run,
    measure_arrival,
    measure_feature_drift,
    measure_volume,
    parse_rules,
    read_reference,
)
from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.retention import measure_retention
from churnrisk.state import (
    Remembered,
    State,
    StatePlace,
    add_monitor_run,
    find_state,
    keep_outcome,
    list_runs,
    load_scores,
    open_state,
)
from churnrisk.store import read_card, resolve_version
from churnrisk.timeline import DEFAULT_LOOKBACK, Snapshot, date_of, day_number, parse_day
from churnrisk.workflows import load

MOST_RUNS = 8
"""So many runs are judged anew at each look, the newest whose outcome windows are over."""

MONTHS_BACK = 430
"""Days of which months are shown."""

JUDGED_KINDS = ("purchases", "ids")
"""Runs that were scored with the model itself, and not with the compact one for files with one row per customer."""

[STOPPED] = parse_rules(["stopped_tables > 0"], where="rules")
HINDSIGHT = wording(
    "{number} scoring runs are left out of what became of scores: their models were trained on days after the one that "
    "was scored at, so they forecast nothing."
)


@dataclass(frozen=True)
class MonitorPlan:
    """What a look at a model needs.

    Parameters
    ----------
    source : str
        The purchase history.
    models_dir : Path
        Where models are; the current one is looked at.
    state : Path, str or None
        What is remembered: scoring runs, campaigns, and earlier looks. None where there is nothing yet.
    lookback : int
        Of the retention rate.
    options : IntakeOptions
        How to read the source.
    rules : tuple of Rule
        What calls for somebody.
    retrain_rules : tuple of Rule
        What calls for a new model.
    as_of : str, optional
        The day to look on; today by default.
    remember_in : Path or str, optional
        State to keep this look in; None to leave no trace.
    """

    source: str
    models_dir: Path
    state: StatePlace | None
    lookback: int = DEFAULT_LOOKBACK
    options: IntakeOptions = field(default_factory=IntakeOptions)
    rules: tuple[Rule, ...] = ()
    retrain_rules: tuple[Rule, ...] = ()
    as_of: str | None = None
    remember_in: StatePlace | None = None


@dataclass(frozen=True)
class MonitorResult:
    """A look, what the rules say to it, and why it could not be remembered (empty where it was)."""

    look: Look
    verdicts: tuple[Verdict, ...]
    retraining: tuple[Verdict, ...]
    memory_problem: str = ""

    @property
    def fired(self) -> tuple[Verdict, ...]:
        """The rules that fired."""
        return tuple(one for one in self.verdicts if one.has_fired)

    @property
    def advice(self) -> list[str]:
        """What to do, in sentences."""
        return advise(self.look, self.verdicts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON; no customer is in them."""
        return {
            **self.look.to_dict(),
            "advice": self.advice,
            "rules": [one.to_dict() for one in self.verdicts],
            "retrain_rules": [one.to_dict() for one in self.retraining],
        }


@dataclass(frozen=True)
class _Judged:
    """What became of runs, how many are open, what AUC their models had in their tests, and what is to be said."""

    runs: tuple[Realised, ...]
    open_runs: int
    tested_auc: Mapping[str, float]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Subject:
    """The model that is looked at, as far as it is there."""

    version: str | None
    names: tuple[str, ...]
    reference: Reference | None
    model: FittedModel | None
    snapshot: Snapshot | None
    notes: tuple[str, ...]
    card: Mapping[str, Any] = field(default_factory=dict)


def run_monitor(plan: MonitorPlan) -> MonitorResult:
    """Look at a model and its log, hold the rules against what is found, and remember it.

    Raises
    ------
    ChurnriskError
        Where the source or the state cannot be read. A model that is missing or cannot be loaded is no error: what
        can be said without it is said.
    """
    subject = _find_subject(plan.models_dir)
    with read_orders(plan.source, read_as_trained(plan.options, subject.card)) as orders:
        look = _look(plan, subject, orders)
    values = look.values
    result = MonitorResult(
        look, check_rules(_complete(plan.rules, look), values), check_rules(plan.retrain_rules, values)
    )
    if plan.remember_in is None:
        return result
    try:
        _remember(plan.remember_in, result)
    except StateError as error:  # what was found is worth no less, and a rule that fired is to be heard
        return replace(result, memory_problem=str(error))
    return result


def _complete(rules: tuple[Rule, ...], look: Look) -> tuple[Rule, ...]:
    """Return the rules; where there are tables beside the purchases and no rule on them, also that none has stopped."""
    is_told = not look.arrivals or any(one.name == STOPPED.name for one in rules)
    return rules if is_told else (*rules, STOPPED)


def _find_subject(models_dir: Path) -> _Subject:
    """Find the current model; its card tells what to compare with even where the model itself cannot be loaded."""
    try:
        version = resolve_version(models_dir, None)
        card = read_card(models_dir, version=version)
    except ModelNotFound as error:
        return _Subject(None, (), None, None, None, (f"No model to look at: {error}.",))
    windows = card["snapshot"]
    cutoff = parse_day(windows["as_of"], option="card")
    snapshot = Snapshot(cutoff, windows["lookback_days"], windows["horizon_days"], windows["lead_days"])
    reference, note = read_reference(card)
    notes = [note] if note else []
    try:
        model = load(version, models_dir=models_dir).model
    except StoreError as error:
        model = None
        notes.append(wording("Scores are not looked at: {why}.").format(why=error))
    names = tuple(one["name"] for one in card["features"])  # in the order of the model, which JSON objects do not keep
    return _Subject(version, names, reference, model, snapshot, tuple(notes), card)


def _look(plan: MonitorPlan, subject: _Subject, orders: Orders) -> Look:
    looked_on = day_number(today()) if plan.as_of is None else parse_day(plan.as_of, option="--as-of")
    if looked_on <= orders.first_day:
        raise NotEnoughData(
            f"--as-of {date_of(looked_on)}: the log begins on {date_of(orders.first_day)}, so nothing is known by then."
        )
    known_until = min(looked_on, orders.last_day + 1)
    daily = count_daily_purchases(orders, known_until)
    bought = np.flatnonzero(daily.counts)
    last = daily.first_day + int(bought[-1]) if len(bought) else None
    report = orders.report
    freshness = Freshness(looked_on, last, report.rows_in - report.rows_without_customer, report.rows_rejected)
    as_of = max(known_until, 0 if subject.snapshot is None else subject.snapshot.cutoff)
    as_of = as_of if plan.as_of is None else looked_on
    drift, drift_note = _measure_drift(plan, subject, orders, as_of)
    judged = _judge_runs(plan, orders, known_until)
    return Look(
        as_of,
        subject.version,
        freshness,
        measure_volume(daily),
        _measure_months(plan, orders, known_until),
        drift,
        judged.runs,
        judged.open_runs,
        judged.tested_auc,
        (*subject.notes, *drift_note, *judged.notes),
        _measure_arrivals(plan, orders, looked_on, last),
    )


def _measure_arrivals(
    plan: MonitorPlan, orders: Orders, looked_on: int, last_purchase: int | None
) -> tuple[Arrival, ...]:
    """Look at each table beside the purchases; a row that came over HTTP makes a day on which the table came."""
    found, came = find_table_days(orders.beside, looked_on), dict[str, list[int]]()
    with _open(plan) as state:
        query = "SELECT DISTINCT table_name, substr(received_at, 1, 10) FROM received_rows"
        for name, day in [] if state is None or not found else state.rows(query):
            came.setdefault(name, []).append(parse_day(day, option="received_at"))
    every = {name: np.union1d(days, np.array(came.get(name, []), dtype=np.int64)) for name, days in found.items()}
    look = partial(measure_arrival, looked_on=looked_on, last_purchase=last_purchase)
    return tuple(look(name, days[days < looked_on]) for name, days in every.items())


def _measure_months(plan: MonitorPlan, orders: Orders, until: int) -> tuple[tuple[str, float | None], ...]:
    start = max(orders.first_day, until - MONTHS_BACK)
    table = measure_retention(orders, "month", start=start, stop=until, lookback=plan.lookback)
    rows = [row for row in table.rows if row.complete and row.period.ends_on <= until]
    return tuple((row.period.name, _number(row.figures["retention_rate"])) for row in rows)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _measure_drift(
    plan: MonitorPlan, subject: _Subject, orders: Orders, as_of: int
) -> tuple[Drift | None, tuple[str, ...]]:
    if subject.reference is None or subject.snapshot is None:
        return None, ()
    days = as_of - subject.snapshot.cutoff
    try:
        base = count_base(subject.reference, _feature_batches(subject, orders, as_of), subject.model)
    except (ColumnError, IncompatibleModel) as error:
        return None, (wording("Drift is not looked at: {why}").format(why=error),)
    then, run = subject.reference, _last_run(plan, as_of)
    since_run = None if run is None else _compare_with_run(plan, run, base, then)
    return Drift(
        days,
        then.usual_days(days),
        base,
        measure_feature_drift(then, base, days=days),
        compare_scores(then.probability, base, mean_then=then.mean_probability, risk_then=then.risk),
        since_run,
        None if run is None or since_run is None else _describe_run(run),
    ), ()


def _feature_batches(subject: _Subject, orders: Orders, as_of: int) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
    assert subject.snapshot is not None  # noqa: S101 - checked by the caller
    # what fits into one batch needs no stream, whose library takes half a second to import
    database = orders.database if orders.report.customers > BATCH_ROWS else None
    snapshot, names = subject.snapshot.at(as_of), subject.names
    for batch in iterate_features(orders, snapshot, rows=BATCH_ROWS, names=names, database=database):
        yield batch.names, batch.values


def _last_run(plan: MonitorPlan, as_of: int) -> Remembered | None:
    """Find the newest run before the day, of a whole purchase history."""
    with _open(plan) as state:
        runs = [] if state is None else list_runs(state)
    before = [one for one in runs if one.run.kind == "purchases" and one.run.snapshot.cutoff < as_of]
    return before[0] if before else None


def _compare_with_run(
    plan: MonitorPlan, run: Remembered, base: CustomerBase, reference: Reference
) -> ScoreDrift | None:
    with _open(plan) as state:
        scores = [] if state is None else load_scores(state, run.run_id)
    probability = np.array([one.churn_probability for one in scores if one.churn_probability is not None], dtype=float)
    if not len(probability):
        return None
    risk = {level: sum(one.risk == level for one in scores) for level in reference.risk}
    then = reference.probability.like(probability)
    return compare_scores(then, base, mean_then=float(probability.mean()), risk_then=risk)


def _describe_run(run: Remembered) -> dict[str, Any]:
    return {"run": run.run_id, "as_of": date_of(run.run.snapshot.cutoff).isoformat(), "model": run.run.model}


def _judge_runs(plan: MonitorPlan, orders: Orders, known_until: int) -> _Judged:
    """Judge the newest runs whose windows are over, and count those whose windows are not."""
    with _open(plan) as state:
        if state is None:
            return _Judged((), 0, {}, ())
        runs = [one for one in list_runs(state) if one.run.kind in JUDGED_KINDS]
        over = [one for one in runs if is_over(one.run.snapshot, known_until=known_until)]
        cards = _read_cards(plan.models_dir, {one.run.model for one in over})
        genuine = [one for one in over if not _knew_more(cards.get(one.run.model), one)]
        exposures: Sequence[Exposure] = read_exposures(plan.state) if genuine else ()
        judged = tuple(
            judge_run(one, load_scores(state, one.run_id), orders, exposures=exposures) for one in genuine[:MOST_RUNS]
        )
    tested = {
        version: _number(card["test"]["measures"]["churnrisk"]["auc"]["value"]) for version, card in cards.items()
    }
    known = {version: auc for version, auc in tested.items() if auc is not None}
    notes = () if len(genuine) == len(over) else (HINDSIGHT.format(number=len(over) - len(genuine)),)
    return _Judged(judged, len(runs) - len(over), known, notes)


def _knew_more(card: Mapping[str, Any] | None, run: Remembered) -> bool:
    """Tell whether the model had been trained on days after the one that it scored at: it then forecast nothing."""
    return card is not None and parse_day(card["snapshot"]["as_of"], option="card") > run.run.snapshot.cutoff


def _read_cards(models_dir: Path, versions: set[str]) -> dict[str, Mapping[str, Any]]:
    """Read the cards of models that are still there."""
    found: dict[str, Mapping[str, Any]] = {}
    for version in sorted(versions):
        with contextlib.suppress(StoreError):  # removed since, or no longer trusted: nothing is known of it
            found[version] = read_card(models_dir, version=version)
    return found


class _Nothing:
    """No state, where there is none yet."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        return None


def _open(plan: MonitorPlan) -> State | _Nothing:
    return (None if plan.state is None else find_state(plan.state)) or _Nothing()


def _remember(place: StatePlace, result: MonitorResult) -> None:
    """Keep the look, and what became of each run that it judged."""
    with open_state(place) as state, state.transaction():
        for one in result.look.realised:
            keep_outcome(state, one.run_id, one.to_dict())
        add_monitor_run(state, as_of=result.look.as_of, model=result.look.model or "", result=result.to_dict())
