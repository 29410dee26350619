"""The retention figures in slow plain Python: each figure counts customers one by one, straight from the orders.

Written from the definitions, not from the program: sets of customers instead of running values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from support.logs import Order


@dataclass(frozen=True)
class Shop:
    """A log, asked day by day."""

    orders: Sequence[Order]
    lookback: int
    window: int
    has_amounts: bool = True

    @property
    def customers(self) -> list[str]:
        return sorted({order.customer_id for order in self.orders})

    @property
    def end_day(self) -> int:
        return max(order.order_day for order in self.orders) + 1

    def days(self, customer: str, known: int) -> list[int]:
        """Purchase days, each once, as known at a day."""
        return sorted({o.order_day for o in self.orders if o.customer_id == customer and o.bought(known)})

    def bought(self, customer: str, start: int, end: int, *, known: int | None = None) -> list[int]:
        """Purchase days of a window as known at its end, or at another day."""
        return [day for day in self.days(customer, end if known is None else known) if start <= day < end]

    def active(self, day: int) -> set[str]:
        return {c for c in self.customers if self.bought(c, day - self.lookback, day)}

    def net(self, customer: str, start: int, end: int) -> int:
        return sum(o.amount for o in self.orders if o.customer_id == customer and start <= o.order_day < end)


def share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def period_figures(shop: Shop, a: int, b: int, members: Callable[[str], bool] = lambda _: True) -> dict[str, Any]:
    """Every figure of the period ``[a, b)`` over the customers that are members, as known at its end."""
    everybody = {c for c in shop.customers if members(c)}
    first = {c: shop.days(c, b)[0] for c in everybody if shop.days(c, b)}
    start, end = shop.active(a) & everybody, shop.active(b) & everybody
    new = {c for c in end - start if a <= first[c] < b}
    back = end - start - new
    lost = start - end
    buyers = {c for c in everybody if shop.bought(c, a, b)}
    year_before = shop.active(b - 365) & everybody
    then = a - shop.lookback
    lapsed = {c for c in everybody - start if shop.bought(c, then - 365, then, known=a)}
    followed = {c for c in first if a <= first[c] < b and first[c] + 90 < shop.end_day}
    second = {c for c in followed if shop.bought(c, first[c] + 1, first[c] + 91)}
    inside = [o for o in shop.orders if a <= o.order_day < b and o.customer_id in everybody]
    purchases = [o for o in inside if o.bought(b)]
    churn = share(len(lost), len(start))
    same = b - a == shop.lookback and churn is not None
    return {
        "customers_at_start": len(start),
        "customers_at_end": len(end),
        "new_customers": len(new),
        "reactivated_customers": len(back),
        "lost_customers": len(lost),
        "retention_rate": share(len(start & end), len(start)),
        "retention_rate_by_count": share(len(end) - len(new), len(start)),
        "churn_rate": churn,
        "no_purchase_rate": share(len(start - buyers), len(start)),
        "annual_churn_rate": share(len(year_before - end), len(year_before)),
        "annual_churn_rate_from_period": 1 - (1 - (churn or 0)) ** (365 / (b - a)) if same else None,
        "repeat_purchase_rate": share(sum(len(shop.bought(c, a, b)) > 1 for c in buyers), len(buyers)),
        "second_order_rate_90_days": share(len(second), len(followed)),
        "orders_per_customer": share(len(purchases), len(buyers)),
        "reactivation_rate": share(len(back), len(lapsed)),
        "quick_ratio": share(len(new) + len(back), len(lost)),
        **_money_figures(shop, b, everybody, inside),
    }


def _money_figures(shop: Shop, b: int, everybody: set[str], inside: Sequence[Order]) -> dict[str, Any]:
    if not shop.has_amounts:
        names = ("revenue", "net_revenue_retention", "gross_revenue_retention", "gross_revenue_churn")
        return dict.fromkeys((*names, "revenue_churn_lost_customers", "unvalued_customers", "average_order_value"))
    w = shop.window
    pairs = [(shop.net(c, b - 2 * w, b - w), shop.net(c, b - w, b)) for c in shop.active(b - w) & everybody]
    valued = [(m0, m1) for m0, m1 in pairs if m0 > 0]
    base = sum(m0 for m0, _ in valued)
    gross = share(sum(min(max(m1, 0), m0) for m0, m1 in valued), base)
    paid = [o.amount for o in inside if o.bought(b)]
    return {
        "revenue": sum(o.amount for o in inside) / 10_000,
        "net_revenue_retention": share(sum(m1 for _, m1 in valued), base),
        "gross_revenue_retention": gross,
        "gross_revenue_churn": None if gross is None else 1 - gross,
        "revenue_churn_lost_customers": share(sum(m0 for m0, m1 in valued if m1 <= 0), base),
        "unvalued_customers": len(pairs) - len(valued),
        "average_order_value": share(sum(paid) / 10_000, len(paid)),
    }


def assert_same_figures(made: Any, expected: dict[str, Any]) -> None:
    """Hold a row of a table against what the oracle says, with a reason for all that is undefined."""
    undefined = {name for name, value in expected.items() if value is None}
    assert list(made.reasons) == [name for name in made.figures if name in undefined]
    assert all(made.reasons.values())
    assert {name for name, value in made.figures.items() if value is None} == undefined
    defined = {name: value for name, value in expected.items() if value is not None}
    assert {name: made.figures[name] for name in defined} == pytest.approx(defined, rel=1e-12, abs=1e-12)
    assert made.figures.keys() == expected.keys()
