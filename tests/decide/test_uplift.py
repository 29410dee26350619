"""Uplift learners are used where there is something to learn, and left where there is not."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.decide import (
    Candidates,
    ContactTerms,
    UpliftTest,
    choose_target,
    compare_rankings,
    learn_effect,
    response_of,
)
from churnrisk.errors import CampaignError


def experiment(size: int, *, depends: bool, seed: int = 0, holdout: float = 0.4) -> UpliftTest:
    """Customers whom a contact moves: those with a positive first feature, or everybody alike."""
    chance = np.random.default_rng(seed)
    features = chance.normal(size=(size, 4))
    is_treated = chance.random(size) >= holdout
    alone = 1 / (1 + np.exp(-features[:, 1]))
    moved = 0.35 * (features[:, 0] > 0) if depends else np.full(size, 0.15)
    outcome = (chance.random(size) < alone + is_treated * moved * (1 - alone)).astype(float)
    features[chance.random(size) < 0.05, 2] = np.nan
    return compare_rankings(
        features, outcome, is_treated, treated_probability=np.full(size, 1 - holdout), risk=1 - alone, resamples=60
    )


def test_a_learner_is_chosen_where_a_contact_moves_some_and_not_others() -> None:
    test = experiment(6000, depends=True)
    assert test.chosen != "risk"
    chosen = test.rankings[test.chosen]
    assert chosen.gain.low > 0
    assert chosen.gain.low < chosen.gain.value < chosen.gain.high
    assert test.to_dict()["chosen"] == test.chosen


def test_risk_stays_where_everybody_is_moved_alike() -> None:
    test = experiment(3000, depends=False)
    assert test.chosen == "risk"
    assert test.rankings["risk"].gain.to_dict() == {"value": None, "low": None, "high": None}


def test_the_same_seed_gives_the_same_figures() -> None:
    assert repr(experiment(1500, depends=True)) == repr(experiment(1500, depends=True))


def test_small_campaigns_are_refused_with_numbers() -> None:
    with pytest.raises(CampaignError, match=r"customers were in the control group; 500 are needed"):
        experiment(1000, depends=True)
    ones = np.ones(2000)
    with pytest.raises(CampaignError, match="0 of the customers who were contacted differ in outcome"):
        compare_rankings(np.ones((2000, 1)), ones, np.arange(2000) % 2 == 0, treated_probability=ones / 2, risk=ones)


@pytest.mark.parametrize("name", ["two models", "transformed outcome"])
def test_effects_are_shares_of_customers(name: str) -> None:
    """Right on average, and larger where a contact moves more."""
    chance = np.random.default_rng(2)
    features = chance.normal(size=(20_000, 3))
    is_treated = chance.random(20_000) < 0.6
    moved = 0.3 * (features[:, 0] > 0)
    outcome = (chance.random(20_000) < 0.4 + is_treated * moved).astype(float)
    score = learn_effect(name, features, outcome, is_treated, treated_probability=np.full(20_000, 0.6))
    effect = score(features)
    assert effect.mean() == pytest.approx(0.15, abs=0.02)
    assert effect[features[:, 0] > 0].mean() > effect[features[:, 0] < 0].mean() + 0.15
    assert score(features[:5]).tobytes() == effect[:5].tobytes()


def test_response_is_one_on_average_and_keeps_nobody_who_stays_anyway() -> None:
    p, effect = np.array([0.9, 0.5, 0.2, 0.8]), np.array([0.3, 0.1, 0.5, -0.2])
    response = response_of(effect, p)
    assert (p * response).sum() == pytest.approx(p.sum())
    rate = (0.3 + 0.1 + 0.2) / p.sum()
    np.testing.assert_allclose(rate * p * response, [0.3, 0.1, 0.2, 0.0])
    np.testing.assert_array_equal(response_of(np.array([-1.0, 0.0]), np.array([0.5, 0.5])), [1, 1])


def test_a_list_prefers_those_who_respond() -> None:
    ids = np.array(["deaf", "keen", "usual"], dtype=object)
    alike = np.full(3, 0.5), np.full(3, 100.0)
    terms = ContactTerms(contact_cost=1, incentive_cost=2, acceptance_rate=0.1)
    chosen = choose_target(Candidates(ids, *alike, np.array([0.0, 2.0, 1.0])), terms)
    assert chosen.candidates.customer_ids[chosen.chosen].tolist() == ["keen", "usual"]
    assert chosen.expected_profit == pytest.approx(sum(0.1 * m * 0.5 * 98 - 0.5 * 2 - 1 for m in (2, 1)))
