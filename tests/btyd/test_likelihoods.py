"""Each likelihood against the model's definition, integrated numerically, and each gradient against differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special

from churnrisk.btyd import BtydModel, Summary
from churnrisk.btyd.family import ModelName
from churnrisk.btyd.model import FAMILIES
from churnrisk.btyd.summary import Table

HISTORIES = [(0, 0.0, 5.0), (0, 0.0, 300.0), (1, 1.0, 2.0), (1, 3.0, 250.0), (6, 80.0, 95.0), (40, 100.0, 300.0)]
PARAMETERS: dict[ModelName, tuple[tuple[float, ...], ...]] = {
    "nbd": ((0.6, 40.0), (20.0, 700.0)),
    "bgnbd": ((0.24, 31.0, 0.8, 2.4), (3.0, 90.0, 0.05, 9.0)),
    "mbgnbd": ((0.5, 43.0, 0.9, 1.6), (3.0, 90.0, 4.0, 30.0)),
    "pareto_nbd": ((0.55, 74.0, 0.6, 82.0), (2.0, 20.0, 0.05, 900.0), (0.9, 30.0, 15.0, 12.0)),
}
CASES = [(name, params) for name, sets in PARAMETERS.items() for params in sets]


def table_of(*histories: tuple[float, float, float]) -> Table:
    return Table.from_summary(Summary(*np.array(histories).T))


def log_purchases(r: float, alpha: float, x: float) -> float:
    return float(special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha))


def slow_likelihood(name: ModelName, params: tuple[float, ...], history: tuple[float, float, float]) -> float:
    """The likelihood with the heterogeneity in leaving integrated by adaptive quadrature."""
    r, alpha = params[:2]
    x, t_x, T = history
    scale = log_purchases(r, alpha, x)
    alive, silent = (-(r + x) * np.log(alpha + t) for t in (T, t_x))
    if name == "nbd":
        return float(scale + alive)
    if name == "pareto_nbd":
        s, beta = params[2:]

        def died_at(y: float) -> float:
            return float(s * beta**s * (beta + y) ** -(s + 1) * np.exp(-(r + x) * np.log((alpha + y) / (alpha + t_x))))

        died = integrate.quad(died_at, t_x, T, epsabs=0, epsrel=1e-11, limit=300)[0]
        return float(scale + silent + np.log(died + (beta / (beta + T)) ** s * np.exp(alive - silent)))
    a, b = params[2:]
    tosses = x if name == "bgnbd" else x + 1

    def given(p: float) -> float:
        # The weight of the ends, p^(a-1) (1-p)^(b-1), is left to quad.
        stayed = (1 - p) ** tosses * np.exp(alive - silent)
        left = p * (1 - p) ** (tosses - 1) if tosses > 0 else 0.0
        return float(stayed + left)

    total = integrate.quad(given, 0, 1, weight="alg", wvar=(a - 1, b - 1), epsabs=0, epsrel=1e-11)[0]
    return float(scale + silent + np.log(total) - special.betaln(a, b))


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("history", HISTORIES)
def test_the_likelihood_is_that_of_the_story(
    name: ModelName, params: tuple[float, ...], history: tuple[float, float, float]
) -> None:
    value, _ = FAMILIES[name].log_likelihood(params, table_of(history))
    assert value == pytest.approx(slow_likelihood(name, params, history), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(("name", "params"), CASES)
def test_the_gradient_is_that_of_the_likelihood(name: ModelName, params: tuple[float, ...]) -> None:
    table, likelihood = table_of(*HISTORIES), FAMILIES[name].log_likelihood
    _, gradient = likelihood(params, table)
    assert len(gradient) > 1
    for i, slope in enumerate(gradient):
        step = 1e-5 * params[i]
        up, down = ((*params[:i], params[i] + sign * step, *params[i + 1 :]) for sign in (1, -1))
        difference = (likelihood(up, table)[0] - likelihood(down, table)[0]) / (2 * step)
        assert slope == pytest.approx(difference, rel=1e-5, abs=1e-7), FAMILIES[name].parameters[i]


@pytest.mark.parametrize(("name", "params"), CASES)
def test_silence_is_a_ratio_of_likelihoods_for_those_who_stay_silent(
    name: ModelName, params: tuple[float, ...]
) -> None:
    """P(no purchase until T + h) is the likelihood of the longer silence over that of the shorter one."""
    model = BtydModel(name, name, dict(zip(FAMILIES[name].parameters, params, strict=True)), {}, 0.0, 0.0, 0.0)
    assert HISTORIES
    for x, t_x, T in HISTORIES:
        got = model.no_purchase_probability(Summary([x], [t_x], [T]), 45.0)[0]
        later, now = (slow_likelihood(name, params, (x, t_x, until)) for until in (T + 45, T))
        assert got == pytest.approx(np.exp(later - now), rel=1e-7)
