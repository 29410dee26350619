"""What was known of each customer of a batch on the morning of certain days, as arrays.

The windows of the retention figures overlap: with months and a lookback of a year every purchase counts in a dozen
of them. So instead of writing each purchase into every window, one pass over the orders sorted by customer keeps
running values (last purchase day, purchase days so far, revenue so far) at the *cuts*, the days at which any window
begins or ends. What lies in a window is then a difference of two running values.

All is given as it was known on the morning in question: a purchase that returns have taken back whole counts until the
day of the return. Those are few, and are added by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from churnrisk.engines import Arrays, map_customers
from churnrisk.schema import NEVER
from churnrisk.timeline import active_at, stands_at

NOT_YET = np.int64(-(2**40))
"""The last purchase day of somebody who has not bought yet."""

NO_PURCHASE = -(2**31)
"""Before all days: in place of the day on which an order is undone, where it is no purchase."""

FUTURE = np.int64(2**40)
"""The second purchase day of somebody who bought on one day only."""

CELLS = 4_000_000  # running values kept in memory at a time, per kind
BATCH_ROWS = 500_000
COLUMNS = ("customer_id", "order_day", "amount")


class OrderLog(Protocol):
    """What retention needs of a log: :class:`churnrisk.orders.Orders`, or anything shaped like it."""

    @property
    def has_amounts(self) -> bool:
        """Whether amounts are known."""

    @property
    def first_day(self) -> int:
        """Day of the first order."""

    @property
    def last_day(self) -> int:
        """Day of the last order."""

    def frame(self) -> nw.LazyFrame[Any]:
        """Return the orders, one row each, as :data:`churnrisk.schema.ORDERS`."""


def map_orders(
    log: OrderLog, step: Callable[[Arrays], Arrays], *, until: int, by_group: bool = False
) -> Iterator[Arrays]:
    """Run a step over the orders up to and including a day, in batches of whole customers, sorted by day."""
    group = ["customer_group"] if by_group else []
    bought = nw.when(nw.col("is_purchase") == 1).then(nw.col("undone_day"))
    until_when = bought.otherwise(nw.lit(NO_PURCHASE, dtype=nw.Int64))
    frame = log.frame().select(*COLUMNS, *group, bought_until=until_when).filter(nw.col("order_day") <= until)
    sort_by = ["customer_id", "order_day", *group]
    database = getattr(log, "database", None)
    return map_customers(frame, step, sort_by=sort_by, rows=BATCH_ROWS, database=database, table="orders")


@dataclass(frozen=True)
class Rows:
    """Orders of some customers, sorted by customer and day.

    Parameters
    ----------
    customer : ndarray of int64, shape (n,)
        0, 1, 2, ... in the order of the rows.
    day, amount : ndarray of int64, shape (n,)
        Day and net amount of the order, in ten-thousandths.
    bought_until : ndarray of int64, shape (n,)
        Up to the morning of which day it counts as a purchase; :data:`NO_PURCHASE` where it never does.
    group : ndarray of int64, shape (n,), or None
        Number of the group that the order names.
    """

    customer: NDArray[np.int64]
    day: NDArray[np.int64]
    amount: NDArray[np.int64]
    bought_until: NDArray[np.int64]
    group: NDArray[np.int64] | None = None

    @property
    def customers(self) -> int:
        """How many customers there are."""
        return int(self.customer[-1]) + 1 if len(self.customer) else 0

    def purchases(self) -> NDArray[np.intp]:
        """Return the places of the orders that were purchases at the end of their own days."""
        return np.flatnonzero(self.bought_until != NO_PURCHASE)

    def was_purchase(self, places: NDArray[np.intp], at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell of some orders, given by their places, whether each was a purchase as known at a day of its own."""
        answer: NDArray[np.bool_] = stands_at(self.bought_until[places], at)
        return answer


def read_rows(batch: Arrays, groups: Sequence[str] = ()) -> Rows:
    """Take the orders of a batch, and number the groups where there are any."""
    group = None
    if len(groups):
        number = {name: k for k, name in enumerate(groups)}
        group = np.array([number[str(name or "")] for name in batch["customer_group"]], dtype=np.int64)
    names = ("order_day", "amount", "bought_until")
    day, amount, bought_until = (batch[name].astype(np.int64, copy=False) for name in names)
    return Rows(batch["customer"], day, amount, bought_until, group)


def split_rows(rows: Rows, cuts: int) -> Iterator[Rows]:
    """Cut rows into parts of whole customers whose running values at so many cuts fit into memory."""
    most = max(1, CELLS // (cuts + 1))
    for first in range(0, rows.customers, most):
        start, stop = np.searchsorted(rows.customer, [first, first + most])
        part = slice(start, stop)
        group = None if rows.group is None else rows.group[part]
        yield Rows(rows.customer[part] - first, rows.day[part], rows.amount[part], rows.bought_until[part], group)


@dataclass(frozen=True)
class PurchaseDays:
    """Days with a purchase, each once, sorted by customer and day; undone where all purchases of the day are.

    Parameters
    ----------
    customer, day, undone_day : ndarray of int64, shape (n,)
        Whose, which, and from when on it is none any more.
    """

    customer: NDArray[np.int64]
    day: NDArray[np.int64]
    undone_day: NDArray[np.int64]

    def choose(self, chosen: NDArray[np.bool_]) -> PurchaseDays:
        """Keep some of them."""
        return PurchaseDays(self.customer[chosen], self.day[chosen], self.undone_day[chosen])


@dataclass(frozen=True)
class Histories:
    """Running values of customers at the cuts: the state on the morning of the day, its own orders not included.

    Parameters
    ----------
    lasting_first, lasting_second : ndarray of int64, shape (n,)
        First and second purchase day that is never undone; :data:`FUTURE` where there is none.
    undone : PurchaseDays
        Purchase days that are undone at some time.
    last_day : ndarray of int64, shape (cuts, n)
        Last purchase day before the cut, :data:`NOT_YET` where there is none.
    purchase_days : ndarray of int32, shape (cuts, n)
        Purchase days before the cut.
    revenue : ndarray of int64, shape (cuts, n)
        Net amount of all orders before the cut, in ten-thousandths. It may wrap around; differences are right.
    """

    lasting_first: NDArray[np.int64]
    lasting_second: NDArray[np.int64]
    undone: PurchaseDays
    last_day: NDArray[np.int64]
    purchase_days: NDArray[np.int32]
    revenue: NDArray[np.int64]

    def active(self, cut: int, at: int, lookback: int) -> NDArray[np.bool_]:
        """Tell which customers are active at day ``at``, which stands at place ``cut`` among the cuts."""
        # The last purchase before `at` lies in the lookback if and only if any does.
        answer: NDArray[np.bool_] = active_at(self.last_day[cut], at, lookback)
        return answer

    def first_day(self, at: int) -> NDArray[np.int64]:
        """Return the first purchase day of each customer as known at a day.

        Of customers that had none by then, a later day or :data:`FUTURE`.
        """
        undone = self.undone
        known = np.flatnonzero((undone.day < at) & stands_at(undone.undone_day, at))
        if not len(known):
            return self.lasting_first
        first = self.lasting_first.copy()
        np.minimum.at(first, undone.customer[known], undone.day[known])
        return first

    def bought_between(self, start: int, end: int, day: int, until: int) -> NDArray[np.int32]:
        """Count the purchase days from a day until another as known at the latter; given as cuts, then as days."""
        bought: NDArray[np.int32] = self.purchase_days[end] - self.purchase_days[start]
        undone = self.undone
        taken_back = (undone.day < day) & (undone.undone_day >= day) & (undone.undone_day < until)
        np.add.at(bought, undone.customer[taken_back], 1)  # they were counted at the start, and are not at the end
        return bought

    def came_back(self, first_day: NDArray[np.int64], days: int) -> NDArray[np.bool_]:
        """Tell which customers bought at most so many days after a first day of their own, as known right after."""
        following = np.where(self.lasting_first > first_day, self.lasting_first, self.lasting_second)
        answer: NDArray[np.bool_] = following - first_day <= days
        undone = self.undone
        wait = undone.day - first_day[undone.customer]
        is_back = (wait > 0) & (wait <= days) & stands_at(undone.undone_day - first_day[undone.customer], days + 1)
        answer[undone.customer[is_back]] = True
        return answer


def follow_customers(rows: Rows, cuts: NDArray[np.int64]) -> Histories:
    """Compute the running values of every customer at every cut."""
    shape = (len(cuts) + 1, rows.customers)
    days = find_days(rows)
    lasts = days.undone_day == NEVER
    undone = days.choose(~lasts)
    if len(undone.day):
        days = days.choose(lasts)
    cell = find_cells(cuts, days.day)  # an order counts at its cell and all later cuts
    last_day = np.full(shape, NOT_YET)
    _put_last(last_day, cell, days.customer, days.day)
    purchase_days = np.zeros(shape, np.int32)
    _put_sums(purchase_days, cell, days.customer, np.ones(len(cell), np.int32))
    revenue = np.zeros(shape, np.int64)
    _put_sums(revenue, find_cells(cuts, rows.day), rows.customer, rows.amount)
    last_day = np.maximum.accumulate(last_day, axis=0, out=last_day)[:-1]
    purchase_days = np.cumsum(purchase_days, axis=0, dtype=np.int32, out=purchase_days)[:-1]
    _add_undone(last_day, purchase_days, undone, cuts)
    revenue = np.cumsum(revenue, axis=0, out=revenue)[:-1]
    return Histories(*_first_days(days, rows.customers), undone, last_day, purchase_days, revenue)


def _add_undone(
    last_day: NDArray[np.int64], purchase_days: NDArray[np.int32], undone: PurchaseDays, cuts: NDArray[np.int64]
) -> None:
    """Count purchase days that are undone at the cuts at which they stood."""
    first, end = (np.searchsorted(cuts, days, side="right") for days in (undone.day, undone.undone_day))
    stood = np.maximum(end - first, 0)
    which = np.repeat(np.arange(len(stood)), stood)
    cut = np.arange(len(which)) - np.repeat(np.cumsum(stood) - stood, stood) + first[which]
    np.maximum.at(last_day, (cut, undone.customer[which]), undone.day[which])
    np.add.at(purchase_days, (cut, undone.customer[which]), 1)


def find_cells(cuts: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.intp]:
    """Count the cuts up to and including each day, by a table of all days: quicker than a search for each."""
    if not len(day):
        return np.zeros(0, np.intp)
    first = int(day.min())
    table = np.searchsorted(cuts, np.arange(first, int(day.max()) + 1), side="right")
    return table[day - first]


def group_at(rows: Rows, days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each customer's group on the morning of each day, shape (days, n).

    That is the group of the last order before it; of a customer without one, that of the first order.
    """
    if rows.group is None:
        raise AssertionError("these rows have no group")
    first = np.searchsorted(rows.customer, np.arange(rows.customers))
    last = np.zeros((len(days) + 1, rows.customers), np.int64)
    cell = find_cells(days, rows.day)
    _put_last(last, cell, rows.customer, np.arange(len(rows.day)))
    known = np.maximum(np.maximum.accumulate(last, axis=0)[:-1], first)
    found: NDArray[np.int64] = rows.group[known]
    return found


def find_days(rows: Rows) -> PurchaseDays:
    """Return the days with a purchase."""
    bought = rows.purchases()
    starts = _segments(rows.day[bought], rows.customer[bought])
    undone_day, place = rows.bought_until[bought], bought[starts]
    if len(starts) < len(bought):
        undone_day = np.maximum.reduceat(undone_day, starts)
    return PurchaseDays(rows.customer[place], rows.day[place], undone_day)


def _first_days(days: PurchaseDays, customers: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    customer, day = days.customer, days.day
    is_first = np.ones(len(customer), bool)
    is_first[1:] = customer[1:] != customer[:-1]
    is_second = np.zeros(len(customer), bool)
    is_second[1:] = is_first[:-1] & ~is_first[1:]
    first_day, second_day = (np.full(customers, FUTURE) for _ in range(2))
    first_day[customer[is_first]] = day[is_first]
    second_day[customer[is_second]] = day[is_second]
    return first_day, second_day


def _segments(cell: NDArray[Any], customer: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the first place of each run of rows with one customer and one cell; both only grow within a customer."""
    is_start = np.ones(len(cell), bool)
    is_start[1:] = (cell[1:] != cell[:-1]) | (customer[1:] != customer[:-1])
    return np.flatnonzero(is_start)


def _put_last(
    table: NDArray[np.int64], cell: NDArray[Any], customer: NDArray[np.int64], value: NDArray[np.int64]
) -> None:
    starts = _segments(cell, customer)
    ends = np.append(starts[1:], len(cell)) - 1 if len(starts) else starts
    table[cell[ends], customer[ends]] = value[ends]


def _put_sums(table: NDArray[Any], cell: NDArray[Any], customer: NDArray[np.int64], value: NDArray[Any]) -> None:
    starts = _segments(cell, customer)
    if len(starts):
        table[cell[starts], customer[starts]] = np.add.reduceat(value, starts)
