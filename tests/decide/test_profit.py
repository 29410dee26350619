"""What a contact is expected to bring: against every outcome counted, and the rate at which it breaks even."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.decide import ContactTerms, Doubt, learn_error
from churnrisk.decide.doubt import profit_interval
from churnrisk.decide.profit import break_even, expected_cost, expected_profit, least_break_even, say_rate
from churnrisk.errors import SettingsError

shares = st.floats(0.01, 0.99)
amounts = st.floats(0, 100)


def count_outcomes(p: float, value: float, terms: ContactTerms) -> tuple[float, float]:
    """Go through all that can happen to one contacted customer: mean profit and mean cost."""
    accepts, takes = terms.acceptance_rate, terms.redemption
    outcomes = [  # probability, cost, value that would have been lost
        (p * accepts, terms.contact_cost + terms.incentive_cost, value),
        (p * (1 - accepts), terms.contact_cost, 0.0),
        ((1 - p) * takes, terms.contact_cost + terms.incentive_cost, 0.0),
        ((1 - p) * (1 - takes), terms.contact_cost, 0.0),
    ]
    assert sum(chance for chance, _, _ in outcomes) == pytest.approx(1)
    cost = sum(chance * spent for chance, spent, _ in outcomes)
    return sum(chance * saved for chance, _, saved in outcomes) - cost, cost


@given(p=shares, value=amounts, costs=st.tuples(amounts, amounts), rates=st.tuples(shares, st.floats(0, 1)))
@settings(deadline=None)
def test_profit_and_cost_are_those_of_all_outcomes(
    p: float, value: float, costs: tuple[float, float], rates: tuple[float, float]
) -> None:
    terms = ContactTerms(*costs, *rates)
    profit, cost = count_outcomes(p, value, terms)
    assert expected_profit(np.array([p]), np.array([value]), terms)[0] == pytest.approx(profit, abs=1e-9)
    assert expected_cost(np.array([p]), terms)[0] == pytest.approx(cost, abs=1e-9)


@given(seed=st.integers(0, 10**6), costs=st.tuples(amounts, amounts))
@settings(deadline=None)
def test_profit_is_nil_at_the_rate_that_breaks_even(seed: int, costs: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    p, value = rng.random(5), rng.random(5) * 300
    terms = ContactTerms(costs[0] + 0.1, costs[1], 1.0)
    rate = break_even(p, value, terms)
    if rate is None:
        assert expected_profit(p, value, terms).sum() < 0
    else:
        at_rate = ContactTerms(terms.contact_cost, terms.incentive_cost, rate)
        assert expected_profit(p, value, at_rate).sum() == pytest.approx(0, abs=1e-6)
    first = least_break_even(p, value, terms)
    alone = [break_even(p[k : k + 1], value[k : k + 1], terms) for k in range(5)]
    known = [one for one in alone if one is not None]
    assert first == (pytest.approx(min(known)) if known else None)


def test_rates_in_words_are_rounded_up() -> None:
    assert [say_rate(rate) for rate in (0.07, 0.0701, 0.01, 0.0099, 0.00001, 1.0)] == [
        "7 of 100",
        "8 of 100",
        "1 of 100",
        "10 of 1,000",
        "1 of 1,000",
        "100 of 100",
    ]


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ((-1, 10, 0.2), "--contact-cost -1"),
        ((1, float("nan"), 0.2), "--incentive-cost nan"),
        ((1, 10, 20), "--acceptance-rate 20: give a share"),
        ((1, 10, -0.1), "--acceptance-rate -0.1"),
        ((1, 10, 0.2, 1.5), "--redemption 1.5"),
    ],
)
def test_terms_that_cannot_be_are_refused(terms: tuple[float, ...], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ContactTerms(*terms)


def test_the_interval_of_the_profit_holds_chance_as_often_as_it_says() -> None:
    draw = np.random.default_rng(3)
    p, value, terms = draw.uniform(0.3, 0.9, 400), draw.lognormal(2, 0.5, 400), ContactTerms(0.2, 1.0, 0.3, 0.8)
    low, high = profit_interval(p, value, terms, doubt=Doubt(risk=0.0, value=0.0, scatter=0.6))
    sigma = np.sqrt(np.log(1 + 0.6**2))
    came = []
    for _ in range(600):
        leaves, u = draw.random(400) < p, draw.random(400)
        saved = value * draw.lognormal(-(sigma**2) / 2, sigma, 400)
        accepted = np.where(u < 0.3, saved - 1.0, 0.0)
        taken = np.where(u < 0.8, -1.0, 0.0)
        came.append(float((np.where(leaves, accepted, taken) - 0.2).sum()))
    assert np.mean((np.array(came) >= low) & (np.array(came) <= high)) == pytest.approx(0.8, abs=0.05)
    assert (low + high) / 2 == pytest.approx(float(expected_profit(p, value, terms).sum()))


def test_levels_that_were_missed_before_widen_the_interval() -> None:
    p, value, terms = np.full(300, 0.6), np.full(300, 20.0), ContactTerms(1.0, 2.0, 0.3)
    sure, doubtful = (
        profit_interval(p, value, terms, doubt=Doubt(learn_error(seen), learn_error(seen), 0.5)) for seen in (0.0, 0.5)
    )
    assert doubtful[0] < sure[0] < sure[1] < doubtful[1]
    floor = profit_interval(p[:9], value[:9], terms, doubt=Doubt(risk=3.0, value=3.0, scatter=9.0))[0]
    assert floor == -9 * 3.0, "no more than is spent can be lost"
    assert learn_error(None) > learn_error(0.1) > learn_error(0.0) > 0
    assert profit_interval(p[:0], value[:0], terms, doubt=Doubt()) == (0.0, 0.0)
