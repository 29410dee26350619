"""Basket: how much is in an order, and which products and categories, where the log has them."""

from __future__ import annotations

import narwhals as nw

from churnrisk.engines import as_int, int_sum
from churnrisk.features.base import is_purchase, last_day, order_day, pick_where, sum_where
from churnrisk.features.feature import Columns, Feature, WholeNumber, divide, take, take_amount, take_ratio
from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import Snapshot
from churnrisk.types import Floats

line_count = nw.col("line_count")
quantity = nw.col("quantity")
bought_line_count = nw.col("bought_line_count")
first_bought_day = nw.col("first_bought_day")
last_bought_day = nw.col("last_bought_day")


def _first_bought_lately(snapshot: Snapshot) -> nw.Expr:
    return int_sum(as_int(first_bought_day >= snapshot.cutoff - snapshot.horizon))


ORDER_NUMBERS = (
    WholeNumber("line_count", lambda _: sum_where(is_purchase(), line_count)),
    WholeNumber("max_order_line_count", lambda _: pick_where(is_purchase(), line_count).max()),
    WholeNumber("last_day_line_count", lambda _: sum_where(is_purchase() & (order_day == last_day), line_count)),
    WholeNumber("item_count", lambda _: sum_where(is_purchase(), quantity)),
    WholeNumber("median_order_item_count", lambda _: pick_where(is_purchase(), quantity).median()),
)

PRODUCT_NUMBERS = (
    WholeNumber("distinct_product_count", lambda _: nw.len().cast(nw.Int64), "products"),
    WholeNumber("product_line_count", lambda _: int_sum(bought_line_count), "products"),
    WholeNumber("top_product_line_count", lambda _: bought_line_count.max(), "products"),
    WholeNumber("repeated_product_count", lambda _: int_sum(as_int(first_bought_day < last_bought_day)), "products"),
    WholeNumber("new_product_count_last_horizon", _first_bought_lately, "products"),
)

CATEGORY_NUMBERS = (
    WholeNumber("distinct_category_count", lambda _: nw.len().cast(nw.Int64), "categories"),
    WholeNumber("category_line_count", lambda _: int_sum(bought_line_count), "categories"),
    WholeNumber("top_category_line_count", lambda _: bought_line_count.max(), "categories"),
    WholeNumber(
        "category_line_count_squared_sum", lambda _: int_sum(bought_line_count * bought_line_count), "categories"
    ),
)

WHOLE_NUMBERS = (*ORDER_NUMBERS, *PRODUCT_NUMBERS, *CATEGORY_NUMBERS)
_NO_PRODUCTS = "missing for customers none of whose purchases names a product"
_NO_CATEGORIES = "missing for customers none of whose purchases names a category"


def _mean_items(columns: Columns, _: Snapshot) -> Floats:
    return columns["item_count"] / MONEY_SCALE / columns["order_count"]


def _last_over_mean_lines(columns: Columns, _: Snapshot) -> Floats:
    return divide(columns["last_day_line_count"], columns["line_count"] / columns["purchase_day_count"])


def _category_concentration(columns: Columns, _: Snapshot) -> Floats:
    lines = columns["category_line_count"]
    return divide(columns["category_line_count_squared_sum"], lines * lines)


ORDER_FEATURES = (
    Feature(
        "mean_order_line_count",
        "basket",
        "rows",
        "Mean number of rows in a purchase.",
        ("line_count", "order_count"),
        take_ratio("line_count", "order_count"),
    ),
    Feature(
        "max_order_line_count",
        "basket",
        "rows",
        "Largest number of rows in a purchase.",
        ("max_order_line_count",),
        take("max_order_line_count"),
    ),
    Feature(
        "last_day_line_count",
        "basket",
        "rows",
        "Rows bought on the last purchase day.",
        ("last_day_line_count",),
        take("last_day_line_count"),
    ),
    Feature(
        "last_day_line_count_ratio",
        "basket",
        "ratio",
        "Rows bought on the last purchase day over the mean of all purchase days.",
        ("last_day_line_count", "line_count", "purchase_day_count"),
        _last_over_mean_lines,
    ),
    Feature(
        "mean_order_item_count",
        "basket",
        "items",
        "Mean net number of items in a purchase.",
        ("item_count", "order_count"),
        _mean_items,
        needs=("quantities",),
    ),
    Feature(
        "median_order_item_count",
        "basket",
        "items",
        "Median net number of items in a purchase.",
        ("median_order_item_count",),
        take_amount("median_order_item_count"),
        needs=("quantities",),
    ),
)


def _product_feature(name: str, unit: str, meaning: str, parts: tuple[str, ...]) -> Feature:
    last_step = take_ratio(*parts) if len(parts) == 2 else take(parts[0])
    return Feature(name, "basket", unit, meaning, parts, last_step, _NO_PRODUCTS, ("products",))


PRODUCT_FEATURES = (
    _product_feature(
        "distinct_product_count", "products", "Number of different products bought.", ("distinct_product_count",)
    ),
    _product_feature(
        "top_product_share",
        "share",
        "Share of the most often bought product in the bought rows.",
        ("top_product_line_count", "product_line_count"),
    ),
    _product_feature(
        "repeated_product_share",
        "share",
        "Share of the bought products that were bought on more than one day.",
        ("repeated_product_count", "distinct_product_count"),
    ),
    _product_feature(
        "new_product_share_last_horizon",
        "share",
        "Share of the bought products that were first bought in the horizon before the cutoff.",
        ("new_product_count_last_horizon", "distinct_product_count"),
    ),
)

CATEGORY_FEATURES = (
    Feature(
        "distinct_category_count",
        "basket",
        "categories",
        "Number of different categories bought.",
        ("distinct_category_count",),
        take("distinct_category_count"),
        _NO_CATEGORIES,
        ("categories",),
    ),
    Feature(
        "top_category_share",
        "basket",
        "share",
        "Share of the most often bought category in the bought rows.",
        ("top_category_line_count", "category_line_count"),
        take_ratio("top_category_line_count", "category_line_count"),
        _NO_CATEGORIES,
        ("categories",),
    ),
    Feature(
        "category_concentration_ratio",
        "basket",
        "ratio",
        "Sum of the squared shares of the categories in the bought rows; 1 where all are of one category.",
        ("category_line_count_squared_sum", "category_line_count"),
        _category_concentration,
        _NO_CATEGORIES,
        ("categories",),
    ),
)

FEATURES = (*ORDER_FEATURES, *PRODUCT_FEATURES, *CATEGORY_FEATURES)
