"""What a customer has bought, against a count in plain Python over the rows."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from churnrisk.orders import LINE_TYPES, ORDER_TYPES, FewOrders, IntakeOptions, read_orders
from churnrisk.timeline import parse_day
from churnrisk.week_list.purchased import purchased_of, read_purchased

HEAD = "customer_id,order_id,date,product_id,amount,quantity"
ROWS = (
    "ann,1,2022-01-10,mug,10,1",
    "ann,2,2022-06-01,cup,4,1",
    "ann,3,2023-03-01,mug,10,1",
    "ann,3,2023-03-01,pan,30,1",
    "ann,3,2023-03-01,POST,2,1",
    "ann,4,2023-04-01,mug,-10,-1",
    "bob,5,2023-02-01,pan,60,2",
    "cid,6,2022-05-01,cup,-4,-1",
    "dan,7,2023-05-20,cup,8,2",
    "dan,8,2023-05-25,cup,-8,-2",
    "eve,9,2023-06-02,mug,10,1",
)


CUSTOMERS = sorted({row.partition(",")[0] for row in ROWS})


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text("\n".join((HEAD, *ROWS)) + "\n", encoding="utf-8")
    return path


def test_it_is_what_a_count_over_the_rows_gives(log: Path) -> None:
    as_of = parse_day("2023-06-01", option="as_of")
    names = {"mug": "a  mug", "cup": "a cup", "pan": "a pan"}
    with read_orders(log, IntakeOptions(products=True)) as orders:
        found = read_purchased(orders, ["ann", "bob", "cid", "dan", "eve", "nobody"], as_of, names=names)
    assert sorted(found) == ["ann", "bob"], "cid has bought nothing, dan's purchase was undone, eve came later"
    ann = found["ann"]
    days = [parse_day(one, option="day") for one in ("2022-01-10", "2022-06-01", "2023-03-01")]
    assert (ann.first_day, ann.last_day, ann.purchase_days) == (days[0], days[-1], 3)
    assert ann.usual_gap == statistics.median([days[1] - days[0], days[2] - days[1]])
    assert (ann.last_amount, ann.products) == (42.0, ("a pan", "a mug")), "postage is no product"
    assert (ann.revenue, ann.revenue_year, ann.revenue_before) == (46.0, 36.0, 10.0)
    assert found["bob"].usual_gap is None


@pytest.mark.parametrize("as_of", ["2022-06-01", "2023-04-01", "2023-05-22", "2023-06-01", "2023-06-03"])
def test_a_customer_whose_orders_are_at_hand_is_told_alike(log: Path, as_of: str) -> None:
    day, names = parse_day(as_of, option="as_of"), {"mug": "a mug", "cup": "a cup", "pan": "a pan"}
    with read_orders(log, IntakeOptions(products=True)) as orders:
        found = read_purchased(orders, list(CUSTOMERS), day, names=names)
        lines = orders.lines()
        assert lines is not None
        frames = ((orders.frame(), ORDER_TYPES), (lines, LINE_TYPES))
        rows = [frame.select(list(types)).collect().rows() for frame, types in frames]
    told = {}
    for one in CUSTOMERS:
        own, bought = ([row for row in table if row[0] == one] for table in rows)
        few = FewOrders(own, bought, has_amounts=True, has_quantities=True, has_products=True, has_categories=False)
        told[one] = purchased_of(few, day, names=names)
    assert {one: bought for one, bought in told.items() if bought is not None} == found
    assert found


def test_days_are_those_of_the_log(log: Path) -> None:
    with read_orders(log, IntakeOptions(products=True)) as orders:
        found = read_purchased(orders, ["eve"], orders.last_day + 1, names={})
        assert read_purchased(orders, [], orders.last_day + 1, names={}) == {}
    assert found["eve"].products == ()
    assert found["eve"].last_day == parse_day("2023-06-02", option="day")
