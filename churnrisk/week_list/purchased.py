"""What some customers have bought: the last order, the rhythm, and the money, from their orders alone."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from churnrisk.engines import collect_arrays, known_before
from churnrisk.orders import LINE_TYPES, ORDER_TYPES, FewOrders, Orders
from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import YEAR, stands_at

MOST_PRODUCTS = 2
LEAST_GAPS = 2
"""Gaps between purchase days from which on a customer has a usual one."""


@dataclass(frozen=True)
class Purchased:
    """What a customer has bought before a day.

    Parameters
    ----------
    first_day, last_day : int
        Days of the first and the last purchase.
    purchase_days : int
        Days with a purchase.
    usual_gap : float or None
        Median days between them; None for fewer than three.
    last_amount : float or None
        Of the purchases of the last day, in currency units; None in a log without amounts.
    products : tuple of str
        At most two names of what was bought on the last day, by falling amount.
    revenue, revenue_year, revenue_before : float or None
        Net revenue of all time, of the last 365 days, and of the 365 before them.
    """

    first_day: int
    last_day: int
    purchase_days: int
    usual_gap: float | None
    last_amount: float | None
    products: tuple[str, ...]
    revenue: float | None
    revenue_year: float | None
    revenue_before: float | None


def read_purchased(
    orders: Orders, customer_ids: Sequence[str], as_of: int, *, names: Mapping[str, str]
) -> dict[str, Purchased]:
    """Read it for some customers; those without a purchase before the day are left out.

    Parameters
    ----------
    orders : Orders
        The log.
    customer_ids : sequence of str
        Whom.
    as_of : int
        The first day that is not known.
    names : mapping of str to str
        What products, or categories, are called; others, such as postage, are not named.
    """
    if not len(customer_ids):
        return {}
    few = orders.of_customers(customer_ids)
    frame = known_before(few.frame(), as_of).select("customer_id", "order_day", "amount", "is_purchase")
    found = _by_customer(collect_arrays(frame, sort_by=["customer_id", "order_day"]))
    products = _read_products(few, as_of, names)
    bought = {one: _sum_up(rows, products.get(one, {}), as_of, orders.has_amounts) for one, rows in found.items()}
    return {one: what for one, what in bought.items() if what is not None}


def purchased_of(few: FewOrders, as_of: int, *, names: Mapping[str, str]) -> Purchased | None:
    """Sum up the orders of one customer, as :func:`read_purchased` does, without an engine; None without a purchase.

    Parameters
    ----------
    few : FewOrders
        All orders and rows of the customer.
    as_of, names
        As for :func:`read_purchased`.
    """
    columns = [dict(zip(ORDER_TYPES, one, strict=True)) for one in few.orders]
    past = sorted((one for one in columns if one["order_day"] < as_of), key=lambda one: int(one["order_day"]))
    for one in past:
        one["is_purchase"] = one["is_purchase"] and stands_at(one["undone_day"], as_of)
    numbers = ("order_day", "amount", "is_purchase")
    rows = {name: np.array([one[name] for one in past], dtype=np.int64) for name in numbers}
    lines: dict[str, np.ndarray] = {}
    if (few.has_products or few.has_categories) and names:
        named = zip(LINE_TYPES, zip(*few.lines, strict=True), strict=False)
        lines = {name: np.array(values, dtype=object) for name, values in named}
    item = "product_id" if few.has_products else "category"
    products = _name_products(lines, item, names) if lines else {}
    return _sum_up(rows, next(iter(products.values()), {}), as_of, few.has_amounts)


def _by_customer(rows: Mapping[str, Any]) -> dict[str, dict[str, np.ndarray]]:
    ids = rows["customer_id"].astype(object)
    starts = [0, *(np.flatnonzero(ids[1:] != ids[:-1]) + 1).tolist(), len(ids)] if len(ids) else []
    return {
        str(ids[start]): {name: values[start:stop] for name, values in rows.items()}
        for start, stop in itertools.pairwise(starts)
    }


def _sum_up(
    rows: Mapping[str, np.ndarray], products: Mapping[int, Sequence[str]], as_of: int, has_amounts: bool
) -> Purchased | None:
    is_bought, day = rows["is_purchase"] == 1, rows["order_day"]
    if not is_bought.any():
        return None

    def money(is_wanted: Any) -> float | None:
        """Sum whole numbers before they are divided: the order of rows plays no part."""
        return int(rows["amount"][is_wanted].sum()) / MONEY_SCALE if has_amounts else None

    days = np.unique(day[is_bought])
    last = int(days[-1])
    return Purchased(
        first_day=int(days[0]),
        last_day=last,
        purchase_days=len(days),
        usual_gap=float(np.median(np.diff(days))) if len(days) > LEAST_GAPS else None,
        last_amount=money(is_bought & (day == last)),
        products=tuple(products.get(last, ())[:MOST_PRODUCTS]),
        revenue=money(day < as_of),
        revenue_year=money(day >= as_of - YEAR),
        revenue_before=money((day >= as_of - 2 * YEAR) & (day < as_of - YEAR)),
    )


def _read_products(few: Orders, as_of: int, names: Mapping[str, str]) -> dict[str, dict[int, list[str]]]:
    """Return the names of what each customer bought on each day, by falling amount."""
    lines = few.lines()
    if lines is None or not names:
        return {}
    item = "product_id" if few.has_products else "category"
    chosen = lines.filter(nw.col("order_day") < as_of)
    columns = ("customer_id", "order_day", item, "amount", "quantity")
    return _name_products(collect_arrays(chosen.select(*columns), sort_by=[]), item, names)


def _name_products(
    rows: Mapping[str, np.ndarray], item: str, names: Mapping[str, str]
) -> dict[str, dict[int, list[str]]]:
    found: dict[str, dict[int, list[str]]] = {}
    is_sale = (rows["amount"] >= 0) & (rows["quantity"] >= 0)
    order = np.lexsort((rows[item].astype(str), -rows["amount"].astype(np.int64)))
    for place in order[is_sale[order].astype(bool)].tolist():
        name = names.get(str(rows[item][place]))
        on_day = found.setdefault(str(rows["customer_id"][place]), {}).setdefault(int(rows["order_day"][place]), [])
        if name is not None and (tidy := " ".join(name.split())) not in on_day:
            on_day.append(tidy)
    return found
