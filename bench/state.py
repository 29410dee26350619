"""What the state costs: reading a key, keeping an order, remembering, backing up and erasing, for a large shop.

    python bench/state.py [--customers 1000000] [--url postgresql://user@host/database]

The database that a URL names must have nothing remembered in it; what is written there stays.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from churnrisk.state import (
    ReceivedOrder,
    Run,
    State,
    StatePlace,
    add_received,
    backup_state,
    create_key,
    erase_customers,
    find_key,
    load_history,
    open_state,
    parse_place,
    remember_run,
)
from churnrisk.timeline import Snapshot

LINES = ({"ordered_at": "2026-01-05T10:00:00", "amount": "9.90"},)


def median_of(work: Callable[[int], object], count: int) -> float:
    """Median seconds of `count` calls."""
    took = []
    for k in range(count):
        start = time.perf_counter()
        work(k)
        took.append(time.perf_counter() - start)
    return sorted(took)[count // 2]


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def remember(state: State, day: int, customers: int) -> None:
    """Remember a run of so many customers."""
    rows = ((f"c{k:07d}", "scored", k / customers, "low", k) for k in range(customers))
    remember_run(state, Run(Snapshot(day, 365, 60, 0), "m", "purchases", str(day), customers), rows)


def measure(place: StatePlace, customers: int, folder: Path) -> None:
    with open_state(place) as state:
        secrets = [create_key(state, name=f"key {k}", role="reader")[1] for k in range(20)]
        print(f"a key is read in          {1e6 * median_of(lambda k: find_key(state, secrets[k % 20]), 2000):9.0f} µs")
        print(f"the version is read in    {1e6 * median_of(lambda _: state.version(), 2000):9.0f} µs")
        one = median_of(lambda k: add_received(state, [ReceivedOrder(f"a{k}", "1", LINES)]), 300)
        print(f"an order is kept in       {1e3 * one:9.2f} ms, durably")
        many = [ReceivedOrder(f"b{k}", "1", LINES) for k in range(10_000)]
        print(f"10,000 orders are kept in {timed(lambda: add_received(state, many)):9.2f} s, durably")
        for day in (20_000, 20_030):
            print(f"a run of {customers:,} takes {timed(partial(remember, state, day, customers)):9.1f} s")
        print(f"one customer's history in {1e3 * median_of(lambda k: load_history(state, f'c{k:07d}'), 200):9.2f} ms")
    print(f"a backup takes            {timed(lambda: backup_state(place, folder / 'backup.db')):9.1f} s")
    with open_state(place) as state:
        print(f"a customer is erased in   {timed(lambda: erase_customers(state, {'c0000007': None})):9.2f} s")
        print(f"and all space is clean in {timed(state.scrub):9.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--url", help="a PostgreSQL database; a SQLite file by default")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = parse_place(given.url) if given.url else Path(folder) / "state.db"
        print(f"{'PostgreSQL' if given.url else 'SQLite'}:")
        measure(place, given.customers, Path(folder))


if __name__ == "__main__":
    main()
