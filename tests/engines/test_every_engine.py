"""One suite for all engines: features, labels, metrics and scores of the same orders equal the plain-Python oracles.

Whole numbers and order statistics exactly, every other float to 1e-9, probabilities to nine decimals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import churnrisk
from churnrisk.dataset import build_training_set
from churnrisk.engines import Database, Spark
from churnrisk.features import catalogue, customer_features
from churnrisk.labels import follow_customers, label_churn
from churnrisk.orders import Draw, Orders
from churnrisk.orders.drawing import draw_customers
from churnrisk.retention import measure_retention
from churnrisk.scoring import score_on_cluster, score_orders
from churnrisk.timeline import Snapshot, SnapshotPlan
from support.logs import CUTOFF, EngineLog, duckdb_log, polars_log, seeded_log, spark_log
from support.oracle import ORACLES, customers_of, follow_ups_of, labels_of
from support.retention_oracle import Shop, period_figures
from support.shop import CUSTOMERS

LOG = seeded_log(seed=26, customers=60, rows=900)
SNAPSHOT = Snapshot(CUTOFF, lookback=365, horizon=30, lead=2)
INEXACT = re.compile("mean|std|rate|ratio|share|quartile|octile|bits|pace")


@dataclass
class Engine:
    """The log on one engine."""

    name: str
    log: EngineLog
    spark: Spark | None = None

    def orders(self) -> Orders:
        facts = {name: getattr(LOG, name) for name in ("has_amounts", "has_quantities", "has_products")}
        return Orders.from_frame(
            self.log.frame(), lines=self.log.lines(), keeper=self.spark, has_categories=LOG.has_categories, **facts
        )


@pytest.fixture(scope="module", params=["duckdb", "polars", pytest.param("spark", marks=pytest.mark.spark)])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "spark":
        session = request.getfixturevalue("spark")
        yield Engine("spark", spark_log(LOG, session), Spark(session))
    elif request.param == "polars":
        yield Engine("polars", polars_log(LOG))
    else:
        with Database(threads=1) as database:
            yield Engine("duckdb", duckdb_log(LOG, database))


@pytest.fixture(scope="module")
def model(small_trained: Path) -> churnrisk.ChurnModel:
    return churnrisk.load(models_dir=small_trained / "models")


def test_features(engine: Engine) -> None:
    made = customer_features(engine.log, SNAPSHOT)
    assert set(made.names) == {feature.name for feature in catalogue()}
    base = {who: one for who, one in customers_of(LOG, SNAPSHOT).items() if one.days[-1] >= CUTOFF - 365}
    assert list(made.customer_ids) == list(base)
    exact = 0
    for column, name in enumerate(made.names):
        expected = np.array([ORACLES[name](customer) for customer in base.values()], dtype=np.float64)
        if INEXACT.search(name):
            np.testing.assert_allclose(made.values[:, column], expected, rtol=1e-9, atol=1e-9, err_msg=name)
            continue
        exact += 1
        ours = made.values[:, column]
        if "amount" in name:  # in halves of a ten-thousandth, where a median may lie; the oracle adds up floats
            np.testing.assert_allclose(ours, expected, rtol=1e-14, err_msg=name)
            ours, expected = np.rint(ours * 20_000), np.rint(expected * 20_000)
        np.testing.assert_array_equal(ours, expected, err_msg=name)
    assert exact > len(made.names) / 2


def test_labels_and_what_came_after(engine: Engine) -> None:
    customers, churned = label_churn(engine.log, SNAPSHOT)
    assert dict(zip(customers, churned.tolist(), strict=True)) == labels_of(LOG, SNAPSHOT)
    after = follow_customers(engine.log, SNAPSHOT, windows=(7, 30), until=CUTOFF + 60)
    rows = np.column_stack([after.wait_days, after.revenue]).tolist()
    made = {who: tuple(row) for who, row in zip(after.customer_ids, rows, strict=True)}
    assert made == follow_ups_of(LOG, SNAPSHOT, (7, 30), CUTOFF + 60)


def test_metrics(engine: Engine) -> None:
    table = measure_retention(engine.orders(), 90, start=CUTOFF - 270, stop=CUTOFF, lookback=180, revenue_window=120)
    shop = Shop(LOG.orders(), 180, 120)
    assert len(table.rows) == 3
    for row in table.rows:
        expected = period_figures(shop, row.period.starts_on, row.period.ends_on)
        assert {name: row.figures[name] for name, value in expected.items() if isinstance(value, int)} == {
            name: value for name, value in expected.items() if isinstance(value, int)
        }
        undefined = {name for name, value in expected.items() if value is None}
        assert {name for name, value in row.figures.items() if value is None} == undefined
        defined = {name: value for name, value in expected.items() if value is not None}
        assert {name: row.figures[name] for name in defined} == pytest.approx(defined, rel=1e-9, abs=1e-9)


def test_scores(engine: Engine, model: churnrisk.ChurnModel) -> None:
    """The oracle's features through the model are the scores, whatever the engine; Spark's executors agree."""
    orders, fitted = engine.orders(), model.model
    scores = score_orders(fitted, orders, CUTOFF).columns
    snapshot = fitted.snapshot.at(CUTOFF)
    everybody = customers_of(LOG, snapshot)
    base = {who: one for who, one in everybody.items() if one.days[-1] >= CUTOFF - snapshot.lookback}
    # of this log nobody has an entropy of weekdays, a sum of logarithms, that lies on the edge of a tree
    values = np.array([[ORACLES[name](one) for name in fitted.names] for one in base.values()])
    expected = dict(zip(base, fitted.predict(values).tolist(), strict=True))
    made = {
        who: probability
        for who, probability, status in zip(
            scores["customer_id"], scores["churn_probability"], scores["status"], strict=True
        )
        if status == "scored"
    }
    assert made.keys() == expected.keys()
    assert made == pytest.approx(expected, rel=0, abs=1e-9)
    assert set(scores["customer_id"]) == {order.customer_id for order in LOG.orders()}
    if engine.spark is not None:
        there = score_on_cluster(fitted, model.pack(), orders, CUTOFF, top=10_000).top
        assert there == rows_of(scores)


def rows_of(columns: Any) -> list[dict[str, Any]]:
    """Return columns as rows of plain values, None for nothing."""
    values = [[None if value != value else value for value in column.tolist()] for column in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]


def as_pyspark(frame: pd.DataFrame, request: pytest.FixtureRequest) -> Any:
    session = request.getfixturevalue("spark")
    typed = frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"]))  # text is for convert
    return session.createDataFrame(pa.Table.from_pandas(typed, preserve_index=False))


def as_relation(frame: pd.DataFrame, request: pytest.FixtureRequest) -> Any:
    import duckdb

    connection = duckdb.connect()
    request.addfinalizer(connection.close)
    return connection.from_df(frame)


FRAMES: dict[str, Callable[[pd.DataFrame, pytest.FixtureRequest], Any]] = {
    "pandas": lambda frame, _: frame,
    "polars": lambda frame, _: pl.from_pandas(frame),
    "polars lazily": lambda frame, _: pl.from_pandas(frame).lazy(),
    "pyarrow": lambda frame, _: pa.Table.from_pandas(frame),
    "duckdb": as_relation,
    "pyspark": as_pyspark,
}


@pytest.mark.parametrize(
    "kind", [pytest.param(name, marks=pytest.mark.spark) if name == "pyspark" else name for name in FRAMES]
)
def test_the_python_interface_takes_any_frame(
    kind: str, model: churnrisk.ChurnModel, request: pytest.FixtureRequest
) -> None:
    text = pd.read_csv(CUSTOMERS, dtype={"customer_id": str, "order_id": str})
    frame = FRAMES[kind](text, request)
    scores = model.score(frame, as_of="2011-12-10")
    is_of_kind = {"polars": pl.DataFrame, "polars lazily": pl.DataFrame, "pyarrow": pa.Table}.get(kind, pd.DataFrame)
    assert isinstance(scores, is_of_kind)
    expected = model.score(CUSTOMERS, as_of="2011-12-10")
    if kind in ("polars", "polars lazily", "pyarrow"):
        rows = scores.to_dicts() if isinstance(scores, pl.DataFrame) else scores.to_pylist()
        assert rows == expected.astype(object).where(expected.notna(), None).to_dict("records")
    else:
        pd.testing.assert_frame_equal(scores, expected)


ON_SPARK = [pytest.mark.spark, pytest.mark.slow]  # a score of queries on Spark: 20 s of processors, most of them Java's


@pytest.mark.parametrize("name", ["polars", pytest.param("spark", marks=ON_SPARK)])
def test_a_model_is_the_same_wherever_it_was_learned(
    model: churnrisk.ChurnModel, name: str, request: pytest.FixtureRequest
) -> None:
    """Everything that is learned, and the digest of all orders."""
    if name == "spark":
        request.getfixturevalue("spark")  # which training takes then, and leaves running
    trained = churnrisk.train(CUSTOMERS, horizon=60, engine=name)
    for part in ("training", "test", "features", "data_fingerprint", "outlook", "drivers", "snapshot"):
        assert trained.card[part] == model.card[part], part
    pd.testing.assert_frame_equal(trained.score(CUSTOMERS), model.score(CUSTOMERS))


@pytest.mark.spark
def test_customers_are_drawn_on_spark_where_the_orders_lie(spark: Any) -> None:
    orders = Engine("spark", spark_log(LOG, spark), Spark(spark)).orders()
    draw = Draw(25, before=CUTOFF, lookback=365, seed=3)
    drawn, chosen = orders.draw(draw)
    half, whole = (label_churn(one, SNAPSHOT)[0].tolist() for one in (drawn, orders))
    with Database(threads=1) as database:  # the same customers there
        duckdb_log(LOG, database)
        duckdb_log(LOG, database).frame()
        here = draw_customers(database.rows_of, "orders", draw)
    assert chosen is not None
    assert chosen == here
    assert len(chosen.ids) == 25
    assert half == [who for who in whole if who in chosen.ids]
    check_training_set(orders, drawn, chosen.ids)


def check_training_set(orders: Orders, drawn: Orders, ids: Sequence[str]) -> None:
    """What is learned from on Spark is, to the bit, that part of what is learned from elsewhere."""
    plan = SnapshotPlan(SNAPSHOT, (SNAPSHOT.at(CUTOFF - 40),), ())
    there = build_training_set(orders, plan, drawn=drawn)
    here = build_training_set(Engine("polars", polars_log(LOG)).orders(), plan)
    for mine, theirs in zip((*there.snapshots, there.current), (*here.snapshots, here.current), strict=True):
        is_drawn = np.isin(theirs.customer_ids.astype(str), ids)
        assert mine.customer_ids.tolist() == theirs.customer_ids[is_drawn].tolist()
        np.testing.assert_array_equal(mine.values, theirs.values[is_drawn])
        if mine.churned is not None and theirs.churned is not None:
            assert mine.churned.tolist() == theirs.churned[is_drawn].tolist()
    assert there.current.summary.customers.sum() == len(ids), "all who were drawn, in the base or not"
    assert there.daily_purchases.counts.tolist() == here.daily_purchases.counts.tolist(), "of all, drawn or not"
