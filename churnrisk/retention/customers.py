"""One row per customer: how often, until when, for how much. What segments and lifetime values start from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from churnrisk.btyd import Spent, Summary
from churnrisk.engines import (
    Arrays,
    collect_arrays,
    cut_range,
    int_sum,
    join_arrays,
    key_ranges,
    known_before,
    purchases_before,
)
from churnrisk.retention.histories import OrderLog
from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import RECENT_DAYS, active_at

KEY = "customer_id"

Range = tuple[str | None, str | None]

CUSTOMER_BYTES = 250
"""Memory of one customer here, with what is made of the rows, about."""


@dataclass(frozen=True)
class Customers:
    """All customers with a purchase before ``as_of``, as known then, sorted by id.

    Parameters
    ----------
    as_of : int
        Orders before this day are known.
    customer_ids : ndarray of object, shape (n,)
        Who.
    purchase_days, purchases : ndarray of int64, shape (n,)
        Days with a purchase, and purchases.
    first_day, last_day : ndarray of int64, shape (n,)
        First and last purchase day.
    purchase_amount, largest_amount, revenue : ndarray of float64, shape (n,)
        Amount of the purchases, of the largest of them, and net amount of all orders, in currency units.
    recent : ndarray of float64, shape (n, 2)
        Purchase days in the last 90 and in the last 365 days.
    """

    as_of: int
    customer_ids: NDArray[np.object_]
    purchase_days: NDArray[np.int64]
    purchases: NDArray[np.int64]
    first_day: NDArray[np.int64]
    last_day: NDArray[np.int64]
    purchase_amount: NDArray[np.float64]
    largest_amount: NDArray[np.float64]
    revenue: NDArray[np.float64]
    recent: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.customer_ids)

    @property
    def days_since_last_order(self) -> NDArray[np.int64]:
        """Days from the last purchase day to ``as_of``."""
        return self.as_of - self.last_day

    @property
    def mean_day_value(self) -> NDArray[np.float64]:
        """Amount of the purchases per purchase day."""
        return self.purchase_amount / self.purchase_days

    def in_base(self, lookback: int) -> NDArray[np.bool_]:
        """Tell which customers are active at ``as_of``: the customer base."""
        answer: NDArray[np.bool_] = active_at(self.last_day, self.as_of, lookback)
        return answer

    def summary(self) -> Summary:
        """Return the purchase histories as buy-till-you-die models read them."""
        return Summary(self.purchase_days - 1, self.last_day - self.first_day, self.as_of - self.first_day)

    def spent(self) -> Spent:
        """Return what they have spent as the forecast of value reads it."""
        return Spent(self.revenue, self.largest_amount)

    def take(self, chosen: NDArray[np.bool_]) -> Customers:
        """Keep some of them."""
        columns = {name: values[chosen] for name, values in vars(self).items() if name != "as_of"}
        return Customers(self.as_of, **columns)


def profile_customers(log: OrderLog, as_of: int) -> Customers:
    """Collect one row per customer with a purchase before ``as_of``; of a long log, customers part by part."""
    known = known_before(log.frame(), as_of)
    columns = _collect(
        log, lambda ends: _by_customer(cut_range(known, KEY, ends), as_of).filter(nw.col("purchase_days") > 0)
    )
    whole = {name: columns[name].astype(np.int64, copy=False) for name in columns if name != KEY}
    return Customers(
        as_of,
        columns[KEY].astype(object, copy=False),
        purchase_days=whole["purchase_days"],
        purchases=whole["purchases"],
        first_day=whole["first_day"],
        last_day=whole["last_day"],
        purchase_amount=whole["paid"] / MONEY_SCALE,
        largest_amount=whole["largest"] / MONEY_SCALE,
        revenue=whole["net"] / MONEY_SCALE,
        recent=np.column_stack([whole[f"last_{days}"] for days in RECENT_DAYS]).astype(np.float64),
    )


def spend_within(
    log: OrderLog, customers: Customers, begin: int, end: int, *, cap: float | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what customers did from one day until another, as known then: purchase days, and net revenue.

    With ``cap`` in currency units each order counts for no more than so much, and each return too.
    """
    known = known_before(log.frame(), end).filter(nw.col("order_day") >= begin)
    if cap is not None:
        known = known.with_columns(amount=nw.col("amount").clip(-round(cap * MONEY_SCALE), round(cap * MONEY_SCALE)))
    columns = _collect(log, lambda ends: _by_customer(cut_range(known, KEY, ends), end))
    ids, wanted = columns[KEY].astype(str), customers.customer_ids.astype(str)
    _, here, there = np.intersect1d(wanted, ids, assume_unique=True, return_indices=True)
    days, revenue = np.zeros(len(customers)), np.zeros(len(customers))
    days[here], revenue[here] = columns["purchase_days"][there], columns["net"][there] / MONEY_SCALE
    return days, revenue


def amount_quantiles(log: OrderLog, as_of: int, levels: Sequence[float]) -> tuple[float, ...]:
    """Return quantiles of the amounts of single purchases before a day, as known then, in currency units.

    Of a long log they are taken part by part, and averaged by the number of purchases.
    """
    purchases = purchases_before(log.frame(), as_of)
    asked = {f"q{k}": nw.col("amount").quantile(level, interpolation="linear") for k, level in enumerate(levels)}
    database, found = getattr(log, "database", None), []
    for ends in key_ranges(database, table="orders", key=KEY):
        part = cut_range(purchases, KEY, ends).select(n=nw.len(), **asked)
        found.append(collect_arrays(part, sort_by=["n"]))
    counts = np.concatenate([part["n"] for part in found])
    if not counts.sum():
        return tuple(float("nan") for _ in levels)
    weights = counts / counts.sum()
    parts = {name: np.nan_to_num(np.concatenate([part[name] for part in found]).astype(np.float64)) for name in asked}
    return tuple(float((weights * parts[name]).sum()) / MONEY_SCALE for name in asked)


def _collect(log: OrderLog, query: Callable[[Range], nw.LazyFrame[Any]]) -> Arrays:
    """Collect a query by customer; of a long log, customers part by part."""
    database = getattr(log, "database", None)
    parts: list[Arrays] = []
    for ends in key_ranges(database, table="orders", key=KEY):
        parts.append(collect_arrays(query(ends), sort_by=[KEY]))
        if database is not None:
            database.make_room(CUSTOMER_BYTES * sum(len(part[KEY]) for part in parts))
    return join_arrays(parts)


def _by_customer(orders: nw.LazyFrame[Any], as_of: int) -> nw.LazyFrame[Any]:
    day, amount = nw.col("order_day"), nw.col("amount")
    bought = nw.when(nw.col("is_purchase") == 1)
    zero = nw.lit(0, dtype=nw.Int64)
    by_day = (
        orders.with_columns(paid=bought.then(amount).otherwise(zero))
        .group_by(KEY, "order_day")
        .agg(
            paid=int_sum(nw.col("paid")),
            largest=nw.col("paid").max(),
            net=int_sum(amount),
            purchases=int_sum(nw.col("is_purchase")),
        )
    )
    bought_day, one = nw.when(nw.col("purchases") > 0), nw.lit(1, dtype=nw.Int64)
    recent = {days: nw.when((nw.col("purchases") > 0) & (day >= as_of - days)) for days in RECENT_DAYS}
    return by_day.group_by(KEY).agg(
        purchase_days=int_sum(bought_day.then(one).otherwise(zero)),
        **{f"last_{days}": int_sum(bought.then(one).otherwise(zero)) for days, bought in recent.items()},
        purchases=int_sum(nw.col("purchases")),
        first_day=bought_day.then(day).min(),
        last_day=bought_day.then(day).max(),
        paid=int_sum(nw.col("paid")),
        largest=nw.col("largest").max(),
        net=int_sum(nw.col("net")),
    )
