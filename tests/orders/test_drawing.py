"""A draw of customers: the smallest digests of each stratum, whatever the engine, the threads and the order of rows."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from churnrisk.dataset import build_training_set
from churnrisk.orders import Draw, IntakeOptions, Orders, read_orders
from churnrisk.orders.drawing import allot
from churnrisk.timeline import Snapshot, SnapshotPlan

BEFORE, LOOKBACK = 18_600, 100
Row = tuple[str, int, int]


def some_rows(seed: int) -> list[Row]:
    """Customers, days and amounts: most buy once, some often; some only return, or come after the last known day."""
    chance = np.random.default_rng(seed)
    counts = np.minimum(chance.geometric(0.4, 400) ** 2, 70)
    who = np.repeat(np.arange(400), counts)
    days = BEFORE - chance.integers(1, 400, len(who))
    rows = [(f"żuk {number:03d}'", int(day), 5) for number, day in zip(who, days, strict=True)]
    return [*rows, ("returns only", BEFORE - 3, -5), ("too late", BEFORE, 5), ("żuk 000'", BEFORE + 1, 5)]


def write_log(path: Path, rows: Sequence[Row]) -> Path:
    days = np.array([day for _, day, _ in rows]).astype("datetime64[D]").astype(str)
    lines = [
        f"{who},{number},{day},{cost}" for number, ((who, _, cost), day) in enumerate(zip(rows, days, strict=True))
    ]
    path.write_text("\n".join(["customer_id,order_id,date,amount", *lines]), encoding="utf-8")
    return path


def expected_draw(rows: Sequence[Row], draw: Draw) -> list[str]:
    """Draw in plain Python."""
    days = defaultdict(list)
    for who, day, cost in rows:
        if cost > 0 and day < draw.before:
            days[who].append(day)
    strata = defaultdict(list)
    for who, bought in days.items():
        level = sum(len(bought) >= least for least in (2, 3, 5, 10, 20, 50))
        digest = hashlib.md5(f"{draw.seed}:{who}".encode()).hexdigest()
        strata[level + 10 * (max(bought) >= draw.before - draw.lookback)].append((digest, who))
    wanted = allot(draw.most, {stratum: len(strata[stratum]) for stratum in sorted(strata)})
    return sorted(who for stratum, some in strata.items() for _, who in sorted(some)[: wanted[stratum]])


@pytest.mark.parametrize(("engine", "threads"), [("duckdb", 1), ("duckdb", 3), ("polars", 2)])
def test_the_smallest_digests_of_each_stratum(engine: str, threads: int, tmp_path: Path) -> None:
    rows = some_rows(seed=8)
    places = np.random.default_rng(threads).permutation(len(rows))
    path = write_log(tmp_path / "log.csv", [rows[place] for place in places])
    with read_orders(path, IntakeOptions(engine=engine, threads=threads)) as orders:
        for most, seed in ((30, 0), (150, 0), (150, 1)):
            draw = Draw(most, before=BEFORE, lookback=LOOKBACK, seed=seed)
            drawn, chosen = orders.draw(draw)
            assert chosen is not None
            assert list(chosen.ids) == expected_draw(rows, draw)
            assert (len(chosen.ids), chosen.customers) == (most, 400)
            check_orders(orders, drawn, chosen.ids)


def check_orders(orders: Orders, drawn: Orders, ids: Sequence[str]) -> None:
    """All features of the drawn, and what is counted over the whole log, are what they are without a draw."""
    plan = SnapshotPlan(Snapshot(BEFORE, lookback=LOOKBACK, horizon=30), (), ())
    names = ["order_count", "median_gap_days", "days_since_last_order"]
    whole = build_training_set(orders, plan, names=names, database=orders.database)
    part = build_training_set(orders, plan, names=names, database=orders.database, drawn=drawn)
    is_drawn = np.isin(whole.current.customer_ids.astype(str), list(ids))
    assert part.current.customer_ids.tolist() == whole.current.customer_ids[is_drawn].tolist()
    np.testing.assert_array_equal(part.current.values, whole.current.values[is_drawn])
    np.testing.assert_array_equal(part.daily_purchases.counts, whole.daily_purchases.counts)
    assert whole.current.summary.customers.sum() == 400
    assert part.current.summary.customers.sum() == len(ids)


@pytest.mark.parametrize("most", [0, 400, 1000])
def test_where_all_are_learned_from_nothing_is_drawn(most: int, tmp_path: Path) -> None:
    with read_orders(write_log(tmp_path / "log.csv", some_rows(seed=8))) as orders:
        drawn, chosen = orders.draw(Draw(most, before=BEFORE, lookback=LOOKBACK, seed=0))
        assert drawn is orders
        assert chosen is None


def test_shares_are_equal_but_for_rounding() -> None:
    chance = np.random.default_rng(5)
    for _ in range(200):
        sizes = {stratum: int(size) for stratum, size in enumerate(chance.integers(1, 1000, 12))}
        most = int(chance.integers(1, sum(sizes.values())))
        wanted = allot(most, sizes)
        assert sum(wanted.values()) == most
        assert all(abs(wanted[one] - most * size / sum(sizes.values())) < 1 for one, size in sizes.items())
        assert Counter(wanted).keys() == sizes.keys()
