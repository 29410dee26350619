"""Groups by the category of the first order, in plain Python, and as the package finds them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from churnrisk.engines import collect_arrays
from churnrisk.orders import Orders
from churnrisk.retention.groups import group_by_first_category
from support.logs import EngineLog, PlainLog


def first_categories(log: PlainLog) -> dict[str, str]:
    """Return each customer's group, in plain Python."""
    days: dict[str, int] = {}
    for order in log.orders():
        if order.is_purchase:
            days[order.customer_id] = min(order.order_day, days.get(order.customer_id, order.order_day))
    paid: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in log.rows:
        if days.get(row.customer) == row.day and row.category and (row.amount > 0 or not log.has_amounts):
            paid[row.customer][row.category] += row.amount if log.has_amounts else 1
    best = {one: min(sums, key=lambda name: (-sums[name], name)) for one, sums in paid.items()}
    return {row.customer: best.get(row.customer, "") for row in log.rows}


def orders_of(log: EngineLog) -> Orders:
    facts = {name: getattr(log.plain, f"has_{name}") for name in ("amounts", "quantities", "products", "categories")}
    return Orders.from_frame(log.frame(), lines=log.lines(), **{f"has_{name}": one for name, one in facts.items()})


def groups_of(orders: Any) -> dict[str, str]:
    frame = group_by_first_category(orders).frame().select("customer_id", "customer_group").unique()
    found = collect_arrays(frame, sort_by=["customer_id"])
    assert len(found["customer_id"]) == len(set(found["customer_id"].tolist())), "a customer is in one group"
    return dict(zip(found["customer_id"].tolist(), found["customer_group"].tolist(), strict=True))
