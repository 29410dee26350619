"""What a customer will spend on a purchase day: Gamma-Gamma, or where its assumption fails an empirical model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from churnrisk.btyd import fit_gamma_gamma
from churnrisk.errors import NotEnoughData
from churnrisk.retention.customers import Customers

Floats = NDArray[np.float64]

INDEPENDENT = 0.1
"""Rank correlation of value and frequency up to which they count as independent."""

Z = 1.959964
"""Of the normal distribution, for intervals of 95 %."""


@dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation of purchase days and mean value per purchase day, over repeat buyers."""

    rho: float
    low: float
    high: float
    customers: int

    @property
    def is_independent(self) -> bool:
        """Whether the data leave it open that the correlation is no stronger than 0.1."""
        return not (self.low > INDEPENDENT or self.high < -INDEPENDENT)


def rank_correlation(x: NDArray[Any], y: NDArray[Any]) -> Correlation:
    """Compute Spearman's correlation with a 95 % interval; ties get their mean rank.

    The interval is that of Bonett & Wright (2000), Sample size requirements for estimating Pearson, Kendall and
    Spearman correlations, Psychometrika 65.
    """
    n = len(x)
    left, right = _ranks(x), _ranks(y)
    if n < 4 or left.std() == 0 or right.std() == 0:
        return Correlation(0.0, -1.0, 1.0, n)
    rho = float(np.clip(np.corrcoef(left, right)[0, 1], -0.999999, 0.999999))
    half = Z * np.sqrt((1 + rho**2 / 2) / (n - 3))
    low, high = np.tanh(np.arctanh(rho) - half), np.tanh(np.arctanh(rho) + half)
    return Correlation(rho, float(low), float(high), n)


def _ranks(values: NDArray[Any]) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean_rank: Floats = (last - (counts - 1) / 2)[inverse]
    return mean_rank


class SpendingModel(Protocol):
    """Gives the expected value of a purchase day of each customer."""

    @property
    def name(self) -> str:
        """Which model."""

    def expect(self, customers: Customers) -> Floats:
        """Give the expected amount of a purchase day, shape (n,)."""


@dataclass(frozen=True)
class GammaGamma:
    """The Gamma-Gamma model, which takes value and frequency for independent."""

    fitted: Any
    name: str = "gamma_gamma"

    def expect(self, customers: Customers) -> Floats:
        """Give the expected amount of a purchase day."""
        answer: Floats = self.fitted.expected_mean_value(customers.purchase_days, customers.mean_day_value)
        return answer


BANDS = np.array([2, 3, 5, 9, 17])
"""Customers are put together by purchase days: 1, 2, 3-4, 5-8, 9-16, 17 and more."""


@dataclass(frozen=True)
class Credibility:
    """An empirical model: a customer's own mean, pulled towards the mean of those who buy about as often.

    The weight of the own mean is n / (n + k) with n purchase days (Bühlmann 1967, Experience rating and
    credibility, ASTIN Bulletin 4); k is the variance within customers over that between them.
    """

    band_means: tuple[float, ...]
    k: float
    name: str = "empirical"

    def expect(self, customers: Customers) -> Floats:
        """Give the expected amount of a purchase day."""
        n = customers.purchase_days
        prior = np.array(self.band_means)[np.searchsorted(BANDS, n, side="right")]
        return (n * customers.mean_day_value + self.k * prior) / (n + self.k)


def fit_credibility(customers: Customers) -> Credibility:
    """Estimate the means of the bands, and how much customers differ, from the spread of means by purchase days."""
    band = np.searchsorted(BANDS, customers.purchase_days, side="right")
    overall = float(customers.purchase_amount.sum() / customers.purchase_days.sum())
    size = np.bincount(band, minlength=len(BANDS) + 1)
    total = np.bincount(band, weights=customers.mean_day_value, minlength=len(BANDS) + 1)
    means = np.where(size >= 10, total / np.maximum(size, 1), overall)
    share = 1 / customers.purchase_days
    square = (customers.mean_day_value - means[band]) ** 2
    capped = np.minimum(square, np.quantile(square, 0.99))  # a few wholesale orders would decide alone
    centred = share - share.mean()
    spread = float((centred**2).sum())
    within = float((centred * capped).sum()) / spread if spread > 0 else 0.0
    between = float(capped.mean() - max(within, 0.0) * share.mean())
    k = within / between if within > 0 and between > 0 else 1.0
    return Credibility(tuple(means.tolist()), float(np.clip(k, 0.1, 100)))


def choose_spending(customers: Customers) -> tuple[SpendingModel, Correlation, str]:
    """Choose Gamma-Gamma where value and frequency look independent, else the empirical model, and say why."""
    repeat = customers.purchase_days > 1
    correlation = rank_correlation(customers.purchase_days[repeat], customers.mean_day_value[repeat])
    if not correlation.is_independent:
        return (
            fit_credibility(customers),
            correlation,
            f"value and frequency go together (rank correlation {correlation.rho:.2f}), which Gamma-Gamma excludes; "
            "an empirical model took its place",
        )
    try:
        fitted = fit_gamma_gamma(customers.purchase_days, customers.mean_day_value)
    except NotEnoughData as error:
        return fit_credibility(customers), correlation, f"too few customers for Gamma-Gamma: {error}"
    return GammaGamma(fitted), correlation, fitted.note
