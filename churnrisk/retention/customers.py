"""One row per customer: how often, until when, for how much. What segments and lifetime values start from."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from churnrisk.btyd import Summary
from churnrisk.engines import collect_arrays, int_sum
from churnrisk.retention.histories import OrderLog
from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import active_at


@dataclass(frozen=True)
class Customers:
    """All customers with a purchase before ``as_of``, sorted by id.

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
    purchase_amount, revenue : ndarray of float64, shape (n,)
        Amount of the purchases, and net amount of all orders, in currency units.
    """

    as_of: int
    customer_ids: NDArray[np.object_]
    purchase_days: NDArray[np.int64]
    purchases: NDArray[np.int64]
    first_day: NDArray[np.int64]
    last_day: NDArray[np.int64]
    purchase_amount: NDArray[np.float64]
    revenue: NDArray[np.float64]

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
        """Tell who is active at ``as_of``: the customer base."""
        answer: NDArray[np.bool_] = active_at(self.last_day, self.as_of, lookback)
        return answer

    def summary(self) -> Summary:
        """Give the purchase histories as buy-till-you-die models read them."""
        return Summary(self.purchase_days - 1, self.last_day - self.first_day, self.as_of - self.first_day)


def profile_customers(log: OrderLog, as_of: int) -> Customers:
    """Collect one row per customer with a purchase before ``as_of``."""
    day, amount = nw.col("order_day"), nw.col("amount")
    bought = nw.when(nw.col("is_purchase") == 1)
    zero = nw.lit(0, dtype=nw.Int64)
    by_day = (
        log.frame()
        .filter(day < as_of)
        .with_columns(paid=bought.then(amount).otherwise(zero))
        .group_by("customer_id", "order_day")
        .agg(paid=int_sum(nw.col("paid")), net=int_sum(amount), purchases=int_sum(nw.col("is_purchase")))
    )
    bought_day = nw.when(nw.col("purchases") > 0)
    by_customer = by_day.group_by("customer_id").agg(
        purchase_days=int_sum(bought_day.then(nw.lit(1, dtype=nw.Int64)).otherwise(zero)),
        purchases=int_sum(nw.col("purchases")),
        first_day=bought_day.then(day).min(),
        last_day=bought_day.then(day).max(),
        paid=int_sum(nw.col("paid")),
        net=int_sum(nw.col("net")),
    )
    columns = collect_arrays(by_customer.filter(nw.col("purchase_days") > 0), sort_by=["customer_id"])
    whole = {name: columns[name].astype(np.int64) for name in columns if name != "customer_id"}
    return Customers(
        as_of,
        columns["customer_id"].astype(object),
        purchase_days=whole["purchase_days"],
        purchases=whole["purchases"],
        first_day=whole["first_day"],
        last_day=whole["last_day"],
        purchase_amount=whole["paid"] / MONEY_SCALE,
        revenue=whole["net"] / MONEY_SCALE,
    )
