"""Rhythm: the gaps between purchase days, how regular they are, and how the present silence compares with them."""

from __future__ import annotations

import narwhals as nw
import numpy as np

from churnrisk.engines import int_sum
from churnrisk.features.base import count_where, gap_days, last_day, pick_where, place_from_end
from churnrisk.features.feature import ONE_DAY, Columns, Feature, WholeNumber, divide, take
from churnrisk.timeline import Snapshot
from churnrisk.types import Floats

LAST_GAPS = ("last_gap_days", "second_last_gap_days", "third_last_gap_days", "fourth_last_gap_days")
_FEW_GAPS = "missing for customers with fewer than three purchase days"
_SPAN = ("purchase_day_count", "first_purchase_day", "last_purchase_day")


def _gaps_shorter_than_silence(snapshot: Snapshot) -> nw.Expr:
    """Count the gaps that the present silence has outlived: by now, such a gap would have ended before the cutoff."""
    return count_where(snapshot.is_past(last_day + gap_days))


def _gaps_ending_in_outcome(snapshot: Snapshot) -> nw.Expr:
    """Count the gaps that, begun on the last purchase day, would have ended in the outcome window."""
    return count_where(snapshot.in_outcome(last_day + gap_days))


def _gap_from_end(place: int, name: str) -> WholeNumber:
    return WholeNumber(name, lambda _: pick_where(place_from_end == place, gap_days).max())


WHOLE_NUMBERS = (
    WholeNumber("gap_days_squared_sum", lambda _: int_sum(gap_days * gap_days)),
    WholeNumber("min_gap_days", lambda _: gap_days.min()),
    WholeNumber("max_gap_days", lambda _: gap_days.max()),
    WholeNumber("median_gap_days", lambda _: gap_days.median()),
    WholeNumber("lower_quartile_gap_days", lambda _: gap_days.quantile(0.25, interpolation="linear")),
    WholeNumber("upper_quartile_gap_days", lambda _: gap_days.quantile(0.75, interpolation="linear")),
    WholeNumber("upper_octile_gap_days", lambda _: gap_days.quantile(0.875, interpolation="linear")),
    *(_gap_from_end(place, name) for place, name in enumerate(LAST_GAPS, start=1)),
    WholeNumber("gaps_shorter_than_silence", _gaps_shorter_than_silence),
    WholeNumber("gaps_ending_in_outcome", _gaps_ending_in_outcome),
    WholeNumber("gaps_within_horizon", lambda snapshot: count_where(gap_days <= snapshot.horizon)),
)


def _gap_count(columns: Columns) -> Floats:
    return columns["purchase_day_count"] - 1


def _mean_gap(columns: Columns, _: Snapshot) -> Floats:
    return divide(columns["last_purchase_day"] - columns["first_purchase_day"], _gap_count(columns))


def _gap_deviation(columns: Columns, _: Snapshot) -> Floats:
    """Sample standard deviation from integers: n, the sum of the gaps, and the sum of their squares."""
    count, total = _gap_count(columns), columns["last_purchase_day"] - columns["first_purchase_day"]
    spread = count * columns["gap_days_squared_sum"] - total * total
    return np.sqrt(divide(spread, np.where(count > 1, count * (count - 1), 0.0)))


def _gap_variation(columns: Columns, snapshot: Snapshot) -> Floats:
    return divide(_gap_deviation(columns, snapshot), _mean_gap(columns, snapshot))


def _silence_over_mean(columns: Columns, snapshot: Snapshot) -> Floats:
    return divide(snapshot.cutoff - columns["last_purchase_day"], _mean_gap(columns, snapshot))


def _silence_in_deviations(columns: Columns, snapshot: Snapshot) -> Floats:
    beyond = snapshot.cutoff - columns["last_purchase_day"] - _mean_gap(columns, snapshot)
    return divide(beyond, _gap_deviation(columns, snapshot))


def _gap_feature(name: str, meaning: str, *, missing: str = ONE_DAY) -> Feature:
    return Feature(name, "rhythm", "days", meaning, (name,), take(name), missing)


def _earlier_gap_feature(name: str, number: str, days: str) -> Feature:
    missing = f"missing for customers with fewer than {days} purchase days"
    return _gap_feature(name, f"The {number} last gap between purchase days.", missing=missing)


def _overdue_feature(gap: str, meaning: str) -> Feature:
    def last_step(columns: Columns, snapshot: Snapshot) -> Floats:
        return divide(snapshot.cutoff - columns["last_purchase_day"], columns[f"{gap}_gap_days"])

    inputs = ("last_purchase_day", f"{gap}_gap_days")
    return Feature(f"overdue_{gap}_gap_ratio", "rhythm", "ratio", meaning, inputs, last_step, ONE_DAY)


def _share_of_gaps(name: str, meaning: str, counted: str) -> Feature:
    def last_step(columns: Columns, _: Snapshot) -> Floats:
        return divide(columns[counted], _gap_count(columns))

    return Feature(name, "rhythm", "share", meaning, (counted, "purchase_day_count"), last_step, ONE_DAY)


def _not_outlived(columns: Columns, _: Snapshot) -> Floats:
    return _gap_count(columns) - columns["gaps_shorter_than_silence"]


def _return_share(columns: Columns, snapshot: Snapshot) -> Floats:
    return divide(columns["gaps_ending_in_outcome"], _not_outlived(columns, snapshot))


def _last_over_median(columns: Columns, _: Snapshot) -> Floats:
    return divide(columns["last_gap_days"], columns["median_gap_days"])


FEATURES = (
    Feature("mean_gap_days", "rhythm", "days", "Mean gap between purchase days.", _SPAN, _mean_gap, ONE_DAY),
    _gap_feature("min_gap_days", "Shortest gap between purchase days."),
    _gap_feature("lower_quartile_gap_days", "Lower quartile of the gaps between purchase days."),
    _gap_feature("median_gap_days", "Median gap between purchase days."),
    _gap_feature("upper_quartile_gap_days", "Upper quartile of the gaps between purchase days."),
    _gap_feature("upper_octile_gap_days", "Gap between purchase days that one in eight exceeds."),
    _gap_feature("max_gap_days", "Longest gap between purchase days."),
    _gap_feature("last_gap_days", "Gap between the last two purchase days."),
    _earlier_gap_feature("second_last_gap_days", "second", "three"),
    _earlier_gap_feature("third_last_gap_days", "third", "four"),
    _earlier_gap_feature("fourth_last_gap_days", "fourth", "five"),
    Feature(
        "std_gap_days",
        "rhythm",
        "days",
        "Sample standard deviation of the gaps between purchase days.",
        (*_SPAN, "gap_days_squared_sum"),
        _gap_deviation,
        _FEW_GAPS,
    ),
    Feature(
        "gap_variation_ratio",
        "rhythm",
        "ratio",
        "Standard deviation of the gaps over their mean; 0 for a customer like clockwork, about 1 for chance.",
        (*_SPAN, "gap_days_squared_sum"),
        _gap_variation,
        _FEW_GAPS,
    ),
    Feature(
        "overdue_mean_gap_ratio",
        "rhythm",
        "ratio",
        "Days since the last purchase over the mean gap.",
        _SPAN,
        _silence_over_mean,
        ONE_DAY,
    ),
    _overdue_feature("median", "Days since the last purchase over the median gap."),
    _overdue_feature("upper_quartile", "Days since the last purchase over the upper quartile of the gaps."),
    _overdue_feature("upper_octile", "Days since the last purchase over the gap that one in eight exceeds."),
    _overdue_feature("max", "Days since the last purchase over the longest gap."),
    Feature(
        "overdue_std_gap_ratio",
        "rhythm",
        "ratio",
        "Days by which the present silence exceeds the mean gap, over the standard deviation of the gaps.",
        (*_SPAN, "gap_days_squared_sum"),
        _silence_in_deviations,
        _FEW_GAPS + ", or whose gaps are all alike",
    ),
    _share_of_gaps(
        "gaps_shorter_than_silence_share",
        "Share of the customer's own gaps that were shorter than the present silence.",
        "gaps_shorter_than_silence",
    ),
    _share_of_gaps(
        "gaps_within_horizon_share",
        "Share of the customer's own gaps that were no longer than the horizon.",
        "gaps_within_horizon",
    ),
    Feature(
        "gap_count_not_outlived",
        "rhythm",
        "gaps",
        "Number of the customer's own gaps that the present silence has not outlived; 0 with one purchase day.",
        ("purchase_day_count", "gaps_shorter_than_silence"),
        _not_outlived,
    ),
    Feature(
        "gap_count_ending_in_outcome",
        "rhythm",
        "gaps",
        "Number of the customer's own gaps that, begun on the last purchase day, would end in the outcome window.",
        ("gaps_ending_in_outcome",),
        take("gaps_ending_in_outcome"),
    ),
    Feature(
        "own_return_share",
        "rhythm",
        "share",
        "Of the customer's own gaps that the present silence has not outlived, the share that, begun on the last "
        "purchase day, would end in the outcome window.",
        ("purchase_day_count", "gaps_shorter_than_silence", "gaps_ending_in_outcome"),
        _return_share,
        "missing where no gap of the customer was as long as the present silence",
    ),
    Feature(
        "last_gap_median_gap_ratio",
        "rhythm",
        "ratio",
        "Last gap over the median gap; above 1 for a customer who is slowing down.",
        ("last_gap_days", "median_gap_days"),
        _last_over_median,
        ONE_DAY,
    ),
)
