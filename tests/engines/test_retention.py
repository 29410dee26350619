"""DuckDB, Polars and Spark give the same retention figures, cohorts, segments and movements, to the bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import narwhals as nw
import numpy as np
import pytest

from churnrisk.dataset import count_daily_purchases, repurchase_gaps
from churnrisk.engines import Database, collect_arrays, key_ranges, map_customers, ranges
from churnrisk.orders import Orders
from churnrisk.retention import (
    Terms,
    build_cohorts,
    build_segments,
    compare_with_past,
    estimate_economics,
    follow_segments,
    make_periods,
    measure_own,
    measure_retention,
)
from support.batches import count_rows
from support.first_groups import first_categories, groups_of, orders_of
from support.logs import CUTOFF, PlainLog, duckdb_log, polars_log, seeded_log, spark_log

LOG = seeded_log(seed=11)
GROUP = nw.col("order_id").str.slice(0, 2).alias("customer_group")
MakeOrders = Callable[[PlainLog], Orders]
ROWS_OF_RANGE = 150


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with Database(threads=1) as opened:
        yield opened


@pytest.fixture(params=["duckdb", "duckdb streamed", pytest.param("spark", marks=pytest.mark.spark)])
def make_orders(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> MakeOrders:
    """Put a log on each engine that is to agree with Polars; what streams, does so in some ranges of customers."""
    monkeypatch.setattr(ranges, "MOST_ROWS", ROWS_OF_RANGE)
    monkeypatch.setattr(ranges, "_SAMPLED", 1)
    if request.param == "spark":
        session: Any = request.getfixturevalue("spark")
        return lambda log: Orders.from_frame(spark_log(log, session).frame().with_columns(GROUP))
    database: Database = request.getfixturevalue("database")
    if request.param == "duckdb":
        return lambda log: Orders.from_frame(duckdb_log(log, database).frame().with_columns(GROUP))

    def stream(log: PlainLog) -> Orders:
        expected = on_polars(log)
        collect_arrays(duckdb_log(log, database).frame(), sort_by=["customer_id"])
        database.connection.execute(
            "CREATE OR REPLACE TABLE orders AS SELECT *, left(order_id, 2) AS customer_group FROM orders"
        ).fetchall()
        return Orders(database, None, first_day=expected.first_day, last_day=expected.last_day)

    return stream


def on_polars(log: PlainLog) -> Orders:
    return Orders.from_frame(polars_log(log).frame().with_columns(GROUP))


def every_table(orders: Orders) -> dict[str, Any]:
    metrics = measure_retention(orders, "month", lookback=120, revenue_window=90)
    periods = make_periods("quarter", CUTOFF - 700, CUTOFF)
    return {
        "metrics": metrics.to_dict(),
        "groups": measure_retention(orders, 50, lookback=30, revenue_window=30, by_group=True).to_dict(),
        "cohorts": build_cohorts(orders, "quarter").to_dict(),
        "revenue": build_cohorts(orders, 45, measure="revenue").to_dict(),
        "segments": build_segments(orders).to_dict(),
        "segment_of": build_segments(orders, CUTOFF).segment_of(),
        "movements": [movement.to_dict() for movement in follow_segments(orders, periods)],
        "changes": [change.to_dict() for change in compare_with_past(orders, metrics)],
        "economics": estimate_economics(orders, Terms(0.3)).to_dict(),
        "own": measure_own(orders),
    }


def test_every_table(make_orders: MakeOrders) -> None:
    assert every_table(make_orders(LOG)) == every_table(on_polars(LOG))


def test_ranges_of_customers_add_up_to_the_log(make_orders: MakeOrders) -> None:
    orders, expected = make_orders(LOG), on_polars(LOG)
    parts = key_ranges(orders.database, table="orders", key="customer_id")
    assert len(parts) > 3 or orders.database is None
    days = [count_daily_purchases(one, CUTOFF, database=one.database) for one in (orders, expected)]
    assert days[0].first_day == days[1].first_day
    assert days[0].counts.tolist() == days[1].counts.tolist()
    assert days[0].new_counts.tolist() == days[1].new_counts.tolist()
    gaps = [repurchase_gaps(one, CUTOFF, database=one.database) for one in (orders, expected)]
    assert gaps[0] == gaps[1]


@pytest.mark.parametrize("rows", [7, 100_000])
def test_no_customer_is_split(make_orders: MakeOrders, rows: int) -> None:
    orders = make_orders(LOG)
    frame = orders.frame().select("customer_id", "order_day")
    database = orders.database
    parts = list(map_customers(frame, count_rows, sort_by=["customer_id", "order_day"], rows=rows, database=database))
    expected = collect_arrays(frame.group_by("customer_id").agg(n=nw.len()), sort_by=["customer_id"])["n"]
    assert sorted(np.concatenate([part["rows"] for part in parts]).tolist()) == sorted(expected.tolist())
    assert sum(int(part["falls"]) for part in parts) == 0
    is_cut_here = database is None and not frame.implementation.is_spark_like()  # the others hand out larger pieces
    assert (len(parts) > 10) == (is_cut_here and rows == 7)


@pytest.mark.spark
def test_groups_by_the_first_category_on_spark(spark: Any) -> None:
    assert groups_of(orders_of(spark_log(LOG, spark))) == first_categories(LOG)
