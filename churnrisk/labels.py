"""Churned or not: what the outcome window shows about the customers of the base.

This module and :mod:`churnrisk.features` do not know each other: that is the barrier against leaks from the future.
"""

from __future__ import annotations

from typing import Any, Protocol

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from churnrisk.engines import as_int, collect_arrays
from churnrisk.timeline import Snapshot


class HasOrders(Protocol):
    """Anything that gives orders as :data:`churnrisk.schema.ORDERS`."""

    def frame(self) -> nw.LazyFrame[Any]:
        """Give the orders, one row each."""


def label_churn(log: HasOrders, snapshot: Snapshot) -> tuple[NDArray[np.object_], NDArray[np.int8]]:
    """Tell who of the customer base has no purchase in the outcome window.

    Whether the window is over is for the caller to know: of a window that reaches past the end of the log, everybody
    who has not bought yet is called churned.

    Parameters
    ----------
    log : Orders
        The log, on any engine.
    snapshot : Snapshot
        Who is in the base, and which days count.

    Returns
    -------
    customer_ids : ndarray of object, shape (n,)
        The customer base, sorted by code point.
    churned : ndarray of int8, shape (n,)
        1 for no purchase in the outcome window, 0 for one or more.
    """
    columns = collect_arrays(lazy_labels(log, snapshot), sort_by=["customer_id"])
    return columns["customer_id"].astype(object), (1 - columns["has_returned"]).astype(np.int8)


def lazy_labels(log: HasOrders, snapshot: Snapshot) -> nw.LazyFrame[Any]:
    """Give the customer base with ``has_returned``, 1 for a purchase in the outcome window, as a lazy query."""
    day = nw.col("order_day")
    purchases = log.frame().filter(nw.col("is_purchase") == 1)
    by_customer = purchases.group_by("customer_id").agg(
        is_in_base=as_int(snapshot.in_base(day)).max(),
        has_returned=as_int(snapshot.in_outcome(day)).max(),
    )
    return by_customer.filter(nw.col("is_in_base") == 1).select("customer_id", "has_returned")
