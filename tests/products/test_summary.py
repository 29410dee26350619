"""What pages show of products is the lists themselves, bounded and as plain values."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from churnrisk.products import PairDays, compare_first, forecast_due, read_pair_days, sum_up_products
from churnrisk.products.habits import GIVEN_UP
from churnrisk.products.summary import BESIDE, EACH, MOST_ITEMS, MOST_PAIRS
from churnrisk.timeline import date_of
from support.products import END, Row, open_rows, random_rows, repeat_rows


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return repeat_rows(1, customers=300, items=5, days=900)


@pytest.fixture(scope="module")
def told(rows: list[Row]) -> dict[str, Any]:
    return sum_up_products(read(rows))


def read(rows: list[Row]) -> PairDays:
    with open_rows(rows) as orders:
        return read_pair_days(orders, END)


def test_counts_and_rows_are_those_of_the_list(rows: list[Row], told: dict[str, Any]) -> None:
    with open_rows(rows) as orders:
        due = forecast_due(orders, as_of=END).whole().records()
    in_a_week = date_of(END + 7).isoformat()
    alive = [row for row in due if row["comes_again_probability"] > 0]
    soon = [row for row in alive if row["due_on"] < in_a_week and row["overdue_days"] == 0]
    late = [row for row in due if row["overdue_days"] > 0 and row["comes_again_probability"] >= GIVEN_UP]
    assert told["due"]["soon"]["count"] == len(soon) > MOST_PAIRS
    assert told["due"]["late"]["count"] == len(late) > 0
    for name, every in (("soon", soon), ("late", late)):
        shown = told["due"][name]["rows"]
        assert len(shown) <= MOST_PAIRS
        assert max(Counter(row["customer_id"] for row in shown).values()) <= EACH
        chances = [row["comes_again_probability"] for row in shown]
        assert chances == sorted(chances, reverse=True)
        assert chances[0] == max(row["comes_again_probability"] for row in every)
        assert all({key: row[key] for key in every[0]} in every for row in shown)
        assert all(row["title"] == row["name"] for row in shown)


def test_items_told_apart_come_first_and_all_are_counted(rows: list[Row], told: dict[str, Any]) -> None:
    with open_rows(rows) as orders:
        first = compare_first(orders, as_of=END)
    verdicts = Counter(first.items.columns["verdict"])
    said = told["first"]
    assert said["not_told"] == verdicts["not told apart"]
    assert said["told"] == len(first.items) - said["not_told"]
    shown = [row["verdict"] == "not told apart" for row in said["rows"]]
    assert shown == sorted(shown)
    assert len(shown) > 0
    assert sum(shown) <= BESIDE
    assert len(shown) - sum(shown) <= MOST_ITEMS
    assert first.stopping is not None
    assert told["stopping"]["told"] == list(first.stopping.columns["verdict"]).count("faster")
    assert "slower" not in {row["verdict"] for row in told["stopping"]["rows"]}


def test_it_is_plain_and_knows_nothing_of_the_future(rows: list[Row], told: dict[str, Any]) -> None:
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    future = [("c000", END + 3, "later", "p1", "thing 1", "things", 4.0, 1)]
    assert sum_up_products(read([*rows, *future])) == told


def test_rows_of_customers_can_be_left_out(rows: list[Row], told: dict[str, Any]) -> None:
    nobody = sum_up_products(read(rows), most_pairs=0)
    assert (nobody["due"]["soon"]["rows"], nobody["due"]["late"]["rows"]) == ([], [])
    assert nobody["due"]["soon"]["count"] == told["due"]["soon"]["count"]


def test_a_little_log_says_what_it_does_not_know() -> None:
    with open_rows(random_rows(1, rows=30)) as orders:
        told = sum_up_products(read_pair_days(orders, orders.last_day + 1))
    assert (told["due"], told["first"], told["stopping"]) == (None, None, None)
