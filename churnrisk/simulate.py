"""Purchase histories whose true churn is known, for tests and examples.

Each customer buys at a rate of their own until they leave for good, and nobody tells the shop. Whoever invents such
a history knows what no log can show: which customers had left, and how likely each customer was to come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnrisk.schema import MONEY_SCALE, NEVER, ORDERS, column_names
from churnrisk.timeline import Snapshot
from churnrisk.types import Floats, Integers

RETURN_SHARE, RETURN_DAYS = 1 / 40, 7
"""Share of the purchases that are returned whole, and days from the purchase to the return."""


@dataclass(frozen=True)
class SimulatedLog:
    """Orders, and the truth behind them.

    Parameters
    ----------
    orders : dict of str to ndarray
        The columns of :data:`churnrisk.schema.ORDERS`, sorted by day.
    customer_ids : ndarray of object, shape (n,)
        Everybody, also those whose history ended before the first order could be seen.
    daily_rate : ndarray of float64, shape (n,)
        Purchases a day while a customer is there.
    joined_day, left_day : ndarray of int64, shape (n,)
        The day of the first purchase, and the first day on which the customer buys no more.
    """

    orders: dict[str, NDArray[Any]]
    customer_ids: NDArray[np.object_]
    daily_rate: Floats
    joined_day: Integers
    left_day: Integers

    def true_churn_probability(self, snapshot: Snapshot) -> Floats:
        """Return each customer's probability of no purchase in the outcome window, where it is known when they leave.

        Purchases of a day come by chance, so no purchase on any of the days of the window on which the customer is
        still there has the probability exp(-rate * days); 1 for those that left. One purchase in forty is undone a week
        later, and counts for nothing where that is before the end of the window.
        """
        days_there, days_returned = (
            self._days_there(snapshot, until) for until in (snapshot.outcome_end, snapshot.outcome_end - RETURN_DAYS)
        )
        probability: Floats = np.exp(-self.daily_rate * (days_there - RETURN_SHARE * days_returned))
        return probability

    def _days_there(self, snapshot: Snapshot, until: int) -> Integers:
        start = np.maximum(snapshot.outcome_start, self.joined_day + 1)
        days: Integers = np.clip(np.minimum(self.left_day, until) - start, 0, None)
        return days


def simulate_purchases(
    customers: int,
    *,
    first_day: int,
    days: int,
    seed: int,
    mean_gap_days: float = 30.0,
    mean_lifetime_days: float = 300.0,
) -> SimulatedLog:
    """Invent the log of a shop.

    Customers join over the whole time. Rates differ as a gamma distribution of shape 1.5, lifetimes are exponential,
    amounts are lognormal about 20 and whole cents. One order in forty is followed by a return of it a week later.

    Parameters
    ----------
    customers : int
        How many.
    first_day, days : int
        The log covers ``[first_day, first_day + days)``.
    seed : int
        The same seed gives the same log.
    mean_gap_days : float
        Days between purchases of a customer of the mean rate.
    mean_lifetime_days : float
        Days from the first purchase until a customer leaves, on average.

    Examples
    --------
    >>> log = simulate_purchases(100, first_day=14_000, days=365, seed=1)
    >>> sorted(log.orders) == sorted(["amount", "customer_id", "is_purchase", "is_return", "line_count", "order_day",
    ...     "order_id", "quantity", "returned_amount", "undone_day"])
    True
    """
    chance = np.random.default_rng(seed)
    daily_rate = chance.gamma(1.5, 1 / (1.5 * mean_gap_days), customers)
    joined = first_day + chance.integers(0, days, customers)
    left = joined + 1 + np.ceil(chance.exponential(mean_lifetime_days, customers)).astype(np.int64)
    days_there = np.minimum(left, first_day + days) - joined - 1
    counts = chance.poisson(daily_rate * days_there)
    buyer = np.concatenate([np.arange(customers), np.repeat(np.arange(customers), counts)])
    later = (chance.random(counts.sum()) * np.repeat(days_there, counts)).astype(np.int64) + 1
    day = np.concatenate([joined, np.repeat(joined, counts) + later])
    cents = np.maximum(1, np.round(100 * chance.lognormal(3.0, 0.6, len(day)))).astype(np.int64)
    is_returned = chance.random(len(day)) < RETURN_SHARE
    names = np.array([f"customer-{number:06d}" for number in range(customers)], dtype=object)
    return SimulatedLog(
        _orders_table(names, buyer, day, cents, is_returned & (day + RETURN_DAYS < first_day + days)),
        names,
        daily_rate,
        joined,
        left,
    )


def _orders_table(
    names: NDArray[np.object_], buyer: Integers, day: Integers, cents: Integers, is_returned: NDArray[np.bool_]
) -> dict[str, NDArray[Any]]:
    who = np.concatenate([buyer, buyer[is_returned]])
    when = np.concatenate([day, day[is_returned] + RETURN_DAYS])
    undone = np.concatenate([np.where(is_returned, day + RETURN_DAYS, NEVER), np.full(is_returned.sum(), NEVER)])
    amount = np.concatenate([cents, -cents[is_returned]]) * (MONEY_SCALE // 100)
    order = np.lexsort((amount, who, when))
    who, when, amount = who[order], when[order], amount[order]
    columns: dict[str, NDArray[Any]] = {
        "customer_id": names[who],
        "order_id": np.array([f"order-{number:08d}" for number in range(len(who))], dtype=object),
        "order_day": when,
        "amount": amount,
        "returned_amount": np.maximum(0, -amount),
        "quantity": np.zeros_like(amount),
        "line_count": np.ones_like(amount),
        "is_purchase": (amount > 0).astype(np.int64),
        "is_return": (amount < 0).astype(np.int64),
        "undone_day": undone[order].astype(np.int64),
    }
    return {name: columns[name] for name in column_names(ORDERS)}
