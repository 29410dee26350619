"""Gamma-Gamma against simulated customers, its limits and its fallback."""

from __future__ import annotations

import json
import pickle

import numpy as np
import numpy.typing as npt
import pytest

from churnrisk.btyd import GammaGammaModel, fit_gamma_gamma
from churnrisk.errors import InvalidSummary, NotEnoughData

P, Q, V = 4.0, 3.5, 25.0
Floats = npt.NDArray[np.float64]


def simulate_values(n: int, seed: int) -> tuple[Floats, Floats, Floats]:
    """Frequency, observed mean, and the true mean of each customer."""
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.4, n).astype(np.float64)
    nu = rng.gamma(Q, 1 / V, n)
    return x, rng.gamma(P * x, 1 / (nu * x)), P / nu


def test_the_truth_is_recovered() -> None:
    x, mean, _ = simulate_values(20_000, seed=1)
    fit = fit_gamma_gamma(x, mean)
    for name, truth in zip(("p", "q", "v"), (P, Q, V), strict=True):
        assert abs(fit.parameters[name] - truth) < 4 * fit.standard_errors[name]
        assert fit.standard_errors[name] < 0.2 * truth
    assert (fit.model, fit.penalty, fit.note) == ("gamma_gamma", 0.0, "")


def test_expectations_are_met_by_groups() -> None:
    x, mean, truth = simulate_values(200_000, seed=2)
    model = GammaGammaModel("gamma_gamma", {"p": P, "q": Q, "v": V}, {}, 0.0, 0.0, 0.0)
    expected = model.expected_mean_value(x, mean)
    for group in np.array_split(np.argsort(expected), 10)[:-1]:  # the top tenth has no finite variance to test by
        gap = (truth - expected)[group]
        assert abs(gap.mean()) < 4 * gap.std() / len(gap) ** 0.5


def test_the_own_mean_counts_more_the_more_purchases_it_rests_on() -> None:
    model = GammaGammaModel("gamma_gamma", {"p": P, "q": Q, "v": V}, {}, 0.0, 0.0, 0.0)
    everybody = P * V / (Q - 1)
    unknown, few, many = model.expected_mean_value([0, 2, 1000], [np.nan, 100.0, 100.0])
    assert unknown == pytest.approx(everybody)
    assert everybody < few < many < 100
    assert many == pytest.approx(100, rel=0.01)
    spending = model.expected_value([3.0, 0.5], frequency=[2, 1000], mean_value=[100.0, 100.0])
    assert spending.tolist() == pytest.approx([3 * few, 0.5 * many])


def test_the_currency_unit_and_the_order_of_rows_do_not_matter() -> None:
    x, mean, _ = simulate_values(2000, seed=3)
    order = np.random.default_rng(0).permutation(2000)
    euro, shuffled, cents = (
        fit_gamma_gamma(x, mean),
        fit_gamma_gamma(x[order], mean[order]),
        fit_gamma_gamma(x, mean * 100),
    )
    assert shuffled == euro
    assert cents.parameters["v"] == pytest.approx(100 * euro.parameters["v"], rel=1e-3)
    assert cents.log_likelihood == pytest.approx(euro.log_likelihood - 2000 * np.log(100), abs=1e-3)


def test_rows_without_purchases_are_left_out_and_weights_are_copies() -> None:
    x, mean, _ = simulate_values(500, seed=4)
    alone = fit_gamma_gamma(x, mean)
    with_silent = fit_gamma_gamma(np.append(x, 0), np.append(mean, np.nan))
    doubled = fit_gamma_gamma(x, mean, customers=np.full(500, 2))
    assert with_silent == alone
    assert doubled.log_likelihood == pytest.approx(2 * alone.log_likelihood, rel=1e-6)
    assert doubled.customers == 1000


def test_equal_values_still_give_an_expectation() -> None:
    """Everybody pays 10: nothing varies, and the forecast is 10 all the same."""
    fit = fit_gamma_gamma([1, 2, 3, 4] * 10, [10.0] * 40)
    assert fit.note != ""
    assert fit.expected_mean_value([0, 2], [0.0, 10.0]) == pytest.approx([10, 10], rel=0.35)


def test_the_pooled_mean_takes_over_and_is_named() -> None:
    x, mean, _ = simulate_values(200, seed=5)
    fit = fit_gamma_gamma(x, mean, penalties=())
    assert fit.model == "pooled_mean"
    assert "mean of all purchases" in fit.note
    assert fit.expected_mean_value([0, 9], [1.0, 500.0]).tolist() == pytest.approx([(x * mean).sum() / x.sum()] * 2)
    assert json.loads(json.dumps(fit.to_dict(), allow_nan=False))["log_likelihood"] is None


def test_a_fit_is_small() -> None:
    x, mean, _ = simulate_values(1000, seed=6)
    fit = fit_gamma_gamma(x, mean)
    assert len(pickle.dumps(fit)) < 1000
    assert pickle.loads(pickle.dumps(fit)) == fit


def test_impossible_values_are_refused() -> None:
    with pytest.raises(InvalidSummary, match=r"frequency 2 has mean value -5.*1 such rows"):
        fit_gamma_gamma([1, 2], [3.0, -5.0])
    with pytest.raises(InvalidSummary, match="shapes"):
        fit_gamma_gamma([1, 2], [3.0])
    with pytest.raises(NotEnoughData, match="2 customers with a purchase value; 10 are needed"):
        fit_gamma_gamma([1, 2], [3.0, 5.0])
