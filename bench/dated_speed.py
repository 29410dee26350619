"""Time the features of a table beside the purchases against the same aggregates written in SQL by hand.

    python bench/dated_speed.py --rows 10000000

Rows are drawn: half a million customers, two years, three kinds, half of them ended. Processor time of the process.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import narwhals as nw
import numpy as np

from churnrisk.dated import DatedTable, TablesBeside
from churnrisk.engines import Database
from churnrisk.features import beside_names
from churnrisk.features.beside import beside_columns
from churnrisk.timeline import Snapshot

CUTOFF = 20_000
WINDOWS = (7, 30, 90, 365)


class Log:
    """Purchases in a database, with a table beside them."""

    def __init__(self, database: Database, table: DatedTable) -> None:
        self.database, self.beside = database, TablesBeside(tables={table.name: table})

    def frame(self) -> nw.LazyFrame[Any]:
        """Return the orders."""
        return self.database.frame("orders")


def make(database: Database, rows: int, customers: int) -> None:
    """Draw orders and rows of a table."""
    who = f"'c' || lpad(CAST(hash(i) % {customers} AS VARCHAR), 7, '0')"
    day = f"CAST({CUTOFF} - 730 + hash(i + 1) % 730 AS BIGINT)"
    ended = "CASE WHEN hash(i + 2) % 2 = 0 THEN happened_day + CAST(hash(i + 3) % 40 AS BIGINT) END"
    drawn = f"SELECT i, {who} AS customer_id, {day} AS happened_day FROM range({rows}) AS r(i)"
    database.connection.execute(
        f"CREATE TABLE dated_t AS SELECT customer_id, happened_day, happened_day AS known_day, {ended} AS ended_day, "
        "['late', 'lost', 'whole'][1 + CAST(hash(i + 4) % 3 AS INT)] AS kind, "
        "CAST(hash(i + 5) % 100000 AS BIGINT) AS value, "
        f"happened_day AS value_day FROM ({drawn})"
    )
    database.connection.execute(
        "CREATE TABLE orders AS SELECT customer_id, happened_day - 3 AS order_day, 1 AS is_purchase, "
        "CAST(999999999 AS BIGINT) AS undone_day FROM dated_t USING SAMPLE 10 PERCENT (bernoulli, 1)"
    )


def by_hand() -> str:
    """Return the aggregates as somebody would write them."""
    past, known = f"happened_day < {CUTOFF}", f"ended_day < {CUTOFF}"
    columns = [f"count(*) FILTER ({past} AND happened_day >= {CUTOFF - days})" for days in (*WINDOWS, 180)]
    columns += [f"count(*) FILTER ({past})", f"count(*) FILTER (NOT {past})"]
    columns += [f"{one}(happened_day) FILTER ({past})" for one in ("min", "max")]
    columns += [f"count(DISTINCT happened_day) FILTER ({past})", f"count(*) FILTER ({past} AND happened_day > bought)"]
    columns += [f"{f} FILTER ({past} AND ({known}) IS NOT TRUE)" for f in ("count(*)", "min(happened_day)")]
    columns += [f"{f} FILTER ({past} AND {known})" for f in ("count(*)", "sum(ended_day - happened_day)")]
    columns += [f"{f} FILTER ({past})" for f in ("count(value)", "sum(value)", "max_by(value, (happened_day, value))")]
    columns += [f"{f} FILTER ({past} AND happened_day >= {CUTOFF - 90})" for f in ("count(value)", "sum(value)")]
    for kind in ("late", "lost", "whole"):
        of = f"{past} AND kind = '{kind}'"
        columns += [f"count(*) FILTER ({of} AND happened_day >= {CUTOFF - days})" for days in (30, 365)]
        columns += [f"max(happened_day) FILTER ({of})", f"count(*) FILTER ({of} AND ({known}) IS NOT TRUE)"]
    bought = f"SELECT customer_id, max(order_day) AS bought FROM orders WHERE order_day < {CUTOFF} GROUP BY ALL"
    return (
        f"SELECT customer_id, {', '.join(columns)} FROM dated_t JOIN ({bought}) USING (customer_id) "
        f"WHERE known_day < {CUTOFF} GROUP BY customer_id ORDER BY customer_id"
    )


def main() -> None:
    """Print both times, and the most memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=500_000)
    asked = parser.parse_args()
    with Database() as database:
        make(database, asked.rows, asked.customers)
        table = DatedTable(
            name="t", family="events", frame=lambda: database.frame("dated_t"), has_ends=True, has_kinds=True,
            has_values=True, first_day=CUTOFF - 730, last_day=CUTOFF,
        )  # fmt: skip
        log = Log(database, table)
        ids = np.array([row[0] for row in database.rows_of("SELECT DISTINCT customer_id FROM orders ORDER BY 1")])
        names, snapshot = beside_names(log, CUTOFF), Snapshot(CUTOFF, lookback=365, horizon=30)
        runs: dict[str, Callable[[], object]] = {
            "by hand": lambda: database.connection.execute(by_hand()).fetchnumpy(),
            "features": lambda: beside_columns(log, snapshot, ids.astype(object), names),
        }
        for name, run in runs.items():
            start, clock = time.process_time(), time.perf_counter()
            run()
            print(f"{name}: {time.process_time() - start:.1f} s of processor time, {time.perf_counter() - clock:.1f} s")
        print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
