"""The learner: the order of risks from a blend of models, how many churn in all from a forecast of the level."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from churnrisk.btyd import BtydModel, fit_btyd
from churnrisk.dataset import SnapshotData, TrainingSet, weighted_mean
from churnrisk.errors import NotEnoughData
from churnrisk.learning.blend import choose_weights, prior_weights
from churnrisk.learning.level import Level, forecast_level, forecast_shift, trace_shifts
from churnrisk.learning.rules import Rule, choose_rule
from churnrisk.learning.trees import BoostedModel, ForestModel, Sizes, draw_rows, fit_boosted, fit_forest
from churnrisk.learning.workers import ALONE, Workers
from churnrisk.regression import SILENCE, Design, LinearModel, Terms, find_terms, fit_linear, shift_to
from churnrisk.types import Floats, Integers

STRENGTH = 0.002
SILENCE_FAVOUR = 5.0
"""The column of silence is penalised 25 times less: with few data the linear part falls back to it, and not to 0."""

DECAY = 0.85
"""Weight of a snapshot against the one after it: what happened lately tells more."""

MOST_SNAPSHOTS = 12
SNAPSHOT_ROWS = 30_000
LINEAR_ROWS = 60_000
LEVEL_SNAPSHOTS, LEVEL_ROWS = 7, 3000
LEVEL_HALF_LIFE = 3
"""Snapshots, that is one horizon, in which what a snapshot says of the level loses half its weight."""

INNER_EVENTS = 20
INNER_ROWS = 10_000
INNER_SIZES = Sizes(forest_trees=40, boosted_seeds=1)


@dataclass(frozen=True)
class RidgePart:
    """Logistic regression on columns, squares and products."""

    terms: Terms
    linear: LinearModel

    def log_odds(self, columns: Floats) -> Floats:
        """Return the log-odds for rows that may have missing values."""
        return self.linear.log_odds(self.terms.apply(columns))


Part = RidgePart | ForestModel | BoostedModel


@dataclass(frozen=True)
class Blend:
    """Several models and the one of silence, averaged in log-odds.

    Parameters
    ----------
    parts : tuple
        Linear part, forest, boosted trees.
    weights : tuple of float
        Theirs, and last that of the column of silence.
    silence_place : int
        Where that column stands.
    """

    parts: tuple[Part, ...]
    weights: tuple[float, ...]
    silence_place: int

    def log_odds(self, columns: Floats) -> Floats:
        """Return the log-odds for rows that may have missing values."""
        total: Floats = self.weights[-1] * columns[:, self.silence_place]
        for place, part in enumerate(self.parts):
            if self.weights[place]:
                total += self.weights[place] * part.log_odds(columns)
        return total


@dataclass(frozen=True)
class Learner:
    """A fitted learner; ``log_odds`` of a row depends on that row alone.

    Parameters
    ----------
    design : Design
        From features to columns.
    silence : BtydModel or None
        Fitted to all customers before ``as_of``; None where too few bought again.
    ranking : Blend or Rule
        Who is at more risk than whom.
    level : Level
        The forecast for the window that begins at ``as_of``, fixed when the model was fitted.
    """

    design: Design
    silence: BtydModel | None
    ranking: Blend | Rule
    level: Level

    def log_odds(self, values: Floats) -> Floats:
        """Return the log-odds of churning for feature rows of shape (n, p)."""
        return self.ranking.log_odds(self.design.apply(values, self.silence)) + self.level.shift


@dataclass(frozen=True)
class Sample:
    """The columns and outcomes of one snapshot."""

    data: SnapshotData
    columns: Floats

    @property
    def churned(self) -> Floats:
        """The outcomes, as floats."""
        if self.data.churned is None:
            raise ValueError(f"{self.data.snapshot} has no labels")
        return self.data.churned.astype(np.float64)

    @property
    def weights(self) -> Floats:
        """How many customers each row stands for."""
        return np.ones(len(self.columns)) if self.data.weight is None else self.data.weight

    def draw(self, most: int, *, seed: int) -> Sample:
        """Keep at most so many customers, drawn at random."""
        if len(self.columns) <= most:
            return self
        rows = draw_rows(len(self.columns), most, seed=seed)
        return Sample(_pick(self.data, rows), self.columns[rows])


@dataclass(frozen=True)
class Grown:
    """What is fitted on the snapshots of a training set, whatever an inner test says of it.

    Parameters
    ----------
    design : Design
        From features to columns.
    silence : BtydModel or None
        Fitted to all customers before ``as_of``.
    samples : list of Sample
        Of each labelled snapshot, oldest first.
    columns : ndarray of shape (n, p)
        Theirs, below each other.
    parts : tuple
        Linear part, forest, boosted trees.
    """

    design: Design
    silence: BtydModel | None
    samples: list[Sample]
    columns: Floats
    parts: tuple[Part, ...]


def grow_parts(data: TrainingSet, *, seed: int, workers: Workers = ALONE) -> Grown:
    """Fit the parts of a blend on the newest snapshots of a training set."""
    with threadpool_limits(limits=1):  # sums of floats depend on how many threads share them
        design = Design.of(data.names, data.current.snapshot)
        labelled = data.snapshots[-MOST_SNAPSHOTS:]
        models = fit_silences([*labelled, data.current])
        samples, columns = take_samples(labelled, design, models, seed=seed)
        parts = fit_parts(samples, columns, design, sizes=Sizes(), seed=seed, workers=workers)
        return Grown(design, models[-1], samples, columns, parts)


def fit_learner(
    data: TrainingSet,
    *,
    seed: int,
    earlier: Learner | None = None,
    grown: Grown | None = None,
    workers: Workers = ALONE,
) -> Learner:
    """Fit the learner on the newest snapshots of a training set.

    Ranking: the parts are fitted on all of them; their weights are moved from a prior by an inner test, in which the
    parts are fitted again on the snapshots that were over when the newest one began. Where a simple rule does better
    in that test than the blend, the rule is taken.

    Level: see :mod:`churnrisk.learning.level`. Nothing here looks past ``as_of``.

    Parameters
    ----------
    data : TrainingSet
        With at least one labelled snapshot.
    seed : int
        Of everything random.
    earlier : Learner, optional
        Fitted on what was known at the newest labelled snapshot; its parts then serve in the inner test.
    grown : Grown, optional
        What :func:`grow_parts` gives for the same data and seed, where that was done before.
    workers : Workers
        Which fit the parts.
    """
    grown = grown or grow_parts(data, seed=seed, workers=workers)
    with threadpool_limits(limits=1):
        ranking = choose_ranking(grown, seed=seed, earlier=earlier, workers=workers)
        return Learner(grown.design, grown.silence, ranking, fit_level(data, grown, ranking))


def fit_bytes(data: TrainingSet) -> int:
    """The memory that fitting the parts takes, about: the columns of all samples, and what trees make of them."""
    rows = sum(min(len(one.values), SNAPSHOT_ROWS) for one in data.snapshots[-MOST_SNAPSHOTS:])
    return 2 * 8 * rows * len(Design.of(data.names, data.current.snapshot).columns)


def take_samples(
    snapshots: Sequence[SnapshotData], design: Design, models: Sequence[BtydModel | None], *, seed: int
) -> tuple[list[Sample], Floats]:
    """Make the columns of snapshots, of at most 30,000 customers each, drawn at random: twelve times that is plenty.

    They lie below each other in one matrix, which is given beside the samples that have its rows: hundreds of
    megabytes of a large log that need not be put together once more for the fit.
    """
    chosen = [draw_rows(len(one.values), SNAPSHOT_ROWS, seed=seed) for one in snapshots]
    matrix = np.empty((sum(map(len, chosen)), len(design.columns)), order="F")
    samples, start = [], 0
    for data, rows, model in zip(snapshots, chosen, models, strict=False):
        columns = design.apply(data.values[rows], model, into=matrix[start : start + len(rows)])
        samples.append(Sample(_pick(data, rows), columns))
        start += len(rows)
    return samples, matrix


def _pick(data: SnapshotData, rows: Floats) -> SnapshotData:
    """Keep the outcomes and weights of some rows; nothing else of a sample is looked at."""
    churned = None if data.churned is None else data.churned[rows]
    return replace(data, churned=churned, weight=None if data.weight is None else data.weight[rows])


def fit_silences(snapshots: Sequence[SnapshotData]) -> list[BtydModel | None]:
    """Fit MBG/NBD at each cutoff to all customers known then, each fit begun at the one after it.

    Where too few had bought again by an early cutoff, the next later model serves.
    """
    models: list[BtydModel | None] = []
    latest: BtydModel | None = None
    for one in reversed(snapshots):
        with contextlib.suppress(NotEnoughData):
            latest = fit_btyd(one.summary, "mbgnbd", start=latest)
        models.append(latest)
    return models[::-1]


def choose_ranking(
    grown: Grown, *, seed: int, earlier: Learner | None = None, workers: Workers = ALONE
) -> Blend | Rule:
    """Choose the weights of the parts, or a rule in their place, by an inner test."""
    samples, design = grown.samples, grown.design
    newest = samples[-1]
    weights = prior_weights(newest.churned)
    inner = [one for one in samples if one.data.snapshot.outcome_end <= newest.data.snapshot.cutoff]
    if inner and count_rarer(inner) >= INNER_EVENTS and all(count_rarer([one]) for one in (inner[-1], newest)):
        fold = newest.draw(INNER_ROWS, seed=seed)
        parts = _parts_of(earlier) or fit_parts(
            inner, grown.columns, design, sizes=INNER_SIZES, seed=seed, workers=workers
        )
        log_odds = part_log_odds(parts, fold.columns, design)
        prior = prior_weights(inner[-1].churned)
        weights = choose_weights(log_odds, fold.churned, prior, sample_weight=fold.weights)
        blended = log_odds @ weights
        if rule := choose_rule(inner[-1], fold, blended, design):
            return rule.refit(newest)
    return Blend(grown.parts, tuple(weights.tolist()), design.columns.index(SILENCE))


def _parts_of(learner: Learner | None) -> tuple[Part, ...]:
    if learner is None or not isinstance(learner.ranking, Blend):
        return ()
    return learner.ranking.parts


def count_rarer(samples: Sequence[Sample]) -> float:
    """Count the rows of the rarer outcome."""
    churned = float(sum(one.churned.sum() for one in samples))
    return min(churned, sum(len(one.columns) for one in samples) - churned)


def part_log_odds(parts: Sequence[Part], columns: Floats, design: Design) -> Floats:
    """Return the log-odds of each part and of silence side by side, shape (n, 4)."""
    return np.column_stack([*(part.log_odds(columns) for part in parts), columns[:, design.columns.index(SILENCE)]])


def fit_parts(
    samples: Sequence[Sample], columns: Floats, design: Design, *, sizes: Sizes, seed: int, workers: Workers = ALONE
) -> tuple[Part, ...]:
    """Fit linear part, forest and boosted trees on snapshots, oldest first, whose columns are the first of a matrix."""
    churned = np.concatenate([one.churned for one in samples])
    columns = columns[: len(churned)]
    snapshot_of = np.repeat(np.arange(len(samples))[::-1], [len(one.columns) for one in samples])
    weights = DECAY**snapshot_of * np.concatenate([one.weights for one in samples])
    spread = sizes.spread_over(len(columns), len(samples), has_tables=design.has_tables)
    return tuple(
        workers.run(
            lambda: fit_ridge(columns, churned, weights, snapshot_of=snapshot_of, names=design.columns, seed=seed),
            lambda: fit_forest(columns, churned, weights, sizes=spread, seed=seed),
            lambda: fit_boosted(columns, churned, weights, sizes=spread, seed=seed),
        )
    )


def fit_ridge(
    columns: Floats,
    churned: Floats,
    weights: Floats,
    *,
    snapshot_of: Integers,
    names: Sequence[str],
    seed: int,
    strength: float = STRENGTH,
) -> RidgePart:
    """Fit the linear part, on at most 60,000 rows."""
    rows = draw_rows(len(columns), LINEAR_ROWS, seed=seed)
    squares, products = find_terms(names)
    terms = Terms.of(columns[rows], names, squares=squares, products=products)
    linear = fit_linear(
        terms.apply(columns[rows]),
        churned[rows],
        weights[rows],
        strength=strength,
        favoured={names.index(SILENCE): SILENCE_FAVOUR},
        snapshot_of=snapshot_of[rows],
    )
    return RidgePart(terms, linear)


def fit_level(data: TrainingSet, grown: Grown, ranking: Blend | Rule) -> Level:
    """Forecast the level of the window that begins at ``as_of``."""
    design, silence, current = grown.design, grown.silence, data.current.snapshot
    columns = design.apply(data.current.values, silence)
    silent, past = np.zeros(0), (np.zeros(0), np.zeros(0))
    if silence is not None:
        silent = columns[:, design.columns.index(SILENCE)]
        past = trace_shifts(data.past_bases, silence)
    return forecast_level(
        ranking.log_odds(columns),
        recent=mean_recent_shift(grown.samples, ranking),
        silent=silent,
        forecast=forecast_shift(*past, current),
        weight=data.current.weight,
    )


def mean_recent_shift(samples: Sequence[Sample], ranking: Blend | Rule) -> float:
    """Return the mean shift that the newest snapshots need, the newest of all weighing most."""
    newest_first = list(samples[::-1][:LEVEL_SNAPSHOTS])
    drawn = [one.draw(LEVEL_ROWS, seed=0) for one in newest_first]
    shifts = [
        shift_to(ranking.log_odds(few.columns), weighted_mean(one.churned, one.data.weight), few.data.weight)
        for few, one in zip(drawn, newest_first, strict=True)
    ]
    return float(np.average(shifts, weights=0.5 ** (np.arange(len(shifts)) / LEVEL_HALF_LIFE)))
