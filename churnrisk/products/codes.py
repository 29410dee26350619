"""Codes that stand in the column of products and are none: postage, fees, vouchers, corrections, told by evidence.

Nothing is known of any shop's codes. What counts is what rows say: how they are named, how often they are negative,
whether the price is all over the place, and whether they stand alone in their orders or never do. A name that says
nothing but a fee is enough; a name that says it beside other things needs a number as well; and without a name two
numbers are needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from churnrisk.engines import as_int, collect_arrays, int_sum
from churnrisk.products.fee_words import fee_share
from churnrisk.products.names import CodeName, most_frequent
from churnrisk.schema import MONEY_SCALE

PART_NAMED = 1 / 3
LEAST_LINES = 3
NEGATIVE, TIMES_NEGATIVE = 0.25, 3.0
"""Share of negative rows, in itself and against the whole log."""

SPREAD, LOOSE_SPREAD, DIFFERENT = 20.0, 100.0, 0.3
"""The 95 % point of the price of a piece over the 5 % point, and different prices over rows."""

EVERYWHERE, NEVER_ALONE, ALONE, TIMES_ALONE = 0.3, 0.02, 0.8, 3.0
"""Shares of orders with the code, and of those of them that hold nothing else, the last against the whole log."""


@dataclass(frozen=True)
class NoProduct:
    """A code that is left out as no product, with the evidence.

    Parameters
    ----------
    code, name : str
        The code, or the category, and what it is called most often.
    lines : int
        Rows of it before the cutoff.
    evidence : tuple of str
        What spoke for it; ``told`` where the user said so.
    is_category : bool
        Whether it is a whole category.
    """

    code: str
    name: str
    lines: int
    evidence: tuple[str, ...]
    is_category: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        kind = "category" if self.is_category else "product_id"
        return {kind: self.code, "name": self.name, "lines": self.lines, "evidence": list(self.evidence)}


@dataclass(frozen=True)
class Numbers:
    """What the rows of a code say: shares of orders and of rows, and how prices spread."""

    order_share: float
    alone: float
    spread: float
    different: float


@dataclass(frozen=True)
class Usual:
    """The same of the whole log: shares of negative rows, and of orders with one row."""

    negative: float
    alone: float
    orders: int


def find_no_products(
    codes: Mapping[str, list[CodeName]],
    lines: nw.LazyFrame[Any],
    orders: nw.LazyFrame[Any],
    *,
    bought: nw.Expr,
    has_quantities: bool,
) -> list[NoProduct]:
    """Find the codes and the categories that are no products.

    Parameters
    ----------
    codes : mapping of str to list of CodeName
        All codes.
    lines, orders : LazyFrame
        Rows and orders before the cutoff.
    bought : Expr
        Which rows were bought.
    has_quantities : bool
        Whether the price of a piece is known; else that of a row stands for it.
    """
    usual = _measure_log(codes, orders)
    shares = {code: _shares_named(counted) for code, counted in codes.items() if code}
    asked = [code for code, (whole, part) in shares.items() if not whole and _is_odd(codes[code], part, usual)]
    numbers = _measure_codes(asked, lines, orders, usual, bought=bought, has_quantities=has_quantities)
    found = [
        NoProduct(code, most_frequent(codes[code], "name"), _count(codes[code]), evidence)
        for code, (whole, part) in shares.items()
        if (evidence := _weigh(codes[code], whole, part, numbers.get(code), usual))
    ]
    return found + _find_categories(codes)


def _find_categories(codes: Mapping[str, list[CodeName]]) -> list[NoProduct]:
    """Find categories whose name says nothing but a fee."""
    rows: dict[str, int] = {}
    for counted in codes.values():
        for one in counted:
            rows[one.category] = rows.get(one.category, 0) + one.lines
    fees = sorted(name for name in rows if fee_share(name) == 1)
    return [NoProduct(name, "", rows[name], ("named",), is_category=True) for name in fees]


def _count(counted: Sequence[CodeName], what: str = "lines") -> int:
    return sum(getattr(one, what) for one in counted)


def _measure_log(codes: Mapping[str, list[CodeName]], orders: nw.LazyFrame[Any]) -> Usual:
    alone = as_int(nw.col("line_count") == 1)
    counted = orders.select(orders=nw.len().cast(nw.Int64), alone=int_sum(alone))
    found = {name: int(values[0]) for name, values in collect_arrays(counted, sort_by=["orders"]).items()}
    lines = max(sum(_count(counted) for counted in codes.values()), 1)
    negative = sum(_count(counted, "negative") for counted in codes.values()) / lines
    return Usual(negative, found["alone"] / max(found["orders"], 1), found["orders"])


def _shares_named(counted: Sequence[CodeName]) -> tuple[bool, bool]:
    """Tell whether most rows of a code have a name of nothing but a fee, and whether most name one at all."""
    named = [(one.lines, fee_share(one.name)) for one in counted if one.name]
    half = sum(lines for lines, _ in named) / 2
    whole, part = (sum(lines for lines, share in named if share >= least) > half for least in (1, PART_NAMED))
    return bool(named) and whole, bool(named) and part


def _is_odd(counted: Sequence[CodeName], part: bool, usual: Usual) -> bool:
    """Tell whether it pays to look at the rows of a code."""
    least = min((one.least for one in counted if one.bought), default=1)
    spread = max((one.most for one in counted if one.bought), default=1) / max(least, 1)
    is_common = _count(counted) >= EVERYWHERE * usual.orders
    return part or _is_negative(counted, usual) or spread >= LOOSE_SPREAD or is_common


def _is_negative(counted: Sequence[CodeName], usual: Usual) -> bool:
    share = _count(counted, "negative") / _count(counted)
    return share >= max(NEGATIVE, TIMES_NEGATIVE * usual.negative)


def _measure_codes(
    asked: Sequence[str],
    lines: nw.LazyFrame[Any],
    orders: nw.LazyFrame[Any],
    usual: Usual,
    *,
    bought: nw.Expr,
    has_quantities: bool,
) -> dict[str, Numbers]:
    """Measure in how many orders some codes stand, how many of them hold nothing else, and how prices spread."""
    if not asked:
        return {}
    key = ("customer_id", "order_id", "order_day")
    rows = lines.filter(nw.col("product_id").is_in(asked))
    of_orders = rows.select("product_id", *key).unique().join(orders.select(*key, "line_count"), on=list(key))
    alone = int_sum(as_int(nw.col("line_count") == 1))
    counted = collect_arrays(
        of_orders.group_by("product_id").agg(orders=nw.len().cast(nw.Int64), alone=alone), sort_by=["product_id"]
    )
    price, has_price = nw.col("amount"), bought
    if has_quantities:
        price, has_price = price * MONEY_SCALE // nw.col("quantity"), bought & (nw.col("quantity") > 0)
    priced = rows.filter(has_price).select("product_id", price=price).group_by("product_id", "price")
    prices = collect_arrays(priced.agg(n=nw.len().cast(nw.Int64)), sort_by=["product_id", "price"])
    priced_codes, starts = np.unique(prices["product_id"].astype(str), return_index=True)
    parts = zip(*(np.split(prices[name], starts[1:]) for name in ("price", "n")), strict=True)
    spreads = {code: _spread(*part) for code, part in zip(priced_codes.tolist(), parts, strict=False)}
    return {
        code: Numbers(count / max(usual.orders, 1), single / count, *spreads.get(code, (1.0, 0.0)))
        for code, count, single in zip(counted["product_id"], counted["orders"], counted["alone"], strict=True)
    }


def _spread(price: np.ndarray, count: np.ndarray) -> tuple[float, float]:
    """Return the 95 % point of prices over the 5 % point, and how many different ones there are per row."""
    total = int(count.sum())
    low, high = (price[np.searchsorted(np.cumsum(count), share * total)] for share in (0.05, 0.95))
    return float(high / max(low, 1)), len(price) / total


def _weigh(
    counted: Sequence[CodeName], whole: bool, part: bool, numbers: Numbers | None, usual: Usual
) -> tuple[str, ...]:
    """Return the evidence against a code, empty where it is not enough."""
    if whole:
        return ("named",)
    if numbers is None or _count(counted) < LEAST_LINES:
        return ()
    found = ["negative"] if _is_negative(counted, usual) else []
    if numbers.spread >= (SPREAD if part else LOOSE_SPREAD) and numbers.different >= DIFFERENT:
        found.append("any_price")
    if usual.alone >= TIMES_ALONE * NEVER_ALONE and numbers.order_share >= EVERYWHERE and numbers.alone <= NEVER_ALONE:
        found.append("on_every_order")
    if numbers.alone >= max(ALONE, min(1.0, TIMES_ALONE * usual.alone)):
        found.append("alone")
    enough = len(found) >= (1 if part else 2)
    return (*(("partly_named",) if part else ()), *found) if enough else ()
