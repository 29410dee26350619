"""What is known of items from all customers before a cutoff."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnrisk.products.neighbours import Neighbours
from churnrisk.products.pair_rows import PairRows, is_first, shrunk_means
from churnrisk.products.still_buying import GapModel
from churnrisk.types import Floats, Places

RECENT, LATEST = 30, 7
"""Days that count for popularity, and for whether it grows."""

REPEAT_PRIOR, REBOUGHT_PRIOR = 5.0, 20.0


@dataclass(frozen=True)
class ItemFacts:
    """What the customers before a cutoff say of items.

    Parameters
    ----------
    cutoff, horizon : int
        The first day that is not known, and the days to forecast.
    gaps : GapModel
        When pairs are bought again.
    neighbours : Neighbours
        A sample of customers to be like.
    order : ndarray of int
        The rank of each item by popularity, from 0 on: the last days' customers, then all purchases, then the id.
    columns : mapping of str to ndarray
        Numbers of items for the re-ranker.
    """

    cutoff: int
    horizon: int
    gaps: GapModel
    neighbours: Neighbours
    order: Places
    columns: dict[str, Floats]

    @classmethod
    def learn(cls, rows: PairRows, numbers: Places, *, cutoff: int, horizon: int, seed: int) -> ItemFacts:
        """Learn from the rows before a cutoff of customers who have these places among all."""
        gaps = GapModel.fit(rows, cutoff)
        recent = rows.between(cutoff - RECENT, cutoff)
        now, latest = recent.buyers(), rows.between(cutoff - LATEST, cutoff).buyers()
        order = np.empty(rows.items, np.intp)
        total = np.bincount(rows.item, minlength=rows.items)
        order[np.lexsort((np.arange(rows.items), -total, -now))] = np.arange(rows.items)
        sizes = np.diff(np.append(np.flatnonzero(is_first(rows.customer, rows.item)), len(rows)))
        repeated, of_pair = (sizes > 1).astype(np.float64), (rows.pairs() % rows.items).astype(np.intp)
        overall = float(repeated.mean()) if len(repeated) else 0.0
        columns = {
            "popularity": now / max(len(np.unique(recent.customer)), 1),
            "trend": (latest + 1) / (now + RECENT / LATEST),
            "buyers": rows.buyers(),
            "repeat": shrunk_means(of_pair, repeated, rows.items, prior=REPEAT_PRIOR, mean=overall),
            "rebought": _rebought(rows, cutoff, horizon),
            "gap_of_item": gaps.of_item,
            "again_of_item": gaps.again_of_item,
        }
        return cls(cutoff, horizon, gaps, Neighbours.draw(rows, numbers, seed=seed), order, columns)

    def most_popular(self, count: int, offered: np.ndarray) -> Places:
        """Return the most popular items of those offered."""
        ranked = np.argsort(self.order)
        popular: Places = ranked[offered[ranked]][:count]
        return popular


def _rebought(rows: PairRows, cutoff: int, horizon: int) -> Floats:
    """Return the share of each item's earlier customers with a purchase of it in the last horizon."""
    earlier = rows.before(cutoff - horizon).pairs()
    if not len(earlier):
        return np.zeros(rows.items)
    found = np.isin(earlier, rows.between(cutoff - horizon, cutoff).pairs()).astype(np.float64)
    of_pair = (earlier % rows.items).astype(np.intp)
    return shrunk_means(of_pair, found, rows.items, prior=REBOUGHT_PRIOR, mean=float(found.mean()))
