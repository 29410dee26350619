"""Pareto/NBD: a customer may leave at any moment, whether buying or not.

While alive a customer buys at random at rate lambda ~ Gamma(r, alpha), and he dies at random at rate
mu ~ Gamma(s, beta), independent of each other. Silence is then telling for everybody, one-time buyers included.

Not to be used where the purchases are so few that death and low rates cannot be told apart (the fit then runs
along a ridge, is held by a slight prior, and says so), nor where purchases are regular or seasonal.

After the last purchase two things compete: the next purchase and death. With
f(y) = (alpha + y)^-(r+x) (beta + y)^-s, the density of being alive and as yet silent at age y, and q(y) the
probability that of the two death comes first, the likelihood is

    Gamma(r + x) / Gamma(r) alpha^r beta^s  [ f(t_x) q(t_x) + f(T) (1 - q(T)) ]

that is: he died before he bought, or he will yet buy first, but after T. Both terms are positive, so nothing
cancels, and the probability of silence until T + h is the same expression at T + h over that at T.

References
----------
Schmittlein, Morrison & Colombo (1987), Counting Your Customers: Who Are They and What Will They Do Next?,
Management Science 33(1).
Fader & Hardie (2005), A Note on Deriving the Pareto/NBD Model and Related Expressions.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from churnrisk.btyd.family import Family, Params
from churnrisk.btyd.nbd import purchase_terms
from churnrisk.btyd.quadrature import Competition, death_first
from churnrisk.btyd.summary import Table
from churnrisk.types import Floats, Places

TINY = 1e-300


def _sum_log_likelihood(params: Params, table: Table) -> tuple[float, Floats]:
    r, alpha, s, beta = params
    purchases, purchases_slope = purchase_terms((r, alpha), table)
    died, died_slopes = _differentiate_branch(params, *table.by_last, died=True)
    waits, waits_slopes = _differentiate_branch(params, *table.by_tenure, died=False)
    both = np.logaddexp(died, waits)
    share = table.weight * np.exp(died - both)
    rest = table.weight - share
    total = purchases + (table.weight * both).sum() + table.customers * s * np.log(beta)
    pairs = zip(died_slopes, waits_slopes, strict=True)
    slopes = np.array([(share * one).sum() + (rest * other).sum() for one, other in pairs])
    n = table.customers
    return float(total), slopes + np.array([purchases_slope, n * r / alpha, n * np.log(beta), n * s / beta])


def _differentiate_branch(
    params: Params, x: Floats, y: Floats, rows: Places, *, died: bool
) -> tuple[Floats, list[Floats]]:
    """Return log(f q) or log(f (1 - q)) for each row, and its slopes in r, alpha, s and beta."""
    r, alpha, s, beta = params
    R, A, B = r + x, alpha + y, beta + y
    q = _race(params, x, y)
    chance = q.value if died else 1 - q.value
    unit = (1.0 if died else -1.0) / np.maximum(chance, TINY)
    value = _log_density(params, x, y) + np.log(np.maximum(chance, TINY))
    pull = unit * q.by_log_ratio
    by_r, by_s = unit * q.by_shape - np.log(A), unit * q.by_death_shape - np.log(B)
    slopes = [by_r, -(R + pull) / A, by_s, (pull - s) / B]
    return value[rows], [slope[rows] for slope in slopes]


def _log_density(params: Params, x: Floats, y: Floats) -> Floats:
    """Return log f(y): alive and silent at age y, without the factors that do not depend on y."""
    r, alpha, s, beta = params
    density: Floats = -(r + x) * np.log(alpha + y) - s * np.log(beta + y)
    return density


def _race(params: Params, x: Floats, y: Floats, *, buying: float = 0.0, dying: float = 0.0) -> Competition:
    """Return q for a customer of age y, with `buying` and `dying` more time counted for each rate."""
    r, alpha, s, beta = params
    at_birth = float(np.log((beta + dying) / (alpha + buying)))
    log_ratio = np.log((beta + dying + y) / (alpha + buying + y))
    # The ratio moves from its value at birth towards 1 as the age grows.
    return death_first(r + x, s, log_ratio=log_ratio, bounds=(min(0.0, at_birth), max(0.0, at_birth)))


def _log_silence(params: Params, table: Table, horizon: float) -> Floats:
    """Return the log-likelihood of silence until T + horizon, without the factors that do not depend on T."""
    died = np.log(np.maximum(_race(params, *table.by_last[:2]).value, TINY))[table.by_last[2]]
    died += _log_density(params, table.x, table.t_x)
    x, tenure, rows = table.by_tenure
    buys_first = 1 - _race(params, x, tenure + horizon).value
    waits = np.log(np.maximum(buys_first, TINY))[rows] + _log_density(params, table.x, table.T + horizon)
    silence: Floats = np.logaddexp(died, waits)
    return silence


def _alive(params: Params, table: Table) -> Floats:
    log_alive = _log_density(params, table.x, table.T) - _log_silence(params, table, 0.0)
    alive: Floats = np.minimum(np.exp(log_alive), 1.0)
    return alive


def _no_purchase(params: Params, table: Table, lead: float, horizon: float) -> Floats:
    if lead > 0:
        buys = _buys_after(params, table, lead, 0.0) - _buys_after(params, table, lead + horizon, horizon)
        return np.clip(1 - _alive(params, table) * buys, 0.0, 1.0)
    log_ratio = _log_silence(params, table, horizon) - _log_silence(params, table, 0.0)
    silence: Floats = np.minimum(np.exp(log_ratio), 1.0)
    return silence


def _buys_after(params: Params, table: Table, dying: float, buying: float) -> Floats:
    """Return E[exp(-mu dying - lambda buying) lambda / (lambda + mu)] among the living.

    With dying = lead and buying = 0 it is the chance of living until the lead is over and then buying before
    death; with dying = lead + horizon and buying = horizon that of doing so only after the horizon.
    """
    r, alpha, s, beta = params
    x, tenure, rows = table.by_tenure
    log_share = -(r + x) * np.log1p(buying / (alpha + tenure)) - s * np.log1p(dying / (beta + tenure))
    buys_first = 1 - _race(params, x, tenure, buying=buying, dying=dying).value
    chance: Floats = (np.exp(log_share) * buys_first)[rows]
    return chance


def _expected(params: Params, table: Table, time: float) -> Floats:
    """Return P(alive) E[lambda] E[(1 - exp(-mu t)) / mu]: purchases until death or time."""
    r, alpha, s, beta = params
    B = beta + table.T
    stretch = np.log1p(time / B)
    lifetime = B * stretch * special.exprel((1 - s) * stretch)
    expected: Floats = _alive(params, table) * (r + table.x) / (alpha + table.T) * lifetime
    return expected


PARETO_NBD = Family(
    name="pareto_nbd",
    title="Pareto/NBD",
    parameters=("r", "alpha", "s", "beta"),
    in_time=frozenset({"alpha", "beta"}),
    starts=((1.0, 0.3, 0.5, 0.3), (0.3, 0.1, 1.0, 3.0), (3.0, 1.0, 0.1, 1.0)),
    log_likelihood=_sum_log_likelihood,
    alive=_alive,
    no_purchase=_no_purchase,
    expected=_expected,
)
