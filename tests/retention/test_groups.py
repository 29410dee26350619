"""Groups by the category of the first order: as a slow count says, on every engine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from churnrisk.engines import Database
from churnrisk.errors import ColumnError
from churnrisk.retention import build_segments, group_by_first_category, measure_retention
from support.first_groups import first_categories, groups_of, orders_of
from support.logs import PlainLog, duckdb_log, polars_log, random_logs, seeded_log
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


@settings(max_examples=30)
@given(random_logs(customers=10).filter(lambda log: log.has_categories and any(o.is_purchase for o in log.orders())))
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
