"""What can be asked of a fitted model, at ordinary and at extreme inputs."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.btyd import BtydModel, Summary, fit_btyd
from churnrisk.btyd.family import ModelName
from churnrisk.btyd.model import FAMILIES
from churnrisk.errors import SettingsError

Simulate = Callable[..., Any]  # gives a Population, see conftest

MODELS: tuple[ModelName, ...] = ("bgnbd", "mbgnbd", "pareto_nbd", "nbd")
EXTREMES = Summary(
    [0, 0, 0, 1, 1, 1, 10, 10, 500, 10_000, 10_000, 10_000],
    [0, 0, 0, 1, 1, 9999, 10, 9000, 501, 9_990, 10_000, 20_000],
    [0, 1, 10_000, 1, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 40_000],
)


def model_at(name: ModelName, *params: float) -> BtydModel:
    names = FAMILIES[name].parameters
    return BtydModel(name, name, dict(zip(names, params, strict=False)), {}, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("rates", [(0.01, 0.01), (0.5, 30.0), (200.0, 1e6), (1e5, 1e3)])
@pytest.mark.parametrize("leaving", [(1e-8, 1e-8), (1e-6, 1e6), (0.6, 80.0), (1e5, 1e7), (1e6, 1.0)])
def test_extreme_inputs_and_parameters_give_probabilities(
    name: ModelName, rates: tuple[float, float], leaving: tuple[float, float]
) -> None:
    model = model_at(name, *rates, *leaving)
    curves = [model.no_purchase_curve(EXTREMES, [0, 1, 30, 365, 1e4], lead=lead) for lead in (0, 14, 1e4)]
    for probability in (*curves, model.alive_probability(EXTREMES)):
        assert np.isfinite(probability).all()
        assert probability.min() >= 0
        assert probability.max() <= 1
    expected = model.expected_purchases(EXTREMES, 365)
    assert np.isfinite(expected).all()
    assert expected.min() >= 0


log_scale = st.floats(-3, 5).map(lambda exponent: float(10**exponent))


@given(
    name=st.sampled_from(MODELS),
    params=st.tuples(log_scale, log_scale, log_scale, log_scale),
    lead=st.sampled_from([0.0, 7.0, 400.0]),
)
def test_longer_horizons_leave_fewer_silent(name: ModelName, params: tuple[float, ...], lead: float) -> None:
    """Asked one by one, without the curve's own guard, up to the last digits."""
    model = model_at(name, *params)
    horizons = (0.0, 0.5, 1.0, 30.0, 31.0, 700.0)
    columns = np.stack([model.no_purchase_probability(EXTREMES, h, lead=lead) for h in horizons])
    assert np.diff(columns, axis=0).max() <= 1e-9
    assert np.abs(columns[0] - 1).max() <= 1e-9


@given(name=st.sampled_from(MODELS), params=st.tuples(log_scale, log_scale, log_scale, log_scale))
def test_a_tiny_lead_changes_nothing(name: ModelName, params: tuple[float, ...]) -> None:
    """Forecasts with and without a lead come from different formulas and must meet."""
    model = model_at(name, *params)
    rows = Summary([0, 1, 10, 200], [0, 5, 100, 300], [30, 90, 365, 400])
    without = model.no_purchase_probability(rows, 60)
    with_lead = model.no_purchase_probability(rows, 60, lead=1e-12)
    np.testing.assert_allclose(with_lead, without, rtol=0, atol=1e-7)


@given(
    name=st.sampled_from(MODELS), params=st.tuples(log_scale, log_scale, log_scale, log_scale), days=st.floats(1, 500)
)
def test_silence_and_expected_purchases_bound_each_other(
    name: ModelName, params: tuple[float, ...], days: float
) -> None:
    """P(at least one purchase) cannot exceed the expected number, nor P(alive)."""
    model = model_at(name, *params)
    buys = 1 - model.no_purchase_probability(EXTREMES, days)
    assert (buys <= model.expected_purchases(EXTREMES, days) * (1 + 1e-6) + 1e-7).all()
    assert (buys <= model.alive_probability(EXTREMES) + 1e-9).all()


def test_a_one_time_buyer_is_alive_under_bg_nbd_only(make_model: Callable[..., BtydModel]) -> None:
    once = Summary([0, 0], [0, 0], [10, 3000])
    assert make_model("bgnbd").alive_probability(once).tolist() == [1.0, 1.0]
    for name in ("mbgnbd", "pareto_nbd"):
        young, old = make_model(name).alive_probability(once)
        assert 0 < old < young < 1


def test_the_curve_keeps_the_order_of_the_horizons(make_model: Callable[..., BtydModel]) -> None:
    model, rows = make_model("bgnbd"), Summary([0, 3], [0, 40], [50, 60])
    curve = model.no_purchase_curve(rows, [90, 7, 30])
    assert curve.shape == (2, 3)
    for column, days in enumerate((90, 7, 30)):
        assert curve[:, column].tolist() == model.no_purchase_probability(rows, days).tolist()
    assert model.no_purchase_curve(rows, []).shape == (2, 0)


@pytest.mark.parametrize("name", MODELS)
def test_a_customer_gets_the_same_bits_in_any_company(name: ModelName, make_model: Callable[..., BtydModel]) -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(0, 12, 5000)
    t_x = np.where(x > 0, rng.integers(20, 300, 5000), 0)
    rows = Summary(x, t_x, t_x + rng.integers(0, 200, 5000))
    model = make_model(name)

    def ask(part: Summary) -> np.ndarray:
        lead = model.no_purchase_probability(part, 30, lead=5)
        return np.stack([model.no_purchase_probability(part, 30), lead, model.expected_purchases(part, 30)])

    together = ask(rows)
    for i in (0, 17, 4999):
        alone = ask(Summary(x[i : i + 1], t_x[i : i + 1], rows.tenure[i : i + 1]))
        assert alone[:, 0].tolist() == together[:, i].tolist()
    shuffled = rng.permutation(5000)
    again = ask(Summary(x[shuffled], t_x[shuffled], rows.tenure[shuffled]))
    assert (again == together[:, shuffled]).all()


def test_a_fit_is_small_and_holds_no_customer(simulate: Simulate) -> None:
    fit = fit_btyd(simulate("bgnbd", 5000, seed=1).summary)
    assert len(pickle.dumps(fit)) < 1000
    assert pickle.loads(pickle.dumps(fit)) == fit
    assert json.loads(json.dumps(fit.to_dict()))["parameters"] == fit.parameters


def test_json_has_no_nan() -> None:
    model = BtydModel("nbd", "nbd", {"r": 1.0, "alpha": 2.0}, {"r": float("nan"), "alpha": 1.0}, -1.0, 10.0, 0.0)
    assert json.loads(json.dumps(model.to_dict(), allow_nan=False))["standard_errors"] == {"r": None, "alpha": 1.0}


@pytest.mark.parametrize("horizon", [-1.0, float("nan"), float("inf")])
def test_impossible_horizons_are_refused(horizon: float, make_model: Callable[..., BtydModel]) -> None:
    with pytest.raises(SettingsError, match="horizon is"):
        make_model("bgnbd").no_purchase_probability(EXTREMES, horizon)


def test_nobody_is_forecast_for_nobody(make_model: Callable[..., BtydModel]) -> None:
    nobody = Summary([], [], [])
    assert make_model("pareto_nbd").no_purchase_probability(nobody, 30, lead=3).shape == (0,)
    assert make_model("bgnbd").expected_purchases(nobody, 30).shape == (0,)
