"""Simulated shops as logs that features and labels read, and the training sets made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from churnrisk.dataset import TrainingSet, build_training_set
from churnrisk.schema import NEVER, ORDERS
from churnrisk.timeline import Snapshot, SnapshotPlan, plan_snapshots

FIRST_DAY = 14_000


@dataclass(frozen=True)
class ArrayLog:
    """A log held as columns of orders."""

    orders: dict[str, Any]
    has_amounts: bool = True
    has_quantities: bool = False
    has_products: bool = False
    has_categories: bool = False

    def frame(self) -> nw.LazyFrame[Any]:
        types = {"text": pl.String(), "int64": pl.Int64()}
        schema = {column.name: types[column.type] for column in ORDERS}
        frame: nw.LazyFrame[Any] = nw.from_native(pl.DataFrame(self.orders, schema=schema).lazy())
        return frame

    def lines(self) -> None:
        return None

    def shuffled(self, *, seed: int) -> ArrayLog:
        """The same orders in another order."""
        places = np.random.default_rng(seed).permutation(len(self.orders["order_day"]))
        return ArrayLog({name: values[places] for name, values in self.orders.items()}, has_amounts=self.has_amounts)

    def without_amounts(self) -> ArrayLog:
        """The purchases alone, nobody knows what they cost."""
        bought = self.orders["is_purchase"] == 1
        columns = {name: values[bought] for name, values in self.orders.items()}
        nothing = {name: np.zeros(int(bought.sum()), np.int64) for name in ("amount", "returned_amount", "is_return")}
        return ArrayLog(columns | nothing, has_amounts=False)


def random_buyers(customers: int, *, days: int, chance_a_day: float, seed: int) -> ArrayLog:
    """A shop without signal: everybody buys on any day with the same chance and nobody ever leaves."""
    chance = np.random.default_rng(seed)
    day, who = np.nonzero(chance.random((days, customers)) < chance_a_day)
    ones, cents = np.ones(len(day), np.int64), chance.integers(100, 10_000, len(day)) * 100
    columns = {
        "customer_id": np.array([f"customer-{number:06d}" for number in who], dtype=object),
        "order_id": np.array([f"order-{number}" for number in range(len(day))], dtype=object),
        "order_day": FIRST_DAY + day,
        "amount": cents,
        "is_purchase": ones,
        "line_count": ones,
        "undone_day": NEVER * ones,
    }
    return ArrayLog({column.name: columns.get(column.name, 0 * ones) for column in ORDERS})


def training_set(log: ArrayLog, *, days: int, horizon: int, count: int = 3) -> tuple[TrainingSet, SnapshotPlan]:
    """What is learned from a log that began on FIRST_DAY, so many days later."""
    plan = plan_snapshots(FIRST_DAY, Snapshot(FIRST_DAY + days, lookback=365, horizon=horizon), count=count)
    return build_training_set(log, plan), plan
