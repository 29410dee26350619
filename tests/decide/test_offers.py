"""Which action for whom: the best list of all, held against trying every one."""

from __future__ import annotations

import time

import numpy as np
import pytest

from churnrisk.decide.offers import NOBODY, choose_offers
from churnrisk.types import Floats

CASES = 1000


def try_all(profit: Floats, cost: Floats, *, budget: float = np.inf, capacity: int = 10**9) -> float:
    """The most that any choice brings: all of them are tried."""
    totals = np.zeros((1, 3))  # profit, cost, customers
    for gains, costs in zip(profit, cost, strict=True):
        things = np.array([[0.0, 0.0, 0.0], *([p, c, 1.0] for p, c in zip(gains, costs, strict=True) if p > -np.inf)])
        totals = (totals[:, None, :] + things[None, :, :]).reshape(-1, 3)
    fits = (totals[:, 1] <= budget + 1e-9) & (totals[:, 2] <= capacity)
    return float(totals[fits, 0].max())


def draw_case(chance: np.random.Generator) -> tuple[Floats, Floats]:
    """Few customers and actions; every third case has equal profits and costs, as a shop with round terms."""
    customers, actions = int(chance.integers(1, 7)), int(chance.integers(1, 4))
    profit, cost = chance.normal(5, 5, (customers, actions)), chance.uniform(0, 10, (customers, actions))
    if chance.random() < 1 / 3:
        profit, cost = profit.round(), cost.round()
    return np.where(chance.random(profit.shape) < 0.2, -np.inf, profit), cost


def summed(values: Floats, actions: np.ndarray) -> float:
    chosen = actions != NOBODY
    return float(values[chosen, actions[chosen]].sum())


def test_a_budget_is_spent_as_well_as_can_be() -> None:
    chance = np.random.default_rng(0)
    for _ in range(CASES):
        profit, cost = draw_case(chance)
        budget = float(chance.uniform(0.1, 1.2) * cost.max(axis=1).sum())
        actions, bound = choose_offers(profit, cost, budget=budget)
        assert summed(cost, actions) <= budget + 1e-9
        assert summed(profit, actions) == pytest.approx(try_all(profit, cost, budget=budget), abs=1e-9)
        assert bound == pytest.approx(summed(profit, actions), abs=1e-9)


def test_a_capacity_takes_those_who_bring_most() -> None:
    chance = np.random.default_rng(1)
    for _ in range(200):
        profit, cost = draw_case(chance)
        capacity = int(chance.integers(1, 5))
        for limit in ({}, {"capacity": capacity}):
            actions, bound = choose_offers(profit, cost, **limit)
            assert (actions != NOBODY).sum() <= limit.get("capacity", 10**9)
            assert summed(profit, actions) == pytest.approx(try_all(profit, cost, **limit), abs=1e-9)
            assert bound == summed(profit, actions)


def test_many_customers_are_chosen_quickly_and_near_the_bound() -> None:
    chance = np.random.default_rng(2)
    value = chance.lognormal(3, 1, (100_000, 1))
    cost = chance.uniform(0.5, 10, (100_000, 6))
    profit = value * chance.uniform(0, 0.5, (100_000, 6)) - cost
    began = time.process_time()
    actions, bound = choose_offers(profit, cost, budget=20_000)
    assert time.process_time() - began < 8
    assert summed(cost, actions) <= 20_000 * (1 + 1e-12)
    assert summed(profit, actions) <= bound * (1 + 1e-12)
    assert bound - summed(profit, actions) < 1e-6 * bound


def test_nobody_is_chosen_where_nothing_pays() -> None:
    nothing = np.full((3, 2), -1.0), np.ones((3, 2))
    for limit in ({}, {"budget": 5.0}, {"capacity": 2}):
        actions, bound = choose_offers(*nothing, **limit)
        assert (actions.tolist(), bound) == ([NOBODY] * 3, 0.0)
    actions, bound = choose_offers(np.zeros((0, 2)), np.zeros((0, 2)), budget=1.0)
    assert (len(actions), bound) == (0, 0.0)
