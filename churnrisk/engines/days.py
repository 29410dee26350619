"""The windows behind gaps: the engine's own words for them where Narwhals has none that are as quick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from churnrisk.engines.expressions import as_int


def place_days(frame: nw.LazyFrame[Any], keys: Sequence[str], day: str) -> nw.LazyFrame[Any]:
    """Place each row among the days of its group.

    Rows of one day are in no order among themselves, and need none: exactly one of them, whichever, has an earlier
    previous day or none, and what is given for it is the same whichever it is.

    Parameters
    ----------
    frame : LazyFrame
        Rows with the columns named by ``keys`` and ``day``.
    keys : sequence of str
        What makes a group.
    day : str
        A whole number that is never missing.

    Returns
    -------
    LazyFrame
        With ``previous_day`` (of the row before, by day; nothing for the first), ``first_day`` and ``last_day``
        (of the group), and ``place_from_end``: 1 on the group's last day, 2 on the day before that, and so on, for the
        row whose previous day is earlier or nothing.
    """
    if frame.implementation is nw.Implementation.DUCKDB:
        return _place_in_one_sort(frame, keys, day)
    ordered = nw.col(day)
    placed = frame.with_columns(
        previous_day=ordered.shift(1).over(*keys, order_by=day),
        first_day=ordered.min().over(*keys),
        last_day=ordered.max().over(*keys),
    )
    previous = nw.col("previous_day")
    is_first_of_day = as_int(previous.is_null() | (previous < ordered))
    placed = placed.with_columns(is_first_of_day=is_first_of_day)
    places = nw.col("is_first_of_day").cum_sum(reverse=True).over(*keys, order_by=day)
    return placed.with_columns(place_from_end=places).drop("is_first_of_day")


def _place_in_one_sort(frame: nw.LazyFrame[Any], keys: Sequence[str], day: str) -> nw.LazyFrame[Any]:
    """Do the same in DuckDB: Narwhals has no dense rank over an order, and its way round sorts twice."""
    quoted = [f'"{key}"' for key in keys]
    window = f'PARTITION BY {", ".join(quoted)} ORDER BY "{day}" DESC'
    whole = f"({window} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
    columns = (
        f'lead("{day}") OVER ({window}) AS previous_day',
        f'last_value("{day}") OVER {whole} AS first_day',
        f'first_value("{day}") OVER {whole} AS last_day',
        f"dense_rank() OVER ({window}) AS place_from_end",
    )
    placed: nw.LazyFrame[Any] = nw.from_native(frame.to_native().project("*, " + ", ".join(columns))).lazy()
    return placed
