"""Measure the comparison of first products on shuffled logs, and the cost of due dates.

    python bench/products.py first LOG [LOG ...] [--unit product] [--horizon 90] [--burn-in 60] [--shuffles 200]
    python bench/products.py cost [--lines 20000000] [--customers 1000000] [--products 20000] [--form csv|parquet]

``first``: who came back is shuffled within the strata of month and basket size, so that no product matters; counted
are the shuffles with any finding, of which about one in ten is promised. Then a loss of 20 points is planted in ten
products of 100 first buyers or more, and counted is how many of them are found.

``cost``: due dates of a made log, from the file to the list, against one aggregate by customer and product in DuckDB
over the same file, in processes of their own with two threads; read anew, and from the copy that a reading keeps. The
promise is three times its processor seconds at most.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy import sparse

from churnrisk.engines import Database, quote_text
from churnrisk.orders import IntakeOptions, KeepIn, read_orders
from churnrisk.products import forecast_due, read_pair_days
from churnrisk.products.first import FirstBaskets, find_first_baskets, let_through, p_value, score_within_strata
from churnrisk.tables import write_tables

LOSS, PLANTED, LEAST = 0.20, 10, 100

# A customer has favourites, and buys other things now and then.
MAKE = """
COPY (
    WITH draws AS (
        SELECT number, CAST(floor({customers} * pow((hash(number) % 1000003) / 1000003.0, 2)) AS BIGINT) AS who,
            hash(number * 3 + 1) % 1095 AS day, hash(number * 7 + 5) AS other
        FROM range({lines}) AS t(number)
    ), bought AS (
        SELECT *, CASE WHEN other % 10 < 8 THEN hash(who * 31 + other // 10 % 5) ELSE other END % {products} AS product,
            1 + other // 100 % 3 AS pieces
        FROM draws
    )
    SELECT 'C' || lpad(CAST(who AS VARCHAR), 8, '0') AS customer_id,
        DATE '2022-01-01' + CAST(day AS INTEGER) AS ordered_at, 'O' || CAST(who * 1095 + day AS VARCHAR) AS order_id,
        'P' || CAST(product AS VARCHAR) AS product_id,
        CAST(pieces * (1 + hash(product) % 5000) AS DECIMAL(18, 2)) / 100 AS amount, pieces AS quantity
    FROM bought
) TO {file} (FORMAT {form})
"""
AGGREGATE = """
SELECT count(*), sum(n), max(last) FROM (
    SELECT customer_id, product_id, count(*) AS n, max(ordered_at) AS last FROM {file}
    GROUP BY customer_id, product_id
)
"""


def measure_first(path: str, args: argparse.Namespace) -> None:
    """Print findings on the log itself, on shuffles, and of planted losses."""
    with read_orders(path, IntakeOptions(products=True)) as orders:
        pairs = read_pair_days(orders, orders.last_day + 1, unit=args.unit)
    first = find_first_baskets(pairs, horizon=args.horizon, burn_in=args.burn_in)
    buyers = np.asarray(first.baskets.sum(axis=0)).ravel()
    items = np.flatnonzero(buyers >= 30)
    baskets = sparse.csr_matrix(first.baskets[:, items])
    draw = np.random.default_rng(0)
    own = find(baskets, first, first.came_back.astype(float)[:, None])[:, 0]
    shuffled = np.column_stack([shuffle(first, draw) for _ in range(args.shuffles)])
    any_found = find(baskets, first, shuffled).any(axis=0).mean()
    many = np.flatnonzero(buyers[items] >= LEAST)
    seen = []
    for column in shuffled.T[: args.plants] if len(many) >= PLANTED else []:
        chosen = draw.choice(many, PLANTED, replace=False)
        has = np.asarray(baskets[:, chosen].sum(axis=1)).ravel() > 0
        lost = has & (column == 1) & (draw.random(len(column)) < LOSS / first.came_back.mean())
        seen.append(find(baskets, first, np.where(lost, 0.0, column)[:, None])[chosen, 0].mean())
    found = f"{np.mean(seen):.2f} of planted losses found" if seen else "too few products to plant losses in"
    print(
        f"{path} ({args.unit}): {len(first.customer)} first baskets, {len(items)} items compared, {own.sum()} differ; "
        f"{any_found:.1%} of {args.shuffles} shuffles have a finding; {found}"
    )


def find(baskets: sparse.csr_matrix, first: FirstBaskets, came_back: np.ndarray) -> np.ndarray:
    """Tell by item and column what is told apart."""
    z, _, _ = score_within_strata(baskets, came_back, first.stratum)
    return np.column_stack([let_through(p_value(column)) for column in z.T])


def shuffle(first: FirstBaskets, draw: np.random.Generator) -> np.ndarray:
    """Return who came back, shuffled within the strata."""
    order = np.lexsort((draw.random(len(first.stratum)), first.stratum))
    plain = np.argsort(first.stratum, kind="stable")
    came_back = np.empty(len(order))
    came_back[plain] = first.came_back[order]
    return came_back


def measure_cost(args: argparse.Namespace) -> None:
    """Print processor seconds and memory of due dates, and of the aggregate."""
    with tempfile.TemporaryDirectory(prefix="churnrisk-bench-") as folder:
        file = Path(folder) / f"log.{args.form}"
        with Database(threads=2, memory="2GB") as database:
            sizes = {name: getattr(args, name) for name in ("lines", "customers", "products", "form")}
            database.connection.execute(MAKE.format(file=quote_text(str(file)), **sizes))
        spent = {}
        for what in ("aggregate", "due", "due again"):
            command = [sys.executable, __file__, what.split()[0], str(file)]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            print(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent[what] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            ratio = spent[what] / spent["aggregate"]
            print(f"{what}: {spent[what]:.1f} processor seconds, start included; {ratio:.1f} aggregates", flush=True)


def run_aggregate(file: Path) -> None:
    """Aggregate once."""
    with Database(threads=2, memory="2GB") as database:
        print(database.rows_of(AGGREGATE.format(file=quote_text(str(file)))))


def run_due(file: Path) -> None:
    """Make the list once, and write it."""
    kept = KeepIn(folder=file.parent / "kept", least=0)
    with read_orders(file, IntakeOptions(products=True, threads=2, keep=kept)) as orders:
        due = forecast_due(orders)
    kinds: dict[str, str] = {}
    write_tables(due.tables(), file.with_suffix(".due.csv"), kinds=kinds, holds=None)  # type: ignore[arg-type]
    print(f"{len(due)} rows, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    first = commands.add_parser("first")
    first.add_argument("logs", nargs="+")
    first.add_argument("--unit", default="product")
    first.add_argument("--horizon", type=int)
    first.add_argument("--burn-in", type=int)
    first.add_argument("--shuffles", type=int, default=200)
    first.add_argument("--plants", type=int, default=40)
    cost = commands.add_parser("cost")
    for name, number in (("lines", 20_000_000), ("customers", 1_000_000), ("products", 20_000)):
        cost.add_argument(f"--{name}", type=int, default=number)
    cost.add_argument("--form", choices=("csv", "parquet"), default="csv")
    for name in ("aggregate", "due"):
        commands.add_parser(name).add_argument("file", type=Path)
    args = parser.parse_args()
    if args.command == "first":
        for log in args.logs:
            measure_first(log, args)
    elif args.command == "cost":
        measure_cost(args)
    else:
        (run_aggregate if args.command == "aggregate" else run_due)(args.file)


if __name__ == "__main__":
    main()
