"""Customers with a like history: what they buy says what a customer may buy next.

A customer is a vector over items: purchase days are cut into groups from the last one backwards, and an item counts by
the days on which it was bought, less for earlier days of a group and less for earlier groups (TIFU-kNN; Hu et al.,
SIGIR 2020). Neighbours are the nearest of a sample of customers, so that the cost grows with customers and not with
their square.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from churnrisk.products.pair_rows import PairRows, PurchaseDays, draw, is_first
from churnrisk.types import Floats, Places

GROUPS, WITHIN, ACROSS = 7, 0.9, 0.7
"""Groups of purchase days, and what a day and a group further back count."""

MOST_SAMPLED, MOST_NEAREST = 5_000, 300
"""Customers among whom neighbours are looked for, and neighbours; at most a quarter of the former."""

BLOCK = 256
"""Customers at a time: their distances and votes are dense."""


def history_weights(rows: PairRows, days: PurchaseDays) -> Floats:
    """Return what each row adds to its customer's vector."""
    counts = days.counts()[rows.customer]
    size = np.ceil(counts / GROUPS)
    group, within = np.divmod(days.from_last(), size)
    weights: Floats = WITHIN**within / size * ACROSS**group / np.ceil(counts / size)
    return weights


def _vectors(rows: PairRows) -> Any:
    """Return the vectors of all customers, a sparse row each."""
    from scipy.sparse import csr_matrix

    weights = history_weights(rows, rows.purchase_days())
    starts = np.flatnonzero(is_first(rows.customer, rows.item))
    values = np.add.reduceat(weights, starts) if len(starts) else weights
    places = (rows.customer[starts], rows.item[starts])
    return csr_matrix((values.astype(np.float32), places), (rows.customers, rows.items))


@dataclass(frozen=True)
class Neighbours:
    """The vectors of a sample of customers.

    Parameters
    ----------
    vectors, transposed : sparse matrix
        A row per customer, and the same turned.
    norms : ndarray
        Squared length of each vector.
    numbers : ndarray of int
        Which customers they are, by their places among all, so that nobody is a neighbour of oneself.
    """

    vectors: Any
    transposed: Any
    norms: np.ndarray
    numbers: Places

    @classmethod
    def draw(cls, rows: PairRows, numbers: Places, *, seed: int) -> Neighbours:
        """Draw the sample from customers with a history; ``numbers`` has their places among all."""
        bought = np.unique(rows.customer).astype(np.intp)
        chosen = draw(bought, MOST_SAMPLED, seed)
        vectors = _vectors(rows.of(chosen))
        norms = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
        return cls(vectors, vectors.T.tocsr(), norms, numbers[chosen])

    @property
    def nearest(self) -> int:
        """How many neighbours a customer has."""
        return min(MOST_NEAREST, max(len(self.numbers) // 4, 1))

    def votes(self, rows: PairRows, numbers: Places) -> Iterator[tuple[int, np.ndarray]]:
        """Yield blocks: the first customer of each, and for each customer and item the mean weight of neighbours."""
        from scipy.sparse import csr_matrix

        vectors, count = _vectors(rows), self.nearest
        for start in range(0, rows.customers, BLOCK):
            part = vectors[start : start + BLOCK]
            distances = self.norms[None, :] - 2 * (part @ self.transposed).toarray()
            distances[numbers[start : start + BLOCK, None] == self.numbers[None, :]] = np.inf
            near = np.argpartition(distances, count - 1, axis=1)[:, :count]
            shares = np.full(near.size, 1 / count, np.float32)
            shares *= np.repeat(np.diff(part.indptr) > 0, count)  # nobody is like a customer of whom nothing is known
            ends = np.arange(0, near.size + 1, count)
            weights = csr_matrix((shares, near.ravel(), ends), (part.shape[0], len(self.numbers)))
            yield start, (weights @ self.vectors).toarray()
