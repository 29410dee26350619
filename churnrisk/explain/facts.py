"""What can be said of a customer: for each family a few facts, each a set of columns and a sentence with its numbers.

Columns of one fact tell the same thing in several ways, so they are looked at together. Each column of the learner
belongs to one fact, and to one of its own family. Within a family they stand in the order of preference: of facts that
weigh about the same, the first is told. To change a wording, or to translate, this is the one file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from churnrisk.explain.numbers import (
    Numbers,
    Sentence,
    compare,
    count,
    days,
    money,
    nearest_window,
    number,
    on_days,
    share,
)

CAUTION = "A reason describes the score, not the cause."
"""Stands wherever reasons do."""

DAY_WINDOWS = (7, 14, 30, 60, 90, 180, 365)
AMOUNT_WINDOWS = (30, 90, 365)


@dataclass(frozen=True)
class Fact:
    """Columns that tell one thing, and how to say it."""

    family: str
    columns: tuple[str, ...]
    say: Sentence


def _silence(numbers: Numbers) -> str:
    quiet = numbers["days_since_last_order"]
    typical = numbers.typical.get("days_since_last_order", math.nan)
    text = "last order {} days ago" if quiet < typical else "no order for {} days"
    return compare("days_since_last_order", text, more="raises")(numbers)


def _overdue(numbers: Numbers) -> str:
    """Compare the silence with the usual gap, where that agrees with what is asked."""
    quiet, usual = numbers["days_since_last_order"], numbers["median_gap_days"]
    if not numbers.knows("median_gap_days"):
        return f"bought on one day only, {days(quiet)} ago: no usual gap is known" if numbers.raises else ""
    if (quiet > usual) != numbers.raises:
        return ""
    said = f"no order for {days(quiet)}" if numbers.raises else f"last order {days(quiet)} ago"
    return f"{said}; the usual gap is {number(usual)}"


def _history(numbers: Numbers) -> str:
    bought = count(numbers["purchase_day_count"], "purchase day", "purchase days")
    quiet, tenure = numbers["days_since_last_order"], numbers["tenure_days"]
    if quiet == tenure:
        return f"a single purchase day, {days(quiet)} ago"
    return f"{bought} since the first order {days(tenure)} ago, the last {days(quiet)} ago"


def _last_gaps(numbers: Numbers) -> str:
    if not numbers.knows("last_gap_days", "median_gap_days"):
        return ""
    return f"the last gap between orders was {days(numbers['last_gap_days'])}; the usual one is " + number(
        numbers["median_gap_days"]
    )


def _usual_gap(numbers: Numbers) -> str:
    """Tell of long gaps that they raise the risk; of short ones, what the silence is in terms of them."""
    if not numbers.knows("median_gap_days"):
        return "bought on one day only, so no gap between orders is known" if numbers.raises else ""
    text = "a usual gap of {} days between orders"
    return compare("median_gap_days", text, more="raises")(numbers) or _overdue(numbers)


def _regularity(numbers: Numbers) -> str:
    if not numbers.knows("std_gap_days", "mean_gap_days"):
        return ""
    spread, mean = numbers["std_gap_days"], numbers["mean_gap_days"]
    return f"gaps between orders of {days(mean)} on average, give or take {number(spread)}"


def _lately(numbers: Numbers) -> str:
    window = nearest_window(DAY_WINDOWS, numbers.snapshot.horizon)
    name = f"purchase_day_count_last_{window}d"
    return compare(name, f"bought on {{}} of the last {window} days", on_days, more="lowers")(numbers)


def _spent_lately(numbers: Numbers) -> str:
    window = nearest_window(AMOUNT_WINDOWS, numbers.snapshot.horizon)
    return compare(f"total_amount_last_{window}d", f"spent {{}} in the last {window} days", money, more="lowers")(
        numbers
    )


def _last_day_amount(numbers: Numbers) -> str:
    if not numbers.knows("last_day_amount", "last_day_amount_ratio"):
        return ""
    amount, ratio = numbers["last_day_amount"], numbers["last_day_amount_ratio"]
    return f"spent {money(amount)} on the last purchase day, {number(ratio)} times the own average"


def _active_stretches(numbers: Numbers) -> str:
    horizon, name = numbers.snapshot.horizon, "active_horizon_count_last_4_horizons"
    return compare(name, f"bought in {{}} of the last 4 stretches of {horizon} days", more="lowers")(numbers)


def _two_horizons(numbers: Numbers) -> str:
    names = ("purchase_day_count_last_horizon", "purchase_day_count_horizon_before_last")
    if not numbers.knows(*names):
        return ""
    last, before = (on_days(numbers[name]) for name in names)
    horizon = numbers.snapshot.horizon
    return f"bought on {last} of the last {horizon} days, and on {before} of the {horizon} before"


def _eight_horizons(numbers: Numbers) -> str:
    names = ("purchase_day_count_last_4_horizons", "purchase_day_count_4_horizons_before_last_4")
    if not numbers.knows(*names):
        return ""
    last, before = (on_days(numbers[name]) for name in names)
    window = 4 * numbers.snapshot.horizon
    return f"bought on {last} of the last {window:,} days, and on {before} of the {window:,} before"


def _amount_of_two_horizons(numbers: Numbers) -> str:
    names = ("total_amount_last_horizon", "total_amount_horizon_before_last")
    if not numbers.knows(*names):
        return ""
    last, before = (money(numbers[name]) for name in names)
    horizon = numbers.snapshot.horizon
    return f"spent {last} in the last {horizon} days, {before} in the {horizon} before"


def _season(numbers: Numbers) -> str:
    text = f"purchase days in these {numbers.snapshot.horizon} days of earlier years: {{}}"
    return compare("season_purchase_day_count", text, more="lowers")(numbers)


def _was_there(numbers: Numbers) -> str:
    tenure = numbers["tenure_days"]
    was_there = "already" if tenure >= 365 - numbers.snapshot.horizon / 2 else "not yet"
    return f"{was_there} a customer a year ago (first order {days(tenure)} ago)"


def _returns(numbers: Numbers) -> str:
    usual = numbers.typical.get("return_count", math.nan)
    if not numbers.knows("return_count") or numbers["return_count"] == usual == 0:
        return ""
    said = count(numbers["return_count"], "return", "returns") + " so far"
    if numbers.knows("days_since_last_return"):
        said += f", the last {days(numbers['days_since_last_return'])} ago"
    return said + numbers.beside("return_count", number)


def _returned_amount(numbers: Numbers) -> str:
    if not numbers.knows("returned_amount", "returned_amount_share"):
        return ""
    return (
        f"returned goods for {money(numbers['returned_amount'])}, {share(numbers['returned_amount_share'])} of all "
        "that was bought"
    )


_GAPS = ("mean", "min", "lower_quartile", "median", "upper_quartile", "upper_octile", "max")
_OVERDUE = ("mean", "median", "upper_quartile", "upper_octile", "max", "std")

FACTS: tuple[Fact, ...] = (
    Fact("recency", ("days_since_last_order", "silence_tenure_share"), _silence),
    Fact(
        "recency",
        ("tenure_days", "days_from_first_to_last_order"),
        compare("tenure_days", "first order {} days ago"),
    ),
    Fact(
        "frequency",
        (
            *(f"purchase_day_count_last_{window}d" for window in DAY_WINDOWS),
            *(f"order_count_last_{window}d" for window in AMOUNT_WINDOWS),
        ),
        _lately,
    ),
    Fact(
        "frequency",
        (
            *("active_horizon_count", "active_horizon_share"),
            *("active_horizon_count_last_4_horizons", "active_horizon_count_last_12_horizons"),
            *("active_of_4_horizons_share", "active_of_12_horizons_share"),
        ),
        _active_stretches,
    ),
    Fact(
        "frequency",
        (
            *("order_count", "purchase_day_count", "orders_per_purchase_day_ratio"),
            *("is_one_day", "is_two_days", "is_three_days"),
        ),
        compare("purchase_day_count", "bought on {} in all", days, more="lowers"),
    ),
    Fact(
        "frequency",
        ("purchase_day_rate", "repeat_purchase_day_rate"),
        compare("purchase_day_rate", "{} purchase days per 30 days since the first order", more="lowers"),
    ),
    Fact(
        "monetary",
        (
            *("mean_order_amount", "min_order_amount", "median_order_amount", "max_order_amount", "first_day_amount"),
            *("max_order_amount_share", "quartile_spread_amount_ratio"),
        ),
        compare("mean_order_amount", "a mean order of {}", money),
    ),
    Fact(
        "monetary",
        ("total_amount", "net_amount", "amount_rate"),
        compare("total_amount", "spent {} in all", money, more="lowers"),
    ),
    Fact("monetary", tuple(f"total_amount_last_{window}d" for window in AMOUNT_WINDOWS), _spent_lately),
    Fact("monetary", ("last_day_amount", "last_day_amount_ratio"), _last_day_amount),
    Fact(
        "rhythm",
        (
            *(f"overdue_{gap}_gap_ratio" for gap in _OVERDUE),
            *("gaps_shorter_than_silence_share", "gap_count_not_outlived", "gap_count_ending_in_outcome"),
            "own_return_share",
        ),
        _overdue,
    ),
    Fact("rhythm", ("silence_log_odds", "alive_log_odds"), _history),
    Fact("rhythm", (*(f"{gap}_gap_days" for gap in _GAPS), "gaps_within_horizon_share"), _usual_gap),
    Fact(
        "rhythm",
        (
            *("last_gap_days", "second_last_gap_days", "third_last_gap_days", "fourth_last_gap_days"),
            *("last_gap_median_gap_ratio", "last_gap_over_mean"),
        ),
        _last_gaps,
    ),
    Fact("rhythm", ("std_gap_days", "gap_variation_ratio"), _regularity),
    Fact(
        "rhythm",
        ("weekend_purchase_day_share", "top_weekday_share", "weekday_count", "weekday_entropy_bits"),
        compare("weekday_count", "days of the week with a purchase: {}"),
    ),
    Fact(
        "trend",
        (
            *("purchase_day_count_last_half_horizon", "purchase_day_count_last_horizon"),
            *("purchase_day_count_horizon_before_last", "purchase_day_count_third_last_horizon"),
            *("purchase_day_count_fourth_last_horizon", "last_horizon_purchase_day_share", "last_2_horizons_trend"),
        ),
        _two_horizons,
    ),
    Fact(
        "trend",
        (
            *("purchase_day_count_last_4_horizons", "purchase_day_count_4_horizons_before_last_4"),
            "last_4_horizons_purchase_day_share",
        ),
        _eight_horizons,
    ),
    Fact(
        "trend",
        ("total_amount_last_horizon", "total_amount_horizon_before_last", "last_horizon_amount_share"),
        _amount_of_two_horizons,
    ),
    Fact(
        "trend",
        ("pace_last_90d_ratio", "turn_of_90_days"),
        compare(
            "pace_last_90d_ratio", "in the last 90 days {} times the own pace since the first order", more="lowers"
        ),
    ),
    Fact(
        "season",
        (
            *(f"season_purchase_day_count_{ago}_ago{wide}" for ago in ("1_year", "2_years") for wide in ("", "_wide")),
            *("season_purchase_day_count", "season_purchase_day_count_wide", "season_purchase_day_share"),
            *("season_share_wide", "season_excess"),
        ),
        _season,
    ),
    Fact("season", ("was_there_a_year_ago",), _was_there),
    Fact(
        "basket",
        ("mean_order_line_count", "max_order_line_count"),
        compare("mean_order_line_count", "rows per order: {}"),
    ),
    Fact(
        "basket",
        ("last_day_line_count", "last_day_line_count_ratio"),
        compare("last_day_line_count", "rows on the last purchase day: {}"),
    ),
    Fact(
        "basket",
        ("mean_order_item_count", "median_order_item_count"),
        compare("mean_order_item_count", "items per order: {}"),
    ),
    Fact(
        "basket",
        ("distinct_product_count", "top_product_share", "repeated_product_share"),
        compare("distinct_product_count", "different products bought: {}"),
    ),
    Fact(
        "basket",
        ("new_product_share_last_horizon",),
        compare("new_product_share_last_horizon", "{} of the products were first bought lately", share),
    ),
    Fact(
        "basket",
        ("distinct_category_count", "top_category_share", "category_concentration_ratio"),
        compare("distinct_category_count", "different categories bought: {}"),
    ),
    Fact(
        "returns",
        ("return_count", "return_count_last_90d", "return_rate", "days_since_last_return"),
        _returns,
    ),
    Fact(
        "returns",
        ("returned_amount", "returned_amount_last_90d", "returned_amount_share"),
        _returned_amount,
    ),
)
