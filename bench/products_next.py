"""How much the lists of next products cost: an invented log with products through ``churnrisk products next``.

    python bench/products_next.py [--lines 20_000_000] [--customers 1_000_000] [--folder DIR] [--memory 2GB]
        [--threads 2]

Most purchases are of one of six favourites of a customer, the others of any of 5,000 products, a few of which are
bought by many. The log is kept in the folder. The command has a process of its own whose memory is looked at every
20 ms.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.scale import watched

ROOT = Path(__file__).parents[1]
PRODUCTS, DAYS, PER_ORDER = 5_000, 730, 3


def make_log(path: Path, lines: int, customers: int, *, threads: int, memory: str) -> None:
    """Invent a log straight into Parquet, sorted by day."""
    import duckdb

    chance = "((hash({}) >> 11) / 9007199254740992.0)".format
    config: dict[str, Any] = {"threads": threads, "memory_limit": memory, "temp_directory": str(path.parent / "spill")}
    mean = lines / customers / PER_ORDER
    with duckdb.connect(config={**config, "preserve_insertion_order": False}) as connection:
        connection.execute(f"""
            COPY (
                WITH shop AS (SELECT range AS id, 1 + CAST(floor(-ln(1 - {chance("range * 8 + 1")}) * {mean - 0.5})
                    AS INTEGER) AS n, CAST(floor({DAYS - 30} * {chance("range * 8 + 2")}) AS INTEGER) AS joined
                    FROM range({customers})),
                orders AS (SELECT id, joined, unnest(range(n)) AS k FROM shop),
                lines AS (SELECT *, joined + CAST(floor(({DAYS} - joined) * {chance("id * 4096 + k")}) AS INTEGER)
                    AS day, unnest(range({PER_ORDER})) AS line FROM orders),
                choices AS (SELECT *, CASE WHEN {chance("(id * 4096 + k) * 16 + line")} < 0.7
                    THEN hash(id * 64 + CAST(floor(6 * {chance("(id * 4096 + k) * 16 + line + 8")}) AS INTEGER))
                    ELSE hash((id * 4096 + k) * 16 + line + 4) END AS choice FROM lines)
                SELECT 'c' || lpad(CAST(id AS VARCHAR), 9, '0') AS customer_id, id || '-' || k AS order_id,
                    DATE '2023-01-01' + day AS ordered_at, CAST(1 + choice % 50 AS DECIMAL(12, 2)) AS amount,
                    'p' || lpad(CAST(CAST(floor({PRODUCTS} * power((choice >> 11) / 9007199254740992.0, 3))
                    AS INTEGER) AS VARCHAR), 6, '0') AS product_id
                FROM choices ORDER BY day, hash(id * 4096 + k), line
            ) TO '{path}.part' (FORMAT parquet, ROW_GROUP_SIZE 120000)""")
    Path(f"{path}.part").rename(path)


def main() -> None:
    """Make the log where it is missing, and measure the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=20_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "churnrisk-products")
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    log = options.folder / f"lines-{options.lines}-{options.customers}.parquet"
    if not log.exists():
        make_log(log, options.lines, options.customers, threads=options.threads, memory=options.memory)
    output = options.folder / "next.csv"
    command = [sys.executable, "-m", "churnrisk", "products", "next", str(log), "--output", str(output)]
    limits = ["--memory", options.memory, "--threads", str(options.threads)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(options.threads)}
    process = subprocess.Popen([*command, *limits], env=environment, cwd=options.folder)
    with watched(process.pid) as cost:
        code = process.wait()
    spent = cost()
    with output.open("rb") as file:
        rows = sum(1 for _ in file) - 1
    print(
        f"{options.lines:,} lines, {options.customers:,} customers: exit code {code}, {rows:,} rows, "
        f"{spent.wall:.0f} s ({spent.cpu:.0f} s of processors), at most {spent.peak_mb:,.0f} MB"
    )


if __name__ == "__main__":
    main()
