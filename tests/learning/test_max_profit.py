"""The expected maximum profit measure: against slow integration, and against the library of its authors' field."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.learning import MaxProfit, Scored, expected_maximum_profit
from churnrisk.learning.max_profit import roc_hull


@dataclass(frozen=True)
class Case:
    """A test snapshot, and the parameters of the measure."""

    churned: np.ndarray
    probability: np.ndarray
    value: float
    incentive_cost: float
    contact_cost: float
    alpha: float
    beta: float

    @property
    def parameters(self) -> dict[str, float]:
        names = ("value", "incentive_cost", "contact_cost", "alpha", "beta")
        return {name: getattr(self, name) for name in names}

    def measure(self) -> MaxProfit:
        hull = roc_hull(Scored(self.churned, self.probability))
        return expected_maximum_profit(hull, float(self.churned.mean()), **self.parameters)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(4, 60))
    churned = (rng.random(n) < rng.uniform(0.1, 0.9)).astype(float)
    churned[:2] = (0, 1)
    probability = np.round(rng.random(n) * 0.7 + 0.3 * churned * rng.random(n), draw(st.integers(1, 4)))
    value, share = rng.uniform(20, 500), rng.uniform(0.01, 0.9)
    return Case(churned, probability, value, share * value, rng.uniform(0, 0.1) * value, *rng.uniform(1.5, 15, 2))


def integrate_slowly(case: Case, steps: int = 4000) -> tuple[float, float]:
    """Try every threshold at each acceptance rate of a fine grid."""
    n, rates = len(case.churned), (np.arange(steps) + 0.5) / steps
    density = rates ** (case.alpha - 1) * (1 - rates) ** (case.beta - 1)
    density /= density.sum()
    profits, shares = [], []
    for threshold in (*sorted(set(case.probability)), 2.0):
        chosen = case.probability >= threshold
        hits, others = int((case.churned[chosen] == 1).sum()), int((case.churned[chosen] == 0).sum())
        gain = hits * (rates * (case.value - case.incentive_cost) - case.contact_cost)
        profits.append((gain - others * (case.incentive_cost + case.contact_cost)) / n)
        shares.append(np.full(steps, chosen.mean()))
    best = np.argmax(profits, axis=0)
    everywhere = np.arange(steps)
    return (
        float((np.array(profits)[best, everywhere] * density).sum()),
        float((np.array(shares)[best, everywhere] * density).sum()),
    )


@given(case=cases())
@settings(deadline=None, max_examples=40)
def test_it_is_the_mean_of_the_best_threshold_at_each_acceptance_rate(case: Case) -> None:
    found = case.measure()
    value, share = integrate_slowly(case)
    assert found.value == pytest.approx(value, rel=2e-3, abs=2e-3 * case.value)
    assert found.share == pytest.approx(share, abs=0.01)


def test_it_equals_empulse(require: Callable[..., None]) -> None:
    require("empulse")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own imports
        empc_score = importlib.import_module("empulse.metrics").empc_score  # no types are published
    rng = np.random.default_rng(7)
    for n in (5, 40, 300, 2000):
        for _ in range(5):
            churned = (rng.random(n) < rng.uniform(0.1, 0.8)).astype(float)
            churned[:2] = (0, 1)
            probability = np.round(rng.random(n) * 0.7 + 0.3 * churned * rng.random(n), int(rng.integers(1, 6)))
            case = Case(churned, probability, rng.uniform(50, 400), rng.uniform(1, 40), rng.uniform(0, 5), 6.0, 14.0)
            theirs = {"clv": case.value, "incentive_cost": case.incentive_cost, "contact_cost": case.contact_cost}
            found = case.measure()
            assert found.value == pytest.approx(float(empc_score(churned.astype(int), probability, **theirs)), rel=1e-9)
            rate = float(empc_score.optimal_rate(churned.astype(int), probability, **theirs))
            assert found.share == pytest.approx(rate, rel=1e-9)


def test_golden_value_at_the_parameters_of_the_paper() -> None:
    churned = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    probability = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])
    found = expected_maximum_profit(roc_hull(Scored(churned, probability)), 0.5)
    assert found.value == pytest.approx(23.875593418278, rel=1e-9)  # empc_score of empulse 0.13.1


@given(case=cases())
@settings(deadline=None, max_examples=40)
def test_the_hull_is_convex_and_above_the_curve(case: Case) -> None:
    hull = np.array(roc_hull(Scored(case.churned, case.probability)))
    assert hull[0].tolist() == [0, 0]
    assert hull[-1].tolist() == [1, 1]
    up, right = np.diff(hull, axis=0).T
    assert (up[:-1] * right[1:] > up[1:] * right[:-1]).all(), "steeper first"
    for threshold in set(case.probability):
        chosen = case.probability >= threshold
        hit, other = chosen[case.churned == 1].mean(), chosen[case.churned == 0].mean()
        assert hit <= np.interp(other, hull[:, 1], hull[:, 0]) + 1e-12 or np.isclose(other, hull[:, 1]).any()


def test_a_better_ranking_is_worth_more_and_chance_is_worth_no_ranking() -> None:
    churned = np.repeat([0.0, 1.0], 50)
    perfect = expected_maximum_profit(roc_hull(Scored(churned, churned)), 0.5).value
    useless = expected_maximum_profit(roc_hull(Scored(churned, np.zeros(100))), 0.5).value
    reversed_ranking = expected_maximum_profit(roc_hull(Scored(churned, 1 - churned)), 0.5).value
    assert perfect > useless == reversed_ranking > 0


def test_where_nothing_can_be_gained_it_is_zero() -> None:
    hull = roc_hull(Scored(np.array([0, 1]), np.array([0.2, 0.8])))
    assert expected_maximum_profit(hull, 0.5, value=10, incentive_cost=10) == MaxProfit(0.0, 0.0)
    assert roc_hull(Scored(np.zeros(3), np.array([0.1, 0.2, 0.3]))) == ()


@given(cases())
@settings(max_examples=30, deadline=None)
def test_a_customer_who_stands_for_three_counts_three_times(case: Case) -> None:
    weight = np.where(np.arange(len(case.churned)) % 2, 3, 1)
    repeated = Scored(np.repeat(case.churned, weight), np.repeat(case.probability, weight))
    weighed = Scored(case.churned, case.probability, weight.astype(float))
    np.testing.assert_allclose(roc_hull(weighed), roc_hull(repeated))
