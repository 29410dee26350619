"""What revenue is worth to the shop: margin and discount."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnrisk.errors import SettingsError
from churnrisk.timeline import YEAR
from churnrisk.types import Floats


@dataclass(frozen=True)
class Valuation:
    """What revenue is worth to the shop.

    Parameters
    ----------
    margin : float
        Share of revenue that is profit, where revenue is set against costs; the columns of scores are revenue.
    discount_rate : float
        Of a year; 0.1 means that 110 in a year is worth 100 today.
    """

    margin: float = 1.0
    discount_rate: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.margin <= 1:
            raise SettingsError(f"margin {self.margin}: give the share of revenue that is profit, such as 0.35.")
        if not 0 <= self.discount_rate < 10:
            raise SettingsError(f"discount_rate {self.discount_rate}: give a rate a year from 0, such as 0.1 for 10 %.")

    def factor(self, days: int, *, after: int = 0) -> float:
        """Return what a unit of revenue is worth today that comes spread over so many days, from a later day on."""
        if not self.discount_rate or not days:
            return float((1 + self.discount_rate) ** -(after / YEAR))
        years, later = days / YEAR, (1 + self.discount_rate) ** -(after / YEAR)
        mean = (1 - (1 + self.discount_rate) ** -years) / (years * np.log1p(self.discount_rate))
        return float(later * mean)

    def discount(self, revenue: Floats, horizon: int) -> Floats:
        """Discount what customers are expected to bring.

        Parameters
        ----------
        revenue : ndarray of shape (n, 4)
            In the horizon, in a year, and at risk: the least and the most.
        horizon : int
            Its days.

        Returns
        -------
        ndarray of shape (n, 4)
            The same, discounted; still revenue, not profit. What a longer window adds comes after the shorter one, so
            that the value of a year is never below that of a shorter horizon.
        """
        first, place = (horizon, 0) if horizon <= YEAR else (YEAR, 1)
        rest = abs(YEAR - horizon)
        value = np.empty_like(revenue)
        value[:, place] = revenue[:, place] * self.factor(first)
        added = revenue[:, 1 - place] - revenue[:, place]
        value[:, 1 - place] = value[:, place] + added * self.factor(rest, after=first)
        value[:, 2] = revenue[:, 2] * self.factor(horizon)
        value[:, 3] = value[:, 2] + (revenue[:, 3] - revenue[:, 2]) * self.factor(YEAR)
        return value
