"""Purchases that returns have taken back whole: a slow oracle, and that no later row changes an earlier day."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.engines import Database
from churnrisk.orders.undone import find_undone, undone_table
from churnrisk.schema import NEVER
from support.undone import Key, undone_days

NETS = st.sampled_from([10, 20, 30, 50, -10, -20, -30, -50, 0])
DAYS = st.sampled_from([0, 1, 7, 8, 15, 30, 31, 37, 38, 60])  # many lie as far apart as a return may be, or a day more
KEYS = st.builds(Key, st.sampled_from("ab"), st.sampled_from(["", "o1", "o2", "o3"]), DAYS)
LOGS = st.dictionaries(KEYS, NETS, min_size=1, max_size=25)


def found_by(nets: dict[Key, int], reversal_days: int) -> dict[Key, int]:
    """What the program finds, customer by customer."""
    found = dict.fromkeys(nets, NEVER)
    for customer in {key.customer for key in nets}:
        keys = [key for key in nets if key.customer == customer]
        rows = [(key.order, key.day, nets[key]) for key in keys]
        found |= {keys[place]: day for place, day in find_undone(rows, reversal_days=reversal_days).items()}
    return found


@given(nets=LOGS, reversal_days=st.sampled_from([0, 7, 30]))
@settings(max_examples=400)
def test_the_undone_are_those_of_the_definition(nets: dict[Key, int], reversal_days: int) -> None:
    assert found_by(nets, reversal_days) == undone_days(nets, reversal_days=reversal_days)


@given(nets=LOGS, cutoff=st.integers(0, 61))
@settings(max_examples=200)
def test_no_later_row_changes_an_earlier_day(nets: dict[Key, int], cutoff: int) -> None:
    past = {key: net for key, net in nets.items() if key.day < cutoff}
    known = {key: day if day < cutoff else NEVER for key, day in found_by(nets, 30).items() if key.day < cutoff}
    assert found_by(past, 30) == known


@given(nets=LOGS)
@settings(max_examples=40)
def test_the_table_has_those_of_all_customers(nets: dict[Key, int]) -> None:
    database = Database()
    try:
        columns = {
            "customer_id": np.array([key.customer for key in nets]),
            "order_id": np.array([key.order for key in nets]),
            "order_day": np.array([key.day for key in nets], dtype=np.int64),
            "amount": np.array(list(nets.values()), dtype=np.int64),
        }
        orders = database.fill_table("summed", columns)
        table = undone_table(database, orders, net="amount", reversal_days=30)
        query = f"SELECT customer_id, order_id, order_day, undone_day FROM {table}"
        rows = [] if table is None else database.rows_of(query)
    finally:
        database.close()
    wanted = {key: day for key, day in undone_days(nets).items() if day != NEVER}
    assert {Key(*row[:3]): row[3] for row in rows} == wanted
    assert len(rows) == len(wanted)


@pytest.mark.parametrize(
    ("orders", "undone"),
    [
        ([("a", 1, 50), ("b", 2, 20), ("a", 9, -50)], {0: 9}),
        ([("a", 1, 50), ("a", 9, -20)], {}),
        ([("a", 1, 50), ("a", 9, -20), ("a", 12, -30)], {0: 12}),
        ([("a", 1, 50), ("b", 2, 20), ("x", 9, -50)], {0: 9}),
        ([("a", 1, 50), ("b", 2, 20), ("x", 60, -50)], {}),  # long after, and it may be of another purchase
        ([("a", 1, 50), ("x", 60, -50)], {0: 60}),  # all that was ever paid came back
        ([("a", 1, 50), ("b", 2, 20), ("x", 60, -70)], {0: 60, 1: 60}),
        ([("x", 1, -90), ("a", 5, 50), ("a", 9, -10)], {}),  # what came back before is of purchases before the log
        ([("a", 1, 50), ("a", 5, 50), ("a", 9, -50)], {1: 9}),
        ([("a", 1, 50), ("", 1, 20), ("", 3, -50)], {0: 3}),
        ([("a", 5, -50), ("a", 9, 50)], {}),  # no return comes before its purchase
    ],
)
def test_what_is_undone(orders: list[tuple[str, int, int]], undone: dict[int, int]) -> None:
    assert find_undone(orders, reversal_days=30) == undone
