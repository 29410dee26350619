"""Outcomes: churned or not, and when and for how much customers bought next.

This module and :mod:`churnrisk.features` do not know each other: that is the barrier against leaks from the future.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from churnrisk.engines import as_int, collect_arrays, int_sum, was_purchase
from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import Snapshot, within


class HasOrders(Protocol):
    """Anything that gives orders as :data:`churnrisk.schema.ORDERS`."""

    def frame(self) -> nw.LazyFrame[Any]:
        """Return the orders, one row each."""


def label_churn(log: HasOrders, snapshot: Snapshot) -> tuple[NDArray[np.object_], NDArray[np.int8]]:
    """Tell which customers of the base have no purchase in the outcome window.

    The base is that which was known at the cutoff. In the outcome window a purchase counts unless returns took it
    back whole before the window's end. Whether the window is over is for the caller to know: of a window that
    reaches past the end of the log, everybody who has not bought yet is called churned.

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
    """Return the customer base with ``has_returned``, 1 for a purchase in the outcome window, as a lazy query."""
    day = nw.col("order_day")
    by_customer = (
        log.frame()
        .filter(nw.col("is_purchase") == 1)
        .group_by("customer_id")
        .agg(
            is_in_base=as_int(was_purchase(snapshot.cutoff) & snapshot.in_base(day)).max(),
            has_returned=as_int(was_purchase(snapshot.outcome_end) & snapshot.in_outcome(day)).max(),
        )
    )
    return by_customer.filter(nw.col("is_in_base") == 1).select("customer_id", "has_returned")


@dataclass(frozen=True)
class FollowUp:
    """What customers did after a cutoff, as far as it is known: when they bought next, and for how much.

    Days count from the start of the outcome window, so that ``wait_days >= horizon`` is churned.

    Parameters
    ----------
    customer_ids : ndarray of object, shape (n,)
        Everybody with a purchase before the cutoff, lapsed ones too, sorted by code point.
    wait_days : ndarray of float64, shape (n,)
        Days from the start of the outcome window to the first purchase day in it or after it, as known at ``until``;
        infinite where there was none before that day.
    revenue : ndarray of float64, shape (n, len(windows))
        Net amount, returns taken off, of the orders in the first so many days of the outcome window.
    """

    customer_ids: NDArray[np.object_]
    wait_days: NDArray[np.float64]
    revenue: NDArray[np.float64]


@dataclass(frozen=True)
class UndonePurchases:
    """Purchases that returns have taken back whole, sorted by customer and day.

    Parameters
    ----------
    customer_ids : ndarray of object, shape (n,)
        Whose.
    day, undone_day : ndarray of int64, shape (n,)
        Of the purchase, and the day on which it was undone.
    """

    customer_ids: NDArray[np.object_]
    day: NDArray[np.int64]
    undone_day: NDArray[np.int64]


def find_undone(log: HasOrders, *, until: int) -> UndonePurchases:
    """Find the purchases that were undone before a day: an earlier look still has them as purchases."""
    names = ["customer_id", "order_day", "undone_day"]
    undone = log.frame().filter(nw.col("is_purchase") == 1, nw.col("undone_day") < until).select(*names)
    columns = collect_arrays(undone, sort_by=names)
    return UndonePurchases(columns["customer_id"].astype(object), columns["order_day"], columns["undone_day"])


def follow_customers(log: HasOrders, snapshot: Snapshot, *, windows: Sequence[int], until: int) -> FollowUp:
    """Tell when the customers bought next and what they brought.

    Parameters
    ----------
    log : Orders
        The log, on any engine.
    snapshot : Snapshot
        The cutoff and the lead; whoever had bought, as known at the cutoff, is followed, in the base or not.
    windows : sequence of int
        Days of the outcome window over which amounts are added up.
    until : int
        The first day that is not known. Nothing on or after it is looked at.

    Raises
    ------
    ValueError
        Where one of the windows is not over by ``until``: a defect of the caller.
    """
    start, day = snapshot.outcome_start, nw.col("order_day")
    if windows and start + max(windows) > until:
        raise ValueError(f"{max(windows)} days from day {start} reach past day {until}")
    sums = {f"amount_{k}": _amount_within(start, start + days) for k, days in enumerate(windows)}
    by_customer = (
        log.frame()
        .filter(day < until)
        .group_by("customer_id")
        .agg(
            has_bought=as_int(was_purchase(snapshot.cutoff)).max(),
            next_day=nw.when(was_purchase(until) & (day >= start)).then(day).min(),
            **sums,
        )
    )
    followed = by_customer.filter(nw.col("has_bought") == 1).drop("has_bought")
    columns = collect_arrays(followed, sort_by=["customer_id"])
    wait = columns["next_day"].astype(np.float64) - start
    revenue = [columns[name] / MONEY_SCALE for name in sums]
    return FollowUp(
        columns["customer_id"].astype(object),
        np.where(np.isnan(wait), np.inf, wait),
        np.column_stack(revenue) if revenue else np.zeros((len(wait), 0)),
    )


def _amount_within(start: int, end: int) -> nw.Expr:
    is_inside: nw.Expr = within(nw.col("order_day"), start, end)
    return int_sum(nw.when(is_inside).then(nw.col("amount")).otherwise(nw.lit(0, dtype=nw.Int64)))
