"""DuckDB, Polars and Spark give the same features, labels and training sets, to the bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.btyd import Summary
from churnrisk.dataset import count_daily_purchases, repurchase_gaps
from churnrisk.dataset.past_bases import trace_past_bases
from churnrisk.dataset.purchase_days import summarise_histories
from churnrisk.engines import Database, collect_arrays
from churnrisk.features import customer_features, lazy_features
from churnrisk.labels import follow_customers, label_churn
from churnrisk.timeline import Snapshot
from support.logs import CUTOFF, EngineLog, PlainLog, duckdb_log, polars_log, random_logs, seeded_log, spark_log

SNAPSHOT = Snapshot(CUTOFF, lookback=365, horizon=30, lead=2)
MakeLog = Callable[[PlainLog], EngineLog]


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with Database(threads=1) as opened:
        yield opened


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def make_log(request: pytest.FixtureRequest) -> MakeLog:
    """Put a log on each engine that is to agree with Polars."""
    if request.param == "duckdb":
        database: Database = request.getfixturevalue("database")
        return lambda log: duckdb_log(log, database)
    session: Any = request.getfixturevalue("spark")
    return lambda log: spark_log(log, session)


def assert_same_features(log: PlainLog, other: EngineLog, snapshot: Snapshot) -> None:
    expected, made = customer_features(polars_log(log), snapshot), customer_features(other, snapshot)
    assert made.names == expected.names
    assert made.customer_ids.tolist() == expected.customer_ids.tolist()
    for column, name in enumerate(made.names):
        np.testing.assert_array_equal(made.values[:, column], expected.values[:, column], err_msg=name)
    assert {name: values.tolist() for name, values in made.raw.items()} == {
        name: values.tolist() for name, values in expected.raw.items()
    }


def assert_same_labels(log: PlainLog, other: EngineLog, snapshot: Snapshot) -> None:
    expected, made = label_churn(polars_log(log), snapshot), label_churn(other, snapshot)
    assert [part.tolist() for part in made] == [part.tolist() for part in expected]


def test_features_and_labels(make_log: MakeLog) -> None:
    log = seeded_log(seed=5)
    other = make_log(log)
    assert_same_features(log, other, SNAPSHOT)
    assert_same_labels(log, other, SNAPSHOT)


def test_what_customers_did_afterwards(make_log: MakeLog) -> None:
    log = seeded_log(seed=11)
    windows, until = (7, 30), CUTOFF + 60
    expected, made = (
        follow_customers(each, SNAPSHOT, windows=windows, until=until) for each in (polars_log(log), make_log(log))
    )
    assert made.customer_ids.tolist() == expected.customer_ids.tolist()
    np.testing.assert_array_equal(made.wait_days, expected.wait_days)
    np.testing.assert_array_equal(made.revenue, expected.revenue)
    assert np.isfinite(expected.wait_days).any()
    assert np.isinf(expected.wait_days).any()
    assert expected.revenue.any()


def test_whole_numbers_and_order_statistics(make_log: MakeLog) -> None:
    log = seeded_log(seed=6)
    columns = [
        collect_arrays(lazy_features(each, SNAPSHOT), sort_by=["customer_id"])
        for each in (polars_log(log), make_log(log))
    ]
    assert list(columns[0]) == list(columns[1])
    for name, values in columns[0].items():
        if name != "customer_id":
            np.testing.assert_array_equal(values, columns[1][name], err_msg=name)


def test_what_the_training_set_is_made_of(make_log: MakeLog) -> None:
    log = seeded_log(seed=7)
    expected, other = polars_log(log), make_log(log)
    assert repurchase_gaps(other, CUTOFF) == repurchase_gaps(expected, CUTOFF)
    daily = [count_daily_purchases(each, CUTOFF) for each in (expected, other)]
    assert daily[0].first_day == daily[1].first_day
    np.testing.assert_array_equal(daily[0].counts, daily[1].counts)
    np.testing.assert_array_equal(daily[0].new_counts, daily[1].new_counts)
    summaries = [summarise_histories(each, SNAPSHOT) for each in (expected, other)]
    assert_same_histories(*summaries)


def test_past_bases(make_log: MakeLog) -> None:
    log = seeded_log(seed=7)
    traced = [trace_past_bases(each, SNAPSHOT, first_day=CUTOFF - 900) for each in (polars_log(log), make_log(log))]
    assert len(traced[0]) > 1
    for one, other in zip(*traced, strict=True):
        assert one.snapshot == other.snapshot
        assert_same_histories(one.histories, other.histories)
        np.testing.assert_array_equal(one.churned, other.churned)


def assert_same_histories(one: Summary, other: Summary) -> None:
    for column in ("frequency", "age_at_last_order", "tenure", "customers"):
        np.testing.assert_array_equal(getattr(one, column), getattr(other, column))


def test_an_empty_log(make_log: MakeLog) -> None:
    log = PlainLog(())
    assert_same_features(log, make_log(log), SNAPSHOT)
    assert_same_labels(log, make_log(log), SNAPSHOT)


@given(log=random_logs(), horizon=st.sampled_from([1, 30, 400]), lead=st.integers(0, 9))
@settings(max_examples=15)
def test_random_logs_on_duckdb(database: Database, log: PlainLog, horizon: int, lead: int) -> None:
    snapshot = Snapshot(CUTOFF, 365, horizon, lead)
    other = duckdb_log(log, database)
    assert_same_features(log, other, snapshot)
    assert_same_labels(log, other, snapshot)


@pytest.mark.spark
@pytest.mark.parametrize("number", range(3))
def test_random_logs_on_spark(spark: Any, number: int) -> None:
    """Spark is too slow for many small queries, so a few logs without one or another column."""
    log = seeded_log(seed=100 + number, customers=15, rows=200)
    flags = np.roll([False, True, True, True], number).tolist()
    partial = PlainLog(log.rows, *flags)
    assert_same_features(partial, spark_log(partial, spark), SNAPSHOT)
