"""Purchases that returns have taken back whole, and the day from which that is known."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from churnrisk.engines import Arrays, SqlEngine, map_over_customers
from churnrisk.schema import NEVER


@dataclass
class _Purchase:
    place: int
    day: int
    net: int
    remaining: int

    def take_back(self, amount: int, day: int, undone: dict[int, int]) -> int:
        """Lower what remains, and give what is left of the amount."""
        taken = min(amount, self.remaining)
        self.remaining -= taken
        if not self.remaining:
            undone[self.place] = day
        return amount - taken


def find_undone(orders: Sequence[tuple[str, int, int]], *, reversal_days: int, is_whole: bool = True) -> dict[int, int]:
    """Find the purchases of one customer that returns have taken back whole.

    Returns are taken in the order of their days, then of their order ids. One lowers the purchases of its own order id
    that are known by then: first one of which exactly so much is left, else the latest ones. One of which no such
    purchase is left (or that has no id) undoes the latest purchase over exactly the amount that no return has lowered
    and that is not older than ``reversal_days``. And once returns have given back all that the customer ever paid,
    whatever their amounts and ids, no purchase stands. So no row changes anything about the days before its own.

    Parameters
    ----------
    orders : sequence of (str, int, int)
        Order id, day, and net amount (without amounts, the net quantity) of each.
    reversal_days : int
        Days from a purchase to a return of another order id that undoes it, at most.
    is_whole : bool
        Whether these are all purchases of the customer, so that what was paid in all is known.

    Returns
    -------
    dict of int to int
        Place of each purchase that is undone, and the day from which that is known.

    Examples
    --------
    >>> find_undone([("a", 1, 50), ("b", 2, 20), ("a", 9, -50), ("x", 9, -20)], reversal_days=5)
    {0: 9}
    """
    undone: dict[int, int] = {}
    of_order: dict[str, list[_Purchase]] = defaultdict(list)
    of_amount: dict[int, list[_Purchase]] = defaultdict(list)
    paid = 0
    places = sorted(range(len(orders)), key=lambda place: (orders[place][1], orders[place][0], place))
    for day, group in itertools.groupby(places, key=lambda place: orders[place][1]):
        today = list(group)
        for place in today:
            name, _, net = orders[place]
            if net > 0:
                one = _Purchase(place, day, net, net)
                of_order[name].append(one)
                of_amount[net].append(one)
                paid += net
        for place in today:
            name, _, net = orders[place]
            if net < 0 and not (name and _take_from_order(of_order[name], -net, day, undone)):
                _take_equal(of_amount[-net], -net, day, undone, since=day - reversal_days)
            paid = max(0, paid + min(net, 0))  # what came back of purchases before the log is no credit
        if is_whole and not paid:
            _take_all(of_order, day, undone)
    return undone


def _take_all(of_order: Mapping[str, Sequence[_Purchase]], day: int, undone: dict[int, int]) -> None:
    """Undo whatever purchase still stands."""
    for one in itertools.chain.from_iterable(of_order.values()):
        if one.remaining:
            one.take_back(one.remaining, day, undone)


def _take_from_order(own: list[_Purchase], amount: int, day: int, undone: dict[int, int]) -> bool:
    """Lower the purchases of one order id; tell whether there were any."""
    left = [one for one in reversed(own) if one.remaining]
    exact = next((one for one in left if one.remaining == amount), None)
    for one in left if exact is None else [exact]:
        amount = one.take_back(amount, day, undone)
        if not amount:
            break
    return bool(left)


def _take_equal(equal: list[_Purchase], amount: int, day: int, undone: dict[int, int], *, since: int) -> None:
    """Undo the latest purchase of an amount that is whole and not too old."""
    while equal and equal[-1].remaining != equal[-1].net:
        equal.pop()
    if equal and equal[-1].day >= since:
        equal.pop().take_back(amount, day, undone)


class UndoneStep:
    """Finds what is undone in a batch of whole customers, wherever their orders lie."""

    def __init__(self, reversal_days: int) -> None:
        self.reversal_days = reversal_days

    def __call__(self, batch: Arrays) -> Arrays:
        """Return customer, order id and day of each purchase that is undone, and from which day that is known."""
        ends = np.flatnonzero(np.diff(batch["customer"], append=-1)) + 1
        found: list[tuple[Any, ...]] = []
        start = 0
        for end in ends.tolist():
            rows = list(
                zip(
                    batch["order_id"][start:end].tolist(),
                    batch["order_day"][start:end].tolist(),
                    batch["net"][start:end].tolist(),
                    strict=True,
                )
            )
            is_whole = bool(batch["is_whole"][start])
            for place, day in find_undone(rows, reversal_days=self.reversal_days, is_whole=is_whole).items():
                found.append((batch["who"][start + place], *rows[place][:2], day))
            start = end
        who, order_id, order_day, undone_day = zip(*found, strict=True) if found else ((), (), (), ())
        return {
            "customer_id": np.array(who, dtype=str),
            "order_id": np.array(order_id, dtype=str),
            "order_day": np.array(order_day, dtype=np.int64),
            "undone_day": np.array(undone_day, dtype=np.int64),
        }


def undone_table(engine: SqlEngine, orders: str, *, net: str, reversal_days: int) -> str | None:
    """Make the table of purchases that are undone; None where there are none.

    Parameters
    ----------
    engine : SqlEngine
        Where the orders lie.
    orders : str
        Table of orders.
    net : str
        The column that tells purchases from returns: ``amount``, or ``quantity`` in a log without amounts.
    reversal_days : int
        As for :func:`find_undone`.
    """
    if not engine.rows_of(f"SELECT 1 FROM {orders} WHERE {net} < 0 LIMIT 1"):
        return None
    back = f"SELECT customer_id AS of_customer, order_id AS of_order, -{net} AS of_amount FROM {orders} WHERE {net} < 0"
    same_order = f"SELECT DISTINCT of_customer, of_order FROM ({back}) WHERE of_order <> ''"
    same_amount = f"SELECT DISTINCT of_customer, of_amount FROM ({back})"
    so_far = f"""SELECT customer_id, {net} AS net, sum({net}) OVER (PARTITION BY customer_id ORDER BY order_day) AS paid
        FROM {orders} WHERE customer_id IN (SELECT of_customer FROM ({back}))"""
    gave_all = f"SELECT DISTINCT customer_id AS of_customer FROM ({so_far}) WHERE net < 0 AND paid <= 0"
    query = f"""SELECT customer_id, customer_id AS who, order_id, order_day, {net} AS net,
            CASE WHEN c.of_customer IS NULL THEN 0 ELSE 1 END AS is_whole
        FROM {orders} o
        LEFT JOIN ({same_order}) a ON a.of_customer = o.customer_id AND a.of_order = o.order_id
        LEFT JOIN ({same_amount}) b ON b.of_customer = o.customer_id AND b.of_amount = o.{net}
        LEFT JOIN ({gave_all}) c ON c.of_customer = o.customer_id
        WHERE o.{net} < 0 OR (o.{net} > 0 AND coalesce(a.of_customer, b.of_customer, c.of_customer) IS NOT NULL)"""
    batches = map_over_customers(
        engine, query, UndoneStep(reversal_days), sort_by=["customer_id", "order_day", "order_id"]
    )
    parts = [batch for batch in batches if len(batch["undone_day"])]
    if not parts:
        return None
    return engine.fill_table("undone", {name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def with_undone_sql(orders: str, undone: str | None, columns: Sequence[str], *, is_purchase: str) -> str:
    """Return the query of orders with ``undone_day``; what is undone on its own day is no purchase at any time.

    Parameters
    ----------
    orders : str
        Table of orders.
    undone : str, optional
        Table of what is undone.
    columns : sequence of str
        Columns of the orders to keep.
    is_purchase : str
        SQL of orders that are purchases by their net.
    """
    if undone is None:
        return (
            f"SELECT {', '.join(columns)}, CAST({is_purchase} AS BIGINT) AS is_purchase, "
            f"CAST({NEVER} AS BIGINT) AS undone_day FROM {orders}"
        )
    kept = ", ".join(f"o.{name}" for name in columns)
    stands = f"coalesce(u.undone_day, {NEVER}) > o.order_day"
    return f"""SELECT {kept}, CAST({is_purchase} AND {stands} AS BIGINT) AS is_purchase,
        CAST(coalesce(u.undone_day, {NEVER}) AS BIGINT) AS undone_day
        FROM {orders} o LEFT JOIN {undone} u ON u.customer_id = o.customer_id AND u.order_id = o.order_id
            AND u.order_day = o.order_day"""
