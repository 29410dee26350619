"""Trees: extremely randomised ones, which average, and boosted ones, which correct each other.

They hold thresholds and rates of leaves of many customers, no row of data. They are grown by scikit-learn, which is
imported there and not before: scoring does without. They are grown on one thread: the sums behind a split depend on
the thread count.

The rounds of boosting are ours, each single tree is scikit-learn's: so a tree counts its columns' classes for the
columns drawn for it alone, where ``HistGradientBoostingClassifier`` counts all of them and draws afterwards.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from churnrisk.learning.tree_tables import MOST_LEAVES, DeepTrees, SmallTrees
from churnrisk.regression import median_of_known, to_log_odds, to_probability
from churnrisk.types import Floats

CLASSES = 64
"""Columns are cut into so many classes. We cut, since scikit-learn takes seconds for it where rows are weighted."""

MISSING = CLASSES
"""The class of a missing value."""

TOTAL_STEP = 6.0
"""Learning rate times rounds of boosting."""

COLUMN_SHARE = 1 / 3
"""Part of the columns that a boosted tree may ask about, drawn anew for each."""

RIDGE = 2.0
"""Added to the curvature of a leaf: a leaf of few customers adds less."""

LEAST_KNOWN = 64
"""A column with fewer known values is not looked at by boosted trees."""

LEAST_RATE = 0.002
"""A forest of finite size gives no probability below this, nor above one less it."""


@dataclass(frozen=True)
class ForestModel:
    """Extremely randomised trees, with what stands in for missing values."""

    medians: Floats
    trees: DeepTrees

    def log_odds(self, columns: Floats) -> Floats:
        """Return the log-odds for rows that may have missing values."""
        return self.rate_to_log_odds(self.trees.mean(self.fill(columns)))

    def fill(self, columns: Floats) -> Floats:
        """Put medians where values are missing."""
        return np.where(np.isnan(columns), self.medians, columns)

    @staticmethod
    def rate_to_log_odds(rate: Floats) -> Floats:
        """Turn a mean rate of a forest's leaves into log-odds."""
        return to_log_odds(np.clip(rate, LEAST_RATE, 1 - LEAST_RATE))


@dataclass(frozen=True)
class BoostedModel:
    """Boosted trees from several seeds, averaged in log-odds.

    Parameters
    ----------
    edges : tuple of ndarray
        For each column, the values at which it is cut into classes.
    members : tuple of SmallTrees
        The boosted trees, on classes.
    """

    edges: tuple[Floats, ...]
    members: tuple[SmallTrees, ...]

    def log_odds(self, columns: Floats) -> Floats:
        """Return the log-odds for rows that may have missing values."""
        classes = classify(columns, self.edges)
        total = np.zeros(len(columns))
        for member in self.members:
            total += member.total(classes)
        return total / len(self.members)


@dataclass(frozen=True)
class Sizes:
    """How much work trees are allowed to be.

    Parameters
    ----------
    forest_trees, forest_rows : int
        Trees of the forest, and rows drawn for each.
    boosted_seeds, boosted_rounds, boosted_rows : int
        Boosted models, trees in each, and most rows that each sees.
    """

    forest_trees: int = 60
    forest_rows: int = 7_000
    boosted_seeds: int = 2
    boosted_rounds: int = 80
    boosted_rows: int = 20_000

    def spread_over(self, rows: int, snapshots: int = 1, *, has_tables: bool = False) -> Sizes:
        """Return small data more trees for about the same work, and many customers more rows.

        In small data chance does most, and averaging takes it out. Of a customer all snapshots say much the same, so
        a tree draws about as many rows as there are customers in one, within bounds. With tables beside the purchases
        there is more to tell customers apart by, and each snapshot says something new: boosted trees may draw all rows.
        """
        room = min(max(self.boosted_rows / max(rows, 1), 1.0), 1.5)
        customers = rows / snapshots
        drawn, most = (rows, 3.0) if has_tables else (customers, 1.5)
        return replace(
            self,
            forest_trees=int(self.forest_trees * room),
            forest_rows=int(np.clip(customers, self.forest_rows, 3 * self.forest_rows)),
            boosted_rounds=int(self.boosted_rounds * room),
            boosted_rows=int(np.clip(drawn, self.boosted_rows, most * self.boosted_rows)),
        )


def import_growers() -> None:
    """Import what grows trees. That takes more than a second, which passes beside something else."""
    importlib.import_module("sklearn.ensemble")


def fit_forest(
    columns: Floats,
    churned: Floats,
    sample_weight: Floats,
    *,
    sizes: Sizes = Sizes(),
    seed: int = 0,
) -> ForestModel:
    """Grow extremely randomised trees, each on rows drawn with replacement.

    Parameters
    ----------
    columns : ndarray of shape (n, p)
        NaN where missing.
    churned, sample_weight : ndarray of shape (n,)
        Outcomes, and weights of rows.
    sizes : Sizes
        How many trees.
    seed : int
        Of the draws.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    medians = median_of_known(columns)
    forest = ExtraTreesClassifier(
        sizes.forest_trees,
        min_samples_leaf=15,
        max_features=0.2,
        bootstrap=True,
        max_samples=min(1.0, sizes.forest_rows / len(columns)),
        random_state=seed,
        n_jobs=1,
    )
    forest.fit(_fill_single(columns, medians), churned, sample_weight=sample_weight)
    return ForestModel(medians, DeepTrees.of([tree.tree_ for tree in forest.estimators_]))


def _fill_single(columns: Floats, medians: Floats) -> np.ndarray:
    """Fill what is missing, in the single precision that trees are grown in: half of the memory, and no copy there."""
    filled = np.empty(columns.shape, dtype=np.float32, order="F")
    for k, median in enumerate(medians):
        filled[:, k] = np.where(np.isnan(columns[:, k]), median, columns[:, k])
    return filled


def fit_boosted(
    columns: Floats,
    churned: Floats,
    sample_weight: Floats,
    *,
    sizes: Sizes = Sizes(),
    seed: int = 0,
) -> BoostedModel:
    """Boost small trees slowly, several times on other rows and columns.

    Parameters
    ----------
    columns : ndarray of shape (n, p)
        NaN where missing.
    churned, sample_weight : ndarray of shape (n,)
        Outcomes, and weights of rows.
    sizes : Sizes
        How many members, trees and rows.
    seed : int
        Of the draws.
    """
    least = int(np.clip(len(columns) / 400, 20, 80))
    edges = find_edges(columns[draw_rows(len(columns), sizes.boosted_rows, seed=seed)])
    members = []
    for member in range(sizes.boosted_seeds):
        rows = draw_rows(len(columns), sizes.boosted_rows, seed=1000 * seed + member)
        boosted = boost(
            classify(columns[rows], edges),
            churned[rows],
            sample_weight[rows],
            rounds=sizes.boosted_rounds,
            least=least,
            seed=1000 * seed + member,
        )
        members.append(boosted)
    return BoostedModel(edges, tuple(members))


def boost(
    classes: np.ndarray,
    churned: Floats,
    weights: Floats,
    *,
    rounds: int,
    least: int,
    seed: int,
    share: float = COLUMN_SHARE,
) -> SmallTrees:
    """Grow one small tree after the other, each on what those before it left over.

    Parameters
    ----------
    classes : ndarray of uint8, shape (n, p)
        What :func:`classify` gives.
    churned, weights : ndarray of shape (n,)
        Outcomes, and weights of rows.
    rounds, least : int
        Trees, and least rows of a leaf.
    seed : int
        Of the draws of columns.
    share : float
        Part of the columns that differ between rows which each tree may ask about.
    """
    from sklearn.ensemble._hist_gradient_boosting.grower import TreeGrower

    chance = np.random.default_rng(seed)
    known = np.where(classes == MISSING, 0, classes).max(axis=0, initial=0) + 1
    is_missing = (classes == MISSING).any(axis=0)
    useful = np.flatnonzero(known + is_missing > 1)
    cuts = np.arange(CLASSES) + 0.5
    start = float(to_log_odds(np.array(np.average(churned, weights=weights))))
    log_odds, trees = np.full(len(classes), start), []
    for _ in range(rounds if len(useful) else 0):
        chosen = np.sort(chance.choice(useful, max(1, round(share * len(useful))), replace=False))
        rate = to_probability(log_odds)
        grower = TreeGrower(
            np.asfortranarray(classes[:, chosen]),
            (weights * (rate - churned)).astype(np.float32),
            (weights * rate * (1 - rate)).astype(np.float32),
            max_leaf_nodes=MOST_LEAVES,
            min_samples_leaf=least,
            l2_regularization=RIDGE,
            n_bins=CLASSES + 1,
            n_bins_non_missing=known[chosen].astype(np.uint32),
            has_missing_values=is_missing[chosen].astype(np.uint8),
            shrinkage=TOTAL_STEP / rounds,
            n_threads=1,
        )
        grower.grow()
        for leaf in grower.finalized_leaves:
            log_odds[leaf.sample_indices] += leaf.value
        trees.append((grower.make_predictor([cuts] * len(chosen)).nodes, chosen))
    return SmallTrees.of(start, trees, classes=CLASSES)


def find_edges(columns: Floats) -> tuple[Floats, ...]:
    """Give, for each column, quantiles that cut its known values into at most 64 classes; none where few are known."""
    shares = np.linspace(0, 1, CLASSES + 1)[1:-1]
    edges = []
    for k in range(columns.shape[1]):
        known = columns[:, k][~np.isnan(columns[:, k])]
        cuts = np.quantile(known, shares, method="inverted_cdf") if len(known) >= LEAST_KNOWN else np.zeros(0)
        edges.append(np.unique(cuts))
    return tuple(edges)


def classify(columns: Floats, edges: tuple[Floats, ...]) -> NDArray[np.uint8]:
    """Return the class of each value, counted from 0; 64 where it is missing, and all 0 in a column without edges."""
    classes = np.zeros(columns.shape, dtype=np.uint8, order="F")
    for k, cuts in enumerate(edges):
        if len(cuts):
            values = columns[:, k]
            classes[:, k] = np.where(np.isnan(values), MISSING, np.searchsorted(cuts, values))
    return classes


def draw_rows(size: int, most: int, *, seed: int) -> np.ndarray:
    """Choose at most so many rows at random, in their old order."""
    if size <= most:
        return np.arange(size)
    chosen = np.random.default_rng(seed).choice(size, most, replace=False)
    return np.sort(chosen)
