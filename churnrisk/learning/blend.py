"""Weights of the parts of a blend, in log-odds: a prior, moved by an inner test as far as that can tell."""

from __future__ import annotations

import numpy as np

from churnrisk.regression import to_probability
from churnrisk.types import Floats

PRIOR = (0.5, 0.25, 0.25)
"""Linear part, forest, boosted trees; the model of silence takes from all of them where data are few."""

PRIOR_CUSTOMERS = 30.0
"""With so many customers of the rarer outcome, the model of silence weighs one half."""

WEIGHT_SPREAD = 0.25
SUM_SPREAD = 0.04


def prior_weights(churned: Floats) -> Floats:
    """Return the weights to start from: the fewer customers of the rarer outcome, the more for the model of silence.

    Parameters
    ----------
    churned : ndarray of shape (n,)
        Outcomes at the newest snapshot that is learned from.

    Returns
    -------
    ndarray of shape (4,)
        Linear part, forest, boosted trees, silence; they sum to 1.
    """
    rarer = float(min(churned.sum(), len(churned) - churned.sum()))
    silence = PRIOR_CUSTOMERS / (PRIOR_CUSTOMERS + rarer)
    return np.append(np.array(PRIOR) * (1 - silence), silence)


def choose_weights(log_odds: Floats, churned: Floats, prior: Floats, *, sample_weight: Floats | float = 1.0) -> Floats:
    """Move weights from a prior towards what fits an inner test best, whatever its level.

    Parameters
    ----------
    log_odds : ndarray of shape (n, parts)
        Of the inner test's customers.
    churned : ndarray of shape (n,)
        Their outcomes.
    prior : ndarray of shape (parts,)
        Where to start; each weight is held there by a spread of 0.25, their sum by one of 0.04.
    sample_weight : ndarray of shape (n,), optional
        How many customers each row stands for.

    Returns
    -------
    ndarray of shape (parts,)
        Between 0 and 1.5 each: the maximum of likelihood times prior, with a free intercept.
    """
    from scipy.optimize import minimize  # not before: scoring does without, and its import is slow

    def cost(point: Floats) -> tuple[float, Floats]:
        weights, level = point[:-1], point[-1]
        z = log_odds @ weights + level
        residual = sample_weight * (to_probability(z) - churned)
        pull = (weights - prior) / WEIGHT_SPREAD**2
        stretch = (weights.sum() - prior.sum()) / SUM_SPREAD**2
        value = float((sample_weight * (np.logaddexp(0, z) - churned * z)).sum())
        value += float(((weights - prior) * pull).sum() + (weights.sum() - prior.sum()) * stretch) / 2
        return value, np.append(log_odds.T @ residual + pull + stretch, residual.sum())

    bounds = [(0.0, 1.5)] * len(prior) + [(-10.0, 10.0)]
    found = minimize(cost, np.append(prior, 0.0), jac=True, method="L-BFGS-B", bounds=bounds)
    weights: Floats = found.x[:-1]
    return weights
