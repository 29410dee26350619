"""The re-ranker: boosted trees that learn from a past horizon which candidates were bought."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from churnrisk.products.candidates import Candidates
from churnrisk.types import Bools, Floats, Integers

ROUNDS, STEP, LEAVES, LEAST_IN_LEAF, RIDGE = 100, 0.08, 15, 100, 1.0
LEAST_BOUGHT = 30
"""Bought candidates in the horizon before; from fewer nothing is learnt."""

LEARNT_WELL = 1_000
"""Bought candidates from which on all trees are grown; with fewer, late trees learn chance by heart."""

FOLDS = 5
"""Parts of the customers that say, each for the others, how many trees a short history bears."""

LEAST_CHANCE = 1e-9

FUSION_OFFSET = 10.0
"""Added to ranks in a fusion: how fast a place in the list loses weight."""

SIMPLE: dict[str, Callable[[dict[str, np.ndarray]], np.ndarray]] = {
    "frequency": lambda columns: columns["count"],
    "decayed_frequency": lambda columns: columns["decayed_150"],
    "last_days": lambda columns: columns["share_of_last"],
    "due_dates": lambda columns: columns["due"],
    "neighbours": lambda columns: 0.7 * columns["weight"] + 0.3 * columns["neighbours"],
    "mostly_neighbours": lambda columns: 0.2 * columns["weight"] + 0.8 * columns["neighbours"],
    "popularity": lambda columns: columns["popularity"],
}
"""Methods that learn nothing from what came later: the score of each, from the columns of candidates."""

FUSED = ("frequency", "due_dates", "neighbours")
"""Methods whose reciprocal ranks are added; they fail on different customers."""

FUSION, RANKER = "fusion", "re-ranker"
WITH_RANKER = {"fusion_with_re-ranker": 1.0, "fusion_led_by_re-ranker": float(len(FUSED))}
"""Fusions with the re-ranker, and its weight: as one voice of all, and as all others together."""


def untrained_scores(candidates: Candidates) -> dict[str, np.ndarray]:
    """Return the score of each method that learns nothing from what came later, and of their fusion."""
    scores = {name: score(candidates.columns) for name, score in SIMPLE.items()}
    scores[FUSION] = np.sum([_reciprocal(candidates, scores[name]) for name in FUSED], axis=0)
    return scores


def trained_scores(candidates: Candidates, fusion: np.ndarray, probability: Floats) -> dict[str, np.ndarray]:
    """Return the score of the re-ranker, and of its fusions with the others."""
    own = _reciprocal(candidates, probability)
    return {RANKER: probability, **{name: fusion + weight * own for name, weight in WITH_RANKER.items()}}


def _reciprocal(candidates: Candidates, score: np.ndarray) -> np.ndarray:
    found: np.ndarray = 1.0 / (FUSION_OFFSET + candidates.ranks(score))
    return found


@dataclass(frozen=True)
class Ranker:
    """Boosted trees over candidates.

    Parameters
    ----------
    trees : HistGradientBoostingClassifier
        The fitted trees; kept for one run and never stored.
    """

    trees: Any

    @classmethod
    def fit(cls, candidates: Candidates, bought: Bools) -> Ranker:
        """Learn which candidates were bought; on one thread, since sums depend on the thread count."""
        from threadpoolctl import threadpool_limits

        columns = _matrix(candidates)
        with threadpool_limits(1):
            is_short = bought.sum() < LEARNT_WELL
            rounds = _choose_rounds(columns, bought, candidates.customer % FOLDS) if is_short else ROUNDS
            return cls(_grow(columns, bought, rounds))

    def probability(self, candidates: Candidates) -> Floats:
        """Return the chance that each candidate is bought within the horizon."""
        if not len(candidates):
            return np.zeros(0)
        chances: Floats = self.trees.predict_proba(_matrix(candidates))[:, 1]
        return chances


def _grow(columns: np.ndarray, bought: Bools, rounds: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    trees = HistGradientBoostingClassifier(
        max_iter=rounds,
        learning_rate=STEP,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAST_IN_LEAF,
        l2_regularization=RIDGE,
        early_stopping=False,
        random_state=0,
    )
    # a column without any value cannot be cut into classes
    return trees.fit(np.where(np.isnan(columns).all(axis=0), 0.0, columns), bought)


def _choose_rounds(columns: np.ndarray, bought: Bools, fold: Integers) -> int:
    """Return the number of trees that forecast best, by log loss, the customers they were not learnt from."""
    loss = np.zeros(ROUNDS)
    for part in range(FOLDS):
        learnt = fold != part
        if len(np.unique(bought[learnt])) < 2 or learnt.all():
            continue
        trees = _grow(columns[learnt], bought[learnt], ROUNDS)
        for place, chances in enumerate(trees.staged_predict_proba(columns[~learnt])):
            right = np.where(bought[~learnt], chances[:, 1], chances[:, 0])
            loss[place] -= np.log(np.maximum(right, LEAST_CHANCE)).sum()
    return int(loss.argmin()) + 1


def _matrix(candidates: Candidates) -> np.ndarray:
    ranks = [candidates.ranks(SIMPLE[name](candidates.columns)).astype(np.float32) for name in FUSED]
    return np.column_stack([*candidates.columns.values(), *ranks])
