"""Small regressions with log-odds for a link, fitted by Newton's method in NumPy.

Made for many quick fits on few columns, each a matter of milliseconds. The sums over rows go through BLAS, so fit on
one thread; predictions do not, so that they are the same bytes however rows are batched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from churnrisk.regression.linear import to_log_odds, to_probability
from churnrisk.types import Floats

Slopes = Callable[[Floats], tuple[Floats, Floats]]
"""From the linear predictor to the first derivative of the log likelihood and, negated, the second, row by row."""

STEPS = 40
LARGEST_STEP = 2.0
CLOSE = 1e-4


@dataclass(frozen=True)
class LinearPredictor:
    """Intercept and one weight for each column.

    Parameters
    ----------
    intercept : float
        In log-odds.
    weights : ndarray of shape (p,)
        Of columns that are on like scales, such as those of :class:`churnrisk.regression.linear.Terms`.
    """

    intercept: float
    weights: Floats

    def apply(self, columns: Floats) -> Floats:
        """Return the linear predictor for a matrix of shape (n, p), summed column by column."""
        total = np.full(len(columns), self.intercept)
        for position, weight in enumerate(self.weights):
            if weight:
                total += weight * columns[:, position]
        return total


def fit_logistic(
    columns: Floats, outcome: Floats, weights: Floats, *, penalty: Floats, near: LinearPredictor | None = None
) -> LinearPredictor:
    """Fit a ridge-penalised logistic regression.

    Parameters
    ----------
    columns : ndarray of shape (n, p)
        Without missing values, on like scales.
    outcome : ndarray of shape (n,)
        0 or 1; where all are alike the intercept stays finite.
    weights : ndarray of shape (n,)
        Weight of each row.
    penalty : ndarray of shape (p,)
        Half of it times the squared weight of each column, against the log likelihood summed over rows.
    near : LinearPredictor, optional
        What was fitted to rows much like these: one is there sooner from it.
    """

    def slopes(eta: Floats) -> tuple[Floats, Floats]:
        rate = to_probability(eta)
        return weights * (outcome - rate), weights * rate * (1 - rate)

    rate = (float((weights * outcome).sum()) + 0.5) / (float(weights.sum()) + 1.0)
    start = near or LinearPredictor(float(to_log_odds(np.array(rate))), np.zeros(columns.shape[1]))
    return _maximise(columns, slopes, start=start, penalty=penalty)


def _maximise(columns: Floats, slopes: Slopes, *, start: LinearPredictor, penalty: Floats) -> LinearPredictor:
    """Climb by Newton's steps, cut short where they are long, and halved where they lead beyond the top.

    There the slope along the step is steep the other way; without halving, two steps can go to and fro for ever.
    """
    table = np.column_stack([np.ones(len(columns)), columns])
    ridge = np.append(0.0, penalty)
    point = np.append(start.intercept, start.weights)
    floor = np.diag(ridge + 1e-6)
    taken, slope = np.zeros(len(point)), 0.0
    for _ in range(STEPS):
        first, second = slopes(table @ point)
        gradient = table.T @ first - ridge * point
        if gradient @ taken < -0.5 * slope:
            taken, slope = taken / 2, slope / 2
            point -= taken
            continue
        step = np.linalg.solve((table * second[:, None]).T @ table + floor, gradient)
        longest = float(np.abs(step).max())
        taken = step * min(1.0, LARGEST_STEP / max(longest, 1e-12))
        slope = float(gradient @ taken)
        point += taken
        if longest < CLOSE:
            break
    return LinearPredictor(float(point[0]), point[1:])
