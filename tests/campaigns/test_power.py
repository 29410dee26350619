"""What a split can show: the promise of 80 % is kept when campaigns of that size are run."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.campaigns.power import needed_customers, plan_split, smallest_effect


@pytest.mark.parametrize(("rate", "treated", "control"), [(0.3, 2700, 300), (0.5, 500, 500), (0.1, 4000, 1000)])
def test_an_effect_of_that_size_shows_in_four_of_five_campaigns(rate: float, treated: int, control: int) -> None:
    effect, chance = smallest_effect(rate, treated=treated, control=control), np.random.default_rng(0)
    kept = chance.binomial(treated, rate + effect, 20_000) / treated
    alone = chance.binomial(control, rate, 20_000) / control
    error = np.sqrt(kept * (1 - kept) / treated + alone * (1 - alone) / control)
    assert np.mean(np.abs(kept - alone) > 1.96 * error) == pytest.approx(0.8, abs=0.02)


def test_the_textbook_number_of_customers() -> None:
    # 50 % against 55 %, two groups of equal size: 1,562 in each without continuity correction (Fleiss, chapter 4).
    assert needed_customers(0.5, 0.05, holdout=0.5) == pytest.approx(2 * 1562, rel=0.005)


@pytest.mark.parametrize("customers", [50, 900, 3200, 20_000])
def test_the_split_for_five_points_is_the_smallest_that_shows_them(customers: int) -> None:
    plan = plan_split(0.4, treated=customers - customers // 10, control=customers // 10)
    if plan.split_for_effect is None:
        half = customers // 2
        assert smallest_effect(0.4, treated=customers - half, control=half) > 0.0499
        return
    for holdout, shows in ((plan.split_for_effect, True), (plan.split_for_effect - 0.01, False)):
        control = round(customers * holdout)
        effect = smallest_effect(0.4, treated=customers - control, control=control) if control else 1.0
        assert (effect < 0.05003) is shows


def test_without_a_control_group_nothing_can_be_shown() -> None:
    plan = plan_split(0.4, treated=100, control=0)
    assert np.isnan(plan.smallest_effect)
    assert plan.customers_for_effect == needed_customers(0.4, 0.05, holdout=0.5)
    with pytest.raises(ValueError, match="no number of customers"):
        needed_customers(0.4, 0.05, holdout=0)
