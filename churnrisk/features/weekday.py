"""Weekday: on which days of the week a customer buys."""

from __future__ import annotations

import narwhals as nw
import numpy as np

from churnrisk.features.base import is_new_day, order_day, sum_where
from churnrisk.features.feature import Columns, Feature, WholeNumber
from churnrisk.schema import WEEKDAYS
from churnrisk.timeline import Snapshot
from churnrisk.types import Floats

_COUNTS = tuple(f"{weekday}_purchase_day_count" for weekday in WEEKDAYS)
_THURSDAY = 3  # 1970-01-01, day 0, was a Thursday


def _falls_on(weekday: int) -> nw.Expr:
    return (order_day + _THURSDAY) % 7 == weekday


def _count_on(weekday: int) -> WholeNumber:
    return WholeNumber(_COUNTS[weekday], lambda _: sum_where(_falls_on(weekday), is_new_day))


WHOLE_NUMBERS = tuple(_count_on(weekday) for weekday in range(7))


def _shares(columns: Columns) -> list[Floats]:
    """Return the share of each weekday, summed in a fixed order so that every batch is the same to the bit."""
    total = sum((columns[name] for name in _COUNTS), start=np.zeros(()))
    return [columns[name] / total for name in _COUNTS]


def _weekend_share(columns: Columns, _: Snapshot) -> Floats:
    shares = _shares(columns)
    return shares[5] + shares[6]


def _top_share(columns: Columns, _: Snapshot) -> Floats:
    top: Floats = np.maximum.reduce(_shares(columns))
    return top


def _distinct(columns: Columns, _: Snapshot) -> Floats:
    return sum(((columns[name] > 0).astype(np.float64) for name in _COUNTS), start=np.zeros(()))


def _entropy(columns: Columns, _: Snapshot) -> Floats:
    terms = (-share * np.log2(np.where(share > 0, share, 1.0)) for share in _shares(columns))
    return sum(terms, start=np.zeros(()))


FEATURES = (
    Feature(
        "weekend_purchase_day_share",
        "weekday",
        "share",
        "Share of the purchase days that are a Saturday or a Sunday.",
        _COUNTS,
        _weekend_share,
    ),
    Feature(
        "top_weekday_share",
        "weekday",
        "share",
        "Share of the purchase days on the customer's most frequent day of the week.",
        _COUNTS,
        _top_share,
    ),
    Feature("weekday_count", "weekday", "weekdays", "Number of days of the week with a purchase.", _COUNTS, _distinct),
    Feature(
        "weekday_entropy_bits",
        "weekday",
        "bits",
        "Entropy of the day of the week of the purchase days; 0 for one day only, 2.81 for all alike.",
        _COUNTS,
        _entropy,
    ),
)
