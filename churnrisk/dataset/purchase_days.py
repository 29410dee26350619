"""What the purchase days of a log tell without any features: gaps, daily counts, and histories in three numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from churnrisk.btyd import Summary
from churnrisk.engines import Database, collect_arrays, cut_range, key_ranges, purchases_before
from churnrisk.features import PurchaseLog
from churnrisk.timeline import Snapshot

_BY_DAY = ("customer_id", "order_day")


@dataclass(frozen=True)
class DailyPurchases:
    """Customers who bought on each day of the log before ``as_of``, days without any included.

    Each day is counted as it was known at its own end, whatever was undone later: so an old day and a new one are
    counted alike, and what was known on the morning of any day is a part of this.

    Parameters
    ----------
    first_day : int
        The day of ``counts[0]``.
    counts : ndarray of int64, shape (days,)
        Purchase days: customers with a purchase on that day.
    new_counts : ndarray of int64, shape (days,)
        Those among them who bought for the first time.
    """

    first_day: int
    counts: NDArray[np.int64]
    new_counts: NDArray[np.int64]

    def before(self, day: int) -> DailyPurchases:
        """Return what was known on the morning of ``day``."""
        end = max(0, day - self.first_day)
        return DailyPurchases(self.first_day, self.counts[:end], self.new_counts[:end])


def count_daily_purchases(log: PurchaseLog, as_of: int, *, database: Database | None = None) -> DailyPurchases:
    """Count the customers who bought on each day before ``as_of``, as known at its end, and the new among them."""
    purchases = log.frame().filter(nw.col("is_purchase") == 1, nw.col("order_day") < as_of).select(*_BY_DAY)
    counts = _count_in_parts(purchases, lambda rows: rows.unique(), ["order_day"], database)
    new_counts = _count_in_parts(purchases, _first_days, ["order_day"], database)
    if not counts:
        return DailyPurchases(as_of, np.zeros(0, np.int64), np.zeros(0, np.int64))
    first_day = min(day for (day,) in counts)
    spread = [_spread_over_days(table, first_day, as_of - first_day) for table in (counts, new_counts)]
    return DailyPurchases(first_day, *spread)


def _first_days(purchases: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return purchases.group_by("customer_id").agg(order_day=nw.col("order_day").min())


def _count_in_parts(
    purchases: nw.LazyFrame[Any],
    look: Callable[[nw.LazyFrame[Any]], nw.LazyFrame[Any]],
    by: list[str],
    database: Database | None,
) -> Counter[tuple[int, ...]]:
    """Count the rows of something made of purchases, by some columns, customers in parts that fit into memory."""
    counted: Counter[tuple[int, ...]] = Counter()
    for ends in key_ranges(database, table="orders", key="customer_id"):
        rows = look(cut_range(purchases, "customer_id", ends)).group_by(*by).agg(n=nw.len())
        table = collect_arrays(rows, sort_by=by)
        places = zip(*(table[name].tolist() for name in by), strict=True)
        for place, count in zip(places, table["n"].tolist(), strict=True):
            counted[place] += count
    return counted


def repurchase_gaps(
    log: PurchaseLog, as_of: int, *, database: Database | None = None
) -> tuple[dict[int, float], dict[int, float]]:
    """Return how long customers wait from one purchase day to the next, each customer counted once.

    A customer of several purchase days counts with all gaps between them together: one that buys daily weighs as much
    as one that buys twice. The last, open wait is left out, since it is long for being the one that the end of the log
    fell into; of customers with one purchase day it is all that is known. That is the estimator of Wang & Chang (1999),
    J. Amer. Stat. Assoc. 94, 146-153.

    With ``database``, the one that the log lies in, a long log is asked in parts.

    Returns
    -------
    gaps : dict of int to float
        Days from a purchase day to the next one, and how many customers wait so long.
    open_gaps : dict of int to float
        Days from the one purchase day of all others to the last day before ``as_of``, and how many customers.
    """
    day = nw.col("order_day")

    def look(purchases: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        followed = purchases.unique().with_columns(
            next_day=day.shift(-1).over("customer_id", order_by="order_day"), days=nw.len().over("customer_id")
        )
        is_open = nw.col("next_day").is_null()
        wait = nw.when(is_open).then(as_of - 1 - day).otherwise(nw.col("next_day") - day)
        counted = followed.filter(~is_open | (nw.col("days") == 1))
        return counted.select(wait=wait, gaps=nw.col("days") - 1)

    purchases = purchases_before(log.frame(), as_of).select(*_BY_DAY)
    rows = sorted(_count_in_parts(purchases, look, ["gaps", "wait"], database).items())
    closed: defaultdict[int, float] = defaultdict(float)
    for (gaps, wait), count in rows:
        if gaps:
            closed[wait] += count / gaps
    return dict(closed), {wait: float(count) for (gaps, wait), count in rows if not gaps}


def summarise_histories(log: PurchaseLog, snapshot: Snapshot) -> Summary:
    """Reduce the purchase days of all customers before a cutoff to what buy-till-you-die models read."""
    day = nw.col("order_day")
    days = purchase_days(log, snapshot.cutoff)
    customers = days.group_by("customer_id").agg(n=nw.len(), first=day.min(), last=day.max())
    alike = customers.group_by("n", "first", "last").agg(customers=nw.len())
    table = collect_arrays(alike, sort_by=["n", "first", "last"])
    first = table["first"]
    return Summary(table["n"] - 1, table["last"] - first, snapshot.cutoff - first, table["customers"])


def purchase_days(log: PurchaseLog, before: int) -> nw.LazyFrame[Any]:
    """Return each customer's days with a purchase before a day, as known on its morning, each once."""
    return purchases_before(log.frame(), before).select(*_BY_DAY).unique()


def purchase_days_ever(log: PurchaseLog, before: int) -> nw.LazyFrame[Any]:
    """Return each customer's days with a purchase before a day, each once, undone later or not.

    ``undone_day`` is when the last purchase of the day is undone: so earlier mornings can be looked at, too, on which
    more purchases were known.
    """
    purchases = log.frame().filter(nw.col("is_purchase") == 1, nw.col("order_day") < before)
    return purchases.group_by(*_BY_DAY).agg(undone_day=nw.col("undone_day").max())


def _spread_over_days(table: Counter[tuple[int, ...]], first_day: int, days: int) -> NDArray[np.int64]:
    counts = np.zeros(days, np.int64)
    for (day,), count in table.items():
        counts[day - first_day] = count
    return counts
