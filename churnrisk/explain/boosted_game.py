"""The boosted trees' game: a tree of eight leaves looks at few families, and one byte tells how far each leads.

A tree is a byte of reachable leaves for each column (see :class:`churnrisk.learning.SmallTrees`); those of one family
are taken together. For every coalition within the families of a tree the sample's bytes are counted, and the mean
over the sample becomes a table by the customer's byte. After that a customer costs one look-up per tree and coalition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnrisk.explain.game import Worth
from churnrisk.learning import BoostedModel, SmallTrees, classify
from churnrisk.types import Floats

ALL_LEAVES = 255
_BYTES = np.arange(256)
_LOWEST = np.array([(value & -value).bit_length() - 1 if value else 0 for value in range(256)])
_LEAF_OF_BOTH = _LOWEST[_BYTES[:, None] & _BYTES]


@dataclass(frozen=True)
class _Tree:
    """One tree: its tables by family, and the mean over the sample by coalition and by the customer's byte."""

    players: tuple[int, ...]
    tables: tuple[tuple[tuple[int, np.ndarray], ...], ...]
    mean: Floats


@dataclass(frozen=True)
class _Alike:
    """All trees that look at so many families each: their places, where their families' bytes stand, their means."""

    trees: list[int]
    families: np.ndarray
    mean: Floats


class BoostedGame:
    """What boosted trees are worth to coalitions.

    Parameters
    ----------
    part : BoostedModel
        The boosted trees.
    background : ndarray of shape (m, columns)
        The columns of the stored sample.
    players : ndarray of int, shape (columns,)
        The family of each column.
    """

    def __init__(self, part: BoostedModel, background: Floats, players: np.ndarray) -> None:
        self._part = part
        classes = classify(background, part.edges)
        trees = [tree for member in part.members for tree in _prepare(member, classes, players)]
        families = [family for tree in trees for family in tree.tables]
        self._column = np.array([column for family in families for column, _ in family], dtype=np.intp)
        self._reach = np.array([table for family in families for _, table in family], dtype=np.uint8)
        self._first = np.cumsum([0, *(len(family) for family in families)])[:-1]
        self._players = [tree.players for tree in trees]
        self._alike = _group(trees)

    def add_to(self, worth: Worth, columns: Floats, *, weight: float) -> None:
        """Add this part, times its weight in the blend, for customers with these columns."""
        members = self._part.members
        worth.add((), np.array([[weight * sum(member.start for member in members) / len(members)]]))
        reached = self._bytes_of_families(classify(columns, self._part.edges))
        values: dict[int, Floats] = {}
        for alike in self._alike:
            combined = _combine(np.moveaxis(reached[alike.families], 1, 0)).swapaxes(0, 1).astype(np.intp)
            added = np.take_along_axis(alike.mean, combined, axis=2) * (weight / len(members))
            values.update(zip(alike.trees, added, strict=True))
        for tree, players in enumerate(self._players):
            worth.add(players, values[tree])

    def _bytes_of_families(self, classes: np.ndarray) -> np.ndarray:
        """Return the leaves that each family of each tree leaves in reach, uint8 of shape (families of trees, n)."""
        if not len(self._column):
            return np.empty((0, len(classes)), dtype=np.uint8)
        reach = np.take_along_axis(self._reach, classes[:, self._column].T.astype(np.intp), axis=1)
        return np.asarray(np.bitwise_and.reduceat(reach, self._first, axis=0))


def _group(trees: list[_Tree]) -> list[_Alike]:
    """Put trees together that look at equally many families."""
    sizes = np.array([len(tree.players) for tree in trees], dtype=np.intp)
    first, groups = np.cumsum(sizes) - sizes, []
    for size in np.unique(sizes):
        places = np.flatnonzero(sizes == size)
        mean = np.stack([trees[place].mean for place in places])
        groups.append(_Alike(places.tolist(), first[places, None] + np.arange(size), mean))
    return groups


def _prepare(member: SmallTrees, classes: np.ndarray, players: np.ndarray) -> list[_Tree]:
    trees = []
    for number, value in enumerate(member.value):
        places = np.flatnonzero(member.tree == number)
        owners = tuple(sorted({int(players[member.column[place]]) for place in places}))
        tables = tuple(
            tuple((int(member.column[k]), member.reach[k]) for k in places if players[member.column[k]] == owner)
            for owner in owners
        )
        theirs = _combine(_reach(tables, classes))[::-1]  # in a coalition's place those of all who are not in it
        trees.append(_Tree(owners, tables, _mean_by_byte(theirs, value)))
    return trees


def _reach(tables: tuple[tuple[tuple[int, np.ndarray], ...], ...], classes: np.ndarray) -> np.ndarray:
    reached = np.full((len(tables), len(classes)), ALL_LEAVES, dtype=np.uint8)
    for row, family in zip(reached, tables, strict=True):
        for column, table in family:
            row &= table.take(classes[:, column])
    return reached


def _combine(reached: np.ndarray) -> np.ndarray:
    """Return the leaves that the families of each coalition leave in reach together, shape (2**families, ...)."""
    combined = np.full((1, *reached.shape[1:]), ALL_LEAVES, dtype=np.uint8)
    for row in reached:
        combined = np.concatenate([combined, combined & row])
    return combined


def _mean_by_byte(theirs: np.ndarray, value: Floats) -> Floats:
    """Return the mean over the sample for each coalition and each byte of the customer, shape (2**families, 256)."""
    size = theirs.shape[1]
    counts = np.array([np.bincount(row, minlength=256) for row in theirs]) / size
    occurs = np.flatnonzero(counts.any(axis=0))
    mean: Floats = counts[:, occurs] @ value[_LEAF_OF_BOTH[occurs]]
    return mean
