"""Rows that were bought and given back, as far as that is known at a cutoff."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from churnrisk.engines import Arrays, as_int, collect_arrays
from churnrisk.schema import NEVER

ORDER = ["customer_id", "order_id", "order_day"]
PAIR = ["customer_id", "product_id"]


def find_given_back(
    lines: nw.LazyFrame[Any], undone: nw.LazyFrame[Any], *, bought: nw.Expr, negative: nw.Expr, has_amounts: bool
) -> Arrays:
    """Return the bought rows that were given back: of an order that was undone, or by a later row of the customer.

    A row with a negative amount takes back the latest earlier row of the same customer, product and amount. Where
    it gives back less than that row, the row stays bought.

    Parameters
    ----------
    lines : LazyFrame
        Rows before the cutoff that name a product or a category.
    undone : LazyFrame
        The keys of orders that were undone before the cutoff.
    bought, negative : Expr
        Which rows were bought, and which give something back.
    has_amounts : bool
        Whether a row that gives back names the same amount; in a log without amounts any row will do.
    """
    undone = undone.select(*ORDER).unique()
    back = lines.filter(negative).select(*PAIR)
    taken = lines.filter(bought).join(undone, on=ORDER, how="semi").select(*PAIR)
    pairs = nw.concat([back, taken]).unique()
    flagged = undone.with_columns(is_undone=nw.lit(1, dtype=nw.Int64))
    rows = lines.filter(bought | negative).join(pairs, on=PAIR, how="semi").join(flagged, on=ORDER, how="left")
    size = nw.when(negative).then(-nw.col("amount")).otherwise(nw.col("amount"))
    rows = rows.select(
        *PAIR,
        "category",
        "order_day",
        size=size if has_amounts else nw.lit(0, dtype=nw.Int64),
        is_back=as_int(negative),
        is_undone=as_int(~nw.col("is_undone").is_null()),
    )
    found = collect_arrays(rows, sort_by=[*PAIR, "size", "order_day", "is_back", "is_undone", "category"])
    chosen = match_returns(found) | ((found["is_undone"] == 1) & (found["is_back"] == 0))
    return {name: found[name][chosen] for name in (*PAIR, "category", "order_day")}


def match_returns(rows: Arrays) -> NDArray[np.bool_]:
    """Tell which rows were taken back by later ones; sorted by pair, size and day, what was bought before the rest."""
    back = rows["is_back"] == 1
    is_new = np.ones(len(back), bool)
    for name in (*PAIR, "size"):
        is_new[1:] &= rows[name][1:] == rows[name][:-1]
    is_new[1:] = ~is_new[1:]
    taken = np.zeros(len(back), bool)
    open_rows: list[int] = []
    for place in range(len(back)):
        if is_new[place]:
            open_rows = []
        if not back[place]:
            open_rows.append(place)
        elif open_rows:
            taken[open_rows.pop()] = True
    return taken


def undone_before(orders: nw.LazyFrame[Any], cutoff: int) -> nw.LazyFrame[Any]:
    """Return the orders that were known before a day to be undone."""
    undone_day = nw.col("undone_day")
    return orders.filter(nw.col("order_day") < cutoff, undone_day < min(cutoff, NEVER))
