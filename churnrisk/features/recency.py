"""Recency: how long ago a customer first and last bought."""

from __future__ import annotations

from churnrisk.features.base import is_purchase, order_day, pick_where
from churnrisk.features.feature import Columns, Feature, WholeNumber, days_since, divide
from churnrisk.timeline import Snapshot
from churnrisk.types import Floats

WHOLE_NUMBERS = (
    WholeNumber("first_purchase_day", lambda _: pick_where(is_purchase(), order_day).min()),
    WholeNumber("last_purchase_day", lambda _: pick_where(is_purchase(), order_day).max()),
)
_BOTH = ("first_purchase_day", "last_purchase_day")


def _days_between(columns: Columns, _: Snapshot) -> Floats:
    return columns["last_purchase_day"] - columns["first_purchase_day"]


def _silence_share(columns: Columns, snapshot: Snapshot) -> Floats:
    cutoff = snapshot.cutoff
    return divide(cutoff - columns["last_purchase_day"], cutoff - columns["first_purchase_day"])


FEATURES = (
    Feature(
        "days_since_last_order",
        "recency",
        "days",
        "Days from the last purchase day to the cutoff; 1 for a purchase on the day before.",
        ("last_purchase_day",),
        days_since("last_purchase_day"),
    ),
    Feature(
        "tenure_days",
        "recency",
        "days",
        "Days from the first purchase day to the cutoff.",
        ("first_purchase_day",),
        days_since("first_purchase_day"),
    ),
    Feature(
        "days_from_first_to_last_order",
        "recency",
        "days",
        "Days from the first to the last purchase day; 0 for customers with one purchase day.",
        _BOTH,
        _days_between,
    ),
    Feature(
        "silence_tenure_share",
        "recency",
        "share",
        "Share of the tenure that has passed since the last purchase day; 1 for customers with one purchase day.",
        _BOTH,
        _silence_share,
    ),
)
