"""A further column kept beside the orders."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest

from churnrisk.engines import collect_arrays
from churnrisk.errors import ColumnError
from churnrisk.orders import IntakeOptions, read_orders


def groups(rows: Sequence[tuple[str, ...]], names: tuple[str, ...]) -> dict[tuple[str, int], str]:
    table = pd.DataFrame(rows, columns=list(names))
    with read_orders(table, IntakeOptions(group_column="shop")) as orders:
        made = collect_arrays(orders.frame(), sort_by=["customer_id", "order_day"])
    keys = zip(made["customer_id"].tolist(), made["order_day"].tolist(), strict=True)
    return dict(zip(keys, made["customer_group"].tolist(), strict=True))


def test_orders_of_one_row_each() -> None:
    rows = [("a", "1970-01-02", "1", "north"), ("b", "1970-01-02", "2", " south "), ("a", "1970-01-03", "3", "")]
    found = groups(rows, ("customer", "date", "order_id", "shop"))
    assert found == {("a", 1): "north", ("a", 2): "", ("b", 1): "south"}


@pytest.mark.parametrize("reverse", [False, True])
def test_orders_of_several_rows_take_the_smallest_whatever_the_order(reverse: bool) -> None:
    rows = [("a", "1970-01-02", "5", "west"), ("a", "1970-01-02", "7", "east"), ("a", "1970-01-05", "1", "west")]
    found = groups(rows[::-1] if reverse else rows, ("customer", "date", "amount", "shop"))
    assert found == {("a", 1): "east", ("a", 4): "west"}


def test_rejected_rows_do_not_shift_the_groups() -> None:
    table = pd.DataFrame(
        [("a", "1970-01-02", "x"), ("b", "bad", "y"), ("c", "1970-01-04", "z")], columns=["customer", "date", "shop"]
    )
    with read_orders(table, IntakeOptions(group_column="shop", reject_limit=0.5)) as orders:
        made = collect_arrays(orders.frame(), sort_by=["customer_id"])
    assert made["customer_group"].tolist() == ["x", "z"]


def test_no_such_column() -> None:
    table = pd.DataFrame([("a", "1970-01-02", "x")], columns=["customer", "date", "country"])
    with pytest.raises(ColumnError, match=r"--by contry: there is no such column.*Did you mean country"):
        read_orders(table, IntakeOptions(group_column="contry"))
