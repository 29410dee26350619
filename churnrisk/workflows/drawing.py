"""How many customers are learned from, where there are more of them than come to this process."""

from __future__ import annotations

from churnrisk.orders import Orders

MOST_DRAWN = 100_000
"""Customers of a log on Spark that are learned from, about; so many rows at a dozen cutoffs take some 1.5 GB here."""


def drawn_share(orders: Orders) -> float:
    """Give the share of the customers that are learned from: on Spark so many as come to this process, here all."""
    if orders.keeper is None:
        return 1.0
    return min(1.0, MOST_DRAWN / max(orders.report.customers, 1))


def draw_customers(orders: Orders) -> Orders:
    """Give the orders that are learned from."""
    return orders.draw(drawn_share(orders))
