"""What a campaign did: contacted against control, by assignment, with an interval that keeps its promise.

By assignment means that a mail that bounced counts as contacted and a control that got one anyway counts as control:
only the draw was random, and only groups as they were drawn can be compared.

Within each stratum the two means are compared, and strata are weighed by their size. What the score knew beforehand is
taken off the outcome first (Deng, Xu, Kohavi & Walker, "Improving the Sensitivity of Online Controlled Experiments by
Utilizing Pre-Experiment Data", WSDM 2013): a customer that does not buy, as expected, is no news, and
less noise is left. The score is the one frozen at the draw, so it cannot have been moved by the campaign.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from churnrisk.types import Bools, Floats, Integers

PRIOR_CUSTOMERS = 100.0
"""Of counts and money, a group's own spread is mixed with that of both groups, which counts as so many customers."""


@dataclass(frozen=True)
class Outcomes:
    """The members of a campaign and what they did in the window, one entry each.

    Parameters
    ----------
    is_treated : ndarray of bool, shape (n,)
        As drawn.
    stratum : ndarray of int64, shape (n,)
        Counts from 0.
    known_before : ndarray of float64, shape (n, k)
        What was known at the draw and may tell of the outcome: the score and the value. NaN counts as the mean.
    retained, orders, revenue : ndarray of float64, shape (n,)
        1 for a purchase in the window; number of purchases; net revenue in currency units.
    churn_probability : ndarray of float64, shape (n,)
        The score at the draw, NaN where there was none.
    value_at_risk : ndarray of float64, shape (n,)
        As the list expected it at the draw, NaN where it did not.
    """

    is_treated: Bools
    stratum: Integers
    known_before: Floats
    retained: Floats
    orders: Floats
    revenue: Floats
    churn_probability: Floats
    value_at_risk: Floats


@dataclass(frozen=True)
class Effect:
    """Contacted less control, per customer, with a 95 % interval.

    Parameters
    ----------
    treated_mean, control_mean : float
        As observed.
    difference, low, high : float
        After the adjustment for what was known before; so it may differ a little from the difference of the means.
    error : float
        Standard error of the difference.
    """

    treated_mean: float
    control_mean: float
    difference: float
    low: float
    high: float
    error: float

    def to_dict(self) -> dict[str, float]:
        """Return plain numbers."""
        return {name: float(value) for name, value in vars(self).items()}


def estimate_effect(outcome: Floats, *, is_treated: Bools, stratum: Integers, known_before: Floats) -> Effect:
    """Estimate the effect on one outcome.

    Parameters
    ----------
    outcome : ndarray of float64, shape (n,)
        What each customer did.
    is_treated : ndarray of bool, shape (n,)
        As drawn; every stratum has customers of either kind.
    stratum : ndarray of int64, shape (n,)
        Counts from 0.
    known_before : ndarray of float64, shape (n, k)
        Covariates from before the draw; k may be 0.

    Notes
    -----
    The adjusted outcome is ``y - X b`` with b from a regression on deviations from the mean of each stratum and group;
    the difference is ``sum of w_s (mean_ts - mean_cs)`` with ``w_s`` the stratum's share of customers. Its variance
    takes one spread for each group, pooled over strata: the few controls of a stratum would tell their own badly. For
    counts and money it is mixed with the spread of both groups together: in a control group of fifty, where nobody
    happened to place one of the rare large orders, mean and spread come out low at the same time, and the interval
    would be too sure of itself. The quantile is Student's, with the degrees of freedom of Welch and Satterthwaite.
    """
    cell: Integers = 2 * stratum + is_treated
    adjusted = outcome - _explained(outcome, known_before, cell)
    weights = np.bincount(stratum) / len(stratum)
    sizes = np.bincount(cell, minlength=2 * len(weights)).reshape(-1, 2)
    means = np.bincount(cell, adjusted, minlength=2 * len(weights)).reshape(-1, 2) / sizes
    difference = float((weights * (means[:, 1] - means[:, 0])).sum())
    left = adjusted - means[stratum, is_treated.astype(np.int64)]
    squares = np.bincount(is_treated, left**2, minlength=2)
    freedoms = np.maximum(sizes.sum(axis=0) - len(weights), 1.0)
    pooled = squares.sum() / freedoms.sum()
    prior = 0.0 if set(np.unique(outcome)) <= {0.0, 1.0} else PRIOR_CUSTOMERS
    spreads = (squares + prior * pooled) / (freedoms + prior)
    parts = spreads * (weights[:, None] ** 2 / sizes).sum(axis=0)
    error = float(np.sqrt(parts.sum()))
    reach = student_quantile(_welch(parts, freedoms)) * error
    observed = (float(outcome[is_treated].mean()), float(outcome[~is_treated].mean()))
    return Effect(*observed, difference, difference - reach, difference + reach, error)


def _explained(outcome: Floats, known_before: Floats, cell: Integers) -> Floats:
    """Return what the covariates explain of the outcome, by a regression within stratum and group."""
    columns = [_fill(column) for column in known_before.T]
    columns = [column for column in columns if column.std() > 1e-12]
    if not columns:
        return np.zeros(len(outcome))
    apart, target = [_deviation(column, cell) for column in columns], _deviation(outcome, cell)
    products = np.array([[(one * other).sum() for other in apart] for one in apart])
    slopes = np.linalg.lstsq(products, np.array([(one * target).sum() for one in apart]), rcond=None)[0]
    terms = [slope * (column - column.mean()) for slope, column in zip(slopes, columns, strict=True)]
    explained: Floats = np.sum(terms, axis=0)
    return explained


def _fill(column: Floats) -> Floats:
    known = column[~np.isnan(column)]
    return np.where(np.isnan(column), known.mean() if len(known) else 0.0, column)


def _deviation(values: Floats, cell: Integers) -> Floats:
    sizes = np.maximum(np.bincount(cell), 1)
    deviation: Floats = values - (np.bincount(cell, values) / sizes)[cell]
    return deviation


def _welch(parts: Floats, freedoms: Floats) -> float:
    below = float((parts**2 / freedoms).sum())
    return float(parts.sum()) ** 2 / below if below > 0 else float(freedoms.sum())


def student_quantile(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's distribution.

    By the expansion of Cornish and Fisher (Abramowitz & Stegun 26.7.5), right to 0.01 from 4 degrees of freedom on;
    with fewer it is taken at 3, where it is too small: no interval helps there.
    """
    z, v = NormalDist().inv_cdf(0.975), max(freedom, 3.0)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / v + second / v**2 + third / v**3 + fourth / v**4
