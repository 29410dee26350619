"""Whom a model is learned from, where there are more customers than the learner gains from."""

from __future__ import annotations

from typing import Any

from churnrisk.orders import Draw, DrawnCustomers, Orders
from churnrisk.timeline import Snapshot

Drawn = tuple[Orders, DrawnCustomers | None]
"""The orders to learn from, and the customers drawn; None where all are learned from."""


def draw_for_training(orders: Orders, current: Snapshot, *, most: int, seed: int) -> Drawn:
    """Draw at most so many customers, by what is known at the snapshot that training ends with; 0 takes all."""
    return orders.draw(Draw(most, before=current.cutoff, lookback=current.lookback, seed=seed))


def describe_draw(drawn: DrawnCustomers | None) -> dict[str, Any]:
    """Return what a card and a report say of a draw, without any customer."""
    if drawn is None:
        return {"drawn_share": 1.0}
    chosen = len(drawn.ids)
    return {
        "drawn_share": drawn.share,
        "drawn": {
            "customers": chosen,
            "of": drawn.customers,
            "strata": drawn.strata,
            "note": f"Learned from {chosen:,} of {drawn.customers:,} customers, drawn by a digest of their ids in "
            f"equal shares from {drawn.strata} strata (number of purchases; active or lapsed), so the base rate is "
            "that of all. Customers below are those drawn.",
        },
    }
