"""What each customer is likeliest to buy next, with the chance that it is bought within a horizon."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from churnrisk.errors import NotEnoughData, SourceError
from churnrisk.products.candidates import find_candidates
from churnrisk.products.item_facts import ItemFacts
from churnrisk.products.items import PairDays
from churnrisk.products.look_back import SEED, LookBack, look_back
from churnrisk.products.pair_rows import PairRows, draw
from churnrisk.products.ranker import Ranker, trained_scores, untrained_scores
from churnrisk.products.reasons import Companions, Reasons
from churnrisk.timeline import date_of
from churnrisk.types import Bools, Floats, Places, Progress

LEARN_CUSTOMERS = 100_000
"""Customers, drawn where there are more, from whom items and methods are learnt; lists are made for all."""

BLOCK = 5_000
"""Customers whose lists are made at a time."""

WRITTEN = 50_000
"""Rows that are written at a time."""

DECIMALS = 9

NEXT_KINDS: dict[str, Literal["text", "whole", "float"]] = {
    "customer_id": "text",
    "product_id": "text",
    "name": "text",
    "rank": "whole",
    "probability": "float",
    "why": "text",
    "is_new": "text",
}
"""The columns of the lists, and what each holds."""


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

    def columns(self, rows: slice | Places = slice(None)) -> dict[str, list[Any]]:
        """Return the columns of some rows: ids, name, rank, probability, reason and whether the item is new."""
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

    def parts(self) -> Iterator[dict[str, list[Any]]]:
        """Return the columns of all rows, some rows at a time."""
        for start in range(0, max(len(self), 1), WRITTEN):
            yield self.columns(slice(start, start + WRITTEN))

    def likeliest(self, count: int) -> dict[str, list[Any]]:
        """Return the columns of the rows with the highest probability."""
        return self.columns(np.argsort(-self.probability, kind="stable")[:count])

    def to_dict(self) -> dict[str, Any]:
        """Return what the lists are of and how the method was chosen, as plain values without the rows."""
        return {
            "as_of": date_of(self.pairs.cutoff).isoformat(),
            "horizon": self.horizon,
            "unit": self.pairs.unit,
            "customers": len(self.pairs.customers),
            "rows": len(self),
            "look_back": self.look_back.to_dict(),
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
    found = []
    for start in range(0, rows.customers, BLOCK):
        progress("making lists", start, rows.customers)
        stop = min(start + BLOCK, rows.customers)
        found.append(maker.make(rows.block(start, stop), np.arange(start, stop)))
    lists, reasons = zip(*found, strict=True)
    customer, item, rank, probability, is_new = (np.concatenate(column) for column in zip(*lists, strict=True))
    found_reasons = Reasons.join(list(reasons))
    return NextProducts(pairs, horizon, back, customer, item, rank, probability, is_new, found_reasons)


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


def read_ids(path: Path) -> list[str]:
    """Read product ids, one per line; empty lines and a heading ``product_id`` are passed over.

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
    ids = [line.strip() for line in lines]
    return [one for place, one in enumerate(ids) if one and not (place == 0 and one == "product_id")]
