"""Logistic regression whose probabilities are the same bytes however rows are batched and threads counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from churnrisk.types import Floats, Integers

CLIP_AT = 8.0
"""Standardised terms are clipped here, so that one absurd order does not decide a score."""

COLUMN_CLIP = 6.0
"""Standardised columns are clipped here before they are squared or multiplied."""

FEW_ROWS = 256
"""So few rows are computed with all columns at once, which is the same and takes fewer calls."""

SNAPSHOT_STRENGTH = 3.0
"""How much less the intercept of a snapshot is penalised: it is a matter of the calendar and no customer's."""


@dataclass(frozen=True)
class LinearModel:
    """Intercept and one weight for each standardised column.

    Parameters
    ----------
    centre, spread, weights : ndarray of shape (p,)
        A column enters as ``clip((x - centre) / spread) * weight``.
    intercept : float
        In log-odds.
    """

    centre: Floats
    spread: Floats
    weights: Floats
    intercept: float

    def log_odds(self, columns: Floats) -> Floats:
        """Return the log-odds for a matrix of shape (n, p) without missing values.

        The sum goes column by column: a matrix product would differ in the last bit between batch sizes.
        """
        total = np.full(len(columns), self.intercept)
        if len(columns) <= FEW_ROWS:
            added = self.contributions(columns)
            for position in np.flatnonzero(self.weights).tolist():
                total += added[:, position]
            return total
        for position, weight in enumerate(self.weights):
            if weight:
                total += self.contribution(columns[:, position], position)
        return total

    def contributions(self, columns: Floats) -> Floats:
        """Return what each value of a matrix of shape (n, p) adds to the log-odds."""
        standard = (columns - self.centre) / self.spread
        added: Floats = self.weights * np.clip(standard, -CLIP_AT, CLIP_AT)
        return added

    def contribution(self, values: Floats, position: int) -> Floats:
        """Return what values of one column, in an array of any shape, add to the log-odds."""
        standard = (values - self.centre[position]) / self.spread[position]
        added: Floats = self.weights[position] * np.clip(standard, -CLIP_AT, CLIP_AT)
        return added


def fit_linear(
    columns: Floats,
    churned: Floats,
    sample_weight: Floats,
    *,
    strength: float,
    favoured: Mapping[int, float] | None = None,
    snapshot_of: Integers | None = None,
) -> LinearModel:
    """Fit a ridge-penalised logistic regression on standardised columns.

    Parameters
    ----------
    columns : ndarray of shape (n, p)
        Without missing values.
    churned : ndarray of shape (n,)
        0 or 1. With one of the two alone, the answer is the same for everybody: very sure, and not for certain.
    sample_weight : ndarray of shape (n,)
        Weight of each row.
    strength : float
        Inverse of the penalty, as scikit-learn's ``C``.
    favoured : mapping of int to float, optional
        Columns that are blown up by a factor before the fit, so that the penalty weighs less on them.
    snapshot_of : ndarray of int, shape (n,), optional
        Which snapshot a row is from, 0 for the newest. Each then has an intercept of its own, so that a change of
        the base rate from one cutoff to the next is not taken for something about customers. The newest one's counts.
    """
    from sklearn.linear_model import LogisticRegression  # not before: scoring does without, and its import is slow

    centre, spread = columns.mean(axis=0), columns.std(axis=0)
    is_constant = spread < 1e-9
    safe = np.where(is_constant, 1.0, spread)
    standard = np.clip((columns - centre) / safe, -CLIP_AT, CLIP_AT)
    standard[:, is_constant] = 0.0
    if len(np.unique(churned)) < 2:
        return LinearModel(centre, safe, np.zeros(columns.shape[1]), _sure(churned))
    factors = np.ones(columns.shape[1])
    for position, factor in (favoured or {}).items():
        factors[position] = factor
    table = _lay_rows(standard * factors, _mark_snapshots(snapshot_of, len(columns)))
    with threadpool_limits(limits=1, user_api="blas"):  # the solver's path differs between one thread and two
        regression = LogisticRegression(C=strength, max_iter=1000, tol=1e-4)
        regression.fit(table, churned, sample_weight=sample_weight)
    weights = np.where(is_constant, 0.0, regression.coef_[0][: columns.shape[1]] * factors)
    return LinearModel(centre, safe, weights, float(regression.intercept_[0]))


def _sure(churned: Floats) -> float:
    """Return the log-odds of what always happened so far."""
    return float(np.log((churned.sum() + 0.5) / (len(churned) - churned.sum() + 0.5)))


def _lay_rows(*tables: Floats) -> Floats:
    """Put tables side by side, row after row in memory, some rows at a time: at once it takes four times as long."""
    laid = np.empty((len(tables[0]), sum(table.shape[1] for table in tables)))
    for start in range(0, len(laid), FEW_ROWS):
        rows = slice(start, start + FEW_ROWS)
        laid[rows] = np.hstack([table[rows] for table in tables])
    return laid


def _mark_snapshots(snapshot_of: Integers | None, size: int) -> Floats:
    if snapshot_of is None:
        return np.zeros((size, 0))
    marks = (snapshot_of[:, None] == np.arange(1, int(snapshot_of.max(initial=0)) + 1)) * SNAPSHOT_STRENGTH
    return np.asarray(marks, dtype=np.float64)


@dataclass(frozen=True)
class Terms:
    """Which squares and products of standardised columns stand beside the columns themselves.

    Parameters
    ----------
    medians : ndarray of shape (p,)
        What stands in for missing values.
    centre, spread : ndarray of shape (p,)
        Of the filled columns.
    squares : tuple of int
        Positions.
    products : tuple of pairs of int
        Positions.
    """

    medians: Floats
    centre: Floats
    spread: Floats
    squares: tuple[int, ...]
    products: tuple[tuple[int, int], ...]

    @classmethod
    def of(
        cls,
        columns: Floats,
        names: Sequence[str],
        *,
        squares: Sequence[str],
        products: Sequence[tuple[str, str]],
    ) -> Terms:
        """Note medians, centres and spreads, and which of the named squares and products can be formed."""
        medians = median_of_known(columns)
        filled = np.where(np.isnan(columns), medians, columns)
        centre, spread = filled.mean(axis=0), filled.std(axis=0)
        is_alive = spread > 1e-6
        place = {name: k for k, name in enumerate(names) if is_alive[k]}
        return cls(
            medians,
            centre,
            np.where(is_alive, spread, np.inf),
            tuple(place[name] for name in squares if name in place),
            tuple((place[a], place[b]) for a, b in products if a in place and b in place),
        )

    def apply(self, columns: Floats) -> Floats:
        """Return the terms, columns first, none of them missing."""
        count = columns.shape[1]
        terms = np.empty((len(columns), count + len(self.squares) + len(self.products)), order="F")
        few = len(columns) <= FEW_ROWS
        for k in [slice(0, count)] if few else range(count):
            filled = np.where(np.isnan(columns[:, k]), self.medians[k], columns[:, k])
            terms[:, k] = np.clip((filled - self.centre[k]) / self.spread[k], -COLUMN_CLIP, COLUMN_CLIP)
        for k, a in enumerate(self.squares):
            terms[:, count + k] = terms[:, a] ** 2
        for k, (a, b) in enumerate(self.products):
            terms[:, count + len(self.squares) + k] = terms[:, a] * terms[:, b]
        return terms


def median_of_known(columns: Floats) -> Floats:
    """Return each column's median over the rows that have a value; 0 where none has."""
    medians = np.zeros(columns.shape[1])
    for k in range(columns.shape[1]):
        known = columns[:, k][~np.isnan(columns[:, k])]
        medians[k] = np.median(known) if len(known) else 0.0
    return medians


def to_probability(log_odds: Floats) -> Floats:
    """Turn log-odds into probabilities."""
    probability: Floats = 0.5 * (1 + np.tanh(log_odds / 2))
    return probability


def to_log_odds(probability: Floats) -> Floats:
    """Turn probabilities into log-odds, clipped to one in a million."""
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    log_odds: Floats = np.log(clipped / (1 - clipped))
    return log_odds


def shift_to(log_odds: Floats, target: float, weights: Floats | None = None) -> float:
    """Return what must be added to log-odds for their mean probability to be ``target``."""
    goal = min(max(target, 1e-4), 1 - 1e-4)
    share = np.full(len(log_odds), 1 / len(log_odds)) if weights is None else weights / weights.sum()
    shift = 0.0
    for _ in range(80):
        probability = to_probability(log_odds + shift)
        slope = max(float((share * probability * (1 - probability)).sum()), 1e-6)
        step = min(max((goal - float((share * probability).sum())) / slope, -1.0), 1.0)
        shift += step
        if abs(step) < 1e-9:
            break
    return shift
