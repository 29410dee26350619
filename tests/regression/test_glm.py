"""The small regressions against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from churnrisk.regression.glm import LinearPredictor, fit_logistic

ROWS, COLUMNS = 500, 4


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(ROWS, COLUMNS))


@pytest.fixture(scope="module")
def weights() -> np.ndarray:
    return np.random.default_rng(4).uniform(0.2, 2.0, ROWS)


def test_logistic_regression_is_that_of_scikit_learn(table: np.ndarray, weights: np.ndarray) -> None:
    outcome = (np.random.default_rng(5).random(ROWS) < 1 / (1 + np.exp(-table[:, 0] + 0.7))).astype(float)
    ours = fit_logistic(table, outcome, weights, penalty=np.full(COLUMNS, 12.0))
    theirs = LogisticRegression(C=1 / 12, tol=1e-9, max_iter=1000).fit(table, outcome, sample_weight=weights)
    np.testing.assert_allclose(ours.weights, theirs.coef_[0], atol=1e-4)
    assert ours.intercept == pytest.approx(theirs.intercept_[0], abs=1e-4)


@pytest.mark.parametrize("seed", [36, 39])
def test_steps_beyond_the_top_do_not_go_to_and_fro(seed: int) -> None:
    chance = np.random.default_rng(seed)
    few = chance.standard_exponential((400, 3))
    columns = np.column_stack([few, few**2 / 2])  # long tails and few events: a full step overshoots by far
    outcome = (chance.random(400) < 1 / (1 + np.exp(5 - 1.2 * few[:, 0] - 0.5 * few[:, 1]))).astype(float)
    ours = fit_logistic(columns, outcome, np.ones(400), penalty=np.full(6, 20.0))
    theirs = LogisticRegression(C=1 / 20, tol=1e-9, max_iter=5000).fit(columns, outcome)
    np.testing.assert_allclose(ours.weights, theirs.coef_[0], atol=1e-4)
    assert ours.intercept == pytest.approx(theirs.intercept_[0], abs=1e-4)
    near = fit_logistic(columns, outcome, np.ones(400), penalty=np.full(6, 20.0), near=ours)
    np.testing.assert_allclose(near.weights, ours.weights, atol=1e-5)


def test_nothing_to_learn_from(table: np.ndarray) -> None:
    ones = np.ones(ROWS)
    sure = fit_logistic(table, ones, ones, penalty=np.ones(COLUMNS))
    assert np.isfinite(sure.intercept)
    assert sure.apply(table).min() > 3


def test_a_column_without_weight_may_hold_anything() -> None:
    assert LinearPredictor(1.5, np.array([0.0, 2.0])).apply(np.array([[np.nan, 3.0]])).tolist() == [7.5]
