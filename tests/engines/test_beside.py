"""Features of tables beside the purchases are the same on Spark as on Polars, to the bit."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import Any

import narwhals as nw

from churnrisk.dated import TablesBeside
from churnrisk.features import beside_names, customer_features
from churnrisk.timeline import Snapshot
from support.beside import beside_of, seeded_held, seeded_rows
from support.logs import CUTOFF, polars_log, seeded_log, spark_log

SNAPSHOT = Snapshot(CUTOFF, lookback=365, horizon=30)
EVENTS = "customer_id string, happened_day bigint, known_day bigint, ended_day bigint, kind string, value bigint"
HELD = "customer_id string, valid_day bigint, channel string, points bigint, joined bigint"


def test_spark_agrees_on_tables(spark: Any) -> None:
    plain, rows, held = seeded_log(seed=3, rows=200), seeded_rows(seed=5, count=300), seeded_held(seed=6)
    log, other = polars_log(plain), spark_log(plain, spark)
    beside = beside_of(rows, held)
    events = nw.from_native(spark.createDataFrame([astuple(row) for row in rows], f"{EVENTS}, value_day bigint"))
    members = nw.from_native(spark.createDataFrame([astuple(row) for row in held], HELD))
    on_spark = TablesBeside(
        tables={"tickets": replace(beside.tables["tickets"], frame=lambda: events)},
        attributes={"members": replace(beside.attributes["members"], frame=lambda: members)},
    )
    log.beside, other.beside = beside, on_spark  # type: ignore[attr-defined]
    names = beside_names(log, CUTOFF)
    assert beside_names(other, CUTOFF) == names
    found = [customer_features(one, SNAPSHOT, names=names) for one in (log, other)]
    assert found[1].values.tobytes() == found[0].values.tobytes()
