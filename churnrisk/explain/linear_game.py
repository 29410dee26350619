"""The linear part's game: terms of one family stand by themselves, a product of two families has four outcomes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from churnrisk.explain.game import Worth
from churnrisk.learning import RidgePart
from churnrisk.types import Floats


class LinearGame:
    """What the linear part is worth to coalitions.

    Parameters
    ----------
    part : RidgePart
        Columns, squares and products with their weights.
    background : ndarray of shape (m, columns)
        The columns of the stored sample.
    players : ndarray of int, shape (columns,)
        The family of each column.
    """

    def __init__(self, part: RidgePart, background: Floats, players: np.ndarray) -> None:
        self._part, self._players = part, players
        self._background = part.terms.apply(background)
        linear = part.linear
        self._theirs = [linear.contribution(self._background[:, k], k).mean() for k in range(len(linear.weights))]

    def add_to(self, worth: Worth, columns: Floats, *, weight: float) -> None:
        """Add this part, times its weight in the blend, for customers with these columns."""
        linear, terms = self._part.linear, self._part.terms.apply(columns)
        worth.add((), np.array([[weight * linear.intercept]]))
        all_mine = np.ascontiguousarray(linear.contributions(terms).T)
        for place, first, second in self._factors():
            if not linear.weights[place]:
                continue
            mine, owners = all_mine[place], self._owners(first, second)
            table = np.empty((2 ** len(owners), len(columns)))
            table[0], table[-1] = self._theirs[place], mine
            if len(owners) == 2:
                mixed = [self._mix(terms, first, second, place=place), self._mix(terms, second, first, place=place)]
                table[1:3] = mixed if self._players[first] == owners[0] else mixed[::-1]
            worth.add(owners, weight * table)

    def _owners(self, first: int, second: int) -> tuple[int, ...]:
        return tuple(sorted({int(self._players[first]), int(self._players[second])}))

    def _factors(self) -> Iterator[tuple[int, int, int]]:
        """Return each term's place, and the two columns that it is the product of; twice the same for other terms."""
        terms = self._part.terms
        count = len(terms.medians)
        pairs = [(k, k) for k in range(count)] + [(k, k) for k in terms.squares] + list(terms.products)
        return ((place, first, second) for place, (first, second) in enumerate(pairs))

    def _mix(self, terms: Floats, mine: int, theirs: int, *, place: int) -> Floats:
        """Return the mean contribution where one factor is the customer's and the other the sample's."""
        products = terms[:, mine, None] * self._background[:, theirs]
        mean: Floats = self._part.linear.contribution(products, place).mean(axis=1)
        return mean
