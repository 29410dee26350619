"""The game behind reasons: the families of columns are the players, log-odds what they win together.

A coalition of families has the explained customer's columns; the families outside of it have those of a customer of
the stored sample. The worth of a coalition is the mean log-odds over the sample. The share of a family is its Shapley
value: what it adds to the worth when it joins, averaged over all orders in which they can join. The shares add up
to the difference between the customer's log-odds and those of the sample (Shapley 1953, "A value for n-person games").
"""

from __future__ import annotations

import functools
from math import factorial

import numpy as np

from churnrisk.features import TABLES, TOLD_FAMILIES
from churnrisk.types import Bools, Floats

FAMILIES = tuple(TOLD_FAMILIES)
ALL_FAMILIES = (*FAMILIES, TABLES)
"""The families of models with tables beside the purchases; the others are spared the player that is none of theirs."""


def is_in(players: int) -> Bools:
    """Tell which of so many families are in which coalition, shape (coalitions, families)."""
    coalitions: Bools = np.arange(2**players)[:, None] >> np.arange(players) & 1 == 1
    return coalitions


@functools.cache
def restrict(chosen: tuple[int, ...], players: int) -> np.ndarray:
    """Number each coalition's part within a few players: bit k of the number stands for the k-th of them."""
    return np.asarray(is_in(players)[:, list(chosen)] @ (1 << np.arange(len(chosen))), dtype=np.intp)


@functools.cache
def _weigh_coalitions(players: int) -> Floats:
    """Return the factors that turn the worth of all coalitions into shares, shape (families, coalitions)."""
    size = is_in(players).sum(axis=1)
    joined = np.array([factorial(max(s - 1, 0)) * factorial(players - s) for s in range(players + 1)])
    absent = np.array([factorial(s) * factorial(max(players - s - 1, 0)) for s in range(players + 1)])
    factors: Floats = np.where(is_in(players).T, joined[size], -absent[size]) / factorial(players)
    return factors


def share_out(worth: Floats) -> Floats:
    """Return each family's Shapley value.

    Parameters
    ----------
    worth : ndarray of shape (coalitions, n)
        Of each coalition for each customer; bit k of a coalition's number stands for family k.

    Returns
    -------
    ndarray of shape (n, families)
    """
    parts = _weigh_coalitions(len(worth).bit_length() - 1).T[:, :, None] * worth[:, None, :]
    shares = np.add.accumulate(parts, axis=0)[-1] + 0.0  # one after the other: no sum depends on how many rows
    return np.ascontiguousarray(shares.T)


class Worth:
    """The worth of all coalitions, gathered from parts that look at few families each.

    Parameters
    ----------
    customers : int
        How many are explained at once.
    players : int
        How many families there are.
    """

    def __init__(self, customers: int, players: int) -> None:
        self.players, self._customers = players, customers
        self._tables: dict[tuple[int, ...], Floats] = {}

    def add(self, players: tuple[int, ...], table: Floats) -> None:
        """Add what depends on a few families only.

        Parameters
        ----------
        players : tuple of int
            These families, rising.
        table : ndarray of shape (2**len(players), n) or (2**len(players), 1)
            By the coalition within them.
        """
        known = self._tables.get(players)
        self._tables[players] = table if known is None else known + table

    def total(self) -> Floats:
        """Return the worth of each coalition, shape (coalitions, n)."""
        total = np.zeros((2**self.players, self._customers))
        for players, table in self._tables.items():
            total += table[restrict(players, self.players)]
        return total
