"""Backtest: train on the past, score the next snapshot, look what happened, roll on.

At each cutoff everything is done as it would have been done on that day: only outcome windows that were over by then
are learned from, the customer base of that day is scored, and the outcome window after it decides. The model and every
baseline meet the same customers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from churnrisk.btyd import BtydModel
from churnrisk.dataset import SnapshotData, TrainingSet
from churnrisk.errors import NotEnoughData
from churnrisk.learning.backtest_plan import BacktestPlan, SkippedCutoff
from churnrisk.learning.baselines import BASELINE_NAMES, forecast_baselines
from churnrisk.learning.calibration import calibration_beyond_chance
from churnrisk.learning.evaluate import (
    MEASURES,
    RESAMPLES,
    Interval,
    Scored,
    estimate,
    percentile_interval,
    reliability,
    resample_counts,
)
from churnrisk.learning.train import OURS, FittedModel, check_enough, fit_model
from churnrisk.learning.workers import ALONE, Workers
from churnrisk.timeline import Snapshot, SnapshotPlan, date_of
from churnrisk.types import Floats, Steps

Bins = Sequence[tuple[float, float, float]]
Draws = Mapping[str, Mapping[str, Floats]]
"""Model to measure to its value in each resample."""

LEAST_OUTCOMES = 10
"""A cutoff needs so many customers that churned, and that were kept, to be judged by."""


@dataclass(frozen=True)
class Figures:
    """How the model and the baselines did.

    Parameters
    ----------
    customers, churned : int
        Customers scored, and those among them who churned; pooled over cutoffs a customer counts at each. Where a
        campaign touched the window, controls count for the contacted.
    measures : mapping of str to mapping of str to Interval
        Model to measure to figure.
    gains : mapping of str to mapping of str to Interval
        Baseline to measure to ours minus theirs, paired over the same resampled customers.
    reliability : mapping of str to list of tuple
        Model to size, mean probability and churn rate of 15 bins.
    calibration : float
        How far our probabilities are off, 0 where chance explains it; at each cutoff for itself.
    """

    customers: int
    churned: int
    measures: Mapping[str, Mapping[str, Interval]]
    gains: Mapping[str, Mapping[str, Interval]]
    reliability: Mapping[str, Bins]
    calibration: float


@dataclass(frozen=True)
class CutoffResult:
    """One cutoff of a backtest.

    Parameters
    ----------
    snapshot : Snapshot
        What was scored.
    fitted_on : int
        Snapshots that the model learned from.
    figures : Figures
        How it went.
    lapsed : int
        Customers left out: bought before the cutoff, but not within the lookback.
    not_yet : int
        Customers left out: first bought on or after the cutoff.
    notes : mapping of str to str
        What was out of the ordinary about a baseline.
    """

    snapshot: Snapshot
    fitted_on: int
    figures: Figures
    lapsed: int
    not_yet: int
    notes: Mapping[str, str]


@dataclass(frozen=True)
class Backtest:
    """A model on all cutoffs of a backtest, beside the baselines.

    Parameters
    ----------
    current : Snapshot
        The windows, at the day where the history ends.
    cutoffs : tuple of CutoffResult
        Oldest first.
    pooled : Figures
        Each figure is the mean over the cutoffs, weighted by their customers: nobody ranks the customers of one
        day against those of another. The reliability bins hold all cutoffs together.
    customers : int
        Distinct customers.
    skipped : tuple of SkippedCutoff
        Cutoffs left out, and why.
    seed : int
        Seed of everything random.
    """

    current: Snapshot
    cutoffs: tuple[CutoffResult, ...]
    pooled: Figures
    customers: int
    skipped: tuple[SkippedCutoff, ...]
    seed: int


@dataclass(frozen=True)
class Forecast:
    """What the model and the baselines said at one cutoff.

    Parameters
    ----------
    data : SnapshotData
        The customer base, and how it went.
    fitted_on : int
        Snapshots that the model learned from.
    scored : mapping of str to Scored
        Model to its probabilities, beside the outcomes.
    notes : mapping of str to str
        What was out of the ordinary about a baseline.
    """

    data: SnapshotData
    fitted_on: int
    scored: Mapping[str, Scored]
    notes: Mapping[str, str]


@dataclass(frozen=True)
class Fits:
    """What was fitted at one cutoff, and helps at the next."""

    model: FittedModel | None
    btyd: Mapping[str, BtydModel]

    def model_before(self, snapshot: Snapshot) -> FittedModel | None:
        """Return the model if it is the one that training at the snapshot would have tested: it then serves again."""
        reach = snapshot.horizon + snapshot.lead
        if self.model is None or self.model.snapshot.cutoff != snapshot.cutoff - reach:
            return None
        return self.model


def run_backtest(
    data: TrainingSet,
    plan: BacktestPlan,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    progress: Steps | None = None,
    workers: Workers = ALONE,
) -> Backtest:
    """Fit, score and compare at every cutoff of a plan.

    Parameters
    ----------
    data : TrainingSet
        Holds every snapshot of the plan.
    plan : BacktestPlan
        From :func:`plan_backtest`.
    seed : int
        Seed of everything random; the same data and seed give the same figures.
    resamples : int
        Bootstrap resamples. Customers are drawn, each with all their snapshots.
    progress : callable, optional
        Told the number of cutoffs done and the number of all.
    workers : Workers
        Which fit what can be fitted side by side.

    Raises
    ------
    NotEnoughData
        Where no cutoff has enough customers to learn from and to be judged by.
    """
    forecasts: list[Forecast] = []
    skipped = list(plan.skipped)
    last = Fits(None, {})
    for done, one in enumerate(plan.plans):
        past = know_only(data, one)
        try:
            check_enough(past)
            check_outcomes(data.at([one.current])[0])
            forecast, last = _forecast(data, past, seed=seed, last=last, workers=workers)
            forecasts.append(forecast)
        except NotEnoughData as error:
            skipped.append(SkippedCutoff(one.current, str(error)))
        if progress:
            progress(done + 1, len(plan.plans))
    if not forecasts:
        raise NotEnoughData(f"no cutoff can be tested; at the newest: {skipped[-1].reason}")
    return compare_forecasts(data, forecasts, skipped, seed=seed, resamples=resamples)


def know_only(data: TrainingSet, plan: SnapshotPlan) -> TrainingSet:
    """Return the training set as training on the cutoff of a plan would have seen it, without the outcome after it."""
    known = data.known_at(plan.current)
    return replace(known, snapshots=data.at(plan.labelled), current=replace(known.current, churned=None))


def check_outcomes(test: SnapshotData) -> None:
    """Refuse to judge by a handful of customers."""
    for outcome, word in ((1, "churned"), (0, "bought again")):
        count = int(np.sum(test.churned == outcome))
        if count < LEAST_OUTCOMES:
            raise NotEnoughData(
                f"{count} customers {word} after {date_of(test.snapshot.cutoff)}; {LEAST_OUTCOMES} are needed to "
                "judge a model by."
            )


def _forecast(
    data: TrainingSet, past: TrainingSet, *, seed: int, last: Fits, workers: Workers
) -> tuple[Forecast, Fits]:
    snapshot = past.current.snapshot
    earlier = last.model_before(snapshot)
    model, baselines = workers.run(
        lambda: fit_model(past, seed=seed, earlier=earlier, workers=workers),
        lambda: forecast_baselines(past, start=last.btyd),
    )
    test = data.at([snapshot])[0]
    assert test.churned is not None  # noqa: S101 - checked before, and told to the type checker
    probabilities = {OURS: model.predict(test.values), **baselines.probabilities}
    scored = {name: Scored(test.churned, probability, test.weight) for name, probability in probabilities.items()}
    return Forecast(test, len(past.snapshots), scored, baselines.notes), Fits(model, baselines.btyd)


def compare_forecasts(
    data: TrainingSet, forecasts: Sequence[Forecast], skipped: Sequence[SkippedCutoff], *, seed: int, resamples: int
) -> Backtest:
    """Take every figure at each cutoff and pooled, from the same resampled customers.

    A customer's weight in a resample is the same at all cutoffs: what a customer does in one window tells of the
    next, so the snapshots of a customer are not so many independent witnesses.
    """
    everybody = np.unique(np.concatenate([one.data.customer_ids for one in forecasts]))
    places = [np.searchsorted(everybody, one.data.customer_ids) for one in forecasts]
    draws = [_empty_draws(one, resamples) for one in forecasts]
    masses = [np.empty(resamples) for _ in forecasts]
    for k, counts in enumerate(resample_counts(len(everybody), seed=seed, resamples=resamples)):
        for one, place, drawn, mass in zip(forecasts, places, draws, masses, strict=True):
            drawn_weights = counts[place] * one.data.weights
            mass[k] = drawn_weights.sum()
            _measure_into(drawn, k, one.scored, drawn_weights)
    cutoffs = tuple(_describe_cutoff(data, one, drawn) for one, drawn in zip(forecasts, draws, strict=True))
    left_out = tuple(sorted(skipped, key=lambda one: one.snapshot.cutoff))
    return Backtest(data.current.snapshot, cutoffs, _pool(forecasts, draws, masses), len(everybody), left_out, seed)


def _empty_draws(forecast: Forecast, resamples: int) -> dict[str, dict[str, Floats]]:
    return {name: {key: np.empty(resamples) for key in MEASURES} for name in forecast.scored}


def _measure_into(draws: Draws, k: int, scored: Mapping[str, Scored], weights: Floats) -> None:
    for name, one in scored.items():
        for key, function in MEASURES.items():
            draws[name][key][k] = function(one, weights)


def _describe_cutoff(data: TrainingSet, one: Forecast, draws: Draws) -> CutoffResult:
    snapshot, known = one.data.snapshot, int(one.data.summary.customers.sum())
    values = {name: _measure_once(scored) for name, scored in one.scored.items()}
    return CutoffResult(
        snapshot,
        one.fitted_on,
        _figures(values, draws, one.scored, [one.scored[OURS]]),
        known - len(one.data.customer_ids),
        int(data.current.summary.customers.sum()) - known,
        one.notes,
    )


def _pool(forecasts: Sequence[Forecast], draws: Sequence[Draws], masses: Sequence[Floats]) -> Figures:
    names = [name for name in (OURS, *BASELINE_NAMES) if all(name in one.scored for one in forecasts)]
    sizes = [np.array([one.data.weights.sum()]) for one in forecasts]
    together = {name: _stack([one.scored[name] for one in forecasts]) for name in names}
    values: dict[str, dict[str, float]] = {}
    mean_draws: dict[str, dict[str, Floats]] = {}
    for name in names:
        of_cutoffs = [_measure_once(one.scored[name]) for one in forecasts]
        values[name] = {
            key: float(_weighted([np.array([one[key]]) for one in of_cutoffs], sizes)[0]) for key in MEASURES
        }
        mean_draws[name] = {key: _weighted([one[name][key] for one in draws], masses) for key in MEASURES}
    return _figures(values, mean_draws, together, [one.scored[OURS] for one in forecasts])


def _weighted(figures: Sequence[Floats], weights: Sequence[Floats]) -> Floats:
    mean: Floats = np.sum([f * w for f, w in zip(figures, weights, strict=True)], axis=0) / np.sum(weights, axis=0)
    return mean


def _stack(scored: Sequence[Scored]) -> Scored:
    columns = ([getattr(one, name) for one in scored] for name in ("churned", "probability", "weight"))
    return Scored(*map(np.concatenate, columns))


def _measure_once(scored: Scored) -> dict[str, float]:
    return {name: function(scored, scored.weight) for name, function in MEASURES.items()}


def _figures(
    values: Mapping[str, Mapping[str, float]], draws: Draws, scored: Mapping[str, Scored], at_cutoffs: Sequence[Scored]
) -> Figures:
    ours, our_draws = values[OURS], draws[OURS]
    measures = {
        name: {key: estimate(key, value, draws[name][key]) for key, value in of_model.items()}
        for name, of_model in values.items()
    }
    gains = {
        name: {
            key: percentile_interval(ours[key] - value, our_draws[key] - draws[name][key])
            for key, value in of_model.items()
        }
        for name, of_model in values.items()
        if name != OURS
    }
    base = scored[OURS]
    bins = {name: reliability(one) for name, one in scored.items()}
    churned = float((base.churned * base.weight).sum())
    size, off = round(float(base.weight.sum())), calibration_beyond_chance(at_cutoffs)
    return Figures(size, round(churned), measures, gains, bins, off)
