"""How much a model gains from more customers: what `train_customers` is set by.

    python bench/learning_curve.py [--log PURCHASES --horizon DAYS] [--customers 80000] [--sizes 2500,5000,...]

Without `--log` a shop is simulated. A model is fitted on so many customers, drawn at random, and tested on all
customers of a later snapshot, whoever they are. What counts the shop as a whole is counted over all in any case.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

FIRST_DAY, DAYS, HORIZON = 14_000, 900, 60


@contextmanager
def open_log(path: str | None, customers: int) -> Iterator[Any]:
    """Read a log, or simulate one."""
    from churnrisk.orders import Orders, read_orders

    if path is not None:
        with read_orders(path) as orders:
            yield orders
        return
    import polars as pl

    from churnrisk.simulate import simulate_purchases

    log = simulate_purchases(customers, first_day=FIRST_DAY, days=DAYS, seed=1)
    table = {name: values.tolist() if values.dtype == object else values for name, values in log.orders.items()}
    yield Orders.from_frame(pl.DataFrame(table).lazy())


def measure_curve(orders: Any, sizes: list[int], *, horizon: int, snapshots: int, seeds: int) -> None:
    """Print AUC and log loss for each number of customers."""
    from churnrisk.dataset import build_training_set
    from churnrisk.labels import label_churn
    from churnrisk.timeline import Snapshot, plan_snapshots

    test = Snapshot(orders.last_day + 1 - horizon, lookback=365, horizon=horizon)
    plan = plan_snapshots(orders.first_day, test, count=snapshots)
    data = build_training_set(orders, plan, database=orders.database)
    _, churned = label_churn(orders, test)
    everybody = np.unique(np.concatenate([one.customer_ids for one in (*data.snapshots, data.current)]))
    base = len(churned)
    print(f"{len(everybody):,} customers in a base, {base:,} in that of the test, {len(data.snapshots)} snapshots")
    print("| customers drawn | rows learned from | AUC | log loss | mean forecast | churned | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for size in [*(one for one in sizes if one < len(everybody)), len(everybody)]:
        found = [_fit(data, churned, everybody, size, seed) for seed in range(seeds if size < len(everybody) else 1)]
        rows, auc, loss, mean, cpu = np.mean(found, axis=0)
        print(
            f"| {size:,} | {rows:,.0f} | {auc:.4f} | {loss:.4f} | {mean:.4f} | {churned.mean():.4f} | {cpu:.0f} |",
            flush=True,
        )


def _fit(data: Any, churned: Any, everybody: Any, size: int, seed: int) -> tuple[float, ...]:
    from sklearn.metrics import log_loss, roc_auc_score

    from churnrisk.learning.estimators import fit_learner

    left_out = frozenset(np.random.default_rng(seed).permutation(everybody)[size:])
    fewer = data.without(left_out)
    begun = time.process_time()
    learner = fit_learner(fewer, seed=seed)
    cpu = time.process_time() - begun
    probability = 1 / (1 + np.exp(-learner.log_odds(data.current.values)))
    rows = sum(len(one.customer_ids) for one in fewer.snapshots)
    return rows, roc_auc_score(churned, probability), log_loss(churned, probability), probability.mean(), cpu


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log")
    parser.add_argument("--horizon", type=int, default=HORIZON)
    parser.add_argument("--customers", type=int, default=80_000, help="of the simulated shop")
    parser.add_argument("--sizes", default="1250,2500,5000,10000,20000,40000")
    parser.add_argument("--snapshots", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=2, help="draws for each size")
    given = parser.parse_args()
    sizes = [int(one) for one in given.sizes.split(",")]
    with open_log(given.log, given.customers) as orders:
        measure_curve(orders, sizes, horizon=given.horizon, snapshots=given.snapshots, seeds=given.seeds)


if __name__ == "__main__":
    main()
