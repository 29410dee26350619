"""Fit a model on a training set, and test it on a snapshot later than everything that it has seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from churnrisk.dataset import SnapshotData, TrainingSet, weighted_mean
from churnrisk.errors import NotEnoughData
from churnrisk.forecast import Outlook, Prospects
from churnrisk.learning.baselines import QUICK_BASELINES, RFM, forecast_baselines
from churnrisk.learning.calibration import calibration_beyond_chance
from churnrisk.learning.estimators import DECAY, MOST_SNAPSHOTS, Blend, Grown, Learner, fit_learner, grow_parts
from churnrisk.learning.evaluate import Interval, Scored, difference, measure, reliability
from churnrisk.learning.max_profit import Point, roc_hull
from churnrisk.learning.risk import RiskBands
from churnrisk.learning.workers import ALONE, Workers
from churnrisk.regression import LinearModel, fit_linear, shift_to, to_probability
from churnrisk.timeline import Snapshot, SnapshotPlan, date_of
from churnrisk.types import Floats

LEAST_CUSTOMERS = 30
"""So many customers that churned, and that were kept, are needed to learn from."""

DECIMALS = 9
FOLDS = 5
SAMPLE_ROWS = 100
"""Customers of the base that a model keeps, without their ids, to compare those with whom it explains."""

OURS = "churnrisk"


@dataclass(frozen=True)
class FittedModel:
    """What is stored: from features to a churn probability, and the meaning of high and low.

    The share that is expected to churn was forecast when the model was fitted, for the window that began at
    ``as_of``. It is kept when the model scores at a later day: the ranking ages slowly, that forecast does not, so
    train again about once a horizon, and sooner where the season turns.

    Parameters
    ----------
    snapshot : Snapshot
        The windows, at the ``as_of`` of training.
    names : tuple of str
        The features, in order.
    learner : Learner
        From feature rows to log-odds.
    bands : RiskBands
        Around the churn rate that the model expects of the customer base.
    summary : SummaryModel
        The compact second model for files with one row per customer.
    outlook : Outlook or None
        Other horizons, next order and value; None where too few customers could be followed.
    sample : ndarray of shape (m, p), or None
        Feature rows of up to 100 customers of the base at ``as_of``, drawn at random, in random order, without ids:
        a reason for a score says what is different from them. None in a model of an earlier version.
    """

    snapshot: Snapshot
    names: tuple[str, ...]
    learner: Learner
    bands: RiskBands
    summary: SummaryModel
    outlook: Outlook | None = None
    sample: Floats | None = None

    @property
    def kind(self) -> str:
        """``"blend"``, or the name of the baseline that is shipped because no blend did better."""
        ranking = self.learner.ranking
        return "blend" if isinstance(ranking, Blend) else ranking.name

    @property
    def note(self) -> str:
        """What is out of the ordinary about the model, in a sentence; empty if nothing is."""
        if self.kind == "blend":
            return ""
        return (
            f"No learned model did better than a baseline in the test inside the history, so this is the {self.kind}."
        )

    @property
    def needs_amounts(self) -> bool:
        """Whether a log without amounts cannot be scored."""
        return "mean_order_amount" in self.names

    def predict(self, values: Floats) -> Floats:
        """Return churn probabilities for feature rows of shape (n, p), rounded to nine decimals."""
        probability: Floats = np.round(to_probability(self.learner.log_odds(values)), DECIMALS)
        return probability

    def look_ahead(self, values: Floats, probability: Floats, *, cutoff: int | None = None) -> Prospects | None:
        """Return the outlook for feature rows and their churn probabilities, on the day of the model or on another."""
        if self.outlook is None:
            return None
        places = [self.names.index(name) for name in self.outlook.features]
        return self.outlook.predict(values[:, places], probability, cutoff=cutoff)


@dataclass(frozen=True)
class SummaryModel:
    """A compact model on days since the last order, tenure, order count and mean order amount alone."""

    names: tuple[str, ...]
    linear: LinearModel
    bands: RiskBands

    def predict(self, features: Mapping[str, Floats]) -> Floats:
        """Return churn probabilities, rounded to nine decimals."""
        columns = summary_columns([features[name] for name in self.names])
        probability: Floats = np.round(to_probability(self.linear.log_odds(columns)), DECIMALS)
        return probability


@dataclass(frozen=True)
class TestResult:
    """How a model fitted on the past did on what came after, beside the baselines.

    Parameters
    ----------
    snapshot : Snapshot
        The test snapshot.
    kind : {"later snapshot", "other customers"}
        Whether the test came after all that was fitted on, or, in a short history, held other customers of the
        same weeks, which flatters.
    measures : mapping of str to mapping of str to Interval
        Model to measure to figure.
    gains : mapping of str to mapping of str to Interval
        Baseline to measure to ours minus theirs, paired.
    bands : mapping
        What each risk band held and how many of it churned.
    reliability : list of tuple
        Size, mean probability and churn rate of 15 bins.
    calibration : float
        How far our probabilities are off, 0 where chance explains it.
    model : FittedModel or None
        The one that was tested, fitted on the past of the test; None where other customers served.
    hull : list of tuple
        Corners of the convex hull of our ROC curve, for the expected maximum profit.
    """

    snapshot: Snapshot
    kind: Literal["later snapshot", "other customers"]
    customers: int
    churn_rate: float
    measures: Mapping[str, Mapping[str, Interval]]
    gains: Mapping[str, Mapping[str, Interval]]
    bands: Mapping[str, Mapping[str, float | int | None]]
    reliability: Sequence[tuple[float, float, float]]
    calibration: float
    model: FittedModel | None = None
    hull: Sequence[Point] = ()


def fit_model(
    data: TrainingSet,
    *,
    seed: int = 0,
    earlier: FittedModel | None = None,
    grown: Grown | None = None,
    workers: Workers = ALONE,
) -> FittedModel:
    """Fit on every labelled snapshot of a training set.

    Parameters
    ----------
    data : TrainingSet
        Labelled snapshots, and the one at ``as_of`` that has no labels yet.
    seed : int
        Seed of everything random; the same data and seed give the same bytes.
    earlier : FittedModel, optional
        The model of :func:`fit_past` on the same data. What was fitted for it then serves in the inner test too.
    grown : Grown, optional
        The parts of the model, where they were fitted before.
    workers : Workers
        Which fit what can be fitted side by side.

    Raises
    ------
    NotEnoughData
        With fewer than 30 customers that churned or that were kept.
    """
    check_enough(data)
    return _fit(data, seed=seed, earlier=earlier, grown=grown, workers=workers)


def fit_and_test(
    data: TrainingSet, plan: SnapshotPlan, *, seed: int = 0, workers: Workers = ALONE
) -> tuple[TestResult, FittedModel]:
    """Test and fit a model side by side, as :func:`fit_past`, :func:`judge` and :func:`fit_model` do in turn."""
    check_enough(data)
    tested, grown = workers.run(
        lambda: fit_past(data, plan, seed=seed, workers=workers),
        lambda: grow_parts(data, seed=seed, workers=workers),
    )
    fitted, result = workers.run(
        lambda: fit_model(data, seed=seed, earlier=tested, grown=grown, workers=workers),
        lambda: judge(data, plan, tested, seed=seed, workers=workers),
    )
    return result, fitted


def _fit(
    data: TrainingSet,
    *,
    seed: int,
    earlier: FittedModel | None = None,
    grown: Grown | None = None,
    workers: Workers = ALONE,
) -> FittedModel:
    tested = None if earlier is None else earlier.learner
    learner = fit_learner(data, seed=seed, earlier=tested, grown=grown, workers=workers)
    expected = weighted_mean(to_probability(learner.log_odds(data.current.values)), data.current.weight)
    bands = RiskBands(expected)
    sample = draw_sample(data.current.values, seed=seed)
    return FittedModel(data.current.snapshot, data.names, learner, bands, _fit_summary(data, bands), sample=sample)


def draw_sample(values: Floats, *, seed: int) -> Floats:
    """Draw up to 100 feature rows, in random order, so that their place does not tell the customer."""
    return values[np.random.default_rng(seed).permutation(len(values))[:SAMPLE_ROWS]]


@dataclass(frozen=True)
class Outcomes:
    """How many distinct customers churned, and bought again, in so many snapshots: whether that is enough to learn.

    Parameters
    ----------
    churned, kept : int
        Customers; one may be both, in different snapshots.
    snapshots : int
        The newest ones that count: as many as are learned from.
    """

    churned: int
    kept: int
    snapshots: int

    @classmethod
    def count(cls, labelled: Iterable[tuple[np.ndarray, np.ndarray]]) -> Outcomes:
        """Count in the customers and outcomes of snapshots, oldest first."""
        newest = list(labelled)[-MOST_SNAPSHOTS:]
        churned, kept = ({one for ids, churned in newest for one in ids[churned == outcome]} for outcome in (1, 0))
        return cls(len(churned), len(kept), len(newest))

    @property
    def numbers(self) -> str:
        """The counts in words."""
        return f"{self._customers} in {'1 snapshot' if self.snapshots == 1 else f'{self.snapshots} snapshots'}"

    @property
    def _customers(self) -> str:
        churned = "1 customer" if self.churned == 1 else f"{self.churned:,} customers"
        return f"{churned} churned and {self.kept:,} bought again"

    @property
    def is_enough(self) -> bool:
        """Whether a model can be learned from them."""
        return min(self.churned, self.kept) >= LEAST_CUSTOMERS

    def check(self) -> None:
        """Refuse to learn from a handful of customers."""
        if not self.is_enough:
            raise NotEnoughData(
                f"{self.numbers}; {LEAST_CUSTOMERS} of each are needed. Bring a longer history, or choose another "
                "--horizon."
            )

    def check_test(self, snapshot: Snapshot) -> None:
        """Refuse to test on a handful of customers: these are the outcomes of the test snapshot alone."""
        if not self.is_enough:
            raise NotEnoughData(
                f"of those active on {date_of(snapshot.cutoff)}, the day to test on, {self._customers}; "
                f"{LEAST_CUSTOMERS} of each are needed to tell what a model is worth. Choose another --horizon or "
                "--as-of, or bring a longer history."
            )


def check_enough(data: TrainingSet) -> None:
    """Refuse to learn from a handful of customers."""
    Outcomes.count((one.customer_ids, labels_of(one)) for one in data.snapshots).check()


def fit_past(data: TrainingSet, plan: SnapshotPlan, *, seed: int = 0, workers: Workers = ALONE) -> FittedModel | None:
    """Fit on the snapshots that were over before the test's cutoff; None where too few customers are in them.

    Raises
    ------
    NotEnoughData
        With fewer than 30 customers in the test that churned or that were kept.
    """
    test = data.at([plan.test])[0]
    Outcomes.count([(test.customer_ids, labels_of(test))]).check_test(plan.test)
    past = data.known_at(plan.test)
    try:
        check_enough(past)
    except NotEnoughData:
        return None
    return fit_model(past, seed=seed, workers=workers)


def judge(
    data: TrainingSet, plan: SnapshotPlan, model: FittedModel | None, *, seed: int = 0, workers: Workers = ALONE
) -> TestResult:
    """Compare the model of :func:`fit_past` with the baselines on the test; without one, on folds of its customers.

    Five times, four fifths are then fitted on and the rest is tested. That flatters, and the result says so.
    """
    test = data.at([plan.test])[0]
    if model is None:
        return _compare(test, _cross_predict(data, test, seed=seed, workers=workers), "other customers")
    baselines = forecast_baselines(data.known_at(plan.test), names=QUICK_BASELINES).probabilities
    probabilities = {OURS: model.predict(test.values), **baselines}
    return replace(_compare(test, probabilities, "later snapshot", bands=model.bands), model=model)


def _cross_predict(data: TrainingSet, test: SnapshotData, *, seed: int, workers: Workers) -> dict[str, Floats]:
    """Predict each fifth of the test's customers from the other four fifths, customers kept together."""
    fold_of = np.random.default_rng(seed).permutation(len(test.customer_ids)) % FOLDS
    probabilities = {name: np.full(len(fold_of), np.nan) for name in (OURS, *QUICK_BASELINES)}

    def predict(fold: int) -> None:
        held = fold_of == fold
        rest = data.without(frozenset(test.customer_ids[held]))
        rest = replace(rest, current=rest.at([test.snapshot])[0])  # so that the level is that of the test
        probabilities[OURS][held] = _fit(rest, seed=seed, workers=workers).predict(test.values[held])
        baselines = forecast_baselines(replace(rest, current=test), names=QUICK_BASELINES).probabilities
        for name, predicted in baselines.items():
            probabilities[name][held] = predicted[held]

    workers.run(*(partial(predict, fold) for fold in range(FOLDS)))
    return {name: one for name, one in probabilities.items() if not np.isnan(one).any()}


def _compare(
    test: SnapshotData,
    probabilities: Mapping[str, Floats],
    kind: Literal["later snapshot", "other customers"],
    *,
    bands: RiskBands | None = None,
) -> TestResult:
    churned = labels_of(test)
    scored = {name: Scored(churned, probability, test.weight) for name, probability in probabilities.items()}
    ours = scored[OURS]
    used = bands or RiskBands(weighted_mean(probabilities[OURS], test.weight))
    return TestResult(
        test.snapshot,
        kind,
        len(ours),
        test.churn_rate,
        {name: measure(one) for name, one in scored.items()},
        {
            name: {key: difference(ours, one, key) for key in ("auc", "log_loss")}
            for name, one in scored.items()
            if name != OURS
        },
        used.observed(probabilities[OURS], churned, test.weight),
        reliability(ours),
        calibration_beyond_chance([ours]),
        hull=roc_hull(ours),
    )


def _stack(snapshots: Sequence[SnapshotData], places: Sequence[int]) -> tuple[Floats, Floats, Floats]:
    """Put some columns of snapshots under each other, older ones with less weight."""
    newest = len(snapshots) - 1
    weights = [one.weights * DECAY ** (newest - k) for k, one in enumerate(snapshots)]
    churned = [labels_of(one) for one in snapshots]
    values = np.vstack([one.values[:, places] for one in snapshots])
    return values, np.concatenate(churned), np.concatenate(weights)


def labels_of(data: SnapshotData) -> np.ndarray:
    """Return the labels of a snapshot that has them."""
    if data.churned is None:
        raise ValueError(f"{data.snapshot} has no labels")
    return data.churned


def _fit_summary(data: TrainingSet, bands: RiskBands) -> SummaryModel:
    names = tuple(name for name in RFM if name in data.names)
    places = [data.names.index(name) for name in names]
    values, churned, weights = _stack(data.snapshots[-MOST_SNAPSHOTS:], places)
    linear = fit_linear(summary_columns(values.T), churned, weights, strength=1.0)
    current = linear.log_odds(summary_columns(data.current.values[:, places].T))
    level = shift_to(current, bands.base_rate, data.current.weight)
    return SummaryModel(names, replace(linear, intercept=linear.intercept + level), bands)


def summary_columns(features: Sequence[Floats] | Floats) -> Floats:
    """Return logarithms, squares and products of the few features of the compact model."""
    logs = [np.log1p(np.maximum(column, 0)) for column in features]
    products = [logs[i] * logs[k] for i in range(len(logs)) for k in range(i, len(logs))]
    return np.column_stack([*logs, *products])
