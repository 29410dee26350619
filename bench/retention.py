"""Measure the metrics table against one aggregate by customer and month in DuckDB, on the same 20 million purchases.

    python bench/retention.py [--purchases 20000000] [--customers 1000000] [--repeat 3]

Both read the same table of orders in the same database. Printed are wall and processor seconds, and the ratio of the
best runs; the promise is a ratio of 4 at most, for all figures of 24 months.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

from churnrisk.engines import Database
from churnrisk.orders import Orders
from churnrisk.retention import measure_retention
from churnrisk.timeline import parse_day

FIRST, LAST = (parse_day(text, option="bench") for text in ("2022-01-01", "2025-12-31"))

# Customers differ in rate (a few buy most) and in the stretch of time in which they buy.
MAKE = """
CREATE TABLE orders AS
WITH draws AS (
    SELECT number,
        CAST(floor({customers} * pow((hash(number) % 1000003) / 1000003.0, 2)) AS BIGINT) AS who,
        (hash(number * 3 + 1) % 1000003) / 1000003.0 AS moment,
        (hash(number * 7 + 5) % 100000) AS cents
    FROM range({purchases}) AS t(number)
)
SELECT 'C' || lpad(CAST(who AS VARCHAR), 8, '0') AS customer_id, CAST(number AS VARCHAR) AS order_id,
    CAST({first} + floor({span} * least(0.999, (hash(who) % 1009) / 1009.0 * 0.6 + moment * 0.4)) AS BIGINT)
        AS order_day,
    CAST(CASE WHEN cents % 20 = 0 THEN -100 ELSE 100 END * (cents + 100) AS BIGINT) AS amount,
    CAST(0 AS BIGINT) AS returned_amount, CAST(10000 AS BIGINT) AS quantity, CAST(1 AS BIGINT) AS line_count,
    CAST(cents % 20 <> 0 AS BIGINT) AS is_purchase, CAST(cents % 20 = 0 AS BIGINT) AS is_return,
    CAST(2147483647 AS BIGINT) AS undone_day
FROM draws
"""
AGGREGATE = """
SELECT count(*), sum(n), sum(total) FROM (
    SELECT customer_id, month, count(*) AS n, sum(amount) AS total FROM (
        SELECT customer_id, amount, date_trunc('month', DATE '1970-01-01' + CAST(order_day AS INTEGER)) AS month
        FROM orders
    ) GROUP BY customer_id, month
)
"""


def time_best(run: Callable[[], object], repeat: int) -> tuple[float, float]:
    """Return the least wall and processor seconds of some runs."""
    times = []
    for _ in range(repeat):
        usage, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        run()
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = used.ru_utime + used.ru_stime - usage.ru_utime - usage.ru_stime
        times.append((time.perf_counter() - started, seconds))
    return min(wall for wall, _ in times), min(seconds for _, seconds in times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--purchases", type=int, default=20_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with Database() as database:
        span = LAST - FIRST + 1
        numbers = {"purchases": options.purchases, "customers": options.customers, "first": FIRST, "span": span}
        database.connection.execute(MAKE.format(**numbers)).fetchall()
        orders = Orders(database, None, first_day=FIRST, last_day=LAST, has_amounts=True)
        stop = LAST + 1
        start = parse_day("2024-01-01", option="bench")
        aggregate = time_best(lambda: database.connection.execute(AGGREGATE).fetchall(), options.repeat)
        print(f"aggregate by customer and month: {aggregate[0]:6.2f} s wall, {aggregate[1]:6.2f} s processor")
        metrics = time_best(lambda: measure_retention(orders, "month", start=start, stop=stop), options.repeat)
        print(f"metrics, 24 months:              {metrics[0]:6.2f} s wall, {metrics[1]:6.2f} s processor")
        print(f"ratio: {metrics[0] / aggregate[0]:.2f} wall, {metrics[1] / aggregate[1]:.2f} processor")
        print(f"memory at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
