"""Codes that are no products, told by what their rows say."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.products import read_pair_days
from churnrisk.products.fee_words import fee_share
from support.products import Row, open_rows


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("POSTAGE", 1.0),
        ("Gift Voucher £20.00", 1.0),
        ("Bank Charges", 1.0),
        ("Next Day Carriage", 1.0),
        ("DOTCOM POSTAGE", 0.5),
        ("Пощенски", 1.0),
        ("Koszt dostawa", 0.5),
        ("Gutschein für dich", 0.5),
        ("VINTAGE POSTAGE STAMP TIN", 0.25),
        ("Red lamp", 0.0),
        ("12 x 4", 0.0),
        ("", 0.0),
    ],
)
def test_share_of_words_for_fees(name: str, share: float) -> None:
    assert fee_share(name) == share


def shop(extra: list[Row], *, seed: int = 0, several: bool = True) -> list[Row]:
    """Orders of one to four goods of steady prices, a few of which come back, and further rows."""
    draw = np.random.default_rng(seed)
    rows: list[Row] = []
    for number in range(300):
        day, customer = 10_000 + number // 3, f"c{number % 50}"
        for product in draw.choice(30, int(draw.integers(1, 5)) if several else 1, replace=False):
            price = 1.0 + product
            pieces = int(draw.integers(1, 40))
            thing = (f"g{product}", f"good {product}", "goods")
            rows.append((customer, day, f"o{number}", *thing, price * pieces, pieces))
            if draw.random() < 0.03:
                rows.append((customer, day + 2, f"r{number}", *thing, -price, -1))
    return rows + extra


def found(rows: list[Row]) -> dict[str, tuple[str, ...]]:
    with open_rows(rows) as orders:
        account = read_pair_days(orders, 10_200).account
    return {one.code: one.evidence for one in account.no_products}


def test_goods_of_any_quantity_are_products() -> None:
    odd: Row = ("c1", 10_050, "o150", "PADS", "PADS TO MATCH ALL CUSHIONS", "goods", 0.001, 1)
    bag = [
        (f"c{k % 50}", 10_000 + k // 3, f"o{k}", "HORSE", "Horse carriage clock", "goods", 9.0, 1)
        for k in range(0, 300, 9)
    ]
    assert found(shop([odd, *bag])) == {}, "a word for a fee beside other words is not enough"


def test_a_name_that_says_a_fee_beside_other_words_needs_a_number() -> None:
    draw = np.random.default_rng(1)
    prices = np.exp(draw.normal(3, 2, 40)).round(2)
    rows: list[Row] = [
        (f"c{k}", 10_000 + k, f"o{3 * k}", "DOT", "DOTCOM POSTAGE", "", float(one), 1) for k, one in enumerate(prices)
    ]
    assert found(shop(rows)) == {"DOT": ("partly_named", "any_price")}


def test_without_a_name_two_numbers_are_needed() -> None:
    draw = np.random.default_rng(2)
    prices = np.exp(draw.normal(2, 3, 60)).round(4) + 0.01
    manual: list[Row] = []
    for k, price in enumerate(prices):
        sign = -1 if k % 3 == 0 else 1
        manual.append((f"c{k % 50}", 10_000 + k, f"m{k}", "X1", "", "", float(sign * price), sign))
    mostly_positive = [(*one[:3], "X2", *one[4:6], abs(one[6]), 1) for one in manual]
    joined = [(one[0], one[1], f"o{3 * k}", *one[3:]) for k, one in enumerate(mostly_positive)]
    told = found(shop([*manual, *joined]))
    assert set(told) == {"X1"}, "any price alone, as of meat by weight, is no evidence enough"
    assert {"negative", "any_price"} <= set(told["X1"])


def test_on_many_orders_and_never_alone() -> None:
    fee: list[Row] = []
    draw = np.random.default_rng(3)
    for number in range(0, 300, 2):
        price = float(np.exp(draw.normal(1, 2.5)).round(4)) + 0.01
        fee.append((f"c{number % 50}", 10_000 + number // 3, f"o{number}", "F", "", "", price, 1))
    assert found(shop(fee)) == {"F": ("any_price", "on_every_order")}


def test_a_code_of_few_rows_is_judged_by_its_name_alone() -> None:
    rows: list[Row] = [
        ("c1", 10_000, "z1", "A", "Amazon fee", "", -5.0, -1),
        ("c1", 10_001, "z2", "B", "Fee", "", 5.0, 1),
    ]
    assert found(shop(rows)) == {"B": ("named",)}
