"""Risk in words: high, medium, low, by the odds against those of the model's base rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from churnrisk.dataset import weighted_mean
from churnrisk.schema import RISKS

ODDS_FACTOR = 2.0


@dataclass(frozen=True)
class RiskBands:
    """Probabilities at which a customer is called a high or a low risk.

    High is where the odds of churning are at least twice those of the base rate, low where they are at most half.
    Bands relative to the base rate keep their meaning in a shop where nearly everybody churns and in one where
    hardly anybody does; a fixed threshold of one half would call all or nobody at risk.
    """

    base_rate: float

    @property
    def high_from(self) -> float:
        """Lowest probability that is a high risk."""
        return _probability(_odds(self.base_rate) * ODDS_FACTOR)

    @property
    def low_to(self) -> float:
        """Highest probability that is a low risk."""
        return _probability(_odds(self.base_rate) / ODDS_FACTOR)

    def classify(self, probability: np.ndarray) -> np.ndarray:
        """Return high, medium or low for each probability."""
        place = np.select([probability >= self.high_from, probability <= self.low_to], [0, 2], 1)
        levels: np.ndarray = np.array(RISKS, dtype=object)[place]
        return levels

    def observed(
        self, probability: np.ndarray, churned: np.ndarray, weight: np.ndarray | None = None
    ) -> Mapping[str, dict[str, float | int | None]]:
        """Give, for each band, its probabilities, how many customers it held and which share of them churned."""
        risk = self.classify(probability)
        rate = {
            level: weighted_mean(churned[risk == level], None if weight is None else weight[risk == level])
            for level in RISKS
            if (risk == level).any()
        }
        edges = {"high": (self.high_from, 1.0), "medium": (self.low_to, self.high_from), "low": (0.0, self.low_to)}
        return {
            level: {
                "from": edges[level][0],
                "to": edges[level][1],
                "customers": int((risk == level).sum()),
                "churn_rate": rate.get(level),
            }
            for level in RISKS
        }


def _odds(probability: float) -> float:
    clipped = min(max(probability, 1e-6), 1 - 1e-6)
    return clipped / (1 - clipped)


def _probability(odds: float) -> float:
    return odds / (1 + odds)
