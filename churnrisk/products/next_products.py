"""What each customer is likeliest to buy next, with the chance that it is bought within a horizon."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from churnrisk.errors import NotEnoughData
from churnrisk.products.candidates import find_candidates
from churnrisk.products.item_facts import ItemFacts
from churnrisk.products.items import PairDays
from churnrisk.products.look_back import SEED, LookBack, look_back
from churnrisk.products.pair_rows import PairRows, draw
from churnrisk.products.ranker import Ranker, trained_scores, untrained_scores
from churnrisk.products.reasons import Companions, Reasons
from churnrisk.types import Bools, Floats, Places, Progress

LEARN_CUSTOMERS = 100_000
"""Customers, drawn where there are more, from whom items and methods are learnt; lists are made for all."""

BLOCK = 5_000
"""Customers whose lists are made at a time."""

WRITTEN = 50_000
"""Rows that are written at a time."""

DECIMALS = 9


@dataclass(frozen=True)
class NextProducts:
    """A list of items for each customer.

    Parameters
    ----------
    pairs : PairDays
        What was bought, with the ids and names of customers and items.
    horizon : int
        Days within which an item is bought or not.
    look_back : LookBack
        The method chosen, and how it did on the last horizon.
    customer, item : ndarray of int32
        Places of customers and items; sorted by customer and rank.
    rank : ndarray of int32
        From 1 on.
    probability : ndarray of float64
        Chance that the customer buys the item within the horizon.
    is_new : ndarray of bool
        Whether the customer never bought it.
    reasons : Reasons
        Why it stands there.
    """

    pairs: PairDays
    horizon: int
    look_back: LookBack
    customer: np.ndarray
    item: np.ndarray
    rank: np.ndarray
    probability: Floats
    is_new: Bools
    reasons: Reasons

    def __len__(self) -> int:
        return len(self.item)

    def columns(self, start: int = 0, stop: int | None = None) -> dict[str, Any]:
        """Return the columns of some rows: ids, name, rank, probability, reason and whether the item is new."""
        rows = slice(start, stop)
        items = [self.pairs.items[place] for place in self.item[rows].tolist()]
        names = self.pairs.names
        return {
            "customer_id": [self.pairs.customers[place] for place in self.customer[rows].tolist()],
            "product_id": items,
            "name": [names.get(item) or None for item in items],
            "rank": self.rank[rows].tolist(),
            "probability": self.probability[rows].tolist(),
            "why": self.reasons.texts(rows, self.pairs.items, names),
            "is_new": ["yes" if one else "no" for one in self.is_new[rows].tolist()],
        }

    def parts(self) -> Iterator[dict[str, Any]]:
        """Return the columns of all rows, some rows at a time."""
        for start in range(0, max(len(self), 1), WRITTEN):
            yield self.columns(start, start + WRITTEN)


def forecast_next(
    pairs: PairDays,
    *,
    horizon: int = 30,
    top: int = 10,
    excluded: Collection[str] = (),
    progress: Progress = lambda _what, _done, _total: None,
) -> NextProducts:
    """Forecast what each customer buys next.

    Each method makes its lists for the last horizon before the cutoff, from what was known before it. The best one makes
    the lists to come. The probability is that of boosted trees, which have learnt in the same horizon from all customers
    of the base, those who stayed away included.

    Parameters
    ----------
    pairs : PairDays
        What was bought before the cutoff.
    horizon : int
        Days ahead.
    top : int
        Length of a list; shorter only where fewer items may be offered.
    excluded : collection of str
        Items that are not to be listed: out of stock, or not for mail.
    progress : callable
        Called with what is done, how much of it, and all of it.

    Raises
    ------
    NotEnoughData
        Where the history is shorter than two horizons, little was bought in the last one, or every item is excluded.
    """
    rows = PairRows(pairs.customer, pairs.item, pairs.day, len(pairs.customers), len(pairs.items))
    numbers = draw(np.unique(rows.customer).astype(np.intp), LEARN_CUSTOMERS, SEED)
    known = rows.of(numbers)
    offered = ~np.isin(np.array(pairs.items, dtype=object), list(excluded))
    if not offered.any():
        raise NotEnoughData(f"all {len(offered):,} products are excluded; leave some out of --exclude.")
    progress("looking back", 0, 1)
    back, ranker = look_back(known, numbers, first_day=pairs.first_day, cutoff=pairs.cutoff, horizon=horizon)
    facts = ItemFacts.learn(known, numbers, cutoff=pairs.cutoff, horizon=horizon, seed=SEED)
    maker = _Maker(facts, ranker, Companions.count(known), back.method, offered, top)
    found = []
    for start in range(0, rows.customers, BLOCK):
        progress("making lists", start, rows.customers)
        stop = min(start + BLOCK, rows.customers)
        found.append(maker.make(rows.block(start, stop), np.arange(start, stop)))
    lists, reasons = zip(*found, strict=True)
    columns = [np.concatenate(column) for column in zip(*lists, strict=True)]
    return NextProducts(pairs, horizon, back, *columns, Reasons.join(list(reasons)))


@dataclass(frozen=True)
class _Maker:
    """What makes the lists of a block of customers."""

    facts: ItemFacts
    ranker: Ranker
    companions: Companions
    method: str
    offered: Bools
    top: int

    def make(self, rows: PairRows, numbers: Places) -> tuple[tuple[np.ndarray, ...], Reasons]:
        candidates = find_candidates(rows, numbers, self.facts, offered=self.offered, top=self.top)
        probability = self.ranker.probability(candidates)
        scores = untrained_scores(candidates)
        scores |= trained_scores(candidates, scores["fusion"], probability)
        rank = candidates.ranks(scores[self.method])
        listed = np.flatnonzero(rank < self.top)
        listed = listed[np.lexsort((rank[listed], candidates.customer[listed]))]
        columns = (
            numbers[candidates.customer[listed]].astype(np.int32),
            candidates.item[listed].astype(np.int32),
            rank[listed].astype(np.int32) + 1,
            np.round(probability[listed], DECIMALS),
            candidates.is_new[listed],
        )
        return columns, Reasons.find(candidates, listed, rows, self.companions)
