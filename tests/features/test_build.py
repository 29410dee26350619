"""Features of a few customers that can be reckoned by hand, and the form in which they come."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial

import numpy as np
import pytest

from churnrisk.engines import Database
from churnrisk.features import Features, build, catalogue, customer_features, iterate_features, lazy_features
from churnrisk.timeline import Snapshot
from support.logs import CUTOFF, PlainLog, Row, duckdb_log, polars_log, seeded_log

SNAPSHOT = Snapshot(CUTOFF, lookback=365, horizon=30)
MONEY = 10_000
NAMES = ("order_count", "mean_order_amount", "tenure_days")


def buy(customer: str, days_ago: int, amount: int, *, order: str = "") -> Row:
    return Row(customer, order or f"{customer}{days_ago}", CUTOFF - days_ago, amount * MONEY)


BY_HAND = PlainLog(
    (
        buy("anna", 100, 10),
        buy("anna", 60, 30),
        buy("anna", 60, 5, order="second on that day"),
        buy("anna", 50, -8),  # a return between two purchases
        buy("anna", 10, 20),
        buy("anna", 0, 99),  # on the cutoff: future
        buy("bert", 7, 40),
        buy("carl", 400, 70),  # lapsed
        buy("dora", 20, -5),  # never bought
        buy("emma", 5, 0),  # a zero order is no purchase
    )
)


def test_a_history_reckoned_by_hand() -> None:
    features = customer_features(polars_log(BY_HAND), SNAPSHOT)
    assert list(features.customer_ids) == ["anna", "bert"]
    anna = dict(zip(features.names, features.values[0], strict=True))
    expected = {
        "days_since_last_order": 10,
        "tenure_days": 100,
        "order_count": 4,
        "purchase_day_count": 3,
        "mean_gap_days": 45,
        "last_gap_days": 50,
        "std_gap_days": np.sqrt(50),
        "overdue_mean_gap_ratio": 10 / 45,
        "total_amount": 65,
        "net_amount": 57,
        "mean_order_amount": 16.25,
        "median_order_amount": 15,
        "last_day_amount": 20,
        "purchase_day_count_last_horizon": 1,
        "purchase_day_count_horizon_before_last": 1,
        "return_count": 1,
        "days_since_last_return": 50,
        "own_return_share": 0,
        "gaps_within_horizon_share": 0,
    }
    assert {name: anna[name] for name in expected} == pytest.approx(expected)


def test_who_bought_once_has_no_gaps() -> None:
    features = customer_features(polars_log(BY_HAND), SNAPSHOT)
    bert = dict(zip(features.names, features.values[1], strict=True))
    assert np.isnan([bert["mean_gap_days"], bert["max_gap_days"], bert["overdue_mean_gap_ratio"]]).all()
    assert bert["silence_tenure_share"] == 1
    assert bert["days_from_first_to_last_order"] == 0


def test_everybody_who_ever_bought() -> None:
    features = customer_features(polars_log(BY_HAND), SNAPSHOT, who="all")
    assert list(features.customer_ids) == ["anna", "bert", "carl"]
    assert features.raw["days_since_last_order"].tolist() == [10, 7, 400]


def test_raw_columns_are_whole_numbers() -> None:
    raw = customer_features(polars_log(BY_HAND), SNAPSHOT).raw
    assert {values.dtype for values in raw.values()} == {np.dtype(np.int64)}
    assert {name: values.tolist() for name, values in raw.items()} == {
        "days_since_last_order": [10, 7],
        "tenure_days": [100, 7],
        "order_count": [4, 1],
        "purchase_day_count": [3, 1],
        "total_amount": [65 * MONEY, 40 * MONEY],
        "net_amount": [57 * MONEY, 40 * MONEY],
    }


def test_a_log_without_amounts_counts_every_order_that_is_no_return() -> None:
    rows = (
        Row("a", "1", CUTOFF - 3, 0, quantity=50_000),
        Row("a", "2", CUTOFF - 2, 0, quantity=-20_000),
        Row("a", "3", CUTOFF - 1, 0),
    )
    features = customer_features(polars_log(PlainLog(rows, has_amounts=False)), SNAPSHOT)
    assert features.raw["order_count"].tolist() == [2]
    assert "total_amount" not in features.raw
    assert features.values[0, features.names.index("return_count")] == 1


def test_nobody_in_the_base_gives_no_rows() -> None:
    features = customer_features(polars_log(PlainLog((buy("carl", 400, 70),))), SNAPSHOT)
    assert features.values.shape == (0, len(catalogue()))
    assert features.customer_ids.shape == (0,)


@pytest.mark.parametrize("rows", [1, 2048, 5_000])
def test_batches_put_together_are_the_whole(rows: int) -> None:
    log = seeded_log(seed=3, customers=3_000, rows=9_000)
    with Database(threads=1) as database:
        made = duckdb_log(log, database)
        whole = customer_features(made, SNAPSHOT)
        batches = list(iterate_features(made, SNAPSHOT, rows=rows, database=database))
    assert len(batches) == (1 if len(whole.customer_ids) < max(rows, 2048) else 2)
    check_together(batches, whole)


def check_together(batches: list[Features], whole: Features) -> None:
    assert np.concatenate([batch.customer_ids for batch in batches]).tolist() == whole.customer_ids.tolist()
    np.testing.assert_array_equal(np.concatenate([batch.values for batch in batches]), whole.values)
    for name, values in whole.raw.items():
        np.testing.assert_array_equal(np.concatenate([batch.raw[name] for batch in batches]), values)


def test_ranges_of_customers_put_together_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    log = seeded_log(seed=3, customers=500, rows=1_000)
    with Database(threads=1) as database:
        made = duckdb_log(log, database)
        ask = partial(iterate_features, made, SNAPSHOT, rows=100_000, names=NAMES, database=database)
        [whole] = ask()
        monkeypatch.setattr(build, "RANGE_ROWS", 100)
        parts = list(ask())
    assert len(parts) > 2
    check_together(parts, whole)


@pytest.mark.parametrize("part_rows", [300, 100_000])
def test_parts_put_together_are_the_whole_and_leave_nothing_behind(part_rows: int) -> None:
    log = seeded_log(seed=4, customers=60, rows=2_500)
    with Database(threads=2) as database:
        made = duckdb_log(log, database)
        whole = customer_features(made, SNAPSHOT, who="all")
        before = _tables(database)
        batches = list(
            iterate_features(made, SNAPSHOT, rows=100_000, who="all", database=database, part_rows=part_rows)
        )
        assert _tables(database) == before
    assert (len(batches) == 1) == (part_rows == 100_000)
    assert np.concatenate([batch.customer_ids for batch in batches]).tolist() == whole.customer_ids.tolist()
    np.testing.assert_array_equal(np.concatenate([batch.values for batch in batches]), whole.values)


def test_whoever_stops_in_the_middle_leaves_nothing_behind() -> None:
    with Database(threads=1) as database:
        made = duckdb_log(seeded_log(seed=4), database)
        assert made.frame() is not None  # that makes the tables
        assert made.lines() is not None
        before = _tables(database)
        batches = iterate_features(made, SNAPSHOT, rows=100_000, who="all", database=database, part_rows=300)
        next(batches)
        assert _tables(database) != before
        assert isinstance(batches, Generator)
        batches.close()
        assert _tables(database) == before


def _tables(database: Database) -> list[tuple[str, ...]]:
    return sorted(database.rows_of("SELECT table_name FROM information_schema.tables"))


def test_the_lazy_query_stays_lazy_and_has_whole_numbers_only() -> None:
    frame = lazy_features(polars_log(BY_HAND), SNAPSHOT, names=["mean_gap_days"])
    assert frame.collect_schema().names() == [
        "customer_id",
        "first_purchase_day",
        "last_purchase_day",
        "order_count",
        "purchase_day_count",
        "total_amount",
        "net_amount",
    ]
    assert {str(type_) for name, type_ in frame.collect_schema().items() if name != "customer_id"} == {"Int64"}
