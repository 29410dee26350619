"""The two integrals against adaptive quadrature and, where that is trustworthy, the hypergeometric function."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import integrate, special

from churnrisk.btyd.quadrature import CHUNK, Competition, beta_mean, death_first


def race(shape: float, death_shape: float, ratio: float) -> Competition:
    log_ratio = float(np.log(ratio))
    bounds = (min(0.0, log_ratio), max(0.0, log_ratio))
    return death_first(np.array([shape]), death_shape, log_ratio=np.array([log_ratio]), bounds=bounds)


def slow_race(shape: float, death_shape: float, ratio: float) -> float:
    """The same by E[(1 + k (exp(t) - 1))^-R] over t ~ Exponential(s), cut where the integrand turns."""
    turn = float(np.log1p(1 / ratio))
    rates = (death_shape + shape * ratio, death_shape + shape)
    cuts = sorted({0.0, turn / 2, turn, 2 * turn, *(c / rate for rate in rates for c in (0.03, 0.3, 3, 30))})
    cuts = [cut for cut in cuts if cut < 600] + [600.0]

    def density(t: float) -> float:
        return float(death_shape * np.exp(-death_shape * t - shape * np.log1p(ratio * np.expm1(t))))

    pieces = itertools.pairwise(cuts)
    return sum(integrate.quad(density, a, b, epsabs=0, epsrel=1e-12, limit=200)[0] for a, b in pieces)


# The oracle asks quad for more digits than it can prove in some pieces; the comparison decides.
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.parametrize("shape", [0.2, 0.95, 1.0, 3.7, 250.0, 1e4])
@pytest.mark.parametrize("death_shape", [1e-6, 0.05, 0.6, 12.0, 1e5])
@pytest.mark.parametrize("ratio", [1e-4, 0.3, 1.0, 7.0, 1e5])
def test_death_first_agrees_with_adaptive_quadrature(shape: float, death_shape: float, ratio: float) -> None:
    assert race(shape, death_shape, ratio).value[0] == pytest.approx(slow_race(shape, death_shape, ratio), rel=2e-8)


def test_death_first_at_equal_scales_is_the_ratio_of_shapes() -> None:
    assert race(3.0, 2.0, 1.0).value[0] == pytest.approx(0.4, rel=1e-13)


@pytest.mark.parametrize(("shape", "death_shape", "ratio"), [(0.4, 0.7, 5.0), (6.0, 0.02, 0.1), (40.0, 9.0, 30.0)])
def test_slopes_of_death_first(shape: float, death_shape: float, ratio: float) -> None:
    exact, h = race(shape, death_shape, ratio), 1e-5

    def slope(up: Competition, down: Competition, step: float) -> float:
        return float(up.value[0] - down.value[0]) / (2 * step)

    by_shape = slope(race(shape + h, death_shape, ratio), race(shape - h, death_shape, ratio), h)
    by_death = slope(race(shape, death_shape * (1 + h), ratio), race(shape, death_shape * (1 - h), ratio), h)
    by_ratio = slope(race(shape, death_shape, ratio * np.exp(h)), race(shape, death_shape, ratio / np.exp(h)), h)
    assert exact.by_shape[0] == pytest.approx(by_shape, rel=1e-6)
    assert exact.by_death_shape[0] * death_shape == pytest.approx(by_death, rel=1e-6)
    assert exact.by_log_ratio[0] == pytest.approx(by_ratio, rel=1e-6)


def power_mean(a: float, b: float, power: float, z: float) -> float:
    """E[(1 + p z)^-power] for p ~ Beta(a, b)."""
    ends = np.ones(1), np.array([np.exp(-power * np.log1p(z))])
    result = beta_mean(lambda p, _: np.exp(-power * np.log1p(p * z)), a, np.array([b]), ends=ends)
    return float(result[0])


@pytest.mark.parametrize("a", [0.05, 0.8, 5.0])
@pytest.mark.parametrize("b", [0.3, 2.5, 40.0])
# Not beyond z = 1: scipy 1.17 gives hyp2f1(7.5, 5, 45, -3) = 0.297, where it is 0.156.
@pytest.mark.parametrize(("power", "z"), [(0.3, 0.1), (2.0, 0.9), (7.5, 0.6)])
def test_beta_mean_is_the_hypergeometric_function(a: float, b: float, power: float, z: float) -> None:
    assert power_mean(a, b, power, z) == pytest.approx(special.hyp2f1(power, a, a + b, -z), rel=1e-10)


@pytest.mark.parametrize(
    ("a", "b", "power", "z"),
    [(5.0, 40.0, 7.5, 3.0), (0.8, 3.0, 1e4, 0.5), (2.0, 1e4, 1e4, 40.0), (300.0, 2e3, 50, 0.1)],
)
def test_beta_mean_where_the_hypergeometric_function_is_out_of_reach(
    a: float, b: float, power: float, z: float
) -> None:
    """Against quadrature on the logit scale, in pieces, with the density written out."""

    def integrand(v: float) -> float:
        log_p, log_q = -np.logaddexp(0, -v), -np.logaddexp(0, v)
        return float(np.exp(a * log_p + b * log_q - special.betaln(a, b) - power * np.log1p(z * np.exp(log_p))))

    grid = np.linspace(-60, 20, 161)
    pieces = itertools.pairwise(grid)
    slow = sum(integrate.quad(integrand, u, v, epsabs=1e-18, limit=200)[0] for u, v in pieces)
    assert power_mean(a, b, power, z) == pytest.approx(slow, abs=1e-11)


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    """The same bits alone and in a batch, across the border of a chunk."""
    rng = np.random.default_rng(5)
    shape = rng.integers(1, 30, CHUNK + 50).astype(np.float64) + 0.37
    log_ratio = rng.uniform(-2, 1, CHUNK + 50)
    together = death_first(shape, 0.6, log_ratio=log_ratio, bounds=(-2.0, 1.0)).value
    for row in (0, 1, CHUNK - 1, CHUNK, CHUNK + 49):
        one = slice(row, row + 1)
        alone = death_first(shape[one], 0.6, log_ratio=log_ratio[one], bounds=(-2.0, 1.0)).value
        assert alone[0] == together[row]


def test_no_rows_give_no_rows() -> None:
    empty = np.empty(0)
    assert death_first(empty, 0.6, log_ratio=empty, bounds=(0.0, 1.0)).value.shape == (0,)
