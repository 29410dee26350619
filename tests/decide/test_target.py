"""The list: against all possible lists, whatever the order of the customers."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.decide import Candidates, ContactTerms, Target, choose_target
from churnrisk.errors import SettingsError

TERMS = ContactTerms(contact_cost=1, incentive_cost=10, acceptance_rate=0.2)


def random_candidates(seed: int, n: int) -> Candidates:
    rng = np.random.default_rng(seed)
    ids = np.array([f"c{k:02d}" for k in range(n)], dtype=object)
    return Candidates(ids, np.round(rng.random(n), 2), np.round(rng.random(n) * 200, -1))


def best_of_all_lists(target: Target, *, budget: float | None, capacity: int | None) -> float:
    """Try every list."""
    places = range(len(target.candidates))
    best = 0.0
    for size in range(len(target.candidates) + 1 if capacity is None else capacity + 1):
        for chosen in combinations(places, size):
            if budget is None or target.cost[list(chosen)].sum() <= budget + 1e-9:
                best = max(best, float(target.profit[list(chosen)].sum()))
    return best


def ids_of(target: Target) -> list[str]:
    return [str(one) for one in target.candidates.customer_ids[target.chosen]]


@given(seed=st.integers(0, 10**6), capacity=st.one_of(st.none(), st.integers(1, 7)))
@settings(deadline=None, max_examples=60)
def test_no_list_brings_more(seed: int, capacity: int | None) -> None:
    target = choose_target(random_candidates(seed, 9), TERMS, capacity=capacity)
    limit = 9 if capacity is None else min(capacity, 9)
    assert target.expected_profit == pytest.approx(best_of_all_lists(target, budget=None, capacity=limit))
    assert target.best_possible == pytest.approx(target.expected_profit)


@given(seed=st.integers(0, 10**6), budget=st.floats(1, 60))
@settings(deadline=None, max_examples=60)
def test_within_a_budget_it_is_within_one_customer_of_the_best(seed: int, budget: float) -> None:
    target = choose_target(random_candidates(seed, 9), TERMS, budget=budget)
    best = best_of_all_lists(target, budget=budget, capacity=None)
    affordable = target.profit[(target.cost <= budget) & (target.profit > 0)]
    assert target.cost[target.chosen].sum() <= budget + 1e-9
    assert target.expected_profit <= best + 1e-9
    assert best <= target.best_possible + 1e-9
    assert target.expected_profit >= affordable.max(initial=0.0) - 1e-9
    assert target.expected_profit >= target.best_possible - target.profit.max(initial=0.0) - 1e-9
    assert target.expected_profit >= best / 2 - 1e-9


@given(seed=st.integers(0, 10**6), limit=st.sampled_from([{}, {"capacity": 4}, {"budget": 30.0}]))
@settings(deadline=None, max_examples=40)
def test_the_order_of_the_customers_does_not_matter(seed: int, limit: dict[str, float]) -> None:
    candidates = random_candidates(seed, 30)
    mixed = candidates.take(np.random.default_rng(seed + 1).permutation(30))
    one, other = (choose_target(each, TERMS, **limit) for each in (candidates, mixed))  # type: ignore[arg-type]
    assert one.to_dict() == other.to_dict()
    assert ids_of(one) == ids_of(other)


def test_ties_are_settled_by_id() -> None:
    same = Candidates(np.array(["b", "c", "a"], dtype=object), np.full(3, 0.8), np.full(3, 100.0))
    assert ids_of(choose_target(same, TERMS, capacity=2)) == ["a", "b"]
    assert ids_of(choose_target(same, TERMS, budget=9.3)) == ["a", "b"]


def test_a_budget_that_fits_exactly_is_spent() -> None:
    free = ContactTerms(contact_cost=1, incentive_cost=0, acceptance_rate=0.25)
    three = Candidates(np.array(["a", "b", "c"], dtype=object), np.array([0.75, 0.5, 0.25]), np.full(3, 64.0))
    exact = choose_target(three, free, budget=2)
    assert ids_of(exact) == ["a", "b"]
    assert exact.best_possible == pytest.approx(exact.expected_profit)
    assert ids_of(choose_target(three, free, budget=1.99)) == ["a"]
    assert ids_of(choose_target(three, free, budget=3)) == ["a", "b", "c"]


@pytest.mark.parametrize("limit", [{}, {"budget": 5.0}, {"capacity": 2}])
def test_where_contacts_cost_nothing_everybody_who_may_leave_pays(limit: dict[str, float]) -> None:
    nothing = ContactTerms(contact_cost=0, incentive_cost=0, acceptance_rate=0.2)
    three = Candidates(np.array(["a", "b", "c"], dtype=object), np.array([0.8, 0.0, 0.5]), np.full(3, 100.0))
    target = choose_target(three, nothing, **limit)  # type: ignore[arg-type]
    assert ids_of(target) == ["a", "c"], "a customer who cannot leave cannot be kept"
    assert target.cost[target.chosen].tolist() == [0.0, 0.0]
    assert target.break_even == 0


def test_comparisons_and_curve_are_sums_over_customers() -> None:
    target = choose_target(random_candidates(3, 500), TERMS)
    p, profit = target.candidates.churn_probability, target.profit
    found = {one.name: one for one in target.comparisons}
    n = len(target.chosen)
    order = np.lexsort((np.arange(500), -p))
    assert list(found) == [
        "this list",
        f"the riskiest {n:,}",
        "churn probability of 0.5 or more",
        "everybody",
        "nobody",
    ]
    assert found["this list"].expected_profit == pytest.approx(profit[profit > 0].sum())
    assert found[f"the riskiest {n:,}"].expected_profit == pytest.approx(profit[order[:n]].sum())
    assert found["churn probability of 0.5 or more"].customers == (p >= 0.5).sum()
    assert found["everybody"].expected_profit == pytest.approx(profit.sum())
    assert (found["nobody"].customers, found["nobody"].expected_profit) == (0, 0)
    assert all(found["this list"].expected_profit >= one.expected_profit for one in target.comparisons)
    curve = dict(target.curve)
    assert (curve[0], len(target.curve)) == (0, 102)
    assert curve[n] == max(curve.values()) == pytest.approx(target.expected_profit)
    assert curve[500] == pytest.approx(profit.sum())


def test_a_list_that_pays_says_from_when_on() -> None:
    one = Candidates(np.array(["a"], dtype=object), np.array([0.8]), np.array([100.0]))
    target = choose_target(one, TERMS)
    assert target.break_even == pytest.approx((1 + 0.2 * 10) / (0.8 * 90))
    assert target.reason == (
        "This list pays if at least 5 of 100 would-be leavers stay because of it; 20 of 100 are assumed to."
    )


@pytest.mark.parametrize(
    ("risk", "value", "budget", "message"),
    [
        (0.5, 20.0, None, "would bring -5.00, .* it would not pay if all of them stayed either"),
        (0.5, 8.0, None, "keeping a customer is worth at most 8.00 of margin, and the incentive costs 10.00"),
        (
            0.2,
            80.0,
            None,
            "would bring -6.20, with 20 of 100 .* The first contact pays if at least 65 of 100 stay because of it",
        ),
        (0.9, 90.0, 2.0, "A budget of 2.00 is not enough for one customer: the cheapest who pays costs 3.80"),
    ],
)
def test_an_empty_list_says_why_with_numbers(risk: float, value: float, budget: float | None, message: str) -> None:
    few = Candidates(np.array(["a", "b"], dtype=object), np.full(2, risk), np.full(2, value))
    target = choose_target(few, TERMS, budget=budget)
    assert (len(target.chosen), target.expected_profit) == (0, 0)
    assert re.search(message, target.reason), target.reason


def test_where_a_campaign_has_shown_that_nobody_stays_the_list_is_empty() -> None:
    target = choose_target(random_candidates(5, 20), ContactTerms(1, 10, 0.0))
    assert len(target.chosen) == 0
    assert "with 0 of 100 would-be leavers staying" in target.reason


def test_nobody_to_choose_from() -> None:
    nobody = Candidates(np.array([], dtype=object), np.array([]), np.array([]))
    assert choose_target(nobody, TERMS).reason == "There is nobody to choose from."


def test_limits_that_cannot_be_are_refused() -> None:
    some = random_candidates(1, 3)
    with pytest.raises(SettingsError, match="give one of them"):
        choose_target(some, TERMS, budget=1, capacity=1)
    with pytest.raises(SettingsError, match="--budget 0"):
        choose_target(some, TERMS, budget=0)
    with pytest.raises(SettingsError, match="--capacity 0"):
        choose_target(some, TERMS, capacity=0)
