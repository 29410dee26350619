"""What each product is called, of which category it is, and which codes stand for more than one product."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from churnrisk.engines import as_int, collect_arrays, int_sum

LEAST_LINES, LEAST_SHARE = 3, 0.05
"""A name that fewer rows of its code bear is a slip of the pen."""

MOST_OVERLAP = 0.1
"""Names of one product that was renamed stand side by side for so much of the time that both span, at most."""

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class CodeName:
    """How often a code stands with one category and one name.

    Parameters
    ----------
    code, category, name : str
        As the log has them; empty for none.
    lines, bought, negative : int
        All rows, those that were bought, and those with a negative amount.
    first_day, last_day : int
        Between which days.
    least, most : float
        Smallest and largest amount of what was bought; NaN for nothing.
    """

    code: str
    category: str
    name: str
    lines: int
    bought: int
    negative: int
    first_day: int
    last_day: int
    least: float
    most: float


def read_code_names(lines: nw.LazyFrame[Any], bought: nw.Expr, negative: nw.Expr) -> dict[str, list[CodeName]]:
    """Count the rows of each code by category and name; codes and names sorted."""
    keys = ("product_id", "category", "description")
    amount = nw.when(bought).then(nw.col("amount"))
    counted = lines.group_by(*keys).agg(
        lines=nw.len().cast(nw.Int64),
        bought=int_sum(as_int(bought)),
        negative=int_sum(as_int(negative)),
        first_day=nw.col("order_day").min(),
        last_day=nw.col("order_day").max(),
        least=amount.min(),
        most=amount.max(),
    )
    columns = collect_arrays(counted, sort_by=keys)
    names = [*keys, "lines", "bought", "negative", "first_day", "last_day", "least", "most"]
    found: dict[str, list[CodeName]] = {}
    for row in zip(*(columns[name].tolist() for name in names), strict=True):
        found.setdefault(row[0], []).append(CodeName(*row))
    return found


def most_frequent(counted: list[CodeName], what: str) -> str:
    """Return the most frequent name or category of a code, the first by text among equals; empty where none has one."""
    totals: dict[str, int] = defaultdict(int)
    for one in counted:
        text = getattr(one, what)
        if text:
            totals[text] += one.lines
    return min(totals, key=lambda text: (-totals[text], text), default="")


@dataclass(frozen=True)
class ManyNames:
    """A code with several names.

    Parameters
    ----------
    code : str
        The code.
    names : tuple of str
        Its names, the earliest first.
    is_renamed : bool
        Whether one name gives way to the other: one product. Else they run side by side, and share no word.
    """

    code: str
    names: tuple[str, ...]
    is_renamed: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"product_id": self.code, "names": list(self.names)}


def find_many_names(code: str, counted: list[CodeName]) -> ManyNames | None:
    """Tell a renamed product from a code that several products have; None where the names mean the same."""
    spans: dict[tuple[str, ...], list[Any]] = {}
    for one in counted:
        words = tuple(_WORD.findall(one.name.casefold()))
        if words:
            span = spans.setdefault(words, [one.first_day, one.last_day, 0, one.name])
            span[:3] = [min(span[0], one.first_day), max(span[1], one.last_day), span[2] + one.lines]
    least = max(LEAST_LINES, LEAST_SHARE * sum(span[2] for span in spans.values()))
    kept = sorted((span[0], span[1], words, span[3]) for words, span in spans.items() if span[2] >= least)
    if len(kept) < 2:
        return None
    names = tuple(one[3] for one in kept)
    if all(_gives_way(before, after) for before, after in itertools.pairwise(kept)):
        return ManyNames(code, names, is_renamed=True)
    differ = any(not set(one[2]) & set(other[2]) for place, one in enumerate(kept) for other in kept[place + 1 :])
    return ManyNames(code, names, is_renamed=False) if differ else None


def _gives_way(before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    span = max(before[1], after[1]) - before[0] + 1
    return bool(min(before[1], after[1]) - after[0] <= MOST_OVERLAP * span)
