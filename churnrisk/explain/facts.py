"""What can be said of a customer: for each family a few facts, each a set of columns and a sentence with its numbers.

Columns of one fact tell the same thing in several ways, so they are looked at together. Each column of the learner
belongs to one fact, and to one of its own family. Within a family they stand in the order of preference: of facts that
weigh about the same, the first is told. To change a wording, this is the one file; pages retell it in the
reader's language (:mod:`churnrisk.retelling`).
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
from churnrisk.messages import wording, wordings

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


_SILENT = wordings("no order for {count} day", "no order for {count} days")
_LAST = wordings("last order {count} day ago", "last order {count} days ago")
_USUAL = wording("{said}; the usual gap is {usual}")
_NO_GAP = wordings(
    "bought on one day only, {count} day ago: no usual gap is known",
    "bought on one day only, {count} days ago: no usual gap is known",
)
_ONE_DAY = wordings("a single purchase day, {count} day ago", "a single purchase day, {count} days ago")
_BOUGHT = wordings("{count} purchase day", "{count} purchase days")
_SINCE = wording("{bought} since the first order {first} ago, the last {last} ago")
_FIRST = wordings("first order {count} day ago", "first order {count} days ago")
_IN_ALL = wordings("bought on {count} day in all", "bought on {count} days in all")
_LATELY = wordings("bought on {value} of the last {count} day", "bought on {value} of the last {count} days")
_SPENT = wordings("spent {value} in the last {count} day", "spent {value} in the last {count} days")
_SPENT_BEFORE = wordings(
    "spent {value} in all, and nothing in the last {count} day",
    "spent {value} in all, and nothing in the last {count} days",
)
_BOUGHT_BEFORE = wordings(
    "purchase days in all: {value}, and none of them in the last {count} day",
    "purchase days in all: {value}, and none of them in the last {count} days",
)
_STRETCHES = wordings(
    "bought in {value} of the last 4 stretches of {count} day",
    "bought in {value} of the last 4 stretches of {count} days",
)
_TWICE = wordings(
    "bought on {last} of the last {count} day, and on {before} of the {count} before",
    "bought on {last} of the last {count} days, and on {before} of the {count} before",
)
_SPENT_TWICE = wordings(
    "spent {last} in the last {count} day, {before} in the {count} before",
    "spent {last} in the last {count} days, {before} in the {count} before",
)
_SEASON = wordings(
    "purchase days in this {count} day of earlier years: {value}",
    "purchase days in these {count} days of earlier years: {value}",
)
_WAS_THERE = wording("already a customer a year ago (first order {days} ago)")
_WAS_NOT_THERE = wording("not yet a customer a year ago (first order {days} ago)")
_RETURNS = wordings("{count} return so far", "{count} returns so far")
_LAST_RETURN = wording("{returns}, the last {days} ago")


def _of(form: str, stretch: int) -> str:
    """Put the length of a stretch into a wording, and leave the value to be filled in."""
    return form.replace("{count}", str(stretch))


def _silence(numbers: Numbers) -> str:
    quiet = numbers["days_since_last_order"]
    typical = numbers.typical.get("days_since_last_order", math.nan)
    text = _LAST if quiet < typical else _SILENT
    return compare("days_since_last_order", (text[1], text[1]), more="raises")(numbers)


def _overdue(numbers: Numbers) -> str:
    """Compare the silence with the usual gap, where that agrees with what is asked."""
    quiet, usual = numbers["days_since_last_order"], numbers["median_gap_days"]
    if not numbers.knows("median_gap_days"):
        return count(quiet, _NO_GAP) if numbers.raises else ""
    if (quiet > usual) != numbers.raises:
        return ""
    return _USUAL.format(said=count(quiet, _SILENT if numbers.raises else _LAST), usual=number(usual))


def _history(numbers: Numbers) -> str:
    quiet, tenure = numbers["days_since_last_order"], numbers["tenure_days"]
    if quiet == tenure:
        return count(quiet, _ONE_DAY)
    bought = count(numbers["purchase_day_count"], _BOUGHT)
    return _SINCE.format(bought=bought, first=days(tenure), last=days(quiet))


def _last_gaps(numbers: Numbers) -> str:
    if not numbers.knows("last_gap_days", "median_gap_days"):
        return ""
    last, usual = days(numbers["last_gap_days"]), number(numbers["median_gap_days"])
    return wording("the last gap between orders was {days}; the usual one is {usual}").format(days=last, usual=usual)


def _usual_gap(numbers: Numbers) -> str:
    """Tell of long gaps that they raise the risk; of short ones, what the silence is in terms of them."""
    if not numbers.knows("median_gap_days"):
        return wording("bought on one day only, so no gap between orders is known") if numbers.raises else ""
    text = wording("a usual gap of {value} days between orders")
    return compare("median_gap_days", text, more="raises")(numbers) or _overdue(numbers)


def _regularity(numbers: Numbers) -> str:
    if not numbers.knows("std_gap_days", "mean_gap_days"):
        return ""
    spread, mean = number(numbers["std_gap_days"]), days(numbers["mean_gap_days"])
    text = wording("gaps between orders of {mean} on average, give or take {spread}")
    return text.format(mean=mean, spread=spread)


def _lately(numbers: Numbers) -> str:
    window = nearest_window(DAY_WINDOWS, numbers.snapshot.horizon)
    name = f"purchase_day_count_last_{window}d"
    said = compare(name, _of(_LATELY[1], window), on_days, more="lowers")(numbers)
    return _nothing_lately(numbers, window) if said and numbers[name] == 0 else said


def _nothing_lately(numbers: Numbers, window: int) -> str:
    """Say of a customer without a recent purchase what was there before, which differs from customer to customer."""
    if numbers.knows("total_amount"):
        return _of(_SPENT_BEFORE[1], window).format(value=money(numbers["total_amount"]))
    return _of(_BOUGHT_BEFORE[1], window).format(value=number(numbers["purchase_day_count"]))


def _spent_lately(numbers: Numbers) -> str:
    window = nearest_window(AMOUNT_WINDOWS, numbers.snapshot.horizon)
    return compare(f"total_amount_last_{window}d", _of(_SPENT[1], window), money, more="lowers")(numbers)


def _last_day_amount(numbers: Numbers) -> str:
    if not numbers.knows("last_day_amount", "last_day_amount_ratio"):
        return ""
    text = wording("spent {amount} on the last purchase day, {ratio} times the own average")
    return text.format(amount=money(numbers["last_day_amount"]), ratio=number(numbers["last_day_amount_ratio"]))


def _reaches_back(numbers: Numbers, last_days: int) -> bool:
    """Whether the first order lies so far back: of the days before it, or before the log, there is nothing to say."""
    return numbers["tenure_days"] >= last_days


def _active_stretches(numbers: Numbers) -> str:
    if not _reaches_back(numbers, 3 * numbers.snapshot.horizon):
        return ""
    text = _of(_STRETCHES[1], numbers.snapshot.horizon)
    return compare("active_horizon_count_last_4_horizons", text, more="lowers")(numbers)


def _two_horizons(numbers: Numbers) -> str:
    names = ("purchase_day_count_last_horizon", "purchase_day_count_horizon_before_last")
    if not numbers.knows(*names) or not _reaches_back(numbers, 2 * numbers.snapshot.horizon):
        return ""
    last, before = (on_days(numbers[name]) for name in names)
    return _TWICE[1].format(last=last, before=before, count=numbers.snapshot.horizon)


def _eight_horizons(numbers: Numbers) -> str:
    names = ("purchase_day_count_last_4_horizons", "purchase_day_count_4_horizons_before_last_4")
    if not numbers.knows(*names) or not _reaches_back(numbers, 8 * numbers.snapshot.horizon):
        return ""
    last, before = (on_days(numbers[name]) for name in names)
    return _TWICE[1].format(last=last, before=before, count=f"{4 * numbers.snapshot.horizon:,}")


def _amount_of_two_horizons(numbers: Numbers) -> str:
    names = ("total_amount_last_horizon", "total_amount_horizon_before_last")
    if not numbers.knows(*names) or not _reaches_back(numbers, 2 * numbers.snapshot.horizon):
        return ""
    last, before = (money(numbers[name]) for name in names)
    return _SPENT_TWICE[1].format(last=last, before=before, count=numbers.snapshot.horizon)


def _season(numbers: Numbers) -> str:
    text = _of(_SEASON[1], numbers.snapshot.horizon)
    return compare("season_purchase_day_count", text, more="lowers")(numbers)


def _was_there(numbers: Numbers) -> str:
    tenure = numbers["tenure_days"]
    text = _WAS_THERE if tenure >= 365 - numbers.snapshot.horizon / 2 else _WAS_NOT_THERE
    return text.format(days=days(tenure))


def _returns(numbers: Numbers) -> str:
    usual = numbers.typical.get("return_count", math.nan)
    if not numbers.knows("return_count") or numbers["return_count"] == usual == 0:
        return ""
    said = count(numbers["return_count"], _RETURNS)
    if numbers.knows("days_since_last_return"):
        said = _LAST_RETURN.format(returns=said, days=days(numbers["days_since_last_return"]))
    return numbers.beside(said, "return_count", number)


def _returned_amount(numbers: Numbers) -> str:
    if not numbers.knows("returned_amount", "returned_amount_share"):
        return ""
    text = wording("returned goods for {amount}, {share} of all that was bought")
    return text.format(amount=money(numbers["returned_amount"]), share=share(numbers["returned_amount_share"]))


_GAPS = ("mean", "min", "lower_quartile", "median", "upper_quartile", "upper_octile", "max")
_OVERDUE = ("mean", "median", "upper_quartile", "upper_octile", "max", "std")

FACTS: tuple[Fact, ...] = (
    Fact("recency", ("days_since_last_order", "silence_tenure_share"), _silence),
    Fact(
        "recency",
        ("tenure_days", "days_from_first_to_last_order"),
        compare("tenure_days", (_FIRST[1], _FIRST[1])),
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
        compare("purchase_day_count", _IN_ALL, days, more="lowers"),
    ),
    Fact(
        "frequency",
        ("purchase_day_rate", "repeat_purchase_day_rate"),
        compare("purchase_day_rate", wording("{value} purchase days per 30 days since the first order"), more="lowers"),
    ),
    Fact(
        "monetary",
        (
            *("mean_order_amount", "min_order_amount", "median_order_amount", "max_order_amount", "first_day_amount"),
            *("max_order_amount_share", "quartile_spread_amount_ratio"),
        ),
        compare("mean_order_amount", wording("a mean order of {value}"), money),
    ),
    Fact(
        "monetary",
        ("total_amount", "net_amount", "amount_rate"),
        compare("total_amount", wording("spent {value} in all"), money, more="lowers"),
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
        compare("weekday_count", wording("days of the week with a purchase: {value}")),
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
            "pace_last_90d_ratio",
            wording("in the last 90 days {value} times the own pace since the first order"),
            more="lowers",
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
        compare("mean_order_line_count", wording("rows per order: {value}")),
    ),
    Fact(
        "basket",
        ("last_day_line_count", "last_day_line_count_ratio"),
        compare("last_day_line_count", wording("rows on the last purchase day: {value}")),
    ),
    Fact(
        "basket",
        ("mean_order_item_count", "median_order_item_count"),
        compare("mean_order_item_count", wording("items per order: {value}")),
    ),
    Fact(
        "basket",
        ("distinct_product_count", "top_product_share", "repeated_product_share"),
        compare("distinct_product_count", wording("different products bought: {value}")),
    ),
    Fact(
        "basket",
        ("new_product_share_last_horizon",),
        compare("new_product_share_last_horizon", wording("{value} of the products were first bought lately"), share),
    ),
    Fact(
        "basket",
        ("distinct_category_count", "top_category_share", "category_concentration_ratio"),
        compare("distinct_category_count", wording("different categories bought: {value}")),
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
