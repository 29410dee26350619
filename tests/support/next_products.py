"""Simulated purchases of products whose chances are known, and slow plain ways to the scores of simple methods."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from churnrisk.products import PairDays
from churnrisk.products.pair_rows import PairRows

START = 10_000
Bought = dict[int, dict[int, list[int]]]
"""Days by customer and item."""


def pairs_of(triples: Iterable[tuple[int, int, int]], cutoff: int, *, customers: int, items: int) -> PairDays:
    """Rows of customers, items and days as they are read from a log."""
    rows = sorted({one for one in triples if one[2] < cutoff})
    customer, item, day = np.array(rows, np.int32).reshape(-1, 3).T
    ids = [f"c{number:04d}" for number in range(customers)]
    codes = [f"p{number:03d}" for number in range(items)]
    names = {code: f"thing {code}" for code in codes}
    return PairDays(customer, item, day, ids, codes, names, dict.fromkeys(codes, ""), START, cutoff)


def rows_of(pairs: PairDays) -> PairRows:
    return PairRows(pairs.customer, pairs.item, pairs.day, len(pairs.customers), len(pairs.items))


def simulate(seed: int, *, customers: int = 400, items: int = 40, days: int = 260) -> list[tuple[int, int, int]]:
    """Customers with items of their own, bought after log-normal gaps and at some time given up, and with whims."""
    draw = np.random.default_rng(seed)
    popular = 1.0 / np.arange(1, items + 1)
    found = []
    for customer in range(customers):
        for item in draw.choice(items, size=3, replace=False, p=popular / popular.sum()):
            usual, day = math.exp(draw.normal(3.0, 0.5)), START + draw.uniform(0, 60)
            while day < START + days and draw.random() < 0.95:
                found.append((customer, int(item), int(day)))
                day += max(1.0, usual * math.exp(draw.normal(0.0, 0.3)))
        for _ in range(draw.poisson(days / 60)):
            whim = int(draw.choice(items, p=popular / popular.sum()))
            found.append((customer, whim, START + int(draw.integers(days))))
    return found


def random_triples(seed: int, *, customers: int = 15, items: int = 9, rows: int = 160) -> list[tuple[int, int, int]]:
    draw = np.random.default_rng(seed)
    return [
        (int(draw.integers(customers)), int(draw.integers(items)), START + int(draw.integers(90))) for _ in range(rows)
    ]


def by_pair(pairs: PairDays) -> Bought:
    found: Bought = {customer: {} for customer in range(len(pairs.customers))}
    for customer, item, day in zip(pairs.customer.tolist(), pairs.item.tolist(), pairs.day.tolist(), strict=True):
        found[customer].setdefault(item, []).append(day)
    return found


def plain_weights(bought: dict[int, list[int]], *, groups: int, within: float, across: float) -> dict[int, float]:
    """A customer's vector, basket by basket from the last one backwards."""
    days = sorted({day for one in bought.values() for day in one}, reverse=True)
    if not days:
        return {}
    size = math.ceil(len(days) / groups)
    count = math.ceil(len(days) / size)
    weights: dict[int, float] = defaultdict(float)
    for place, day in enumerate(days):
        for item, when in bought.items():
            if day in when:
                weights[item] += within ** (place % size) / size * across ** (place // size) / count
    return dict(weights)


def plain_list_measures(listed: list[int], bought: set[int], most: int) -> tuple[float, float]:
    """Recall and NDCG of one list."""
    hits = [place for place, item in enumerate(listed[:most]) if item in bought]
    ideal = sum(1 / math.log2(place + 2) for place in range(min(most, len(bought))))
    return len(hits) / len(bought), sum(1 / math.log2(place + 2) for place in hits) / ideal
