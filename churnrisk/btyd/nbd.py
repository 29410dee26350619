"""The negative binomial model: customers buy at their own steady rate and never leave.

It is the last resort when no model with death can be fitted, and a lower bound for them: on a log where
customers do leave it promises too much for those who have been silent for long.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from churnrisk.btyd.family import Family, Params
from churnrisk.btyd.summary import Table
from churnrisk.types import Floats


def sum_log_likelihood(params: Params, table: Table) -> tuple[float, Floats]:
    """Return the log-likelihood and its gradient in (r, alpha)."""
    r, alpha = params
    value, slope = purchase_terms(params, table)
    exposure = np.log(alpha + table.T)
    total = value - (table.weight * (r + table.x) * exposure).sum()
    by_r = slope - (table.weight * exposure).sum()
    by_alpha = table.customers * r / alpha - (table.weight * (r + table.x) / (alpha + table.T)).sum()
    return float(total), np.array([by_r, by_alpha])


def purchase_terms(params: Params, table: Table) -> tuple[float, float]:
    """Return the sum of log(Gamma(r + x) / Gamma(r) alpha^r), which all models share, and its slope in r."""
    r, alpha = params
    x, weight, _ = table.by_x
    value = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
    slope = special.digamma(r + x) - special.digamma(r) + np.log(alpha)
    return float((weight * value).sum()), float((weight * slope).sum())


def _alive(_params: Params, table: Table) -> Floats:
    return np.ones_like(table.x)


def _no_purchase(params: Params, table: Table, _lead: float, horizon: float) -> Floats:
    r, alpha = params
    silence: Floats = np.exp(-(r + table.x) * np.log1p(horizon / (alpha + table.T)))
    return silence


def _expected(params: Params, table: Table, time: float) -> Floats:
    r, alpha = params
    return (r + table.x) / (alpha + table.T) * time


NBD = Family(
    name="nbd",
    title="NBD",
    parameters=("r", "alpha"),
    in_time=frozenset({"alpha"}),
    starts=((1.0, 0.5), (0.3, 0.1), (3.0, 3.0)),
    log_likelihood=sum_log_likelihood,
    alive=_alive,
    no_purchase=_no_purchase,
    expected=_expected,
)
