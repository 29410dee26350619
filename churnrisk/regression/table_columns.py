"""Columns of tables beside the purchases that are no features of their own, and the terms that the linear part sees.

A visit or a complaint says more of a customer long silent than of one just seen, and more of one that bought once than
of a regular one. Trees find that where there are many customers; the linear part is given it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from churnrisk.types import Floats

Made = Callable[[Mapping[str, Floats], str], Floats]


@dataclass(frozen=True)
class TableRecipe:
    """A column made of features of one table, and of the purchases.

    Parameters
    ----------
    of_table, of_purchases : tuple of str
        The features that it needs; those of the table without its name.
    make : callable
        From all raw features by name, and the table's name with a dot behind it.
    """

    of_table: tuple[str, ...]
    of_purchases: tuple[str, ...]
    make: Made


def _log_ratio(top: Floats, bottom: Floats) -> Floats:
    ratio: Floats = np.log((np.maximum(top, 0) + 0.5) / (np.maximum(bottom, 0) + 0.5))
    return ratio


def _days_between(raw: Mapping[str, Floats], table: str) -> Floats:
    days = raw["days_since_last_order"] - raw[f"{table}days_since_last_row"]
    logs: Floats = np.sign(days) * np.log1p(np.abs(days))
    return logs


TABLE_RECIPES: Mapping[str, TableRecipe] = {
    "recent_row_share": TableRecipe(
        ("row_count_last_30d", "row_count"),
        (),
        lambda raw, table: raw[f"{table}row_count_last_30d"] / np.maximum(raw[f"{table}row_count"], 1),
    ),
    "rows_per_purchase_day": TableRecipe(
        ("row_count",),
        ("purchase_day_count",),
        lambda raw, table: _log_ratio(raw[f"{table}row_count"], raw["purchase_day_count"]),
    ),
    "rows_per_day_since_last_purchase": TableRecipe(
        ("row_count_after_last_purchase",),
        ("days_since_last_order",),
        lambda raw, table: _log_ratio(raw[f"{table}row_count_after_last_purchase"], raw["days_since_last_order"]),
    ),
    "days_from_last_purchase_to_last_row": TableRecipe(
        ("days_since_last_row",), ("days_since_last_order",), _days_between
    ),
}

TABLE_TERMS = (
    "row_count_last_30d",
    "row_count_last_90d",
    "row_count_after_last_purchase",
    "days_since_last_row",
    "open_count",
)


def made_of_tables(features: Sequence[str]) -> Iterator[str]:
    """Name the columns that the features of tables allow, ``TABLE.column``, table by table."""
    known = set(features)
    for table in dict.fromkeys(name.partition(".")[0] for name in features if "." in name):
        for name, recipe in TABLE_RECIPES.items():
            needed = {f"{table}.{one}" for one in recipe.of_table} | set(recipe.of_purchases)
            if known >= needed:
                yield f"{table}.{name}"


def inputs_of_made(column: str) -> tuple[str, ...]:
    """Return the features that a column of :func:`made_of_tables` is made of; nothing for any other column."""
    table, _, name = column.partition(".")
    recipe = TABLE_RECIPES.get(name)
    return () if recipe is None else (*(f"{table}.{one}" for one in recipe.of_table), *recipe.of_purchases)


def make_of_table(column: str, raw: Mapping[str, Floats]) -> Floats:
    """Make a column of :func:`made_of_tables` from raw features by name."""
    table, _, name = column.partition(".")
    return TABLE_RECIPES[name].make(raw, f"{table}.")


def terms_of_tables(
    columns: Sequence[str], partners: Sequence[str]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return which columns of tables the linear part also sees squared, and which times which of purchases."""
    squared = tuple(name for name in columns if name.partition(".")[2].partition("=")[0] in TABLE_TERMS)
    return squared, tuple((one, other) for one in squared for other in partners)
