"""How often monitoring alarms a shop where nothing has happened, and how often it notices what has.

    python bench/monitor.py [--shops 20] [--sizes 300,1000,4000] [--data FOLDER]

Simulated shops, whose behaviour is known: each is trained on 600 days, and looked at 7, 30 and 90 days later, once as
it went on and once with each of some changes from the day of training. An alarm is `psi > 0.2`, the index beyond what
chance and the training cutoffs explain; beside it stands `psi_max > 0.2`, the index alone, as other tools take it. With
`--data`, a folder with one folder for each real log with `transactions.parquet`, real logs are looked at, too: nobody
knows of a change there, but seasons turn. No model is fitted: features are enough.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from churnrisk.dataset import TrainingSet, build_training_set, count_daily_purchases
from churnrisk.errors import ChurnriskError
from churnrisk.features import PurchaseLog, customer_features
from churnrisk.learning import FittedModel
from churnrisk.monitor import count_base, make_reference, measure_feature_drift, measure_volume
from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.simulate import simulate_purchases
from churnrisk.timeline import Snapshot, date_of, plan_snapshots

FIRST_DAY, DAYS, HORIZON = 15_000, 600, 60
LOOKS = (7, 30, 90)
THRESHOLD = 0.2
Columns = dict[str, np.ndarray]
REAL = (("online_retail_ii", 60), ("complete_journey", 30), ("cdnow", 60), ("no_signal", 60), ("ta_feng", 14))


class Unfitted:
    """Stands where a model is expected and gives everybody one half: drift of features needs no more."""

    def predict(self, values: np.ndarray) -> np.ndarray:
        return np.full(len(values), 0.5)

    @property
    def bands(self) -> Unfitted:
        return self

    def classify(self, probability: np.ndarray) -> np.ndarray:
        return np.full(len(probability), "medium", dtype=object)


MODEL = cast(FittedModel, Unfitted())


def dearer(orders: Columns, since: int, _: np.random.Generator) -> Columns:
    """Prices rise by a half."""
    factor = np.where(orders["order_day"] >= since, 1.5, 1.0)
    return orders | {name: (orders[name] * factor).astype(np.int64) for name in ("amount", "returned_amount")}


def half_gone(orders: Columns, since: int, chance: np.random.Generator) -> Columns:
    """Half of the purchases move elsewhere, or out of the export."""
    return keep(orders, (orders["order_day"] < since) | (chance.random(len(orders["order_day"])) < 0.5))


def nothing_new(orders: Columns, since: int, _: np.random.Generator) -> Columns:
    """New customers stop coming."""
    names, first = np.unique(orders["customer_id"], return_index=True)  # rows rise by day
    known = dict(zip(names, orders["order_day"][first] < since, strict=True))
    return keep(orders, np.array([known[one] for one in orders["customer_id"]], dtype=bool))


def cents(orders: Columns, since: int, _: np.random.Generator) -> Columns:
    """The export changes its unit: amounts are a hundred times too large."""
    factor = np.where(orders["order_day"] >= since, 100, 1)
    return orders | {name: orders[name] * factor for name in ("amount", "returned_amount")}


CHANGES: dict[str, Callable[[Columns, int, np.random.Generator], Columns]] = {
    "prices up by half": dearer,
    "half of the purchases missing": half_gone,
    "no new customers": nothing_new,
    "amounts in cents": cents,
}


def keep(orders: Columns, kept: np.ndarray) -> Columns:
    return {name: values[kept] for name, values in orders.items()}


def log_of(orders: Columns) -> Orders:
    return Orders.from_frame(pl.DataFrame(orders).lazy())


def look(data: TrainingSet, log: PurchaseLog, reference: Any, day: int) -> dict[str, Any]:
    snapshot = data.current.snapshot
    found = customer_features(log, snapshot.at(day), names=data.names)
    base = count_base(reference, [(found.names, found.values)], None)
    features = measure_feature_drift(reference, base, days=day - snapshot.cutoff)
    drifted = [one for one in features if one.verdict == "drifted"]
    return {
        "psi": max((one.index for one in drifted), default=0.0),
        "psi_max": max((one.index for one in features), default=0.0),
        "drifted": len(drifted),
        "customers": base.customers,
        "names": [one.name for one in drifted[:3]],
        "volume": measure_volume(count_daily_purchases(log, day)).is_unusual,
    }


def simulate(shops: int, size: int) -> None:
    results: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    train_on = FIRST_DAY + DAYS
    for seed in range(shops):
        orders = dict(simulate_purchases(size, first_day=FIRST_DAY, days=DAYS + max(LOOKS), seed=seed).orders)
        known = log_of(keep(orders, orders["order_day"] < train_on))
        data = build_training_set(known, plan_snapshots(FIRST_DAY, Snapshot(train_on, 365, HORIZON)))
        reference = make_reference(data, MODEL, seed=0)
        for days in LOOKS:
            results["nothing happened", days].append(look(data, log_of(orders), reference, train_on + days))
        for name, change in CHANGES.items():
            changed = log_of(change(orders, train_on, np.random.default_rng(seed)))
            results[name, 30].append(look(data, changed, reference, train_on + 30))
    for (name, days), found in results.items():
        rates = {key: np.mean([one[key] > THRESHOLD for one in found]) for key in ("psi", "psi_max")}
        any_drift = np.mean([one["drifted"] > 0 for one in found])
        largest = np.median([one["psi_max"] for one in found])
        active = np.median([one["customers"] for one in found])
        print(
            f"{size:5d} customers ({active:.0f} active), {name:30s} {days:3d} days: psi > .2 in {rates['psi']:4.0%}, "
            f"psi_max > .2 in {rates['psi_max']:4.0%}, any drifted in {any_drift:4.0%}; median psi_max {largest:.3f}; "
            f"week unusual in {np.mean([one['volume'] for one in found]):4.0%}",
            flush=True,
        )


def look_at_real(folder: Path) -> None:
    for name, horizon in REAL:
        with read_orders(folder / name / "transactions.parquet", IntakeOptions(reject_limit=1)) as log:
            span = log.last_day + 1 - log.first_day
            for share in (0.7, 0.8, 0.9):
                train_on = log.first_day + int(span * share)
                try:
                    plan = plan_snapshots(log.first_day, Snapshot(train_on, 365, horizon))
                except ChurnriskError:
                    continue
                data = build_training_set(log, plan, database=log.database)
                reference = make_reference(data, MODEL, seed=0)
                for days in (7, 30, 90):
                    if train_on + days > log.last_day + 1:
                        continue
                    found = look(data, log, reference, train_on + days)
                    print(
                        f"{name:18s} {date_of(train_on)} + {days:2d} days ({found['customers']:6,d} active): psi "
                        f"{found['psi']:.3f}, psi_max {found['psi_max']:.3f}, {found['drifted']} drifted "
                        f"{found['names']}{', week unusual' if found['volume'] else ''}",
                        flush=True,
                    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--shops", type=int, default=20)
    parser.add_argument("--sizes", default="300,1000,4000")
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    for size in map(int, arguments.sizes.split(",")):
        simulate(arguments.shops, size)
    if arguments.data:
        look_at_real(arguments.data)


if __name__ == "__main__":
    main()
