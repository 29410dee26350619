"""The calibration error beyond chance: what a perfect model gets, and whether a bad one is found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from churnrisk.learning.calibration import calibration_beyond_chance
from churnrisk.learning.evaluate import Scored, measure
from churnrisk.learning.grade import THRESHOLDS
from churnrisk.regression.linear import to_log_odds, to_probability

Floats = np.ndarray
SIMULATIONS = 300
AT_MOST_FOR_B = THRESHOLDS["calibration"][1]


def errors(size: int, told: Callable[[Floats], Floats] = lambda p: p, *, cutoffs: int = 1) -> Floats:
    """Simulate customers with their own churn probabilities, of whom a model says something."""
    chance = np.random.default_rng(2)
    found = []
    for _ in range(SIMULATIONS):
        parts = []
        for _ in range(cutoffs):
            p = chance.uniform(0.05, 0.85, size)
            parts.append(Scored((chance.random(size) < p).astype(float), told(p)))
        found.append(calibration_beyond_chance(parts))
    return np.array(found)


@pytest.mark.parametrize(("size", "cutoffs"), [(150, 1), (300, 1), (600, 1), (150, 4)])
def test_a_perfect_model_is_found_off_in_one_case_of_twenty_at_most(size: int, cutoffs: int) -> None:
    assert np.mean(errors(size, cutoffs=cutoffs) > AT_MOST_FOR_B) <= 0.05


@pytest.mark.parametrize(
    ("told", "power"),
    [
        (lambda p: p + 0.1, (0.45, 0.7, 0.9)),
        (lambda p: to_probability(2 * to_log_odds(p)), (0.65, 0.9, 0.95)),
        (lambda p: to_probability(to_log_odds(p) / 2), (0.3, 0.6, 0.9)),
    ],
    ids=["a tenth too high", "too sure", "not sure enough"],
)
def test_a_bad_one_is_found(told: Callable[[Floats], Floats], power: tuple[float, ...]) -> None:
    for size, least in zip((150, 300, 600), power, strict=True):
        assert np.mean(errors(size, told) > AT_MOST_FOR_B) >= least


def test_a_model_that_is_a_tenth_too_high_comes_out_at_a_tenth() -> None:
    found = errors(3000, lambda p: p + 0.1)
    assert np.mean(found) == pytest.approx(0.1, abs=0.005)


def test_too_high_and_too_low_do_not_cancel() -> None:
    chance = np.random.default_rng(5)
    p = chance.uniform(0.2, 0.8, 2000)
    y = (chance.random(2000) < p).astype(float)
    parts = [Scored(y, p + 0.15), Scored(y, p - 0.15)]
    assert calibration_beyond_chance(parts) == pytest.approx(0.15, abs=0.03)


def test_customers_who_stand_for_many_tell_less_than_many() -> None:
    """Forty controls who stand for 1,200 contacted are forty witnesses."""
    chance = np.random.default_rng(1)
    weight = np.where(np.arange(160) < 40, 30.0, 1.0)
    found = []
    for _ in range(SIMULATIONS):
        p = chance.uniform(0.05, 0.85, 160)
        found.append(calibration_beyond_chance([Scored((chance.random(160) < p).astype(float), p, weight)]))
    assert np.mean(np.array(found) > AT_MOST_FOR_B) <= 0.05


def test_certainties_are_taken_at_their_word() -> None:
    assert calibration_beyond_chance([Scored(np.array([0.0, 1.0]), np.array([0.0, 1.0]))]) == 0
    assert calibration_beyond_chance([Scored(np.array([1.0, 1.0]), np.array([0.0, 1.0]))]) > 0


def test_no_interval_is_shown_that_a_perfect_model_cannot_reach() -> None:
    chance = np.random.default_rng(3)
    p = chance.uniform(0.05, 0.85, 200)
    shown = measure(Scored((chance.random(200) < p).astype(float), p))["calibration_error"]
    assert shown.value > 0
    assert shown.to_dict()["low"] is shown.to_dict()["high"] is None
