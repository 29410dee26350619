"""The effect of a campaign: the estimate against a slow one, and the interval against known effects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from churnrisk.campaigns.assignment import ListedCustomers, assign_control
from churnrisk.campaigns.effect import Effect, estimate_effect, student_quantile

Floats = np.ndarray


def slow_difference(outcome: Floats, is_treated: Floats, stratum: Floats) -> float:
    total = 0.0
    for one in sorted(set(stratum)):
        inside = [k for k in range(len(outcome)) if stratum[k] == one]
        contacted = [outcome[k] for k in inside if is_treated[k]]
        alone = [outcome[k] for k in inside if not is_treated[k]]
        total += len(inside) / len(outcome) * (sum(contacted) / len(contacted) - sum(alone) / len(alone))
    return total


@given(seed=st.integers(0, 1000), strata=st.integers(1, 5))
def test_without_covariates_it_is_the_weighted_difference_of_means(seed: int, strata: int) -> None:
    chance = np.random.default_rng(seed)
    stratum = np.concatenate([np.repeat(np.arange(strata), 4), chance.integers(0, strata, 60)])
    is_treated = np.concatenate([np.tile([True, True, False, False], strata), chance.random(60) < 0.7])
    outcome = chance.normal(stratum, 1.0)
    effect = estimate_effect(outcome, is_treated=is_treated, stratum=stratum, known_before=np.zeros((len(stratum), 0)))
    assert effect.difference == pytest.approx(slow_difference(outcome, is_treated, stratum))
    assert effect.low < effect.difference < effect.high


def test_what_the_score_explains_is_taken_off() -> None:
    """An outcome that is the score plus an effect, with hardly any noise, is measured hardly off."""
    chance = np.random.default_rng(5)
    score, is_treated = chance.normal(size=400), chance.random(400) < 0.5
    outcome = 3 * score + 0.5 * is_treated + chance.normal(0, 0.01, 400)
    zeros = np.zeros(400, dtype=np.int64)
    known = np.column_stack([np.where(np.arange(400) % 50 == 0, np.nan, score), np.ones(400)])
    known[np.isnan(known[:, 0]), 0] = np.nanmean(score)
    plain = estimate_effect(outcome, is_treated=is_treated, stratum=zeros, known_before=np.zeros((400, 0)))
    adjusted = estimate_effect(outcome, is_treated=is_treated, stratum=zeros, known_before=score[:, None])
    assert abs(adjusted.difference - 0.5) < 0.01
    assert adjusted.error < 0.01 * plain.error * 10
    assert estimate_effect(outcome, is_treated=is_treated, stratum=zeros, known_before=known).error < plain.error


@pytest.mark.parametrize("freedom", [4, 7, 15, 40, 200, 1e6])
def test_quantiles_of_student(freedom: float) -> None:
    assert student_quantile(freedom) == pytest.approx(student.ppf(0.975, freedom), abs=0.01)


def campaign(seed: int, *, acceptance: float) -> tuple[Effect, float]:
    """Draw customers with known churn probabilities, contact nine of ten, and keep some of those who would leave."""
    chance = np.random.default_rng([seed, 77])
    size = 800
    truth = chance.beta(2, 2, size)
    score = np.clip(truth + chance.normal(0, 0.1, size), 0, 1)
    listed = ListedCustomers.sort([f"c{k:04d}" for k in range(size)], score, chance.lognormal(3, 1, size))
    drawn = assign_control(listed, holdout=0.2, seed=seed)
    leaves = chance.random(size) < truth
    stays = drawn.is_treated & leaves & (chance.random(size) < acceptance)
    effect = estimate_effect(
        (~leaves | stays).astype(float),
        is_treated=drawn.is_treated,
        stratum=drawn.stratum,
        known_before=np.column_stack([listed.churn_probability, listed.value]),
    )
    return effect, acceptance * float(leaves.mean())


@pytest.mark.parametrize("acceptance", [0.2, 0.0])
def test_intervals_hold_the_true_effect_as_often_as_they_say(acceptance: float) -> None:
    """2,000 campaigns: 93 to 97 % of the intervals hold the truth, and as many exclude 0 where there is no effect."""
    trials = [campaign(seed, acceptance=acceptance) for seed in range(2000)]
    held = np.mean([effect.low <= truth <= effect.high for effect, truth in trials])
    assert 0.93 <= held <= 0.97
    assert abs(np.mean([effect.difference - truth for effect, truth in trials])) < 0.004
    if not acceptance:
        assert 0.03 <= np.mean([effect.low > 0 or effect.high < 0 for effect, _ in trials]) <= 0.07
