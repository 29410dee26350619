"""Each part's game equals its definition: all coalitions, every row of the sample, tried one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.explain.game import FAMILIES, Worth, is_in, share_out
from churnrisk.explain.shares import make_game
from churnrisk.learning.trees import Sizes, fit_boosted, fit_forest
from churnrisk.regression.linear import Terms, fit_linear
from support.coalitions import Part, mixed_rows, shares_by_orders, worth_of_part

PLAYERS = len(FAMILIES)

ROOT = Path(__file__).parents[2]
WIDTH = 12
SIZES = Sizes(forest_trees=5, forest_rows=300, boosted_seeds=2, boosted_rounds=6, boosted_rows=300)


def make_shop(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns with gaps, and outcomes that depend on products of them."""
    chance = np.random.default_rng(seed)
    columns = np.asfortranarray(chance.normal(size=(300, WIDTH)).round(2))
    log_odds = 1.5 * columns[:, 0] * columns[:, 1] + columns[:, 2] + columns[:, 3] * columns[:, 4]
    columns[chance.random(columns.shape) < 0.05] = np.nan
    return columns, (chance.random(300) < 1 / (1 + np.exp(-np.nan_to_num(log_odds)))).astype(float)


def fit_part(kind: str, columns: np.ndarray, churned: np.ndarray) -> Part:
    even = np.ones(len(churned))
    if kind == "forest":
        return fit_forest(columns, churned, even, sizes=SIZES)
    if kind == "boosted":
        return fit_boosted(columns, churned, even, sizes=SIZES)
    from churnrisk.learning import RidgePart

    names = [f"c{k}" for k in range(WIDTH)]
    products = [("c0", "c1"), ("c3", "c2"), ("c4", "c5"), ("c7", "c6")]
    terms = Terms.of(columns, names, squares=["c0", "c6"], products=products)
    return RidgePart(terms, fit_linear(terms.apply(columns), churned, even, strength=0.1))


@pytest.mark.parametrize("kind", ["linear", "forest", "boosted"])
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10**6), families=st.integers(1, PLAYERS + 1), count=st.sampled_from([PLAYERS, PLAYERS + 1]))
def test_a_game_equals_its_definition(kind: str, seed: int, families: int, count: int) -> None:
    columns, churned = make_shop(seed)
    players = np.random.default_rng(seed).integers(0, min(families, count), WIDTH)
    part = fit_part(kind, columns, churned)
    background, asked = columns[:9], np.asfortranarray(columns[9:12])
    asked[0] *= 50  # far out, where the linear part is clipped
    worth = Worth(len(asked), count)
    make_game(part, background, players, count).add_to(worth, asked, weight=0.7)
    found = worth.total()
    for coalition in range(2**count):
        inside = is_in(count)[coalition][players]
        for k, row in enumerate(asked):
            expected = 0.7 * worth_of_part(part, mixed_rows(row, background, inside))
            assert found[coalition, k] == pytest.approx(expected, abs=1e-9)


def test_shares_are_the_mean_over_all_orders_of_joining() -> None:
    worth = np.random.default_rng(1).normal(size=(2**PLAYERS, 1))
    assert share_out(worth)[0].tolist() == pytest.approx(shares_by_orders(worth[:, 0]), abs=1e-12)


@given(st.integers(0, 10**6))
def test_shares_sum_to_what_all_families_are_worth(seed: int) -> None:
    chance = np.random.default_rng(seed)
    worth = chance.normal(size=(2**PLAYERS, 3))
    shares = share_out(worth)
    assert shares.sum(axis=1) == pytest.approx(worth[-1] - worth[0], abs=1e-12)
    without = worth[np.arange(2**PLAYERS) & ~4]  # the third family changes nothing
    assert share_out(without)[:, 2] == pytest.approx(0, abs=1e-12)
    alone = share_out(worth[:, :1])
    assert alone.tobytes() == shares[:1].tobytes(), "one at a time is the same to the last bit"
