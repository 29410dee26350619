"""Columns and outcomes of a snapshot, as a rule is fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Drawn:
    """Customers, how it went, and how many each stands for."""

    columns: np.ndarray
    churned: np.ndarray
    weights: np.ndarray

    @property
    def repeated(self) -> Drawn:
        """The same customers, each as often as it weighs."""
        rows = np.repeat(np.arange(len(self.churned)), self.weights.astype(int))
        return Drawn(self.columns[rows], self.churned[rows], np.ones(len(rows)))
