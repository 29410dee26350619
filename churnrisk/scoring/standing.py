"""What is known of customers without any model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from churnrisk.btyd import Summary
from churnrisk.engines import Arrays, MemoryDatabase, collect_arrays, int_sum, purchases_before, was_purchase
from churnrisk.features import run_kept
from churnrisk.orders import Orders
from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import Snapshot

CUSTOMER = "customer_id"


@dataclass(frozen=True)
class Standing:
    """What is known of customers without any model: one entry each, sorted by id.

    Days are NaN for customers without a purchase; amounts are None in a log without amounts.
    """

    customer_ids: np.ndarray
    days_since_last_order: np.ndarray
    order_count: np.ndarray
    total_amount: np.ndarray | None

    @property
    def size(self) -> int:
        """How many customers."""
        return len(self.customer_ids)


def standing_of(orders: Orders, snapshot: Snapshot) -> Standing:
    """Look up every customer of a log, also those with returns only or with orders after the cutoff only."""
    return make_standing(collect_kept(orders, find_standing, snapshot), snapshot, has_amounts=orders.has_amounts)


def find_standing(orders: Orders, snapshot: Snapshot) -> nw.LazyFrame[Any]:
    """Return the query behind :func:`standing_of`."""
    day, is_known = nw.col("order_day"), snapshot.is_past(nw.col("order_day"))
    bought = was_purchase(snapshot.cutoff)
    return (
        orders.frame()
        .group_by(CUSTOMER)
        .agg(
            last_day=nw.when(bought).then(day).max(),
            order_count=int_sum(nw.when(bought).then(nw.col("is_purchase"))),
            total_amount=int_sum(nw.when(is_known).then(nw.col("amount"))),
        )
    )


def make_standing(found: Arrays, snapshot: Snapshot, *, has_amounts: bool) -> Standing:
    """Make a standing of rows of :func:`find_standing`."""
    days = snapshot.cutoff - found["last_day"].astype(np.float64)
    total = found["total_amount"] / MONEY_SCALE if has_amounts else None
    return Standing(found[CUSTOMER], days, found["order_count"], total)


def select_customers(standing: Standing, ids: Sequence[str]) -> Standing:
    """Return the standing of the named customers, each once; an unknown one has no purchases."""
    wanted = np.array(sorted(set(ids)), dtype=object)
    places, is_known = find(wanted, standing.customer_ids)
    safe = np.where(is_known, places, 0)

    def pick(values: np.ndarray, otherwise: float) -> np.ndarray:
        return np.where(is_known, values[safe], otherwise) if standing.size else np.full(len(wanted), otherwise)

    total = standing.total_amount
    return Standing(
        wanted,
        pick(standing.days_since_last_order, np.nan),
        pick(standing.order_count, 0),
        None if total is None else pick(total, 0.0),
    )


def find(wanted: np.ndarray, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of each id in a sorted array, and whether it is there at all."""
    places = np.searchsorted(among, wanted)
    inside = places < len(among)
    is_there = np.zeros(len(wanted), dtype=bool)
    is_there[inside] = among[places[inside]] == wanted[inside]
    return places, is_there


def lapsed_histories(orders: Orders, snapshot: Snapshot) -> tuple[np.ndarray, Summary]:
    """Look up the customers that bought before the cutoff but not within the lookback, in three numbers each."""
    found = collect_kept(orders, find_lapsed, snapshot)
    histories = Summary(found["n"] - 1, found["last_day"] - found["first_day"], snapshot.cutoff - found["first_day"])
    return found[CUSTOMER].astype(object), histories


def find_lapsed(orders: Orders, snapshot: Snapshot) -> nw.LazyFrame[Any]:
    """Return the query behind :func:`lapsed_histories`."""
    day = nw.col("order_day")
    days = purchases_before(orders.frame(), snapshot.cutoff).select(CUSTOMER, "order_day").unique()
    customers = days.group_by(CUSTOMER).agg(n=nw.len(), first_day=day.min(), last_day=day.max())
    return customers.filter(nw.col("last_day") < snapshot.observation_start)


def collect_kept(orders: Orders, query: Callable[[Orders, Snapshot], nw.LazyFrame[Any]], snapshot: Snapshot) -> Arrays:
    """Collect a query of this module, sorted by customer; over a few customers in memory by its kept text."""

    def write(cutoff: int) -> str:
        return str(query(orders, snapshot.at(cutoff)).sort(CUSTOMER).to_native().sql_query())

    database = orders.database
    if isinstance(database, MemoryDatabase):
        kept = run_kept(database, (query.__name__, snapshot.at(0)), write, snapshot.cutoff)
        if kept is not None:
            return kept
    return collect_arrays(query(orders, snapshot), sort_by=[CUSTOMER])
