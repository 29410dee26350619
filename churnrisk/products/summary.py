"""What pages show of products: what is due, what is late, and which products stand out; bounded, as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from churnrisk.errors import NotEnoughData
from churnrisk.products.due import DueModel
from churnrisk.products.due_list import DueList, list_due
from churnrisk.products.first_list import NOT_TOLD_APART, list_first
from churnrisk.products.habits import GIVEN_UP, WEEK
from churnrisk.products.items import PairDays
from churnrisk.tables import Table
from churnrisk.timeline import date_of

MOST_PAIRS, EACH, MOST_ITEMS, BESIDE = 30, 3, 20, 10
"""Rows of each list: of customers with a product, and of one customer; of products told apart, and of others."""


def sum_up_products(pairs: PairDays, *, most_pairs: int = MOST_PAIRS, due: DueModel | None = None) -> dict[str, Any]:
    """Return what pages show of products, from the days on which items were bought.

    Parameters
    ----------
    pairs : PairDays
        The purchases before the cutoff.
    most_pairs : int
        Rows of single customers in each list.
    due : DueModel, optional
        What is due, where it was forecast before.

    Returns
    -------
    dict
        ``as_of``, ``unit``; ``due`` with what is due within a week and what is late, the most likely first, and the
        look back, or None where too little was bought again; ``first`` and ``stopping``, with the products that differ
        by more than chance before some of the others, or None where the log is too short.
    """
    titles = dict(zip(pairs.items, pairs.titles().tolist(), strict=True))
    return {
        "as_of": date_of(pairs.cutoff).isoformat(),
        "unit": pairs.unit,
        "due": _sum_up_due(pairs, titles, most_pairs, due),
        **_sum_up_first(pairs, titles),
    }


def _sum_up_due(pairs: PairDays, titles: Mapping[str, str], most: int, due: DueModel | None) -> dict[str, Any] | None:
    try:
        found = list_due(pairs, due=due)
    except NotEnoughData:
        return None
    soon, overdue = found.due_soon(WEEK), found.overdue()
    late = overdue[found.columns["comes_again_probability"][overdue] >= GIVEN_UP]
    said = found.to_dict()
    return {
        **{name: said[name] for name in ("within_days", "pairs", "given_up", "look_back")},
        "soon": _first_rows(found, soon, titles, most),
        "late": _first_rows(found, late, titles, most),
    }


def _first_rows(found: DueList, places: np.ndarray, titles: Mapping[str, str], most: int) -> dict[str, Any]:
    """Return the first rows, few of each customer: else a single one, who buys hundreds of products, fills the list."""
    customer = found.columns["customer"][places]
    seen: Counter[int] = Counter()
    is_kept = []
    for one in customer.tolist():
        seen[one] += 1
        is_kept.append(seen[one] <= EACH)
    rows = found.choose(places[np.array(is_kept, dtype=bool)][:most]).records()
    return {"count": len(places), "rows": [row | {"title": titles[row["product_id"]]} for row in rows]}


def _sum_up_first(pairs: PairDays, titles: Mapping[str, str]) -> dict[str, Any]:
    try:
        found = list_first(pairs)
    except NotEnoughData:
        return {"first": None, "stopping": None}
    first = {
        "horizon_days": found.horizon,
        "burn_in_days": found.burn_in,
        "first_buyers": found.first_buyers,
        "return_rate": found.return_rate,
        "power": [list(one) for one in found.power],
        **_told_first(found.items, titles, ("less", "more")),
    }
    days = found.stopping_days
    stopping = None if found.stopping is None else {"days": days, **_told_first(found.stopping, titles, ("faster",))}
    return {"first": first, "stopping": stopping}


def _told_first(items: Table, titles: Mapping[str, str], verdicts: Sequence[str]) -> dict[str, Any]:
    """Return the items of some verdicts, by these and then in their order, and after them some not told apart."""
    records = items.records()
    told = [row for verdict in verdicts for row in records if row["verdict"] == verdict]
    others = [row for row in records if row["verdict"] == NOT_TOLD_APART]
    shown = [*told[:MOST_ITEMS], *others[:BESIDE]]
    return {
        "told": len(told),
        "not_told": len(others),
        "rows": [row | {"title": titles[row["product_id"]]} for row in shown],
    }
