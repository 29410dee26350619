"""The control group is drawn by chance alone, in the shares that were asked for, and the same again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.campaigns.assignment import ListedCustomers, assign_control
from churnrisk.errors import CampaignError


def a_list(size: int, *, seed: int = 0, distinct: int | None = None) -> ListedCustomers:
    chance = np.random.default_rng(seed)
    probability = chance.random(size) if distinct is None else chance.integers(0, distinct, size) / distinct
    return ListedCustomers.sort([f"c{k:05d}" for k in range(size)], probability, chance.lognormal(3, 1, size))


@given(
    size=st.integers(60, 400),
    holdout=st.floats(0.05, 0.95),
    seed=st.integers(0, 10),
    distinct=st.sampled_from([None, 1, 2, 5]),
)
def test_shares_and_strata(size: int, holdout: float, seed: int, distinct: int | None) -> None:
    drawn = assign_control(a_list(size, seed=seed, distinct=distinct), holdout=holdout, seed=seed)
    control = ~drawn.is_treated
    assert abs(control.sum() - holdout * size) <= 1
    for stratum in np.unique(drawn.stratum):
        inside = drawn.stratum == stratum
        assert min(control[inside].sum(), drawn.is_treated[inside].sum()) >= 1
        assert abs(control[inside].sum() - holdout * inside.sum()) <= 1
        assert drawn.control_probability[inside] == pytest.approx(control[inside].mean())
    assert set(drawn.stratum) == set(range(drawn.stratum.max() + 1))


def test_the_same_list_name_and_seed_give_the_same_draw_in_any_order() -> None:
    listed, chance = a_list(300), np.random.default_rng(1)
    order = chance.permutation(300)
    shuffled = ListedCustomers.sort(
        listed.customer_ids[order].tolist(), listed.churn_probability[order], listed.value[order]
    )
    first = assign_control(listed, holdout=0.2, seed=3, name="spring").is_treated
    assert (first == assign_control(shuffled, holdout=0.2, seed=3, name="spring").is_treated).all()
    for seed, name in ((4, "spring"), (3, "summer")):
        assert (first != assign_control(listed, holdout=0.2, seed=seed, name=name).is_treated).any()


def test_everybody_is_left_alone_equally_often() -> None:
    """Over many seeds each customer is control in a tenth of the draws, whatever their score and value."""
    listed, draws, holdout = a_list(205), 4000, 0.1
    times = np.zeros(len(listed))
    for seed in range(draws):
        times += ~assign_control(listed, holdout=holdout, seed=seed).is_treated
    expected, spread = draws * holdout, draws * holdout * (1 - holdout)
    statistic = float(((times - expected) ** 2 / spread).sum())  # chi-square with about 205 degrees of freedom
    assert abs(statistic - len(listed)) < 4 * np.sqrt(2 * len(listed))
    for feature in (listed.churn_probability, listed.value, np.arange(len(listed))):
        assert abs(np.corrcoef(feature, times)[0, 1]) < 4 / np.sqrt(len(listed))


def test_strata_balance_the_score_better_than_chance() -> None:
    listed = a_list(400)
    gaps = []
    for seed in range(200):
        is_treated = assign_control(listed, holdout=0.5, seed=seed).is_treated
        gaps.append(listed.churn_probability[is_treated].mean() - listed.churn_probability[~is_treated].mean())
    plain = listed.churn_probability.std() * np.sqrt(4 / len(listed))
    assert np.std(gaps) < 0.4 * plain
    assert abs(np.mean(gaps)) < 4 * np.std(gaps) / np.sqrt(len(gaps))


def test_nobody_is_kept_back_without_a_holdout_and_short_lists_are_refused() -> None:
    drawn = assign_control(a_list(5), holdout=0, seed=0)
    assert drawn.is_treated.all()
    assert (drawn.control_probability == 0).all()
    with pytest.raises(CampaignError, match="12 customers can be drawn from; a holdout of 10% needs at least 20"):
        assign_control(a_list(12), holdout=0.1, seed=0)
    assert (~assign_control(a_list(20), holdout=0.1, seed=0).is_treated).sum() == 2
