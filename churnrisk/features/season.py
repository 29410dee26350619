"""Season: purchases in the days of earlier years that the outcome window falls on. A year is 365 days."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from churnrisk.features.base import is_new_day, order_day, sum_where
from churnrisk.features.feature import Columns, Feature, WholeNumber, divide, take
from churnrisk.timeline import YEAR, Snapshot, within
from churnrisk.types import Floats

MARGIN = 15
_NOT_LIVED = "missing for customers who were not there yet in that part of the year a year ago"


def _in_outcome_of_year(snapshot: Snapshot, years: int, *, margin: int = 0) -> nw.Expr:
    """Tell whether a day lies in the outcome window of ``years`` years ago, widened by ``margin`` on both sides."""
    back = years * YEAR
    condition: nw.Expr = within(order_day, snapshot.outcome_start - back - margin, snapshot.outcome_end - back + margin)
    return condition


def _in_any_outcome(snapshot: Snapshot, *, margin: int = 0) -> nw.Expr:
    """Tell whether a day lies in the outcome window, widened by ``margin``, of any earlier year."""
    width = min(snapshot.horizon + 2 * margin, YEAR)
    last_day_a_year_ago = snapshot.outcome_end + margin - YEAR - 1
    days_before: Any = last_day_a_year_ago - order_day
    condition: nw.Expr = (days_before >= 0) & (days_before % YEAR < width)
    return condition


def _days_in_year(years: int, *, margin: int = 0) -> WholeNumber:
    suffix = f"{years}_years_ago" if years > 1 else "1_year_ago"
    name = f"season_purchase_day_count_{suffix}" + ("_wide" if margin else "")
    return WholeNumber(name, lambda s: sum_where(_in_outcome_of_year(s, years, margin=margin), is_new_day))


WHOLE_NUMBERS = (
    _days_in_year(1),
    _days_in_year(2),
    _days_in_year(1, margin=MARGIN),
    _days_in_year(2, margin=MARGIN),
    WholeNumber("season_purchase_day_count", lambda s: sum_where(_in_any_outcome(s), is_new_day)),
    WholeNumber("season_purchase_day_count_wide", lambda s: sum_where(_in_any_outcome(s, margin=MARGIN), is_new_day)),
)


def _season_share(columns: Columns, snapshot: Snapshot) -> Floats:
    was_there = columns["first_purchase_day"] < snapshot.outcome_end - YEAR
    share = divide(columns["season_purchase_day_count"], columns["purchase_day_count"])
    return np.where(was_there, share, np.nan)


def _count_feature(name: str, meaning: str) -> Feature:
    return Feature(name, "season", "days", meaning, (name,), take(name))


FEATURES = (
    _count_feature(
        "season_purchase_day_count_1_year_ago", "Purchase days in the outcome window shifted back 365 days."
    ),
    _count_feature(
        "season_purchase_day_count_2_years_ago", "Purchase days in the outcome window shifted back 730 days."
    ),
    _count_feature(
        "season_purchase_day_count_1_year_ago_wide",
        "Purchase days in the outcome window shifted back 365 days and widened by 15 days on both sides.",
    ),
    _count_feature(
        "season_purchase_day_count_2_years_ago_wide",
        "Purchase days in the outcome window shifted back 730 days and widened by 15 days on both sides.",
    ),
    _count_feature("season_purchase_day_count", "Purchase days in the outcome window of any earlier year."),
    _count_feature(
        "season_purchase_day_count_wide",
        "Purchase days in the outcome window of any earlier year, widened by 15 days on both sides.",
    ),
    Feature(
        "season_purchase_day_share",
        "season",
        "share",
        "Share of the purchase days that lie in the outcome window of any earlier year.",
        ("season_purchase_day_count", "purchase_day_count", "first_purchase_day"),
        _season_share,
        _NOT_LIVED,
    ),
)
