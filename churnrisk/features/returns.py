"""Returns: how often and how much a customer brought back. The only family, with monetary, that returns change."""

from __future__ import annotations

import narwhals as nw

from churnrisk.engines import int_sum
from churnrisk.features.base import count_where, days_back, order_day, pick_where, sum_where
from churnrisk.features.feature import Feature, WholeNumber, days_since, divide, take, take_amount, take_ratio

returned_amount = nw.col("returned_amount")
_NO_RETURN = "missing for customers without a return"


def has_return() -> nw.Expr:
    """Tell whether an order is a return or has returned rows in it."""
    return (nw.col("is_return") == 1) | (returned_amount > 0)


WHOLE_NUMBERS = (
    WholeNumber("return_count", lambda _: count_where(has_return())),
    WholeNumber("return_count_last_90d", lambda s: count_where(has_return() & days_back(s, 90))),
    WholeNumber("last_return_day", lambda _: pick_where(has_return(), order_day).max()),
    WholeNumber("returned_amount", lambda _: int_sum(returned_amount)),
    WholeNumber("returned_amount_last_90d", lambda s: sum_where(days_back(s, 90), returned_amount)),
)

FEATURES = (
    Feature(
        "return_count",
        "returns",
        "orders",
        "Orders that are a return or have returned rows in them.",
        ("return_count",),
        take("return_count"),
        needs=("returns",),
    ),
    Feature(
        "return_count_last_90d",
        "returns",
        "orders",
        "Orders in the last 90 days that are a return or have returned rows in them.",
        ("return_count_last_90d",),
        take("return_count_last_90d"),
        needs=("returns",),
    ),
    Feature(
        "return_rate",
        "returns",
        "returns per purchase",
        "Returns per purchase.",
        ("return_count", "order_count"),
        take_ratio("return_count", "order_count"),
        needs=("returns",),
    ),
    Feature(
        "days_since_last_return",
        "returns",
        "days",
        "Days from the last return to the cutoff.",
        ("last_return_day",),
        days_since("last_return_day"),
        missing=_NO_RETURN,
        needs=("returns",),
    ),
    Feature(
        "returned_amount",
        "returns",
        "currency",
        "Amount of all returned rows.",
        ("returned_amount",),
        take_amount("returned_amount"),
        needs=("amounts",),
        money_degree=1,
    ),
    Feature(
        "returned_amount_last_90d",
        "returns",
        "currency",
        "Amount of the rows returned in the last 90 days.",
        ("returned_amount_last_90d",),
        take_amount("returned_amount_last_90d"),
        needs=("amounts",),
        money_degree=1,
    ),
    Feature(
        "returned_amount_share",
        "returns",
        "share",
        "Returned amount over the amount of all purchases and returns.",
        ("returned_amount", "total_amount"),
        lambda c, _: divide(c["returned_amount"], c["returned_amount"] + c["total_amount"]),
        needs=("amounts",),
    ),
)
