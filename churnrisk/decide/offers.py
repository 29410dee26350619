"""Which of several actions for which customer: at most one each, so that all together bring the most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnrisk.decide.profit import ContactTerms, EachTerms, expected_cost, expected_profit
from churnrisk.types import Floats, Places

NOBODY = -1
"""In place of an action: the customer is left alone."""

MOST_STATES = 50_000
"""Partial choices that are held at a time; where there would be more, the best of them stay."""

_HALVINGS = 100
_SMALLEST = 1e-9
"""Of all that could be brought: below it, two profits are one."""


@dataclass(frozen=True)
class Offers:
    """The actions that may be taken, each with its terms, and for whom.

    Parameters
    ----------
    names : tuple of str
        Of the actions.
    terms : tuple of ContactTerms
        What each costs and is assumed to do.
    is_open : ndarray of bool, shape (n, k)
        Whether each customer may be offered each action.
    """

    names: tuple[str, ...]
    terms: tuple[ContactTerms, ...]
    is_open: np.ndarray

    def take(self, chosen: Places) -> Offers:
        """Return the offers to some of the customers."""
        return Offers(self.names, self.terms, self.is_open[chosen])

    def profits(self, churn_probability: Floats, value_kept: Floats, response: Floats | float) -> Floats:
        """Return what each customer is expected to bring by each action; -inf for one that is not open."""
        each = [expected_profit(churn_probability, value_kept, one, response=response) for one in self.terms]
        return np.where(self.is_open, np.stack(each, axis=1), -np.inf)

    def costs(self, churn_probability: Floats, response: Floats | float) -> Floats:
        """Return what each action is expected to cost for each customer."""
        return np.stack([expected_cost(churn_probability, one, response=response) for one in self.terms], axis=1)

    def terms_of(self, actions: Places) -> EachTerms:
        """Return the terms of one action for each customer."""
        names = ("contact_cost", "incentive_cost", "acceptance_rate", "redemption")
        return EachTerms(*(np.array([getattr(one, name) for one in self.terms])[actions] for name in names))


def choose_offers(
    profit: Floats, cost: Floats, *, budget: float | None = None, capacity: int | None = None
) -> tuple[Places, float]:
    """Choose at most one action for each customer, so that all together bring the most.

    Without a budget each customer has the action that brings most, and a capacity takes those who bring most. A budget
    makes it a knapsack in which each customer fits once, with one of several things. Its Lagrange bound tells for most
    customers what is done for them in any best list; what is open after that is searched, with partial choices that
    cost no less and bring no more than another left out (Pisinger 1995). That ends with a best list, unless more than
    :data:`MOST_STATES` partial choices are open at a time: then the list may be below the bound that is returned.

    Parameters
    ----------
    profit, cost : ndarray of float64, shape (n, k)
        Of each action for each customer; -inf for the profit of one that is not open. No cost is below 0.
    budget : float, optional
        What all together may cost.
    capacity : int, optional
        How many customers may be chosen.

    Returns
    -------
    actions : ndarray of int64, shape (n,)
        Place of the action of each customer; :data:`NOBODY` for those who are left alone.
    bound : float
        No choice brings more.

    References
    ----------
    Pisinger, D. (1995), A minimal algorithm for the multiple-choice knapsack problem, European Journal of Operational
    Research 83(2), 394-410.
    """
    rows = np.arange(len(profit))
    best = profit.argmax(axis=1) if len(profit) else np.zeros(0, dtype=np.int64)
    gain = profit[rows, best]
    actions = np.where(gain > 0, best, NOBODY)
    if budget is not None:
        return _fill(profit, cost, budget)
    if capacity is not None:
        actions[np.argsort(-gain, kind="stable")[capacity:]] = NOBODY
    return actions, float(gain[actions != NOBODY].sum())


def _fill(profit: Floats, cost: Floats, budget: float) -> tuple[Places, float]:
    """Fill a budget. Place 0 of the things of each customer is to be left alone."""
    nothing = np.zeros((len(profit), 1))
    gains = np.hstack([nothing, np.where((profit > 0) & (cost <= budget), profit, -np.inf)])
    costs = np.hstack([nothing, cost])
    price, bound, chosen = _find_price(gains, costs, budget)
    chosen = _fill_up(gains, costs, budget, chosen)
    chosen = max(chosen, _choose_one(gains), key=lambda one: float(_of(gains, one).sum()))
    search = _Search(gains, costs, budget, price=price, bound=bound)
    chosen, is_best = search.improve(chosen)
    most = float(_of(gains, chosen).sum())
    return chosen - 1, most if is_best else max(bound, most)


def _of(values: Floats, chosen: Places) -> Floats:
    found: Floats = values[np.arange(len(values)), chosen]
    return found


def _find_price(gains: Floats, costs: Floats, budget: float) -> tuple[float, float, Places]:
    """Find what a unit of the budget is worth, the bound at that price, and a choice within the budget.

    At any price x of a unit, no choice within the budget brings more than x times the budget and, of each customer, the
    most of profit - x cost.
    """

    def look(price: float) -> tuple[float, float, Places]:
        net = gains - price * costs
        chosen = net.argmax(axis=1)
        return float(_of(costs, chosen).sum()), price * budget + float(_of(net, chosen).sum()), chosen

    spent, bound, chosen = look(0.0)
    if spent <= budget:
        return 0.0, bound, chosen
    paid = np.isfinite(gains) & (costs > 0)
    low, high, best = 0.0, float(np.max(gains[paid] / costs[paid])) * 2, 0.0
    for _ in range(_HALVINGS):
        price = (low + high) / 2
        spent, found, _ = look(price)
        best, bound = (price, found) if found < bound else (best, bound)
        low, high = (low, price) if spent <= budget else (price, high)
        if high - low <= high * 1e-15:
            break
    return best, bound, look(high)[2]


def _fill_up(gains: Floats, costs: Floats, budget: float, chosen: Places) -> Places:
    """Spend what is left on what brings most for it, one change for each customer."""
    chosen = chosen.copy()
    more, dearer = gains - _of(gains, chosen)[:, None], costs - _of(costs, chosen)[:, None]
    left = budget - float(_of(costs, chosen).sum())
    row, thing = np.nonzero((more > 0) & (dearer <= left))
    order = np.argsort(-(more[row, thing] / np.maximum(dearer[row, thing], _SMALLEST)), kind="stable")
    changed = np.zeros(len(gains), dtype=bool)
    for one, what in zip(row[order].tolist(), thing[order].tolist(), strict=True):
        if not changed[one] and dearer[one, what] <= left:
            chosen[one], changed[one] = what, True
            left -= float(dearer[one, what])
    return chosen


def _choose_one(gains: Floats) -> Places:
    """Choose the single customer who brings most."""
    chosen = np.zeros(len(gains), dtype=np.int64)
    if len(gains):
        row, thing = np.unravel_index(int(np.argmax(gains)), gains.shape)
        chosen[row] = thing
    return chosen


class _Search:
    """A search for a better choice than one that is known, among all that the bound leaves open.

    Parameters
    ----------
    gains, costs : ndarray of float64, shape (n, k)
        Of each thing for each customer; the first is nothing.
    budget : float
        What all may cost.
    price, bound : float
        Of a unit of the budget, and of what any choice brings.
    """

    def __init__(self, gains: Floats, costs: Floats, budget: float, *, price: float, bound: float) -> None:
        self.gains, self.costs, self.budget, self.bound = gains, costs, budget, bound
        net = gains - price * costs
        self.losses: Floats = net.max(axis=1, initial=-np.inf)[:, None] - net
        self.least = _SMALLEST * max(bound, 1e-300)

    def improve(self, known: Places) -> tuple[Places, bool]:
        """Return the best choice, and whether it is sure to be; the known one where nothing is better."""
        most = float(_of(self.gains, known).sum())
        if self.bound - most <= self.least:
            return known, True
        is_left = self.losses < self.bound - most - self.least  # anything else would end below what is known
        fixed = is_left.argmax(axis=1)
        core = np.flatnonzero(is_left.sum(axis=1) > 1)
        second = np.sort(np.where(is_left, self.losses, np.inf)[core], axis=1)[:, 1] if len(core) else np.zeros(0)
        core = core[np.argsort(-second, kind="stable")]
        outside = np.ones(len(fixed), dtype=bool)
        outside[core] = False
        start = float(_of(self.gains, fixed)[outside].sum()), float(_of(self.costs, fixed)[outside].sum())
        lost = float(_of(self.losses, fixed)[outside].sum())
        found, is_whole = self._walk(core, is_left, start=(*start, lost), most=most)
        if found is None:
            return known, is_whole
        fixed[core] = found
        return fixed, is_whole

    def _walk(
        self, core: Places, is_left: np.ndarray, *, start: tuple[float, float, float], most: float
    ) -> tuple[list[int] | None, bool]:
        """Go through the open customers; give the best things for them, and whether no partial choice was let go."""
        states = np.array([start])  # profit, cost, loss against the bound
        steps: list[tuple[Places, Places]] = []
        is_whole = True
        for row in core.tolist():
            things = np.flatnonzero(is_left[row])
            added = np.stack([self.gains[row, things], self.costs[row, things], self.losses[row, things]], axis=1)
            further = (states[:, None, :] + added[None, :, :]).reshape(-1, 3)
            kept = self._undominated(further, most)
            if len(kept) > MOST_STATES:
                kept, is_whole = np.sort(kept[np.argsort(further[kept, 2], kind="stable")[:MOST_STATES]]), False
            steps.append((kept // len(things), things[kept % len(things)]))
            states = further[kept]
            if not len(states):
                return None, is_whole
        place = int(states[:, 0].argmax())
        if not states[place, 0] > most:
            return None, is_whole
        found = []
        for parents, things in reversed(steps):
            found.append(int(things[place]))
            place = int(parents[place])
        return found[::-1], is_whole

    def _undominated(self, states: Floats, most: float) -> Places:
        """Return the places of partial choices that fit, may end above what is known, and are worse than no other."""
        may_be = (states[:, 1] <= self.budget) & (self.bound - states[:, 2] > most + self.least)
        places = np.flatnonzero(may_be)
        order = places[np.lexsort((-states[places, 0], states[places, 1]))]
        before = np.maximum.accumulate(states[order, 0])
        is_better = np.ones(len(order), dtype=bool)
        is_better[1:] = states[order[1:], 0] > before[:-1]
        return order[is_better]
