"""Grown trees as plain arrays, and the way of many rows through them at once.

scikit-learn grows the trees; what is kept of them are thresholds, places of children and rates of leaves. So a model
that is stored is numbers, scoring needs no scikit-learn (its import takes longer than scoring a small shop), and a
prediction is a function of the row alone, so batches equal the whole. The numbers are those that scikit-learn's own
prediction gives, to the last bit; a test says so.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from churnrisk.types import Floats

MOST_LEAVES = 8
"""Leaves of a boosted tree: one bit of a byte for each."""

BLOCK_CELLS = 32_768
"""Rows times trees that are walked at once: what fits into a processor's cache."""

FEW_ROWS = 256
"""So few rows go through all small trees at once."""

FIRST_LOOK = 8
"""Steps down a tree before it is asked, at every other step, which rows have come to a leaf."""

_LEFT_SHIFT, _MOST_COLUMNS = 42, (1 << 10) - 1
_LOW_HALF = slice(0 if sys.byteorder == "little" else 1, None, 2)
_LOWEST_BIT = np.array([next((k for k in range(8) if value >> k & 1), 0) for value in range(256)], dtype=np.uint8)


@dataclass(frozen=True)
class DeepTrees:
    """Trees of any depth, all their nodes in one list; the right child of a node stands right behind the left one.

    Parameters
    ----------
    roots : ndarray of int32, shape (trees,)
        Where each tree begins.
    column : ndarray of int32, shape (nodes,)
        The column that a node asks about.
    threshold : ndarray of float64, shape (nodes,)
        Values up to it go left; a leaf sends everything left, which is to itself.
    left : ndarray of int32, shape (nodes,)
        The left child, or the node itself where it is a leaf.
    value : ndarray of float64, shape (nodes,)
        What a leaf predicts.
    depth : int
        Steps that bring every row to a leaf.
    """

    roots: np.ndarray
    column: np.ndarray
    threshold: Floats
    left: np.ndarray
    value: Floats
    depth: int

    @classmethod
    def of(cls, trees: Sequence[Any]) -> DeepTrees:
        """Take over classification trees of scikit-learn (their ``tree_``), which predict the rate of class 1."""
        parts, depth, total = [], 0, 0
        for tree in trees:
            parts.append(_order_by_level(tree, first=total))
            depth, total = max(depth, tree.max_depth), total + tree.node_count
        roots = np.cumsum([0, *(len(part[0]) for part in parts)])[:-1]
        column, threshold, left, value = (np.concatenate([part[k] for part in parts]) for k in range(4))
        return cls(roots.astype(np.int32), column, threshold, left, value, depth)

    def mean(self, columns: Floats) -> Floats:
        """Return the mean prediction of the trees for rows without missing values, which are taken as float32."""
        rows = columns.astype(np.float32)
        result, (packed, is_leaf) = np.empty(len(rows)), self._packed
        step = max(1, BLOCK_CELLS // len(self.roots))
        for start in range(0, len(rows), step):
            leaves = self._find_leaves(rows[start : start + step], packed, is_leaf)
            result[start : start + step] = self._mean_of(leaves.reshape(-1, len(self.roots)))
        return result

    @functools.cached_property
    def _packed(self) -> tuple[np.ndarray, np.ndarray]:
        return _pack(self), self.left == np.arange(len(self.left))

    def __getstate__(self) -> dict[str, Any]:
        """Return what is stored, without what was worked out of it."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def _find_leaves(self, rows: np.ndarray, packed: np.ndarray, is_leaf: np.ndarray) -> np.ndarray:
        """Walk rows down all trees at once; a row that has come to a leaf is set aside, since few paths are long."""
        flat, leaves = np.ravel(rows), np.tile(self.roots.astype(np.int64), len(rows))
        offset = np.repeat(np.arange(len(rows)) * rows.shape[1], len(self.roots))
        node, walking = leaves, np.arange(len(leaves))
        for step in range(self.depth):
            word = packed.take(node)
            goes_right = flat.take(offset + (word >> 32 & _MOST_COLUMNS)) > word.view(np.float32)[_LOW_HALF]
            node = (word >> _LEFT_SHIFT) + goes_right
            if step >= FIRST_LOOK and step % 2 == 0:
                leaves[walking] = node
                kept = np.flatnonzero(~is_leaf.take(node))
                node, offset, walking = node[kept], offset[kept], walking[kept]
        leaves[walking] = node
        return leaves

    def _mean_of(self, leaves: np.ndarray) -> Floats:
        values = self.value.take(leaves)
        total = np.zeros(len(values))
        for tree in range(values.shape[1]):  # one after the other: NumPy's own sum adds in an order of its own
            total += values[:, tree]
        mean: Floats = total / values.shape[1]
        return mean


def _pack(trees: DeepTrees) -> np.ndarray:
    """Put threshold, column and left child of a node into one word: a walk costs what it reads from far places.

    A threshold becomes the largest float32 that is not above it, which parts float32 values just as it does.
    """
    if trees.column.max(initial=0) > _MOST_COLUMNS or len(trees.left) >> (63 - _LEFT_SHIFT):
        raise ValueError("a forest of so many columns or nodes does not fit into words of 64 bits")
    threshold = trees.threshold.astype(np.float32)
    is_above = threshold > trees.threshold
    threshold[is_above] = np.nextafter(threshold[is_above], np.float32(-np.inf))
    places = trees.left.astype(np.int64) << _LEFT_SHIFT | trees.column.astype(np.int64) << 32
    return np.asarray(places | threshold.view(np.uint32))


def _order_by_level(tree: Any, *, first: int) -> tuple[np.ndarray, ...]:
    """Number the nodes anew, level by level, so that siblings are neighbours."""
    old = [0]
    for node in old:  # grows while it is walked
        if tree.children_left[node] >= 0:
            old += [tree.children_left[node], tree.children_right[node]]
    order = np.array(old)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    is_leaf = tree.children_left[order] < 0
    left = np.where(is_leaf, np.arange(len(order)), place[tree.children_left[order]])
    return (
        np.where(is_leaf, 0, tree.feature[order]).astype(np.int32),
        np.where(is_leaf, np.inf, tree.threshold[order]),
        (left + first).astype(np.int32),
        tree.value[order, 0, 1].astype(np.float64),
    )


@dataclass(frozen=True)
class SmallTrees:
    """Trees of at most eight leaves over columns of small whole numbers, added up.

    A tree is one table for each column that it asks about: for every class of the column, the leaves that can still
    be reached, a bit each. The bits of all its tables taken together leave the lowest one standing for the leaf that
    a row falls into (Lucchese et al. 2015, QuickScorer).

    Parameters
    ----------
    start : float
        What the sum begins with.
    tree, column : ndarray of int32, shape (tables,)
        Which tree a table is of, in rising order, and which column it asks about.
    reach : ndarray of uint8, shape (tables, classes + 1)
        The leaves in reach; the last entry is for missing values.
    value : ndarray of float64, shape (trees, 8)
        What leaves add.
    """

    start: float
    tree: np.ndarray
    column: np.ndarray
    reach: np.ndarray
    value: Floats

    @classmethod
    def of(cls, start: float, trees: Sequence[tuple[np.ndarray, np.ndarray]], *, classes: int) -> SmallTrees:
        """Take over boosted trees of scikit-learn: the nodes of each, and the columns that it numbers 0, 1, 2, ..."""
        places, tables, values = [], [], []
        for number, (nodes, columns) in enumerate(trees):
            reach, value = _tables_of(nodes, classes)
            places += [(number, columns[column]) for column in reach]
            tables += list(reach.values())
            values.append(value)
        tree, column = np.array(places, dtype=np.int32).reshape(-1, 2).T
        reaches = np.array(tables, dtype=np.uint8).reshape(-1, classes + 1)
        return cls(start, tree, column, reaches, np.array(values).reshape(-1, MOST_LEAVES))

    def total(self, classes: np.ndarray) -> Floats:
        """Return the sum over all trees for rows of classes, uint8 of shape (n, p), Fortran order."""
        if len(classes) <= FEW_ROWS:
            return self._total_of_few(classes)
        total = np.full(len(classes), self.start)
        ends = np.searchsorted(self.tree, np.arange(len(self.value)), side="right")
        first = 0
        for values, end in zip(self.value, ends, strict=True):
            reached = np.full(len(classes), 255, dtype=np.uint8)
            for table in range(first, end):
                reached &= self.reach[table].take(classes[:, self.column[table]])
            total += values[_LOWEST_BIT[reached]]
            first = end
        return total

    def _total_of_few(self, classes: np.ndarray) -> Floats:
        """Do the same with all trees at once, which takes fewer calls and more memory."""
        reached = np.full((len(self.value), len(classes)), 255, dtype=np.uint8)
        asking, first = np.unique(self.tree, return_index=True)
        if len(asking):
            in_reach = np.take_along_axis(self.reach, classes[:, self.column].T.astype(np.intp), axis=1)
            reached[asking] = np.bitwise_and.reduceat(in_reach, first, axis=0)
        added = np.take_along_axis(self.value, _LOWEST_BIT[reached].astype(np.intp), axis=1)
        start = np.full((1, len(classes)), self.start)
        total: Floats = np.add.accumulate(np.concatenate([start, added]), axis=0)[-1]  # one after the other
        return total


def _tables_of(nodes: np.ndarray, classes: int) -> tuple[dict[int, np.ndarray], Floats]:
    """Return the tables of one tree by column, and the values of its leaves from left to right."""
    reach: dict[int, np.ndarray] = {}
    values: list[float] = []

    def walk(place: int) -> int:
        """Number the leaves below a node and give their bits."""
        node = nodes[place]
        if node["is_leaf"]:
            values.append(float(node["value"]))
            return 1 << (len(values) - 1)
        left, right = walk(node["left"]), walk(node["right"])
        table = reach.setdefault(int(node["feature_idx"]), np.full(classes + 1, 255, dtype=np.uint8))
        goes_right = np.append(np.arange(classes) > node["num_threshold"], not node["missing_go_to_left"])
        table[goes_right] &= 255 - left
        return left | right

    walk(0)
    return reach, np.array(values + [0.0] * (MOST_LEAVES - len(values)))
