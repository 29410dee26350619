"""Intake of a clean CSV of 20 million rows, against the time DuckDB itself needs to read it and write it as Parquet.

Usage: python bench/intake.py [ROWS]

The yardstick is DuckDB's bare copy, with types that it finds by itself. Each runs in a process of its own, on the same
machine, one after the other, with all that it imports; processor time is that of the process, and memory the largest
resident size.
"""

from __future__ import annotations

import os
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

COPY = "COPY (SELECT * FROM read_csv('{path}')) TO '{path}.parquet' (FORMAT parquet)"


def run_yardstick(path: str) -> None:
    """Copy the file as it is."""
    duckdb.execute(COPY.format(path=path))


def run_intake(path: str) -> None:
    """Read the orders and their account."""
    from churnrisk.orders import read_orders

    with read_orders(path) as orders:
        print(f"    {orders.report.rows_used:,} rows, {orders.report.orders:,} orders")


def measure(what: str, path: str) -> tuple[float, float, float]:
    """Run a part in a process of its own; give seconds by the clock, processor seconds, and MiB."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, __file__, what, path])
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{what} failed")
    return time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> int:
    """Make the file, measure both, print the ratios."""
    if sys.argv[1:2] in (["yardstick"], ["intake"]):
        {"yardstick": run_yardstick, "intake": run_intake}[sys.argv[1]](sys.argv[2])
        return 0
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "purchases.csv")
        duckdb.execute(MAKE.format(rows=rows, path=path))
        print(f"{rows:,} rows, {Path(path).stat().st_size / 1e9:.2f} GB")
        found = {what: measure(what, path) for what in ("yardstick", "intake")}
        for what, (clock, processor, memory) in found.items():
            print(
                f"{what:<10} {processor:6.1f} s of processors, {clock:6.1f} s by the clock, {memory:,.0f} MiB at most"
            )
        ratios = [found["intake"][place] / found["yardstick"][place] for place in (1, 0)]
        print(f"ratio      {ratios[0]:6.2f} by processor time, {ratios[1]:.2f} by the clock")
    return 0


if __name__ == "__main__":
    sys.exit(main())
