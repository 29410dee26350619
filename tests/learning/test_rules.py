"""Simple rules: what they say, and when one is shipped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from churnrisk.learning.rules import (
    BASE_RATE,
    FITS,
    RECENCY_RULE,
    RFM_RULE,
    SILENCE_RULE,
    choose_rule,
    loss_at_best_level,
)
from churnrisk.regression.design import SILENCE, Design
from churnrisk.regression.linear import to_probability
from churnrisk.timeline import Snapshot
from support.folds import Drawn

COLUMNS = ("days_since_last_order", "purchase_day_count", "tenure_days", "mean_order_amount", SILENCE)
DESIGN = Design(COLUMNS[:4], Snapshot(100, 365, 30), COLUMNS)


def drawn(*, truth: int | None, seed: int, size: int = 4000) -> Drawn:
    """Customers whose log-odds of churning are 1.5 times one of the columns, or the same for all."""
    chance = np.random.default_rng(seed)
    columns = chance.normal(size=(size, 5))
    log_odds = np.zeros(size) if truth is None else 1.5 * columns[:, truth]
    return Drawn(columns, (chance.random(size) < to_probability(log_odds)).astype(float), np.ones(size))


@pytest.mark.parametrize(("truth", "expected"), [(0, RFM_RULE), (3, RFM_RULE), (4, SILENCE_RULE), (None, BASE_RATE)])
def test_the_best_rule_is_shipped_where_the_blend_is_noise(truth: int | None, expected: str) -> None:
    earlier, fold = drawn(truth=truth, seed=1), drawn(truth=truth, seed=2)
    noise = np.random.default_rng(5).normal(size=4000) * 3
    rule = choose_rule(earlier, fold, noise, DESIGN)
    assert rule is not None
    assert rule.name == expected


def test_a_step_is_found_by_the_recency_rule() -> None:
    chance = np.random.default_rng(1)
    columns = chance.normal(size=(4000, 5))
    churned = (chance.random(4000) < np.where(np.abs(columns[:, 0]) < 0.7, 0.9, 0.1)).astype(float)
    known = Drawn(columns, churned, np.ones(4000))
    rule = choose_rule(known, known, np.zeros(4000), DESIGN)
    assert rule is not None
    assert rule.name == RECENCY_RULE
    again = rule.refit(replace(known, churned=1 - churned))
    assert np.corrcoef(rule.log_odds(columns), again.log_odds(columns))[0, 1] < -0.9


def test_a_good_blend_needs_no_rule() -> None:
    earlier, fold = drawn(truth=1, seed=1), drawn(truth=1, seed=2)
    assert choose_rule(earlier, fold, 1.5 * fold.columns[:, 1], DESIGN) is None


def test_the_level_of_a_ranking_does_not_count() -> None:
    fold = drawn(truth=1, seed=2)
    log_odds = 1.5 * fold.columns[:, 1]
    assert loss_at_best_level(log_odds, fold) == pytest.approx(loss_at_best_level(log_odds + 3, fold))


@pytest.mark.parametrize("name", FITS)
def test_a_weight_of_three_is_three_customers(name: str) -> None:
    """In the fit of a rule and in its judgement alike: a control stands for those whom a campaign contacted."""
    few = drawn(truth=0, seed=3, size=300)
    tripled = Drawn(few.columns, few.churned, np.full(300, 3.0))
    weighed = Drawn(few.columns, few.churned, np.where(few.churned == 1, 3.0, 1.0))
    for known in (weighed, tripled):
        rules = [FITS[name](one, (0,)) for one in (known, known.repeated)]
        if name != RECENCY_RULE or known is tripled:  # its tenths are those of the rows
            one, other = (rule.log_odds(known.columns) for rule in rules)
            np.testing.assert_allclose(one, other, atol=0.02)  # columns are scaled by rows
        ranked = rules[0].log_odds(known.columns)
        told = loss_at_best_level(np.repeat(ranked, known.weights.astype(int)), known.repeated)
        assert loss_at_best_level(ranked, known) == pytest.approx(told)
