"""What a customer kept brings, pooled over campaigns: simulated ones, in which it is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from churnrisk.campaigns import Campaign
from churnrisk.campaigns.effect import Outcomes
from churnrisk.campaigns.pooled import pool_multiple
from churnrisk.campaigns.result import measure_outcomes
from churnrisk.decide import value_of_keeping

EXPECTED = 40.0
FIXED = Campaign("c", 15_000, 60, "retained", 0.5, 0)


def hold(seed: int, *, multiple: float, size: int = 4000, accept: float = 0.25, values: bool = True) -> dict[str, Any]:
    """A campaign of customers of whom 6 in 10 leave; those who are kept bring so many times the expected amount."""
    chance = np.random.default_rng(seed)
    is_treated = np.arange(size) % 2 == 0
    leaves = chance.random(size) < 0.6
    kept = leaves & is_treated & (chance.random(size) < accept)
    spent = EXPECTED * chance.lognormal(-0.18, 0.6, size)
    bought = (~leaves | kept).astype(float)
    at_risk = np.full(size, 0.6 * EXPECTED if values else np.nan)
    risk = np.full(size, 0.6)
    known = np.column_stack([risk, at_risk])
    revenue = np.where(kept, multiple * spent, spent) * bought
    outcomes = Outcomes(is_treated, np.zeros(size, np.int64), known, bought, bought, revenue, risk, at_risk)
    return measure_outcomes(FIXED, outcomes).to_dict()


@pytest.mark.parametrize("multiple", [1.0, 2.0])
def test_campaigns_together_show_what_a_customer_kept_brings(multiple: float) -> None:
    found = pool_multiple(hold(seed, multiple=multiple) for seed in range(30))
    assert found == pytest.approx(multiple, rel=0.1)


def test_it_is_not_told_where_campaigns_know_too_little() -> None:
    assert pool_multiple([]) is None
    assert pool_multiple([hold(1, multiple=2.0, values=False)]) is None
    assert pool_multiple([{"save_forecast": None}, {}]) is None, "no control group, or measured by an older version"
    told = [pool_multiple([hold(seed, multiple=1.0, accept=0.0)]) for seed in range(40)]
    assert sum(one is not None for one in told) <= 2, "where nobody is kept there is nothing to divide by"


def test_what_a_customer_kept_brings_is_never_more_than_of_one_who_stays_for_good() -> None:
    columns = {"churn_probability": [0.5, 0.5], "value_at_risk": [20.0, 20.0], "value_at_risk_most": [30.0, 90.0]}
    assert value_of_keeping(columns, margin=0.5).tolist() == [20.0, 20.0]
    assert value_of_keeping(columns, margin=0.5, multiple=2.0).tolist() == [30.0, 40.0]
