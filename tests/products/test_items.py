"""Who bought what on which days."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnrisk.errors import ChurnriskError, ColumnError, NotEnoughData, SettingsError
from churnrisk.orders import IntakeOptions, KeepIn, convert_purchases, read_orders
from churnrisk.products import ItemChoice, read_pair_days
from churnrisk.schema import ITEM_UNITS
from support.products import Row, assert_same_pairs, named, open_rows, plain_pair_days, random_rows

CUTOFF = 10_150


def row(customer: str, day: int, product: str, amount: float = 2.0, **more: object) -> Row:
    order = str(more.get("order", f"{customer}{day}"))
    name, category = str(more.get("name", product)), str(more.get("category", "k"))
    return customer, day, order, product, name, category, amount, int(str(more.get("quantity", 1)))


@pytest.mark.parametrize("seed", range(6))
def test_pair_days_are_those_of_plain_python(seed: int) -> None:
    rows = random_rows(seed)
    with open_rows(rows, reversals="keep") as orders:
        pairs = read_pair_days(orders, CUTOFF)
    found = named(pairs)
    assert set(found) == plain_pair_days(rows, CUTOFF)
    assert found == sorted(found), "sorted by customer, item and day"
    assert len(found) == len(set(found))
    assert pairs.customers == sorted({one[0] for one in rows if one[1] < CUTOFF})
    assert [one.code for one in pairs.account.no_products] == ["SHIP"]


def test_nothing_sees_the_future_and_rows_have_no_order() -> None:
    rows = random_rows(3)
    past, mixed = [one for one in rows if one[1] < CUTOFF], rows[::-1]
    future = [row("c01", CUTOFF, "p1", -2.0), row("new", CUTOFF + 3, "p9"), row("c02", CUTOFF + 1, "p1", name="other")]
    read = []
    for some in (past, mixed + future):
        with open_rows(some) as orders:
            read.append(read_pair_days(orders, CUTOFF))
    assert named(read[0]) == named(read[1])
    assert (read[0].customers, read[0].items, read[0].names) == (read[1].customers, read[1].items, read[1].names)
    assert read[0].account == read[1].account


def test_polars_gives_the_same() -> None:
    for unit in ITEM_UNITS:
        made = []
        for name in ("duckdb", "polars"):
            with open_rows(random_rows(5), engine=name) as orders:
                made.append(read_pair_days(orders, CUTOFF, unit=unit))
        assert_same_pairs(*made)


def test_an_undone_order_counts_until_the_day_of_its_return() -> None:
    rows = [row("a", 10, "tea", 3.0, order="1"), row("a", 10, "cup", 4.0, order="1"), row("b", 11, "tea", 3.0)]
    rows.append(("a", 20, "1", "", "", "", -7.0, -1))  # the whole order, with no word on its products
    for cutoff, count in ((20, 3), (21, 1)):
        with open_rows(rows) as orders:
            pairs = read_pair_days(orders, cutoff)
        assert len(pairs.day) == count
        assert pairs.customers == ["a", "b"], "of whom nothing is left stays a customer"


def test_a_row_that_gives_back_less_than_was_paid_takes_nothing_back() -> None:
    rows = [row("a", 10, "tea", 3.0), row("a", 12, "tea", -1.0, order="2"), row("a", 14, "tea", 5.0)]
    with open_rows(rows, reversals="keep") as orders:
        assert named(read_pair_days(orders, 30)) == [("a", "tea", 10), ("a", "tea", 14)]


def test_quantities_do_not_matter_and_a_log_without_amounts_is_read() -> None:
    table = pd.DataFrame({"customer": ["a", "a", "b"], "date": ["2024-01-01", "2024-02-01", "2024-01-05"]})
    table["sku"], table["qty"] = ["x", "x", "y"], [39_000, 1, -3]
    with read_orders(table, IntakeOptions(products=True)) as orders:
        pairs = read_pair_days(orders, orders.last_day + 1)
    assert [one[:2] for one in named(pairs)] == [("a", "x"), ("a", "x")]


def test_names_categories_and_several_names() -> None:
    rows = [row(f"c{k}", 10 + k, "t", name="Tea" if k < 6 else "Tea, new box") for k in range(10)]
    rows += [
        row(f"c{k}", 10 + k, "m", name="Lamp" if k % 2 else "Socks", category="a" if k < 7 else "b") for k in range(10)
    ]
    rows += [row(f"c{k}", 10 + k, "s", name="Sugar" if k else "Suger") for k in range(10)]
    with open_rows(rows) as orders:
        pairs = read_pair_days(orders, 40)
    assert pairs.names == {"m": "Lamp", "s": "Sugar", "t": "Tea"}, "the most frequent name, ties by text"
    assert pairs.categories == {"m": "a", "s": "k", "t": "k"}
    told = {one.code: one.is_renamed for one in pairs.account.many_names}
    assert told == {"t": True, "m": False}, "a slip of the pen is no name"


def test_categories_are_items_of_their_own() -> None:
    rows = [row("a", 10, "x", category="k"), row("a", 10, "y", category="k"), row("a", 11, "z", category="Coupons")]
    with open_rows(rows) as orders:
        pairs = read_pair_days(orders, 30, unit="category")
    assert named(pairs) == [("a", "k", 10)]
    assert pairs.items == ["k"]
    assert [one.code for one in pairs.account.no_products] == ["Coupons"]


def test_the_user_decides_what_is_a_product() -> None:
    rows = [row("a", 10, "x"), row("a", 11, "SHIP", name="Shipping"), row("a", 12, "bag", category="bags")]
    with open_rows(rows) as orders:
        found = read_pair_days(orders, 30, choice=ItemChoice(("bags", "ghost"), ("SHIP",)))
    assert found.items == ["SHIP", "x"]
    assert found.account.unknown == ("ghost",)
    with pytest.raises(SettingsError, match="--not-product x: --is-product names it, too"):
        ItemChoice(("x",), ("x",))


@pytest.mark.parametrize(
    ("columns", "unit", "day", "error", "said"),
    [
        ({}, "product", 30, ColumnError, "no column of these purchases is the product_id.*--column product_id=NAME"),
        ({"sku": "x"}, "category", 30, ColumnError, "--column category=NAME"),
        ({"sku": "x"}, "product", -5, NotEnoughData, "the log begins on 2024-01-01"),
        ({"sku": ""}, "product", 30, NotEnoughData, "says that a product was bought"),
        ({"sku": "x"}, "thing", 30, SettingsError, "--unit thing"),
    ],
)
def test_what_cannot_be_told_is_refused(
    columns: dict[str, str], unit: str, day: int, error: type[ChurnriskError], said: str
) -> None:
    table = pd.DataFrame({"customer": ["a", "b"], "date": ["2024-01-01", "2024-01-02"], "total": [1, 2], **columns})
    with read_orders(table, IntakeOptions(products=True)) as orders, pytest.raises(error, match=said):
        read_pair_days(orders, orders.first_day + day, unit=unit)  # type: ignore[arg-type]


def test_orders_that_were_read_without_details_are_refused() -> None:
    table = pd.DataFrame({"customer": ["a"], "date": ["2024-01-01"], "sku": ["x"], "total": [1]})
    with read_orders(table) as orders, pytest.raises(SettingsError, match=r"IntakeOptions\(products=True\)"):
        read_pair_days(orders, orders.last_day + 1)


def test_details_of_lines_change_no_fingerprint_and_stand_in_copies_and_converted_files(tmp_path: Path) -> None:
    rows = pd.DataFrame({"customer": ["a", "b"], "date": ["2024-01-01", "2024-01-02"], "total": [1, 2]})
    rows = rows.assign(order_id=["1", "2"], sku=["x", "y"], description=["Tea", ""])
    rows.to_csv(tmp_path / "log.csv", index=False)
    keep = KeepIn(folder=tmp_path / "kept", least=0)
    convert_purchases(tmp_path / "log.csv", tmp_path / "log.parquet", IntakeOptions())
    prints, names = set(), []
    for source in (tmp_path / "log.csv", tmp_path / "log.csv", tmp_path / "log.parquet"):
        with read_orders(source) as plain, read_orders(source, IntakeOptions(products=True, keep=keep)) as orders:
            prints |= {plain.fingerprint, orders.fingerprint}
            names.append(read_pair_days(orders, orders.last_day + 1).names)
            lines = plain.lines()
            assert lines is not None
            assert "description" not in lines.collect_schema().names(), "training reads no more than before"
    assert len(prints) == 1
    assert names == [{"x": "Tea", "y": ""}] * 3


def test_rows_before_an_earlier_day_keep_their_items() -> None:
    with open_rows(random_rows(1)) as orders:
        pairs = read_pair_days(orders, CUTOFF)
    early = pairs.before(10_050)
    assert early.items == pairs.items
    assert early.day.max() < 10_050
    assert np.array_equal(early.customer, pairs.customer[pairs.day < 10_050])


def test_customers_are_those_who_bought_an_item_even_if_it_was_given_back() -> None:
    rows = [
        ("keeper", 10_000, "o1", "p1", "thing", "", 5.0, 1),
        ("returner", 10_000, "o2", "p1", "thing", "", 5.0, 1),
        ("returner", 10_003, "o3", "p1", "thing", "", -5.0, -1),
        ("only returns", 10_001, "o4", "p1", "thing", "", -5.0, -1),
        ("later", 10_020, "o5", "p1", "thing", "", 5.0, 1),
    ]
    with open_rows(rows) as orders:
        pairs = read_pair_days(orders, 10_010)
    assert pairs.customers == ["keeper", "returner"]
    assert named(pairs) == [("keeper", "p1", 10_000)]
