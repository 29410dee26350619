"""Intake of a clean CSV of 20 million rows, against the time DuckDB itself needs to read, cast and write it.

Usage: python bench/intake.py [ROWS]

The yardstick reads the same file as text, casts it in SQL and writes Parquet. Each runs in a process of its own, on
the same machine, one after the other; memory is the largest resident size of the process.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

MAKE = """COPY (SELECT 'K' || hash(i) % 2000000 AS customer_id, 'O' || i AS order_id,
    strftime(TIMESTAMP '2022-01-01' + to_seconds(CAST(hash(i * 7) % 94608000 AS BIGINT)), '%Y-%m-%d %H:%M:%S')
        AS ordered_at,
    CAST(hash(i * 3) % 100000 / 100.0 AS DECIMAL(18, 2)) AS amount, hash(i * 11) % 9 + 1 AS quantity
    FROM range({rows}) t(i)) TO '{path}' (HEADER)"""

CAST = """COPY (SELECT customer_id, order_id, CAST(ordered_at AS TIMESTAMP) AS ordered_at,
    CAST(amount AS DECIMAL(18, 4)) AS amount, CAST(quantity AS INTEGER) AS quantity
    FROM read_csv('{path}', all_varchar = true, header = true, delim = ',')) TO '{path}.parquet' (FORMAT parquet)"""


def run_yardstick(path: str) -> None:
    """Read as text, cast in SQL, write Parquet."""
    duckdb.execute(CAST.format(path=path))


def run_intake(path: str) -> None:
    """Read the orders and their account."""
    from churnrisk.orders import read_orders

    with read_orders(path) as orders:
        print(f"    {orders.report.rows_used:,} rows, {orders.report.orders:,} orders")


def measure(what: str, path: str) -> tuple[float, float]:
    """Run a part in a process of its own; give seconds and MiB."""
    started = time.monotonic()
    subprocess.run([sys.executable, __file__, what, path], check=True)
    return time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> int:
    """Make the file, measure both, print the ratio."""
    if sys.argv[1:2] in (["yardstick"], ["intake"]):
        {"yardstick": run_yardstick, "intake": run_intake}[sys.argv[1]](sys.argv[2])
        print(f"    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB at most")
        return 0
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "purchases.csv")
        duckdb.execute(MAKE.format(rows=rows, path=path))
        print(f"{rows:,} rows, {Path(path).stat().st_size / 1e9:.2f} GB")
        times = {what: measure(what, path)[0] for what in ("yardstick", "intake")}
        for what, seconds in times.items():
            print(f"{what:<10} {seconds:6.1f} s")
        print(f"ratio      {times['intake'] / times['yardstick']:6.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
