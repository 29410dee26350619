"""What is said of the products of single customers: missed, due, next; as a slow count says."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.orders import IntakeOptions, read_orders
from churnrisk.products import HABITS, ItemChoice, find_habits
from churnrisk.products.habits import HABIT_COLUMNS
from support.products import END, Row, open_rows, random_rows, regular_shop, table_of


@pytest.fixture(scope="module")
def shop() -> list[Row]:
    return regular_shop()


def test_a_regular_product_that_is_silent_is_observed_with_its_rhythm(shop: list[Row]) -> None:
    ids = [f"c{who:03d}" for who in range(150)]
    with open_rows(shop) as orders:
        habits = find_habits(orders, ids, as_of=END)
    assert habits is not None
    said = habits.columns["observation"]
    for who in range(40):
        last = max(day for customer, day, _, code, *_ in shop if customer == ids[who] and code == f"p{who % 10}")
        words = f"no basic {who % 10} for {END - last} days, usually bought every 28"
        assert said[who] == words
    assert sum(one is not None and "basic" in one for one in said[40:]) == 0, "nobody else misses the own product"
    assert set(habits.kinds) <= set(HABITS)
    assert (habits.kinds[:40] != "no_regular_product").all()


def test_a_product_that_is_due_within_a_week_is_named(shop: list[Row]) -> None:
    ids = [f"c{who:03d}" for who in range(40, 150)]
    with open_rows(shop) as orders:
        habits = find_habits(orders, ids, as_of=END)
    assert habits is not None
    named = [one for one in habits.columns["due_product"] if one is not None]
    assert len(named) > 30
    for who, one in zip(range(40, 150), habits.columns["due_product"], strict=True):
        bought = [day for customer, day, _, code, *_ in shop if (customer, code) == (f"c{who:03d}", f"p{who % 10}")]
        if one == f"basic {who % 10}":
            assert END - max(bought) >= 28 - 14


def test_next_products_are_different_and_the_own_one_is_among_them(shop: list[Row]) -> None:
    ids = [f"c{who:03d}" for who in range(40, 150)]
    with open_rows(shop) as orders:
        habits = find_habits(orders, ids, as_of=END)
    assert habits is not None
    lists = np.stack([habits.columns[f"next_product_{place}"] for place in (1, 2, 3)]).T
    assert all(len(set(row)) == 3 for row in lists.tolist())
    hits = sum(f"basic {who % 10}" in row for who, row in zip(range(40, 150), lists.tolist(), strict=True))
    assert hits > 100


def test_nothing_sees_the_future_and_the_order_of_rows_is_nothing(shop: list[Row]) -> None:
    ids = [f"c{who:03d}" for who in range(0, 150, 7)]
    later = [(who, day + 500, f"z{order}", code, name, kind, 9.0, 1) for who, day, order, code, name, kind, *_ in shop]
    found = []
    for rows in (shop, [*later[:300], *reversed(shop)]):
        with open_rows(rows) as orders:
            found.append(find_habits(orders, ids, as_of=END))
    assert found[0] is not None
    assert found[1] is not None
    for column in HABIT_COLUMNS:
        assert found[0].columns[column.name].tolist() == found[1].columns[column.name].tolist(), column.name
    assert found[0].kinds.tolist() == found[1].kinds.tolist()


def test_each_customer_is_told_the_same_whatever_else_is_asked(shop: list[Row]) -> None:
    ids = [f"c{who:03d}" for who in range(150)]
    with open_rows(shop) as orders:
        everybody = find_habits(orders, ids, as_of=END)
        few = find_habits(orders, ["nobody", ids[70], ids[3]], as_of=END)
    assert everybody is not None
    assert few is not None
    for column in HABIT_COLUMNS:
        assert few.columns[column.name].tolist() == [None, *everybody.columns[column.name][[70, 3]].tolist()]
    assert few.kinds.tolist() == ["", *everybody.kinds[[70, 3]].tolist()]


@pytest.mark.parametrize("seed", range(3))
def test_little_data_gives_what_it_can(seed: int) -> None:
    with open_rows(random_rows(seed, rows=60)) as orders:
        habits = find_habits(orders, ["c00", "c01"], as_of=orders.last_day + 1)
    assert habits is not None
    assert set(habits.columns) == {column.name for column in HABIT_COLUMNS}
    assert "Shipping" not in {one for column in habits.columns.values() for one in column}


def test_a_code_that_the_shop_says_is_no_product_is_never_named(shop: list[Row]) -> None:
    ids = [f"c{who:03d}" for who in range(150)]
    with open_rows(shop) as orders:
        habits = find_habits(orders, ids, as_of=END, choice=ItemChoice(("p3",)))
    assert habits is not None
    assert not any("basic 3" in str(one) for column in habits.columns.values() for one in column)


def test_a_log_without_products_has_no_habits(shop: list[Row]) -> None:
    bare = table_of(shop).drop(columns=["product_id", "category", "description"])
    with read_orders(bare, IntakeOptions(products=True, amounts="line")) as orders:
        assert find_habits(orders, ["c000"], as_of=END) is None
