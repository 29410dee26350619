"""Logistic regression: the same bytes for a row, whoever is beside it, and intercepts that belong to the calendar."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.regression.linear import Terms, fit_linear, to_log_odds, to_probability


def drawn(rows: int, *, seed: int = 0, columns: int = 4) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    table = chance.normal(size=(rows, columns))
    churned = (chance.random(rows) < to_probability(table[:, 0] - 0.5 * table[:, 1])).astype(float)
    return table, churned


def test_a_row_has_the_same_bytes_alone_and_in_any_batch() -> None:
    table, churned = drawn(501)
    model = fit_linear(table, churned, np.ones(501), strength=1.0)
    together = model.log_odds(table)
    for size in (1, 3, 64, 500):
        parts = [model.log_odds(table[start : start + size]) for start in range(0, 501, size)]
        assert np.concatenate(parts).tobytes() == together.tobytes()


def test_one_absurd_value_does_not_decide() -> None:
    table, churned = drawn(500)
    model = fit_linear(table, churned, np.ones(500), strength=1.0)
    absurd = np.array([[1e12, 0, 0, 0], [1e3, 0, 0, 0]])
    assert model.log_odds(absurd)[0] == model.log_odds(absurd)[1]


def test_a_favoured_column_is_penalised_less() -> None:
    table, churned = drawn(300)
    weights = {
        factor: fit_linear(table, churned, np.ones(300), strength=0.01, favoured={0: factor}).weights[0]
        for factor in (1.0, 5.0)
    }
    assert weights[5.0] > 1.5 * weights[1.0] > 0


def test_a_drift_of_the_base_rate_is_not_learned_as_a_property_of_customers() -> None:
    """Tenure is higher in later snapshots and churn rarer in them; within a snapshot tenure says nothing."""
    chance = np.random.default_rng(1)
    snapshot_of = np.repeat([0, 1, 2, 3], 3000)
    tenure = 100.0 - 10 * snapshot_of + chance.normal(size=12_000)
    churned = (chance.random(12_000) < to_probability(-1.0 + 0.6 * snapshot_of)).astype(float)
    table, ones = tenure[:, None], np.ones(12_000)
    naive = fit_linear(table, churned, ones, strength=1.0).weights[0]
    ours = fit_linear(table, churned, ones, strength=1.0, snapshot_of=snapshot_of).weights[0]
    assert abs(ours) < abs(naive) / 4


def test_terms_fill_square_and_multiply() -> None:
    columns = np.array([[1.0, np.nan, 5.0], [3.0, 2.0, 5.0], [5.0, 4.0, 5.0]])
    terms = Terms.of(columns, ("a", "b", "c"), squares=("a", "c", "x"), products=(("a", "b"), ("a", "c")))
    made = terms.apply(columns)
    assert made.shape == (3, 5)  # the constant column c is neither squared nor multiplied
    assert np.isfinite(made).all()
    np.testing.assert_array_equal(made[:, 2], 0)
    np.testing.assert_allclose(made[:, 3], made[:, 0] ** 2)
    np.testing.assert_allclose(made[:, 4], made[:, 0] * made[:, 1])
    assert terms.medians[1] == 3.0


def test_log_odds_and_probability_are_inverse_and_bounded() -> None:
    some = np.array([0.001, 0.5, 0.97])
    np.testing.assert_allclose(to_probability(to_log_odds(some)), some)
    assert np.isfinite(to_log_odds(np.array([0.0, 1.0]))).all()
    assert to_probability(np.array([-900.0, 900.0])) == pytest.approx([0, 1])


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_outcome_alone_makes_everybody_alike_and_no_traceback(outcome: float) -> None:
    columns = np.random.default_rng(0).normal(size=(40, 3))
    model = fit_linear(columns, np.full(40, outcome), np.ones(40), strength=1.0)
    probability = to_probability(model.log_odds(columns))
    assert len(set(probability.tolist())) == 1
    assert abs(probability[0] - outcome) < 0.02
