"""The stability index against sums by hand, a plain oracle, and simulation of what chance does."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.monitor.bins import Histogram, chance_limit, expected_index, make_histogram, stability_index

# (.5 - .6) ln(.5/.6) + (.5 - .4) ln(.5/.4); (.2 - .1) ln 2 + (.3 - .4) ln(3/4); an empty bin holds half a customer
GOLDEN = {
    "as many": ([50, 50], [50, 50], 0.0),
    "two bins": ([50, 50], [60, 40], 0.1 * math.log(1.2) + 0.1 * math.log(1.25)),
    "other sizes": ([20, 30, 50], [100, 400, 500], 0.1 * math.log(2) - 0.1 * math.log(0.75)),
    "empty on both sides": ([50, 0, 50], [60, 0, 40], 0.1 * math.log(1.2) + 0.1 * math.log(1.25)),
    "empty on one side": (
        [10, 0],
        [10, 10],
        (10 / 10.5 - 0.5) * math.log(10 / 10.5 / 0.5) + (0.5 / 10.5 - 0.5) * math.log(0.5 / 10.5 / 0.5),
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_by_hand(name: str) -> None:
    then, now, expected = GOLDEN[name]
    assert stability_index(then, now) == pytest.approx(expected, abs=1e-12)


def plain_index(then: list[int], now: list[int]) -> float:
    pairs = [(p or 0.5, q or 0.5) for p, q in zip(then, now, strict=True) if p or q]
    n, m = (sum(side) for side in zip(*pairs, strict=True))
    return float(sum((p / n - q / m) * math.log(p / n / (q / m)) for p, q in pairs))


counts = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=12)


@given(counts)
def test_as_a_plain_sum(pairs: list[tuple[int, int]]) -> None:
    then, now = (list(side) for side in zip(*pairs, strict=True))
    found = stability_index(then, now)
    if not sum(then) or not sum(now):
        assert math.isnan(found)
        return
    assert found == pytest.approx(plain_index(then, now), abs=1e-12)
    assert found >= 0
    assert found == pytest.approx(stability_index(now, then), abs=1e-12)  # neither side comes first


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")) | st.sampled_from([0.0, 1.0, 2.0]), max_size=200))
def test_each_number_is_counted_once(numbers: list[float]) -> None:
    values = np.array(numbers, dtype=np.float64)
    found = make_histogram(values)
    assert found.customers == len(values)
    assert found.counts[-1] == int(np.isnan(values).sum())
    assert list(found.edges) == sorted(set(found.edges))
    known = values[~np.isnan(values)]
    bounds = [-math.inf, *found.edges, math.inf]
    expected = [int(((known >= low) & (known < high)).sum()) for low, high in pairwise(bounds)]
    assert list(found.counts[:-1]) == expected


@pytest.mark.parametrize("constant", [0.0, -3.5, 1e9])
def test_a_constant_that_becomes_another_is_noticed(constant: float) -> None:
    then = make_histogram(np.full(1000, constant))
    for other in (constant - 1, constant + 1, float("nan")):
        assert stability_index(then.counts, then.like(np.full(1000, other)).counts) > 1
    assert stability_index(then.counts, then.like(np.full(500, constant)).counts) == 0


def test_missing_is_a_bin_of_its_own() -> None:
    values = np.arange(1000.0)
    then, half = make_histogram(values), np.where(values % 2 == 0, np.nan, values)
    now = then.like(half)
    assert (then.missing_share, now.missing_share) == (0, 0.5)
    assert stability_index(then.counts, now.counts) > 0.5


@pytest.mark.parametrize(("then", "now"), [(100, 100), (100, 5000), (2000, 2000)])
def test_what_chance_does_without_any_shift(then: int, now: int) -> None:
    chance = np.random.default_rng(1)
    share = np.full(10, 0.1)
    draws = [(chance.multinomial(then, share), chance.multinomial(now, share)) for _ in range(2000)]
    indices = np.array([stability_index(one, other) for one, other in draws])
    assert expected_index(*draws[0]) == pytest.approx(9 * (1 / then + 1 / now))
    assert indices.mean() == pytest.approx(expected_index(*draws[0]), rel=0.12)
    # quantile .9999 of chi-squared with 9 degrees of freedom is 33.72 (tables)
    assert chance_limit(*draws[0]) == pytest.approx(33.72 * (1 / then + 1 / now), rel=0.02)
    assert (indices > chance_limit(*draws[0])).mean() <= 0.002


def test_plain_values_come_back() -> None:
    found = make_histogram(np.array([1.0, 2.0, 2.0, 5.0, np.nan]))
    kept = found.to_dict()
    assert Histogram(tuple(kept["edges"]), tuple(kept["counts"])) == found
