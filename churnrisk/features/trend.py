"""Trend: recent purchases against earlier ones, in windows tied to the horizon, and against the customer's own pace."""

from __future__ import annotations

import narwhals as nw

from churnrisk.features.base import amount, days_back, is_new_day, is_purchase, sum_where
from churnrisk.features.feature import Columns, Feature, WholeNumber, divide, take, take_amount, take_share
from churnrisk.timeline import Snapshot
from churnrisk.types import Floats

HORIZON_WINDOWS = {
    "last_half_horizon": (0, 1, "the half horizon before the cutoff"),
    "last_horizon": (0, 2, "the horizon before the cutoff"),
    "horizon_before_last": (2, 4, "the horizon before the last one"),
    "third_last_horizon": (4, 6, "the third horizon before the cutoff"),
    "fourth_last_horizon": (6, 8, "the fourth horizon before the cutoff"),
    "last_4_horizons": (0, 8, "the four horizons before the cutoff"),
    "4_horizons_before_last_4": (8, 16, "the four horizons before the last four"),
}
"""Windows by name: nearest and farthest edge in halves of a horizon (rounded up) before the cutoff, and words."""


def _in_window(snapshot: Snapshot, window: str) -> nw.Expr:
    nearest, farthest, _ = HORIZON_WINDOWS[window]
    edges = [(half * snapshot.horizon + 1) // 2 for half in (nearest, farthest)]
    return days_back(snapshot, edges[1], nearest=edges[0])


def _days_in(window: str) -> WholeNumber:
    name = f"purchase_day_count_{window}"
    return WholeNumber(name, lambda snapshot: sum_where(_in_window(snapshot, window), is_new_day))


def _amount_in(window: str) -> WholeNumber:
    name = f"total_amount_{window}"
    return WholeNumber(name, lambda snapshot: sum_where(is_purchase() & _in_window(snapshot, window), amount))


WHOLE_NUMBERS = (
    *(_days_in(window) for window in HORIZON_WINDOWS),
    _amount_in("last_horizon"),
    _amount_in("horizon_before_last"),
)


def _days_feature(window: str) -> Feature:
    name = f"purchase_day_count_{window}"
    return Feature(name, "trend", "days", f"Purchase days in {HORIZON_WINDOWS[window][2]}.", (name,), take(name))


def _amount_feature(window: str) -> Feature:
    name = f"total_amount_{window}"
    meaning = f"Amount of the purchases in {HORIZON_WINDOWS[window][2]}."
    return Feature(name, "trend", "currency", meaning, (name,), take_amount(name), needs=("amounts",), money_degree=1)


def _recent_share(name: str, meaning: str, parts: tuple[str, str], *, needs: tuple[str, ...] = ()) -> Feature:
    missing = "missing without a purchase in either window"
    return Feature(name, "trend", "share", meaning, parts, take_share(*parts), missing, needs)


def _pace(columns: Columns, snapshot: Snapshot) -> Floats:
    """Purchase days of the last 90 days over those that the customer's own rate lets expect there."""
    tenure = snapshot.cutoff - columns["first_purchase_day"]
    expected = columns["purchase_day_count"] * 90 / tenure
    return divide(columns["purchase_day_count_last_90d"], expected)


FEATURES = (
    *(_days_feature(window) for window in HORIZON_WINDOWS),
    _amount_feature("last_horizon"),
    _amount_feature("horizon_before_last"),
    _recent_share(
        "last_horizon_purchase_day_share",
        "Share of the last horizon in the purchase days of the last two horizons.",
        ("purchase_day_count_last_horizon", "purchase_day_count_horizon_before_last"),
    ),
    _recent_share(
        "last_4_horizons_purchase_day_share",
        "Share of the last four horizons in the purchase days of the last eight horizons.",
        ("purchase_day_count_last_4_horizons", "purchase_day_count_4_horizons_before_last_4"),
    ),
    _recent_share(
        "last_horizon_amount_share",
        "Share of the last horizon in the amount of the last two horizons.",
        ("total_amount_last_horizon", "total_amount_horizon_before_last"),
        needs=("amounts",),
    ),
    Feature(
        "pace_last_90d_ratio",
        "trend",
        "ratio",
        "Purchase days of the last 90 days over those that the customer's rate since the first purchase lets expect.",
        ("purchase_day_count_last_90d", "purchase_day_count", "first_purchase_day"),
        _pace,
    ),
)
