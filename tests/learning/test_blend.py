"""Weights of a blend: where data are few the prior decides, where they are many the data."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.learning.blend import choose_weights, prior_weights
from churnrisk.regression.linear import to_probability


def outcomes(churned: int, kept: int) -> np.ndarray:
    return np.repeat([1.0, 0.0], [churned, kept])


def test_with_few_events_silence_takes_over() -> None:
    few, many = prior_weights(outcomes(3, 500)), prior_weights(outcomes(3000, 5000))
    assert few.sum() == pytest.approx(1)
    assert many.sum() == pytest.approx(1)
    assert few[-1] > 0.9
    assert many[-1] < 0.02
    assert many[0] > many[1] == many[2] > 0


def test_the_rarer_outcome_counts() -> None:
    np.testing.assert_array_equal(prior_weights(outcomes(500, 3)), prior_weights(outcomes(3, 500)))


def test_few_customers_leave_the_prior_nearly_alone() -> None:
    chance = np.random.default_rng(0)
    churned = (chance.random(30) < 0.5).astype(float)
    prior = prior_weights(outcomes(400, 400))
    chosen = choose_weights(chance.normal(size=(30, 4)), churned, prior)
    np.testing.assert_allclose(chosen, prior, atol=0.25)
    assert chosen.sum() == pytest.approx(1, abs=0.15)


def test_many_customers_move_weight_to_the_part_that_is_right() -> None:
    chance = np.random.default_rng(0)
    truth = chance.normal(size=20_000)
    churned = (chance.random(20_000) < to_probability(truth + 0.7)).astype(float)
    noise = chance.normal(size=(20_000, 3))
    log_odds = np.column_stack([noise[:, 0], truth, noise[:, 1], noise[:, 2]])
    chosen = choose_weights(log_odds, churned, prior_weights(outcomes(400, 400)))
    assert chosen[1] > 0.85
    assert chosen[[0, 2, 3]].max() < 0.15
    assert (chosen >= 0).all()
