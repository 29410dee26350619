"""What first buyers begin with, and what its differences are worth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse, stats

from churnrisk.errors import NotEnoughData
from churnrisk.products.first import (
    chance_to_see,
    find_first_baskets,
    interval,
    let_through,
    p_value,
    score_within_strata,
)
from churnrisk.products.first_list import list_first
from churnrisk.products.stopping import find_stopping
from support.products import pairs_of


def first_log(seed: int, *, less: int = -1, customers: int = 1500) -> list[tuple[int, int, int]]:
    """Customers with a first basket of some items; half of them come back, of those with the item ``less`` few."""
    draw = np.random.default_rng(seed)
    found = []
    for customer in range(customers):
        day = int(draw.integers(0, 330))
        basket = draw.choice(12, int(draw.integers(1, 5)), replace=False)
        found += [(customer, int(item), day) for item in basket]
        if draw.random() < (0.2 if less in basket else 0.5):
            found += [(customer, int(draw.integers(12)), day + int(draw.integers(1, 29)))]
    return found


def test_first_baskets_by_hand() -> None:
    bought = [(0, 0, 3), (0, 1, 40), (1, 0, 50), (1, 1, 50), (1, 0, 60), (2, 1, 55), (3, 0, 50), (3, 0, 80), (4, 0, 95)]
    bought += [(customer, 1, 52) for customer in range(5, 300)]
    first = find_first_baskets(pairs_of(bought, cutoff=100, first_day=0), horizon=30, burn_in=10)
    assert first.customer.tolist() == [1, 2, 3, *range(5, 300)], "neither those of the start nor those not followed yet"
    assert first.came_back[:3].tolist() == [True, False, False], "the last day of the horizon is its 30th"
    assert first.size[:3].tolist() == [2, 1, 1]
    assert first.baskets[0].toarray().tolist() == [[1, 1]]


def test_the_burn_in_is_found_in_the_gaps() -> None:
    bought = [(customer, 0, day) for customer in range(400) for day in (customer % 300, customer % 300 + 20)]
    first = find_first_baskets(pairs_of(bought, cutoff=400, first_day=0))
    assert (first.burn_in, first.horizon) == (20, 90)
    assert first.day.min() == 20


def test_z_within_strata_is_that_of_plain_python() -> None:
    draw = np.random.default_rng(0)
    has, back, stratum = draw.random((60, 4)) < 0.4, draw.random(60) < 0.5, draw.integers(0, 3, 60)
    z, seen, expected = score_within_strata(sparse.csr_matrix(has.astype(float)), back.astype(float)[:, None], stratum)
    for item in range(4):
        hoped = variance = 0.0
        for one in range(3):
            mine = stratum == one
            drawn = stats.hypergeom(mine.sum(), back[mine].sum(), has[mine, item].sum())
            hoped, variance = hoped + drawn.mean(), variance + drawn.var()
        assert seen[item, 0] == (has[:, item] & back).sum()
        assert expected[item, 0] == pytest.approx(hoped)
        assert z[item, 0] == pytest.approx((seen[item, 0] - hoped) / np.sqrt(variance))


def test_the_correction_for_many_comparisons() -> None:
    assert let_through(np.array([0.001, 0.009, 0.04, 0.5]), 0.05).tolist() == [True, True, False, False]
    assert let_through(np.array([0.2, 0.5])).tolist() == [False, False]
    assert let_through(np.zeros(0)).tolist() == []


def test_shuffles_find_little_and_a_planted_loss_is_found() -> None:
    first = find_first_baskets(pairs_of(first_log(0), cutoff=365, first_day=0), horizon=30, burn_in=20)
    draw, any_found = np.random.default_rng(1), 0
    for _ in range(100):
        order = np.lexsort((draw.random(len(first.stratum)), first.stratum))
        shuffled = np.empty(len(order))
        shuffled[np.argsort(first.stratum, kind="stable")] = first.came_back[order]
        z, _, _ = score_within_strata(first.baskets, shuffled[:, None], first.stratum)
        any_found += bool(let_through(p_value(z[:, 0])).any())
    assert any_found <= 18, "about ten in a hundred are promised"
    found = list_first(pairs_of(first_log(0, less=7), cutoff=365, first_day=0), horizon=30, burn_in=20)
    rows = {row["product_id"]: row for row in found.items.records()}
    assert rows["p0007"]["verdict"] == "less"
    assert rows["p0007"]["return_rate_to"] < rows["p0007"]["expected_rate"]
    assert sum(row["verdict"] != "not told apart" for row in rows.values()) <= 3


def test_what_a_list_counts() -> None:
    bought = first_log(4)
    found = list_first(pairs_of(bought, cutoff=365, first_day=0), horizon=30, burn_in=0)
    of_customer: dict[int, list[tuple[int, int]]] = {}
    for customer, item, day in sorted(bought, key=lambda one: (one[0], one[2], one[1])):
        of_customer.setdefault(customer, []).append((day, item))
    second = np.zeros(12, int)
    for rows in of_customer.values():
        later = sorted({day for day, _ in rows if day > rows[0][0]})
        if later and rows[0][0] + 30 <= 365:
            second[[item for day, item in rows if day == later[0]]] += 1
    rows_of = {row["product_id"]: row for row in found.items.records()}
    assert {name: row["second_orders"] for name, row in rows_of.items()} == {
        f"p{item:04d}": count for item, count in enumerate(second)
    }
    assert found.second_order == f"p{int(np.argmax(second)):04d}"
    assert sum(row["first_buyers"] for row in found.sizes.records()) == found.first_buyers
    assert sum(row["first_buyers"] for row in found.months.records()) == found.first_buyers
    chances = [chance for _, _, chance in found.power]
    assert all(0 <= chance <= 1 for chance in chances)
    assert chances[-1] == max(chances), "most buyers and the larger difference"


def test_the_power_is_that_of_a_simulation() -> None:
    draw, buyers, share, z = np.random.default_rng(0), 200, 0.4, 2.5
    came = draw.binomial(buyers, share - 0.1, 20_000) / buyers
    seen = np.abs((came - share) / np.sqrt(share * (1 - share) / buyers)) > z
    assert chance_to_see(-0.1, buyers, share, z) == pytest.approx(seen.mean(), abs=0.03)


def test_interval_by_the_published_example() -> None:
    low, high = interval(np.array([15.0]), np.array([148.0]))
    assert (round(low[0], 4), round(high[0], 4)) == (0.0624, 0.1605)  # Newcombe (1998), method 3


def test_products_whose_regulars_stop() -> None:
    draw, bought = np.random.default_rng(0), []
    for customer in range(240):
        item = customer % 2
        for day in range(customer % 7, 760, 14):
            has_left = item == 1 and day >= 670 and customer % 4 == 1
            if not has_left and draw.random() < 0.8:
                bought.append((customer, item, day))
    found = find_stopping(pairs_of(bought, cutoff=760, first_day=0), 90)
    assert found is not None
    columns = found.columns
    assert columns["item"].tolist() == [1, 0], "the one that is given up more comes first"
    assert columns["gave_up_share"][0] == pytest.approx(0.5, abs=0.03)
    assert columns["is_told_apart"].tolist() == [True, False]
    assert columns["difference_from"][0] > 0.3
    assert find_stopping(pairs_of(bought, cutoff=600, first_day=0), 90) is None, "a year ago is before the log"


def test_few_first_buyers_are_refused_with_numbers() -> None:
    with pytest.raises(NotEnoughData, match=r"100 customers first bought.*200 are needed"):
        list_first(pairs_of([(customer, 0, 50) for customer in range(100)], cutoff=300, first_day=0), burn_in=10)
