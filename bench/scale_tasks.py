"""What :mod:`bench.scale` does inside a process of its own."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HORIZON, LOOKBACK = 60, 365
ROWS = 100_000
Watched = Callable[..., Any]


def measure_features(
    log: Path, models: Path, *, memory: str | None, threads: int, with_sql: bool, watched: Watched
) -> dict[str, Any]:
    """Read a log and give the cost of each part; where the query by hand is run, it is checked to give the same."""
    from churnrisk.orders import IntakeOptions, read_orders
    from churnrisk.timeline import Snapshot

    with watched() as cost:
        orders = read_orders(str(log), IntakeOptions(memory=memory, threads=threads))
    found: dict[str, Any] = {"read": vars(cost()), "orders": orders.report.orders}
    with orders:
        snapshot = Snapshot(cutoff=orders.last_day + 1, lookback=LOOKBACK, horizon=HORIZON)
        repeats = 3 if orders.report.orders < 20_000_000 else 1
        found |= _repeat(repeats, "features", watched, lambda: _features(orders, snapshot))
        found |= _repeat(repeats, "bare", watched, lambda: _bare(orders))
        if with_sql:
            found |= _repeat(repeats, "sql", watched, lambda: _by_hand(orders, snapshot))
            found["ratio_to_sql"] = round(found["features"]["wall"] / found["sql"]["wall"], 3)
            found["ratio_to_sql_cpu"] = round(found["features"]["cpu"] / found["sql"]["cpu"], 3)
            found["equal"] = _are_equal(_by_hand(orders, snapshot), _numbers(orders, snapshot))
        else:
            found |= _predict(orders, models, watched)
    return found


def _repeat(times: int, name: str, watched: Watched, work: Callable[[], Any]) -> dict[str, Any]:
    """Do work several times and give medians."""
    costs = []
    for _ in range(times):
        with watched() as cost:
            work()
        costs.append(vars(cost()))
    return {name: {what: statistics.median(cost[what] for cost in costs) for what in costs[0]}}


def _features(orders: Any, snapshot: Any) -> int:
    """Compute the whole catalogue in batches, as scoring does."""
    from churnrisk.features import iterate_features

    batches = iterate_features(orders, snapshot, rows=ROWS, database=orders.database)
    return sum(len(batch.customer_ids) for batch in batches)


def _numbers(orders: Any, snapshot: Any) -> dict[str, np.ndarray]:
    """Run our query in one piece, to compare what comes out of it."""
    from churnrisk.features import lazy_features

    query = lazy_features(orders, snapshot).sort("customer_id")
    return orders.database.run(orders.database.write_query(query))  # type: ignore[no-any-return]


def _by_hand(orders: Any, snapshot: Any) -> dict[str, np.ndarray]:
    from bench.scale_sql import features_sql

    text = features_sql(snapshot.cutoff, lookback=snapshot.lookback, horizon=snapshot.horizon)
    return orders.database.run(text)  # type: ignore[no-any-return]


def _bare(orders: Any) -> None:
    from bench.scale_sql import BARE

    orders.database.connection.execute(f"CREATE OR REPLACE TEMP TABLE bare AS {BARE}")


def _are_equal(hand: dict[str, np.ndarray], ours: dict[str, np.ndarray]) -> bool:
    if set(hand) != set(ours):
        raise SystemExit(f"columns differ: {sorted(set(hand) ^ set(ours))}")
    for name, values in ours.items():
        if name == "customer_id":
            same = values.tolist() == hand[name].tolist()
        else:
            same = np.array_equal(values.astype(float), hand[name].astype(float), equal_nan=True)
        if not same:
            raise SystemExit(f"{name} differs between the query by hand and ours")
    return True


def _predict(orders: Any, models: Path, watched: Watched) -> dict[str, Any]:
    """Return the cost of the prediction alone, on one thread, over everybody in the base."""
    from churnrisk.features import iterate_features
    from churnrisk.workflows import load

    model = load(models_dir=models).model
    snapshot = model.snapshot.at(orders.last_day + 1)
    total, cpu, peak, rows = 0.0, 0.0, 0.0, 0
    for batch in iterate_features(orders, snapshot, rows=ROWS, names=model.names, database=orders.database):
        with watched() as cost:
            model.predict(batch.values)
        total, cpu, peak = total + cost().wall, cpu + cost().cpu, max(peak, cost().peak_mb)
        rows += len(batch.values)
    return {"predict": {"wall": round(total, 3), "cpu": round(cpu, 3), "peak_mb": peak}, "predicted": rows}


def measure_pandas(log: Path, *, watched: Watched) -> dict[str, Any]:
    """Return the cost of a few simple features in pandas: counts, sums, last days and gaps."""
    import duckdb
    import pandas as pd

    with watched() as cost:
        query = (
            f"SELECT customer_id, ordered_at - DATE '1970-01-01' AS day, CAST(amount AS DOUBLE) AS amount FROM '{log}'"
        )
        frame = duckdb.connect().execute(query).df()
    found = {"read": vars(cost())}
    with watched() as cost:
        cutoff = int(frame["day"].max()) + 1
        frame = frame.sort_values(["customer_id", "day"], kind="stable")
        frame["gap"] = frame.groupby("customer_id", sort=False)["day"].diff()
        by = frame.groupby("customer_id", sort=True)
        table = by.agg(n=("day", "size"), last=("day", "max"), first=("day", "min"), total=("amount", "sum"))
        table["mean_gap"], table["median_gap"] = by["gap"].mean(), by["gap"].median()
        for days in (30, 90, 365):
            recent = frame[frame["day"] >= cutoff - days].groupby("customer_id")
            counted = pd.DataFrame({"n": recent.size(), "total": recent["amount"].sum()})
            table[[f"n{days}", f"total{days}"]] = counted.reindex(table.index, fill_value=0)
    return found | {"simple": vars(cost())}
