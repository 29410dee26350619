"""Why an item stands in a customer's list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from churnrisk.messages import wording, wordings
from churnrisk.products.candidates import Candidates
from churnrisk.products.pair_rows import PairRows, is_first
from churnrisk.types import Places

RHYTHM, ONCE, TOGETHER, ALIKE, POPULAR = range(5)
"""Kinds of reasons."""

BOUGHT = {
    RHYTHM: wordings(
        "bought about every {gap} days, the last time {count} day ago",
        "bought about every {gap} days, the last time {count} days ago",
    ),
    ONCE: wordings("bought once, {count} day ago", "bought once, {count} days ago"),
}
NEW = {
    TOGETHER: wording("often bought together with {name}"),
    ALIKE: wording("bought by customers with a similar history"),
    POPULAR: wording("popular now"),
}
LEAST_GAP = 2
"""The shortest gap that is told, in days."""

MOST_BASKETS = 20_000
"""Purchase days, drawn, that say what is bought together."""

LEAST_TOGETHER, LEAST_LIFT = 5, 2.0
"""Days on which two items were bought, and how many times the share among all days it has to be."""

LEAST_ALIKE = 2.0
"""How many times its popularity an item has to weigh with the neighbours."""

SEED = 20240301


@dataclass(frozen=True)
class Companions:
    """Items that are bought on the same day.

    Parameters
    ----------
    shares : sparse matrix
        A row per item, and in it, for each companion, the share of the companion's days on which the item was bought.
    """

    shares: Any

    @classmethod
    def count(cls, rows: PairRows) -> Companions:
        """Count in the rows of some customers."""
        from scipy.sparse import csr_matrix, diags_array

        place = rows.purchase_days().of_row
        total = int(place.max()) + 1 if len(place) else 0
        drawn = np.zeros(total, bool)
        drawn[np.random.default_rng(SEED).permutation(total)[:MOST_BASKETS]] = True
        kept = drawn[place]
        ones = np.ones(int(kept.sum()), np.float32)
        days = csr_matrix((ones, (place[kept], rows.item[kept])), (max(total, 1), rows.items))
        counts = np.maximum(np.asarray(days.sum(axis=0)).ravel(), 1.0)
        together = (days.T @ days).tocoo()
        item, other, count = together.row, together.col, together.data
        lift = count / counts[item] / counts[other] * max(drawn.sum(), 1)
        good = (item != other) & (count >= LEAST_TOGETHER) & (lift >= LEAST_LIFT)
        pairs = csr_matrix((count[good], (item[good], other[good])), (rows.items, rows.items))
        return cls((pairs @ diags_array(1.0 / counts)).tocsr())

    def find(self, own: Any, customer: Places, item: Places) -> Places:
        """Return the own item that each item is most often bought with; -1 where there is none.

        Parameters
        ----------
        own : sparse matrix
            A row per customer with ones at the items bought.
        customer, item : ndarray of int
            What to explain.
        """
        if not len(item):
            return np.zeros(0, np.intp)
        known = own[customer].multiply(self.shares[item]).tocsr()
        best = np.asarray(known.argmax(axis=1)).ravel()
        return np.where(np.diff(known.indptr) > 0, best, -1)


@dataclass(frozen=True)
class Reasons:
    """A reason for each row of the lists.

    Parameters
    ----------
    kind : ndarray of int8
        A key of :data:`BOUGHT` or :data:`NEW`.
    gap, days : ndarray of float32
        The usual gap, and the days since the last purchase; for items bought before.
    other : ndarray of int32
        The item that it is bought together with; -1 where that is not the reason.
    """

    kind: np.ndarray
    gap: np.ndarray
    days: np.ndarray
    other: np.ndarray

    @classmethod
    def find(cls, candidates: Candidates, listed: Places, rows: PairRows, companions: Companions) -> Reasons:
        """Find the reasons of some candidates of customers who have these rows."""
        from scipy.sparse import csr_matrix

        columns = {name: values[listed] for name, values in candidates.columns.items()}
        new = candidates.is_new[listed]
        starts = np.flatnonzero(is_first(rows.customer, rows.item))
        places = (rows.customer[starts], rows.item[starts])
        own = csr_matrix((np.ones(len(starts), np.float32), places), (rows.customers, rows.items))
        other = np.full(len(listed), -1, np.int32)
        asked = listed[new]
        other[new] = companions.find(own, candidates.customer[asked], candidates.item[asked])
        alike = columns["neighbours"] > LEAST_ALIKE * columns["popularity"]
        bought = np.where(columns["count"] > 1, RHYTHM, ONCE)
        unknown = np.select([other >= 0, alike], [TOGETHER, ALIKE], POPULAR)
        gap = np.exp(np.minimum(columns["gap_centre"], 10.0))
        return cls(np.where(new, unknown, bought).astype(np.int8), gap, columns["quiet"], other)

    @classmethod
    def join(cls, parts: list[Reasons]) -> Reasons:
        """Put the reasons of blocks of customers one after the other."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))

    def texts(self, rows: slice | Places, items: Sequence[str], names: Mapping[str, str]) -> list[str]:
        """Write some of the reasons."""
        return [self._text(row, items, names) for row in np.arange(len(self.kind))[rows].tolist()]

    def _text(self, row: int, items: Sequence[str], names: Mapping[str, str]) -> str:
        kind = int(self.kind[row])
        if kind in NEW:
            other = items[self.other[row]] if kind == TOGETHER else ""
            return NEW[kind].format(name=names.get(other) or other)
        one, many = BOUGHT[kind]
        days, gap = round(float(self.days[row])), max(round(float(self.gap[row])), LEAST_GAP)
        return (one if days == 1 else many).format(gap=f"{gap:,}", count=f"{days:,}")
