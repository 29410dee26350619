"""Frequency: how often a customer bought, ever and in fixed windows. A day counts once; orders are counted beside."""

from __future__ import annotations

import narwhals as nw
import numpy as np

from churnrisk.engines import int_sum
from churnrisk.features.base import count_where, days_back, is_new_day, is_purchase, order_day, sum_where
from churnrisk.features.feature import Columns, Feature, WholeNumber, divide, take, take_ratio
from churnrisk.timeline import Snapshot
from churnrisk.types import Floats

DAY_WINDOWS = (7, 14, 30, 60, 90, 180, 365)
ORDER_WINDOWS = (30, 90, 365)
HORIZON_WINDOWS = (4, 12)


def _days_within(window: int) -> WholeNumber:
    name = f"purchase_day_count_last_{window}d"
    return WholeNumber(name, lambda snapshot: sum_where(days_back(snapshot, window), is_new_day))


def _orders_within(window: int) -> WholeNumber:
    name = f"order_count_last_{window}d"
    return WholeNumber(name, lambda snapshot: count_where(is_purchase() & days_back(snapshot, window)))


def _starts_active_horizon(snapshot: Snapshot) -> nw.Expr:
    """Tell of the first purchase in each stretch of one horizon, counted back from the cutoff."""
    previous = nw.col("previous_day")
    ago = snapshot.cutoff - 1 - order_day
    is_other = ago % snapshot.horizon + (order_day - previous) >= snapshot.horizon
    return is_purchase() & (previous.is_null() | is_other)


def _active_horizons(last: int) -> WholeNumber:
    def expression(snapshot: Snapshot) -> nw.Expr:
        return count_where(_starts_active_horizon(snapshot) & days_back(snapshot, last * snapshot.horizon))

    return WholeNumber(f"active_horizon_count_last_{last}_horizons", expression)


WHOLE_NUMBERS = (
    WholeNumber("order_count", lambda _: count_where(is_purchase())),
    WholeNumber("purchase_day_count", lambda _: int_sum(is_new_day)),
    WholeNumber("active_horizon_count", lambda snapshot: count_where(_starts_active_horizon(snapshot))),
    *(_active_horizons(last) for last in HORIZON_WINDOWS),
    *(_days_within(window) for window in DAY_WINDOWS),
    *(_orders_within(window) for window in ORDER_WINDOWS),
)


def _rate(columns: Columns, snapshot: Snapshot) -> Floats:
    return 30 * columns["purchase_day_count"] / (snapshot.cutoff - columns["first_purchase_day"])


def _repeat_rate(columns: Columns, _: Snapshot) -> Floats:
    span = columns["last_purchase_day"] - columns["first_purchase_day"]
    return divide(30 * (columns["purchase_day_count"] - 1), span)


def _active_horizon_share(columns: Columns, snapshot: Snapshot) -> Floats:
    lived = np.ceil((snapshot.cutoff - columns["first_purchase_day"]) / snapshot.horizon)
    return columns["active_horizon_count"] / lived


FEATURES = (
    Feature("order_count", "frequency", "orders", "Number of purchases ever.", ("order_count",), take("order_count")),
    Feature(
        "purchase_day_count",
        "frequency",
        "days",
        "Number of days with a purchase, ever.",
        ("purchase_day_count",),
        take("purchase_day_count"),
    ),
    Feature(
        "orders_per_purchase_day_ratio",
        "frequency",
        "orders per day",
        "Purchases per purchase day.",
        ("order_count", "purchase_day_count"),
        take_ratio("order_count", "purchase_day_count"),
    ),
    Feature(
        "purchase_day_rate",
        "frequency",
        "purchase days per 30 days",
        "Purchase days per 30 days of tenure.",
        ("purchase_day_count", "first_purchase_day"),
        _rate,
    ),
    Feature(
        "repeat_purchase_day_rate",
        "frequency",
        "purchase days per 30 days",
        "Repeat purchase days per 30 days between the first and the last purchase day.",
        ("purchase_day_count", "first_purchase_day", "last_purchase_day"),
        _repeat_rate,
        missing="missing for customers with one purchase day",
    ),
    Feature(
        "active_horizon_count",
        "frequency",
        "horizons",
        "Number of stretches of one horizon, counted back from the cutoff, with a purchase in them.",
        ("active_horizon_count",),
        take("active_horizon_count"),
    ),
    Feature(
        "active_horizon_share",
        "frequency",
        "share",
        "Share of the stretches of one horizon since the first purchase, counted back from the cutoff, that have one.",
        ("active_horizon_count", "first_purchase_day"),
        _active_horizon_share,
    ),
    *(
        Feature(
            f"active_horizon_count_last_{last}_horizons",
            "frequency",
            "horizons",
            f"Number of the last {last} stretches of one horizon before the cutoff with a purchase in them.",
            (f"active_horizon_count_last_{last}_horizons",),
            take(f"active_horizon_count_last_{last}_horizons"),
        )
        for last in HORIZON_WINDOWS
    ),
    *(
        Feature(
            f"purchase_day_count_last_{window}d",
            "frequency",
            "days",
            f"Purchase days in the {window} days before the cutoff.",
            (f"purchase_day_count_last_{window}d",),
            take(f"purchase_day_count_last_{window}d"),
        )
        for window in DAY_WINDOWS
    ),
    *(
        Feature(
            f"order_count_last_{window}d",
            "frequency",
            "orders",
            f"Purchases in the {window} days before the cutoff.",
            (f"order_count_last_{window}d",),
            take(f"order_count_last_{window}d"),
        )
        for window in ORDER_WINDOWS
    ),
)
