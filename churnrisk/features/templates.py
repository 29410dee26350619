"""Templates of the features of dated tables: each holds for every table, and some for each of its frequent kinds.

As for all features, an engine delivers whole numbers, and the last step is taken in NumPy. A feature is called
``NAME.template``, such as ``tickets.open_count``, and ``NAME.template=kind`` where it counts one kind only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import narwhals as nw
import numpy as np

from churnrisk.engines import int_sum
from churnrisk.features.base import count_where, pick_where, sum_where
from churnrisk.features.feature import Columns, divide
from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import within
from churnrisk.types import Floats

WINDOWS = (7, 30, 90, 365)
KIND_WINDOWS = (30, 365)
HALF, OLDEST = 2**47, 32_767
"""Values lie within 1e14 of 0, which is less than ``HALF``; days before the cutoff are counted up to ``OLDEST``."""

happened, ended, value = nw.col("happened_day"), nw.col("ended_day"), nw.col("value")

Condition = nw.Expr
Number = Callable[[int, Condition], nw.Expr]
Step = Callable[[Columns, int], Floats]


@dataclass(frozen=True)
class Template:
    """One feature of every table that has what it needs.

    Parameters
    ----------
    unit, meaning : str
        For people; the meaning is one sentence, about the rows of the table.
    inputs : tuple of str
        Names of :data:`NUMBERS`.
    last_step : callable
        Makes the column from the inputs and the cutoff.
    missing : str
        When it is missing although the table existed.
    need : str
        What the table must have: ``"ends"``, ``"values"`` or nothing.
    is_of_kinds : bool
        Whether there is one for each frequent kind besides.
    window : int
        Days that it looks back; where the table did not exist so long, the value is missing.
    """

    unit: str
    meaning: str
    inputs: tuple[str, ...]
    last_step: Step
    missing: str = ""
    need: str = ""
    is_of_kinds: bool = False
    window: int = 0


def _window(near: int, far: int) -> Number:
    return lambda cutoff, chosen: count_where(chosen & within(happened, cutoff - far, cutoff - near))


def _is_past(cutoff: int, chosen: Condition) -> Condition:
    return chosen & (happened < cutoff)


def _is_open(cutoff: int, chosen: Condition) -> Condition:
    return _is_past(cutoff, chosen) & ended.is_null()


def _last_value(cutoff: int, chosen: Condition) -> nw.Expr:
    """Return day and value of the last row in one number, so that rows of one day are told apart by their content.

    It is 0 where there is none: every other one is lower.
    """
    age = nw.when(cutoff - happened < OLDEST).then(cutoff - happened).otherwise(nw.lit(OLDEST, dtype=nw.Int64))
    key = value + HALF - age * (2 * HALF)
    return pick_where(_is_past(cutoff, chosen) & ~value.is_null(), key).max().fill_null(0)


NUMBERS: Mapping[str, Number] = {
    **{f"rows_{days}": _window(0, days) for days in WINDOWS},
    "rows_90_before": _window(90, 180),
    "rows": lambda cutoff, chosen: count_where(_is_past(cutoff, chosen)),
    "rows_announced": lambda cutoff, chosen: count_where(chosen & (happened >= cutoff)),
    "rows_after_purchase": lambda cutoff, chosen: count_where(
        _is_past(cutoff, chosen) & (happened > nw.col("last_purchase_day"))
    ),
    "first_row_day": lambda cutoff, chosen: pick_where(_is_past(cutoff, chosen), happened).min(),
    "last_row_day": lambda cutoff, chosen: pick_where(_is_past(cutoff, chosen), happened).max(),
    "rows_on_days": lambda cutoff, chosen: (
        nw.when(_is_past(cutoff, chosen)).then(happened).otherwise(nw.lit(-1, dtype=nw.Int64)).n_unique()
    ),
    "rows_open": lambda cutoff, chosen: count_where(_is_open(cutoff, chosen)),
    "oldest_open_day": lambda cutoff, chosen: pick_where(_is_open(cutoff, chosen), happened).min(),
    "rows_ended": lambda cutoff, chosen: count_where(_is_past(cutoff, chosen) & ~ended.is_null()),
    "rows_days_to_end": lambda cutoff, chosen: sum_where(_is_past(cutoff, chosen) & ~ended.is_null(), ended - happened),
    "rows_with_value": lambda cutoff, chosen: count_where(_is_past(cutoff, chosen) & ~value.is_null()),
    "rows_value_sum": lambda cutoff, chosen: int_sum(pick_where(_is_past(cutoff, chosen), value).fill_null(0)),
    "rows_with_value_90": lambda cutoff, chosen: count_where(
        within(happened, cutoff - 90, cutoff) & chosen & ~value.is_null()
    ),
    "rows_value_sum_90": lambda cutoff, chosen: int_sum(
        pick_where(chosen & within(happened, cutoff - 90, cutoff), value).fill_null(0)
    ),
    "rows_last_value": _last_value,
}
"""Whole numbers over the visible rows of a customer that meet a condition; those called ``rows...`` are 0 for none."""


def _take(name: str) -> Step:
    return lambda columns, _: columns[name]


def _days_since(name: str) -> Step:
    return lambda columns, cutoff: cutoff - columns[name]


def _mean_gap(columns: Columns, _: int) -> Floats:
    days = columns["rows_on_days"] - (columns["rows_announced"] > 0)
    return divide(columns["last_row_day"] - columns["first_row_day"], np.maximum(days - 1, 0))


def _value(columns: Columns, _: int) -> Floats:
    """Take the value out of the number that has day and value of the last row."""
    key = columns["rows_last_value"].astype(np.int64)
    return np.where(key == 0, np.nan, (key % (2 * HALF) - HALF) / MONEY_SCALE)


def _mean(total: str, rows: str) -> Step:
    return lambda columns, _: divide(columns[total], columns[rows] * MONEY_SCALE)


_mean_value = _mean("rows_value_sum", "rows_with_value")


def _value_change(columns: Columns, cutoff: int) -> Floats:
    return _value(columns, cutoff) - _mean_value(columns, cutoff)


_NO_ROW = "for customers without a row"
_NO_VALUE = "for customers without a value"
_VALUES = ("rows_value_sum", "rows_with_value")

TEMPLATES: Mapping[str, Template] = {
    **{
        f"row_count_last_{days}d": Template(
            "rows",
            f"Rows of the last {days} days",
            (f"rows_{days}",),
            _take(f"rows_{days}"),
            is_of_kinds=days in KIND_WINDOWS,
            window=days,
        )
        for days in WINDOWS
    },
    "row_count": Template("rows", "Rows so far", ("rows",), _take("rows")),
    "announced_row_count": Template(
        "rows", "Rows that were known and had yet to happen", ("rows_announced",), _take("rows_announced")
    ),
    "days_since_last_row": Template(
        "days", "Days since the last row", ("last_row_day",), _days_since("last_row_day"), _NO_ROW, is_of_kinds=True
    ),
    "row_count_change_last_90d": Template(
        "rows",
        "Rows of the last 90 days less those of the 90 days before",
        ("rows_90", "rows_90_before"),
        lambda columns, _: columns["rows_90"] - columns["rows_90_before"],
        window=180,
    ),
    "row_count_after_last_purchase": Template(
        "rows", "Rows after the day of the last purchase", ("rows_after_purchase",), _take("rows_after_purchase")
    ),
    "mean_gap_days": Template(
        "days",
        "Mean days between days with a row",
        ("first_row_day", "last_row_day", "rows_on_days", "rows_announced"),
        _mean_gap,
        "for customers with rows on fewer than two days",
    ),
    "open_count": Template(
        "rows", "Rows without an end", ("rows_open",), _take("rows_open"), need="ends", is_of_kinds=True
    ),
    "oldest_open_days": Template(
        "days",
        "Days since the oldest row without an end",
        ("oldest_open_day",),
        _days_since("oldest_open_day"),
        "for customers without an open row",
        need="ends",
    ),
    "mean_days_to_end": Template(
        "days",
        "Mean days from a row to its end",
        ("rows_days_to_end", "rows_ended"),
        lambda columns, _: divide(columns["rows_days_to_end"], columns["rows_ended"]),
        "for customers without an ended row",
        need="ends",
    ),
    "last_value": Template(
        "as in the table", "Value of the last row with one", ("rows_last_value",), _value, _NO_VALUE, need="values"
    ),
    "mean_value": Template("as in the table", "Mean value", _VALUES, _mean_value, _NO_VALUE, need="values"),
    "mean_value_last_90d": Template(
        "as in the table",
        "Mean value of the last 90 days",
        ("rows_value_sum_90", "rows_with_value_90"),
        _mean("rows_value_sum_90", "rows_with_value_90"),
        "for customers without a value in these days",
        need="values",
        window=90,
    ),
    "last_value_change": Template(
        "as in the table",
        "Value of the last row with one less the mean value",
        ("rows_last_value", *_VALUES),
        _value_change,
        _NO_VALUE,
        need="values",
    ),
}
