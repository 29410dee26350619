"""Make data/purchases.csv and data/customers.csv from the line-level log of UCI Online Retail II.

Usage: python data/make_sample.py LOG.parquet [FOLDER]

The log has one row per invoice line, with the columns customer_id, timestamp, amount, order_id, quantity
and country. The sample has one row per order. The same log always gives the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

AS_OF = "2011-12-10"  # the day after the last order of the log
LOOKBACK_DAYS = 365
CUSTOMERS_PER_KIND = {"regular": 160, "one-time": 70, "lapsed": 60, "returns only": 10}

# Money is summed as decimals: a sum of doubles would depend on the order of the lines. Eighteen lines have
# a price of three decimals, so the total of an order is rounded once, half away from zero.
ORDERS = """
    CREATE TABLE orders AS
    SELECT order_id, customer_id, min(timestamp) AS ordered_at,
           CAST(round(sum(CAST(amount AS DECIMAL(18, 4))), 2) AS DECIMAL(18, 2)) AS amount,
           CAST(sum(quantity) AS BIGINT) AS item_count,
           arg_min(country, file_row_number) AS country
    FROM read_parquet(?, file_row_number = true)
    WHERE customer_id IS NOT NULL
    GROUP BY order_id, customer_id
"""

# The kinds are the ones a score tells apart at AS_OF; within a kind the choice is a hash of the id, so that
# it follows neither the size of a customer nor the age of the account.
CHOSEN = f"""
    CREATE TABLE chosen AS
    WITH histories AS (
        SELECT customer_id,
               count(DISTINCT CAST(ordered_at AS DATE)) FILTER (amount > 0) AS purchase_day_count,
               max(CAST(ordered_at AS DATE)) FILTER (amount > 0) AS last_purchase_on
        FROM orders GROUP BY customer_id
    ), kinds AS (
        SELECT customer_id, CASE
            WHEN purchase_day_count = 0 THEN 'returns only'
            WHEN last_purchase_on < DATE '{AS_OF}' - {LOOKBACK_DAYS} THEN 'lapsed'
            WHEN purchase_day_count = 1 THEN 'one-time'
            ELSE 'regular' END AS kind
        FROM histories
    )
    SELECT customer_id, kind FROM kinds
    QUALIFY row_number() OVER (PARTITION BY kind ORDER BY md5(customer_id), customer_id)
        <= CASE kind {" ".join(f"WHEN '{kind}' THEN {n}" for kind, n in CUSTOMERS_PER_KIND.items())} END
"""  # noqa: S608 - built from the constants above only

ROWS = """
    SELECT order_id, customer_id, strftime(ordered_at, '%Y-%m-%dT%H:%M:%S') AS ordered_at,
           amount, item_count, country
    FROM orders {only} ORDER BY orders.ordered_at, order_id, customer_id
"""


def make_sample(log: Path, *, folder: Path) -> None:
    """Write both files into `folder` and print what was counted on the way."""
    con = duckdb.connect()
    lines, dropped, customers = count_lines(con, log)
    con.execute(ORDERS, [str(log)])
    con.execute(CHOSEN)
    orders = write_csv(con, ROWS.format(only=""), folder / "purchases.csv")
    chosen = write_csv(con, ROWS.format(only="SEMI JOIN chosen USING (customer_id)"), folder / "customers.csv")
    print(f"lines in the log             {lines:>9,}")
    print(f"dropped, no customer id      {dropped:>9,}")
    print(f"lines summed into orders     {lines - dropped:>9,}")
    print(f"orders in purchases.csv      {orders:>9,}  of {customers:,} customers")
    print(f"orders in customers.csv      {chosen:>9,}  of {sum(CUSTOMERS_PER_KIND.values()):,} customers")
    for kind, count in con.execute("SELECT kind, count(*) FROM chosen GROUP BY ALL ORDER BY 2 DESC").fetchall():
        print(f"    {kind:<24} {count:>9,}")


def count_lines(con: duckdb.DuckDBPyConnection, log: Path) -> tuple[int, int, int]:
    """Count the lines of the log, those without a customer id, and the customers."""
    query = "SELECT count(*), count(*) - count(customer_id), count(DISTINCT customer_id) FROM read_parquet(?)"
    [(lines, dropped, customers)] = con.execute(query, [str(log)]).fetchall()
    return lines, dropped, customers


def write_csv(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """Write the rows of `query` to `path` and return how many there were."""
    [(count,)] = con.execute(f"COPY ({query}) TO ? (FORMAT csv, HEADER true)", [str(path)]).fetchall()
    return int(count)


def main() -> int:
    """Read the command line: the log, and where to write (this script's folder when not given)."""
    if len(sys.argv) not in (2, 3) or not Path(sys.argv[1]).is_file():
        print(__doc__, file=sys.stderr)
        return 2
    make_sample(Path(sys.argv[1]), folder=Path(sys.argv[2]) if len(sys.argv) == 3 else Path(__file__).parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
