"""What each customer is likeliest to buy next, with the chance that it is bought within a horizon."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from churnrisk.errors import NotEnoughData, SourceError
from churnrisk.formulas import fuse
from churnrisk.products.candidates import find_candidates
from churnrisk.products.item_facts import ItemFacts
from churnrisk.products.items import PairDays
from churnrisk.products.look_back import SEED, NextLookBack, look_back
from churnrisk.products.pair_rows import PairRows, draw
from churnrisk.products.ranker import Ranker, trained_scores, untrained_scores
from churnrisk.products.reasons import Companions, Reasons
from churnrisk.schema import Column
from churnrisk.tables import Kind, Table
from churnrisk.timeline import date_of
from churnrisk.types import Bools, Floats, Places, Progress

LEARN_CUSTOMERS = 100_000
"""Customers, drawn where there are more, from whom items and methods are learnt; lists are made for all."""

BLOCK = 5_000
"""Customers whose lists are made at a time."""

WRITTEN = 50_000
"""Rows that are written at a time."""

MOST_THREADS = 4
"""Blocks that are made at a time; each takes some hundred megabytes."""

DECIMALS = 9

NEXT_COLUMNS = (
    Column("customer_id", "text", "id", "the customer"),
    Column("product_id", "text", "id", "the product, or the category with `--unit category`"),
    Column("name", "text", "name", "the most frequent description before the day; empty where the log has none"),
    Column("rank", "whole", "rank", "place in the customer's list, from 1 on"),
    Column("probability", "float", "probability", "chance that the customer buys it within the horizon"),
    Column("why", "text", "sentence", "why it is in the list"),
    Column("is_new", "whole", "flag", "1 for a product that the customer never bought, else 0"),
)
"""The columns of ``churnrisk products next``."""


@dataclass(frozen=True)
class NextProducts:
    """A list of items for each customer.

    Parameters
    ----------
    pairs : PairDays
        What was bought, with the ids and names of customers and items.
    horizon : int
        Days within which an item is bought or not.
    look_back : NextLookBack
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
    look_back: NextLookBack
    customer: np.ndarray
    item: np.ndarray
    rank: np.ndarray
    probability: Floats
    is_new: Bools
    reasons: Reasons

    def __len__(self) -> int:
        return len(self.item)

    @property
    def kinds(self) -> dict[str, Kind]:
        """Return what each column holds."""
        return {column.name: cast(Kind, column.type) for column in NEXT_COLUMNS}

    def choose(self, rows: slice | Places) -> Table:
        """Return some rows as a table of :data:`NEXT_COLUMNS`."""
        items = [self.pairs.items[place] for place in self.item[rows].tolist()]
        names = self.pairs.names
        columns: dict[str, Any] = {
            "customer_id": [self.pairs.customers[place] for place in self.customer[rows].tolist()],
            "product_id": items,
            "name": [names.get(item) or None for item in items],
            "rank": self.rank[rows].tolist(),
            "probability": self.probability[rows].tolist(),
            "why": self.reasons.texts(rows, self.pairs.items, names),
            "is_new": self.is_new[rows].astype(np.int64).tolist(),
        }
        return Table(columns)

    def whole(self) -> Table:
        """Return all rows as one table."""
        return self.choose(slice(None))

    def tables(self) -> Iterator[Table]:
        """Return all rows as tables below each other, at least one."""
        for start in range(0, max(len(self), 1), WRITTEN):
            yield self.choose(slice(start, start + WRITTEN))

    def likeliest(self, count: int) -> Table:
        """Return the rows with the highest probability."""
        return self.choose(np.argsort(-self.probability, kind="stable")[:count])

    def to_dict(self) -> dict[str, Any]:
        """Return what the lists are of and how the method was chosen, as plain values without the rows."""
        return {
            "as_of": date_of(self.pairs.cutoff).isoformat(),
            "horizon": self.horizon,
            "unit": self.pairs.unit,
            "customers": len(self.pairs.customers),
            "rows": len(self),
            "look_back": self.look_back.to_dict(),
            "left_out": self.pairs.account.to_dict(),
        }


def forecast_next(
    pairs: PairDays,
    *,
    horizon: int = 30,
    top: int = 10,
    excluded: Collection[str] = (),
    progress: Progress = lambda _what, _done, _total: None,
) -> NextProducts:
    """Forecast what each customer buys next.

    Each method makes its lists for the last horizon before the cutoff, from what was known before it. The best one
    makes the lists to come. The probability is that of boosted trees, which have learnt in the same horizon from the
    customer base, those who stayed away included.

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
    found: list[Lists] = []
    for block in _in_order(partial(maker.make, rows), range(0, rows.customers, BLOCK)):
        progress("making lists", len(found) * BLOCK, rows.customers)
        found.append(block)
    lists, reasons = zip(*found, strict=True)
    customer, item, rank, probability, is_new = (np.concatenate(column) for column in zip(*lists, strict=True))
    found_reasons = Reasons.join(list(reasons))
    return NextProducts(pairs, horizon, back, customer, item, rank, probability, is_new, found_reasons)


Lists = tuple[tuple[np.ndarray, ...], Reasons]


def _in_order(make: Callable[[int], Lists], starts: range) -> Iterator[Lists]:
    """Make the lists of blocks side by side, and yield them in order; numeric libraries use one thread each."""
    from threadpoolctl import threadpool_limits

    count, alone = min(os.cpu_count() or 1, MOST_THREADS), partial(threadpool_limits, 1)  # OpenMP asks thread by thread
    with alone(), ThreadPoolExecutor(count, initializer=alone) as pool:
        yield from pool.map(make, starts)


@dataclass(frozen=True)
class _Maker:
    """What makes the lists of a block of customers."""

    facts: ItemFacts
    ranker: Ranker
    companions: Companions
    method: str
    offered: Bools
    top: int

    def make(self, everybody: PairRows, start: int) -> Lists:
        numbers = np.arange(start, min(start + BLOCK, everybody.customers))
        rows = everybody.block(start, start + len(numbers))
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


def read_ids(path: Path) -> list[str]:
    """Read product ids, one per line; empty lines and a heading ``product_id`` are passed over.

    The apostrophe that our files put before what a spreadsheet would run is taken off again.

    Raises
    ------
    SourceError
        Where the file cannot be read, or is no text in UTF-8.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise SourceError(f"{path}, line {line}: is not UTF-8; save the list as UTF-8 text.") from None
    ids = [fuse(line.strip()) for line in lines]
    return [one for place, one in enumerate(ids) if one and not (place == 0 and one == "product_id")]
