"""The game behind reasons in slow plain Python: every coalition by definition, every order in which families join."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np

from churnrisk.explain.shares import Sharer
from churnrisk.features import TOLD_FAMILIES
from churnrisk.learning import Blend, BoostedModel, ForestModel, RidgePart

Part = RidgePart | ForestModel | BoostedModel
FAMILY_COUNT = len(TOLD_FAMILIES)


def mixed_rows(row: np.ndarray, background: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The background with the customer's columns where the coalition has them."""
    rows = background.copy(order="F")
    rows[:, inside] = row[inside]
    return rows


def worth_of_part(part: Part, rows: np.ndarray) -> float:
    """Mean log-odds; a forest votes with its mean rate."""
    if isinstance(part, ForestModel):
        rate = float(np.mean(part.trees.mean(np.where(np.isnan(rows), part.medians, rows))))
        held = min(max(rate, 0.002), 0.998)
        return math.log(held / (1 - held))
    return float(np.mean(part.log_odds(rows)))


def worth_by_definition(sharer: Sharer, row: np.ndarray) -> np.ndarray:
    """What each coalition is worth for one customer."""
    learner, worth = sharer.learner, []
    for coalition in range(2**FAMILY_COUNT):
        inside = np.array([coalition >> player & 1 == 1 for player in sharer.players])
        rows, ranking = mixed_rows(row, sharer.background, inside), learner.ranking
        total = learner.level.shift
        if isinstance(ranking, Blend):
            for part, weight in zip(ranking.parts, ranking.weights, strict=False):
                total += weight * worth_of_part(part, rows)
            total += ranking.weights[-1] * float(rows[:, ranking.silence_place].mean())
        else:
            total += float(ranking.log_odds(rows).mean())
        worth.append(total)
    return np.array(worth)


def shares_by_orders(worth: np.ndarray) -> list[float]:
    """Shapley values: what each family adds when it joins, averaged over all orders of joining."""
    added = [0.0] * FAMILY_COUNT
    values = worth.tolist()
    for order in permutations(range(FAMILY_COUNT)):
        coalition = 0
        for player in order:
            joined = coalition | 1 << player
            added[player] += values[joined] - values[coalition]
            coalition = joined
    return [total / math.factorial(FAMILY_COUNT) for total in added]
