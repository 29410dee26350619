"""The forest's game: leaves reached partly with the customer's columns and partly with those of the sample.

A path to a leaf asks about several families. Note in which families a customer fails the path's questions (a bit
for each, found level by level for all nodes at once), and in which each row of the sample does. A coalition that has
the customer's columns in its families then reaches the leaf if none of its families fails the customer, and none of
the others the row of the sample. So only pairs of a leaf and bits of the sample matter whose failures are disjoint
from the customer's; they are few. Summed by the bits of both, and from there to all coalitions, the cost does not
depend on how large the sample is (the idea of interventional TreeSHAP: Lundberg et al. 2020, "From local explanations
to global understanding with explainable AI for trees").

A forest votes with its mean rate over the sample: log-odds are taken of that mean, as they are of the mean over trees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from churnrisk.explain.game import Worth, is_in
from churnrisk.learning import ForestModel
from churnrisk.types import Floats


@dataclass(frozen=True)
class _Level:
    """The nodes of one level that have children: where they, their children and their leaves stand."""

    nodes: np.ndarray
    left: np.ndarray
    column: np.ndarray
    threshold: np.ndarray
    bit: np.ndarray


class ForestGame:
    """What a forest is worth to coalitions.

    Parameters
    ----------
    part : ForestModel
        Trees of any size.
    background : ndarray of shape (m, columns)
        The columns of the stored sample.
    players : ndarray of int, shape (columns,)
        The family of each column.
    count : int
        How many families there are.
    """

    def __init__(self, part: ForestModel, background: Floats, players: np.ndarray, count: int) -> None:
        self._part, trees = part, part.trees
        self._bits = np.min_scalar_type(2**count - 1)  # an unsigned integer with a bit for each family
        # Each bit as a digit of base 3: 1 for a failure in the sample, 2 for one of the customer, 0 for neither.
        self._digit_sum = (is_in(count) @ 3 ** np.arange(count)).astype(np.min_scalar_type(3**count))
        self._digits = 3**count
        self._levels = _list_levels(part, players, self._bits)
        self._leaves = np.flatnonzero(trees.left == np.arange(len(trees.left)))
        distinct, size = _count_distinct(self._failures(background))
        order = np.argsort(-(size > 0).sum(axis=1), kind="stable")
        self._leaves, distinct, size = self._leaves[order], distinct[order], size[order]
        # Leaves with many different bits come first, so those that have a k-th one are the first so many.
        self._many = (size > 0).sum(axis=0)
        self._leaf = np.concatenate([np.arange(many) for many in self._many])
        place = np.repeat(np.arange(size.shape[1]), self._many)
        self._theirs = distinct[self._leaf, place]
        share = size[self._leaf, place] / (len(background) * len(trees.roots))
        self._value = trees.value[self._leaves][self._leaf] * share

    def add_to(self, worth: Worth, columns: Floats, *, weight: float) -> None:
        """Add this part, times its weight in the blend, for customers with these columns."""
        sums = np.empty((self._digits, len(columns)))
        for customer, failures in enumerate(np.ascontiguousarray(self._failures(columns).T)):
            sums[:, customer] = self._sum_pairs(failures)
        worth.add(
            tuple(range(worth.players)), weight * ForestModel.rate_to_log_odds(_sum_by_coalition(sums, worth.players))
        )

    def _sum_pairs(self, mine: np.ndarray) -> Floats:
        """Add up leaves by the families that fail there, of a customer and of the sample; only disjoint ones count."""
        both, start = np.empty(len(self._theirs), dtype=self._bits), 0
        for many in self._many:
            np.bitwise_and(mine[:many], self._theirs[start : start + many], out=both[start : start + many])
            start += many
        pairs = np.flatnonzero(both == 0)
        digits = self._digit_sum[self._theirs[pairs]] + 2 * self._digit_sum[mine[self._leaf[pairs]]]
        return np.bincount(digits, weights=self._value[pairs], minlength=self._digits).astype(np.float64)

    def _failures(self, columns: Floats) -> np.ndarray:
        """Return the families in which rows fail on the way to each leaf, bits of shape (leaves, n)."""
        trees = self._part.trees
        rows = np.ascontiguousarray(self._part.fill(columns).astype(np.float32).T)
        failures = np.zeros((len(trees.left), len(columns)), dtype=self._bits)
        for level in self._levels:
            to_right = (rows[level.column] > level.threshold) * level.bit
            before = failures[level.nodes]
            failures[level.left] = before | to_right
            failures[level.left + 1] = before | (to_right ^ level.bit)
        return failures[self._leaves]


def _list_levels(part: ForestModel, players: np.ndarray, bits: np.dtype[Any]) -> list[_Level]:
    trees, levels, nodes = part.trees, [], part.trees.roots
    while len(nodes := nodes[trees.left[nodes] != nodes]):
        left, column = trees.left[nodes], trees.column[nodes]
        bit = (1 << players[column]).astype(bits)[:, None]
        levels.append(_Level(nodes, left, column, _round_down(trees.threshold[nodes])[:, None], bit))
        nodes = np.concatenate([left, left + 1])
    return levels


def _count_distinct(failures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different bits of each row, in front, and how often each occurs; 0 times behind them."""
    leaves, width = failures.shape
    ordered = np.sort(failures, axis=1)
    is_new = np.ones(ordered.shape, dtype=bool)
    is_new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    starts = np.flatnonzero(is_new)
    leaf, place = starts // width, (np.cumsum(is_new, axis=1) - 1).ravel()[starts]
    distinct = np.zeros(failures.shape, dtype=failures.dtype)
    size = np.zeros(failures.shape, dtype=np.int64)
    distinct[leaf, place] = ordered.ravel()[starts]
    size[leaf, place] = np.diff(starts, append=leaves * width)
    return distinct, size


def _round_down(threshold: Floats) -> np.ndarray:
    """Return the largest float32 up to each threshold: a float32 lies above the one where it lies above the other."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)


def _sum_by_coalition(sums: Floats, players: int) -> Floats:
    """Add up, for each coalition, what fails in the sample inside of it only and for the customer outside only.

    Digit by digit, the last family first: one inside the coalition may be 0 or 1, one outside 0 or 2.
    """
    customers = sums.shape[1]
    for player in range(players):
        neither, theirs, mine = np.moveaxis(sums.reshape(2**player, 3, -1, customers), 1, 0)
        sums = np.stack([neither + mine, neither + theirs], axis=1)
    return sums.reshape(2**players, customers)
