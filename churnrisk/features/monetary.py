"""Monetary: what the purchases of a customer were worth, in the log's currency."""

from __future__ import annotations

from churnrisk.engines import int_sum
from churnrisk.features.base import (
    amount,
    days_back,
    first_day,
    is_purchase,
    last_day,
    order_day,
    pick_where,
    sum_where,
)
from churnrisk.features.feature import Columns, Feature, WholeNumber, divide, take_amount, take_ratio
from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import Snapshot
from churnrisk.types import Floats

AMOUNT_WINDOWS = (30, 90, 365)
purchase_amount = pick_where(is_purchase(), amount)


def _amount_within(window: int) -> WholeNumber:
    name = f"total_amount_last_{window}d"
    return WholeNumber(name, lambda snapshot: sum_where(is_purchase() & days_back(snapshot, window), amount))


WHOLE_NUMBERS = (
    WholeNumber("total_amount", lambda _: sum_where(is_purchase(), amount)),
    WholeNumber("net_amount", lambda _: int_sum(amount)),
    WholeNumber("min_order_amount", lambda _: purchase_amount.min()),
    WholeNumber("lower_quartile_order_amount", lambda _: purchase_amount.quantile(0.25, interpolation="linear")),
    WholeNumber("median_order_amount", lambda _: purchase_amount.median()),
    WholeNumber("upper_quartile_order_amount", lambda _: purchase_amount.quantile(0.75, interpolation="linear")),
    WholeNumber("max_order_amount", lambda _: purchase_amount.max()),
    WholeNumber("first_day_amount", lambda _: sum_where(is_purchase() & (order_day == first_day), amount)),
    WholeNumber("last_day_amount", lambda _: sum_where(is_purchase() & (order_day == last_day), amount)),
    *(_amount_within(window) for window in AMOUNT_WINDOWS),
)


def _amount_per_30_days(columns: Columns, snapshot: Snapshot) -> Floats:
    tenure = snapshot.cutoff - columns["first_purchase_day"]
    return 30 * (columns["total_amount"] / MONEY_SCALE) / tenure


def _mean_order_amount(columns: Columns, _: Snapshot) -> Floats:
    return columns["total_amount"] / MONEY_SCALE / columns["order_count"]


def _quartile_spread(columns: Columns, _: Snapshot) -> Floats:
    spread = columns["upper_quartile_order_amount"] - columns["lower_quartile_order_amount"]
    return divide(spread, columns["median_order_amount"])


def _mean_day_amount(columns: Columns) -> Floats:
    return columns["total_amount"] / columns["purchase_day_count"]


def _last_over_mean_day(columns: Columns, _: Snapshot) -> Floats:
    return divide(columns["last_day_amount"], _mean_day_amount(columns))


def _amount_feature(name: str, meaning: str) -> Feature:
    return Feature(
        name, "monetary", "currency", meaning, (name,), take_amount(name), needs=("amounts",), money_degree=1
    )


FEATURES = (
    _amount_feature("total_amount", "Amount of all purchases, returns not taken off."),
    _amount_feature("net_amount", "Amount of all orders, returns taken off."),
    Feature(
        "mean_order_amount",
        "monetary",
        "currency",
        "Mean amount of a purchase.",
        ("total_amount", "order_count"),
        _mean_order_amount,
        needs=("amounts",),
        money_degree=1,
    ),
    _amount_feature("min_order_amount", "Smallest amount of a purchase."),
    _amount_feature("median_order_amount", "Median amount of a purchase."),
    _amount_feature("max_order_amount", "Largest amount of a purchase."),
    _amount_feature("first_day_amount", "Amount of the purchases on the first purchase day."),
    _amount_feature("last_day_amount", "Amount of the purchases on the last purchase day."),
    *(
        _amount_feature(
            f"total_amount_last_{window}d", f"Amount of the purchases in the {window} days before the cutoff."
        )
        for window in AMOUNT_WINDOWS
    ),
    Feature(
        "amount_rate",
        "monetary",
        "currency per 30 days",
        "Amount of the purchases per 30 days of tenure.",
        ("total_amount", "first_purchase_day"),
        _amount_per_30_days,
        needs=("amounts",),
        money_degree=1,
    ),
    Feature(
        "max_order_amount_share",
        "monetary",
        "share",
        "Share of the largest purchase in the amount of all.",
        ("max_order_amount", "total_amount"),
        take_ratio("max_order_amount", "total_amount"),
        needs=("amounts",),
    ),
    Feature(
        "quartile_spread_amount_ratio",
        "monetary",
        "ratio",
        "Spread between the quartiles of the amount of a purchase over its median.",
        ("lower_quartile_order_amount", "median_order_amount", "upper_quartile_order_amount"),
        _quartile_spread,
        needs=("amounts",),
    ),
    Feature(
        "last_day_amount_ratio",
        "monetary",
        "ratio",
        "Amount of the last purchase day over the mean of all purchase days.",
        ("last_day_amount", "total_amount", "purchase_day_count"),
        _last_over_mean_day,
        needs=("amounts",),
    ),
)
