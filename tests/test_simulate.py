"""Invented logs: the same for the same seed, and churning as often as their truth says."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from churnrisk.labels import label_churn
from churnrisk.orders import Orders
from churnrisk.schema import ORDERS, column_names
from churnrisk.simulate import SimulatedLog, simulate_purchases
from churnrisk.timeline import Snapshot

FIRST, DAYS = 14_000, 1_000
SNAPSHOT = Snapshot(FIRST + 800, lookback=365, horizon=60)


@pytest.fixture(scope="module")
def log() -> SimulatedLog:
    return simulate_purchases(20_000, first_day=FIRST, days=DAYS, seed=11)


def test_the_same_seed_gives_the_same_log() -> None:
    one, same, other = (simulate_purchases(50, first_day=FIRST, days=DAYS, seed=seed) for seed in (3, 3, 4))
    assert {name: values.tolist() for name, values in one.orders.items()} == {
        name: values.tolist() for name, values in same.orders.items()
    }
    assert one.orders["order_day"].tolist() != other.orders["order_day"].tolist()


def test_it_is_an_orders_table(log: SimulatedLog) -> None:
    assert tuple(log.orders) == column_names(ORDERS)
    days = log.orders["order_day"].astype(np.int64)
    assert FIRST <= days.min() <= days.max() < FIRST + DAYS
    assert set(np.unique(log.orders["is_purchase"] + log.orders["is_return"])) == {1}


def test_nobody_buys_after_leaving(log: SimulatedLog) -> None:
    who = np.searchsorted(log.customer_ids.astype(str), log.orders["customer_id"].astype(str))
    bought = log.orders["is_purchase"] == 1
    days = log.orders["order_day"].astype(np.int64)
    assert (days[bought] < log.left_day[who[bought]]).all()
    assert (days[bought] >= log.joined_day[who[bought]]).all()


def test_churn_is_as_frequent_as_the_truth_says(log: SimulatedLog) -> None:
    with_orders = Orders.from_frame(pl.DataFrame(log.orders).lazy())
    customer_ids, churned = label_churn(with_orders, SNAPSHOT)
    rows = np.searchsorted(log.customer_ids.astype(str), customer_ids.astype(str))
    truth = log.true_churn_probability(SNAPSHOT)[rows]
    standard_error = np.sqrt((truth * (1 - truth)).sum())
    assert abs(churned.sum() - truth.sum()) < 3 * standard_error
    middle = (truth > 0.2) & (truth < 0.8)  # and not only on average
    assert abs(churned[middle].mean() - truth[middle].mean()) < 3 * 0.5 / np.sqrt(middle.sum())
