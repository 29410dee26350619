"""Groups by the category of the first order: as a slow count says, on every engine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.dated import AttributeTable, TablesBeside
from churnrisk.engines import Database
from churnrisk.errors import ColumnError
from churnrisk.orders import Orders
from churnrisk.retention import build_segments, measure_retention
from churnrisk.retention.groups import group_by_attribute, group_by_first_category
from support.first_groups import first_categories, groups_of, orders_of
from support.logs import CUTOFF, PlainLog, duckdb_log, polars_log, random_logs, seeded_log
from support.retention_logs import as_log
from support.retention_oracle import Shop, assert_same_figures, period_figures
from support.shop import churnrisk, write_rows


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with Database(threads=1) as opened:
        yield opened


@settings(max_examples=40)
@given(random_logs(customers=8).filter(lambda log: log.has_categories and len(log.rows) > 0))
def test_each_customer_is_in_the_group_of_the_first_order(log: PlainLog) -> None:
    assert groups_of(orders_of(polars_log(log))) == first_categories(log)


def test_engines_agree(database: Database) -> None:
    log = seeded_log(seed=3)
    groups = first_categories(log)
    assert len(set(groups.values())) > 3
    assert groups_of(orders_of(duckdb_log(log, database))) == groups


def test_groups_are_fixed_and_add_up_to_the_whole(database: Database) -> None:
    orders = orders_of(duckdb_log(seeded_log(seed=3), database))
    whole = measure_retention(orders, "quarter", lookback=120)
    parts = measure_retention(group_by_first_category(orders), "quarter", lookback=120, by_group=True)
    for row in whole.rows:
        of_groups = [part for part in parts.rows if part.period == row.period]
        for name in ("customers_at_start", "customers_at_end", "new_customers"):
            if name in row.figures:
                assert sum(part.figures[name] or 0 for part in of_groups) == row.figures[name], name
    assert "customers_at_start" in whole.rows[0].figures


def test_a_log_without_categories_says_which_column_is_missing() -> None:
    log = seeded_log(seed=3)
    with pytest.raises(ColumnError, match="--column category=HEADER"):
        group_by_first_category(orders_of(polars_log(PlainLog(log.rows, has_categories=False))))


def test_the_command_gives_a_row_for_each_category(tmp_path: Any) -> None:
    rows = [
        {"customer_id": f"c{k}", "order_id": k, "date": f"2024-{month:02d}-10", "amount": 5, "category": name}
        for k in range(60)
        for month, name in ((1, "tea" if k % 3 else "coffee"), (3, "cups"))
    ]
    path = write_rows(tmp_path / "p.csv", rows, rows[0])
    periods = churnrisk("metrics", path, "--by", "category", "--lookback", 30, "--json").json["periods"]
    assert {row["group"] for row in periods} == {"tea", "coffee"}
    bare = write_rows(tmp_path / "q.csv", rows, ["customer_id", "order_id", "date", "amount"])
    answer = churnrisk("metrics", bare, "--by", "category")
    assert (answer.code, "--column category=HEADER" in answer.err) == (2, True)


def has_buyers(log: PlainLog) -> bool:
    """Tell whether a purchase stands on the day after the last order."""
    orders = log.orders()
    return any(one.bought(max(other.order_day for other in orders) + 1) for one in orders)


@settings(max_examples=30)
@given(random_logs(customers=10).filter(lambda log: log.has_categories and has_buyers(log)))
def test_segments_of_categories_are_those_of_their_customers(log: PlainLog) -> None:
    made = build_segments(orders_of(polars_log(log)), by_category=True)
    paid: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in log.rows:
        if row.category and (row.amount > 0 or not log.has_amounts):
            paid[row.customer][row.category] += row.amount if log.has_amounts else 1
    expected: dict[str, Counter[str]] = defaultdict(Counter)
    for customer, segment in made.segment_of().items():
        sums = paid.get(customer, {"": 0})
        expected[min(sums, key=lambda name: (-sums[name], name))][segment] += 1
    assert {row.category: Counter(row.segments) for row in made.categories} == expected
    sizes = [row.customers for row in made.categories]
    assert sizes == sorted(sizes, reverse=True)
    assert all(row.customers == sum(row.segments.values()) for row in made.categories)


def test_segments_by_category_on_the_command_line(tmp_path: Any) -> None:
    rows = [
        {"customer_id": f"c{k}", "order_id": f"{k}-{n}", "date": f"2024-{n + 1:02d}-10", "amount": 5, "category": name}
        for k in range(60)
        for n, name in enumerate(["tea", "tea" if k % 2 else "cups", "cups" if k % 3 else "tea"])
    ]
    path = write_rows(tmp_path / "p.csv", rows, rows[0])
    found = churnrisk("segments", path, "--by", "category", "--json").json["categories"]
    assert {row["category"] for row in found} == {"tea", "cups"}
    assert sum(row["customers"] for row in found) == 60
    shown = churnrisk("segments", path, "--by", "category").out
    assert "Customers by the category that they paid most for" in shown
    assert "categories" not in churnrisk("segments", path, "--json").json


ONCE = -(2**31)
"""The day from which fixed attributes hold."""


def with_tiers(orders: Orders, tiers: dict[tuple[str, int], str], frame: Any) -> Orders:
    """Put a table of tiers, by customer and the day from which each holds, beside orders."""
    columns = {
        "customer_id": [customer for customer, _ in tiers],
        "valid_day": [day for _, day in tiers],
        "tier": list(tiers.values()),
    }
    table = AttributeTable(name="members", frame=lambda: frame(columns), texts=("tier",))
    made: Orders = orders.made_elsewhere((orders.frame(), None), TablesBeside(attributes={"members": table}))
    return made


def polars_frame(columns: dict[str, list[Any]]) -> nw.LazyFrame[Any]:
    types = {"customer_id": pl.String, "valid_day": pl.Int64, "tier": pl.String}
    return nw.from_native(pl.LazyFrame(columns, schema=types))


@settings(max_examples=30)
@given(
    log=random_logs(customers=5, span=300, after=60).filter(lambda log: len(log.rows) > 0),
    days=st.integers(20, 90),
    drawn=st.dictionaries(
        st.tuples(st.integers(0, 6), st.integers(-330, 60)), st.sampled_from(["", "basic", "gold"]), max_size=12
    ),
    fixed=st.booleans(),
)
def test_an_attribute_counts_from_its_day_on(
    log: PlainLog, days: int, drawn: dict[tuple[int, int], str], fixed: bool
) -> None:
    names = [*sorted({order.customer_id for order in log.orders()}), "never bought"]
    tiers = {(names[k % len(names)], ONCE if fixed else CUTOFF + at): tier for (k, at), tier in drawn.items()}

    def tier_on(customer: str, day: int) -> str:
        """Return what held on the morning of a day; of those who came later, on the day of the first order."""
        first = min(order.order_day for order in log.orders() if order.customer_id == customer)
        held = [(at, tier) for (who, at), tier in tiers.items() if who == customer and at < max(day, first + 1)]
        return max(held)[1] if held else ""

    orders = with_tiers(as_log(polars_log(log)), tiers, polars_frame)
    grouped = group_by_attribute(orders, "members.tier")
    table = measure_retention(
        grouped, days, start=CUTOFF - 2 * days, stop=CUTOFF, lookback=90, revenue_window=60, by_group=True
    )
    shop = Shop(log.orders(), 90, 60, log.has_amounts)
    assert table.rows
    for row in table.rows:
        a, b = row.period.starts_on, row.period.ends_on
        members = {customer for customer in shop.customers if tier_on(customer, a) == row.group}
        assert_same_figures(row, period_figures(shop, a, b, members.__contains__))


def test_engines_agree_on_attributes(database: Database) -> None:
    log = seeded_log(seed=3)
    names = sorted({order.customer_id for order in log.orders()})
    tiers = {(name, CUTOFF - 40 * (k % 9)): f"t{k % 3}" for k, name in enumerate(names)}

    def duckdb_frame(columns: dict[str, list[Any]]) -> nw.LazyFrame[Any]:
        return database.frame(database.fill_table("tiers", {name: np.array(of) for name, of in columns.items()}))

    tables = [
        measure_retention(group_by_attribute(with_tiers(orders, tiers, frame), "members.tier"), 60, by_group=True)
        for orders, frame in (
            (orders_of(polars_log(log)), polars_frame),
            (orders_of(duckdb_log(log, database)), duckdb_frame),
        )
    ]
    assert [row.to_dict() for row in tables[0].rows] == [row.to_dict() for row in tables[1].rows]
    assert {row.group for row in tables[0].rows} == {"", "t0", "t1", "t2"}


def test_the_command_gives_a_row_for_each_value_of_an_attribute(tmp_path: Any) -> None:
    rows = [
        {"customer_id": f"c{k}", "order_id": f"{k}-{month}", "date": f"2024-{month:02d}-10", "amount": 5}
        for k in range(60)
        for month in range(1, 7)
        if k % 2 or month < 4
    ]
    log = write_rows(tmp_path / "log.csv", rows, ["customer_id", "order_id", "date", "amount"])
    told = [{"customer_id": f"c{k}", "channel": ("shop", "web")[k % 2]} for k in range(60)]
    members = write_rows(tmp_path / "members.csv", told, ["customer_id", "channel"])
    settings_file = tmp_path / "churnrisk.toml"
    settings_file.write_text(f'[attributes.members]\nsource = "{members}"\nfixed = true\n', encoding="utf-8")
    asked = ("--config", settings_file, "metrics", log, "--period", "month", "--lookback", 60, "--json")
    shown = churnrisk(*asked, "--by", "members.channel").json
    rates = {one["group"]: one["retention_rate"] for one in shown["periods"] if one["period"] == "2024-05"}
    assert rates == {"shop": 0.0, "web": 1.0}
    wrong = churnrisk(*asked, "--by", "members.tier")
    assert (wrong.code, "members.channel" in wrong.err) == (2, True)
