"""Expectations over a beta distribution that stay exact where hypergeometric series overflow or cancel.

Every integral of these models is a mean over a share `u` between 0 and 1 with a beta distribution. On the logit
scale, `v = log(u / (1 - u))`, the integrands are smooth on the whole line and fall off exponentially on both
sides. There the plain trapezoidal rule gains digits exponentially with the number of nodes, and no term is
negative. The Gaussian hypergeometric function, which the papers use, is the same number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from churnrisk.types import Bools, Floats, Places

NODES = 128
CHUNK = 2048  # rows at a time: 2048 x 128 doubles stay within a few megabytes
DROP = 36.0  # the integral ends where the integrand is exp(-36) of its peak, 2e-16
SMALL_SHAPE = 1.0  # below it the left tail is too long for NODES; a recurrence steps around it


@dataclass(frozen=True, eq=False)
class Competition:
    """Who comes first, death or purchase, and how that moves with each argument."""

    value: Floats
    by_shape: Floats
    by_death_shape: Floats
    by_log_ratio: Floats


def death_first(shape: Floats, death_shape: float, *, log_ratio: Floats, bounds: tuple[float, float]) -> Competition:
    """Return the probability that a customer dies before the next purchase, with its derivatives.

    With purchase rate lambda ~ Gamma(R, A) and death rate mu ~ Gamma(s, B) it is E[mu / (lambda + mu)], which is
    E[(1 - u) / (1 - u + k u)] for u ~ Beta(R, s) and k = B / A.

    Parameters
    ----------
    shape : ndarray, shape (n,)
        R, above 0.
    death_shape : float
        s, above 0.
    log_ratio : ndarray, shape (n,)
        log k.
    bounds : tuple of float
        Where all log ratios lie. Given, and not taken from the data, so that a customer's result does not
        depend on who else is scored.
    """
    shapes, index = np.unique(shape, return_inverse=True)
    lifted = shapes < SMALL_SHAPE
    nodes = _competition_nodes(shapes + lifted, death_shape, bounds)
    parts = [_sum_competition(nodes, index[rows], log_ratio[rows]) for rows in _chunks(len(shape))]
    stacked = np.concatenate(parts, axis=1) if parts else np.empty((4, 0))
    result = Competition(*stacked)
    return _step_down(result, shape, death_shape, log_ratio) if lifted.any() else result


def beta_mean(
    function: Callable[[Floats, slice], Floats],
    a: float,
    b: Floats,
    *,
    ends: tuple[Floats, Floats],
) -> Floats:
    """Return E[g(p)] for p ~ Beta(a, b), for a smooth g.

    The straight line through both ends of g is integrated exactly, and the rest, which vanishes at both ends, by
    the trapezoidal rule. So `a` and `b` may be as small as one likes.

    Parameters
    ----------
    function : callable
        Takes p of shape (m, nodes) and the slice of rows that it stands for, gives g(p).
    a : float
        First shape, the same for all rows.
    b : ndarray, shape (n,)
        Second shape.
    ends : tuple of ndarray, shape (n,)
        g(0) and g(1).
    """
    shapes, index = np.unique(b, return_inverse=True)
    share, weight = _beta_nodes(a, shapes)
    at_zero, at_one = ends
    result = (b * at_zero + a * at_one) / (a + b)
    for rows in _chunks(len(b)):
        p = share[index[rows]]
        line = at_zero[rows, None] * (1 - p) + at_one[rows, None] * p
        result[rows] += _sum_rows(function(p, rows) - line, weight[index[rows]])
    return result


def softplus(v: Floats) -> Floats:
    """Return log(1 + exp(v)) without overflow."""
    return np.logaddexp(0.0, v)


def _chunks(n: int) -> list[slice]:
    return [slice(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]


def _sum_rows(values: Floats, weights: Floats) -> Floats:
    # Not a matrix product: BLAS adds in an order that depends on the number of threads and rows.
    total: Floats = np.einsum("ij,ij->i", values, weights)
    return total


def _competition_nodes(shapes: Floats, death_shape: float, bounds: tuple[float, float]) -> Floats:
    """Return odds of the nodes, and weights for the mean and its derivatives: shape (4, n, NODES)."""
    a, b = shapes, np.full_like(shapes, death_shape)
    left = _find_edge(a, b, bounds[1], side=-1)
    right = _find_edge(a, b, bounds[0], side=1)
    v, step = _spread_nodes(left, right)
    log_rest = -softplus(v)
    log_share = v + log_rest
    a, b = a[:, None], b[:, None]
    weight = step[:, None] * np.exp(a * log_share + b * log_rest - special.betaln(a, b))
    by_a = weight * (log_share - special.digamma(a) + special.digamma(a + b))
    by_b = weight * (log_rest - special.digamma(b) + special.digamma(a + b))
    return np.stack([np.exp(v), weight, by_a, by_b])


def _sum_competition(nodes: Floats, index: Places, log_ratio: Floats) -> Floats:
    odds, weight, by_a, by_b = nodes[:, index]
    share = 1 / (1 + np.exp(log_ratio)[:, None] * odds)
    slope = share * (share - 1)
    return np.stack([_sum_rows(f, w) for f, w in ((share, weight), (share, by_a), (share, by_b), (slope, weight))])


def _step_down(above: Competition, shape: Floats, death_shape: float, log_ratio: Floats) -> Competition:
    """Go from R + 1 to R where R is small: q(R) = (s + R (1 - k) q(R + 1)) / (R + s), by partial integration."""
    k, total = np.exp(log_ratio), shape + death_shape
    lead = shape * (1 - k)
    value = (death_shape + lead * above.value) / total
    lower = Competition(
        value,
        ((1 - k) * above.value + lead * above.by_shape - value) / total,
        (1 + lead * above.by_death_shape - value) / total,
        (lead * above.by_log_ratio - shape * k * above.value) / total,
    )
    small = shape < SMALL_SHAPE
    pairs = zip(vars(lower).values(), vars(above).values(), strict=True)
    return Competition(*(np.where(small, low, high) for low, high in pairs))


def _beta_nodes(a: float, b: Floats) -> tuple[Floats, Floats]:
    """Return nodes p and weights for a remainder that vanishes like p (1 - p) at both ends."""
    left = _find_edge(np.full_like(b, a + 1), b + 1, None, side=-1)
    right = _find_edge(np.full_like(b, a + 1), b + 1, None, side=1)
    v, step = _spread_nodes(left, right)
    log_density = -a * softplus(-v) - b[:, None] * softplus(v) - special.betaln(a, b)[:, None]
    return special.expit(v), step[:, None] * np.exp(log_density)


def _spread_nodes(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    step = (right - left) / (NODES - 1)
    return left[:, None] + step[:, None] * np.arange(NODES), step


def _find_edge(a: Floats, b: Floats, log_ratio: float | None, *, side: int) -> Floats:
    """Return where the (log-concave) integrand has fallen to exp(-DROP) of its peak, left (-1) or right (1) of it.

    The integrand is `a v - (a + b) softplus(v)`, and with a ratio also the share of death, `-softplus(v + log k)`.
    """
    pull, shift = (0.0, 0.0) if log_ratio is None else (1.0, log_ratio)

    def height(v: Floats) -> Floats:
        return a * v - (a + b) * softplus(v) - pull * softplus(v + shift)

    def slope(v: Floats) -> Floats:
        return a - (a + b) * special.expit(v) - pull * special.expit(v + shift)

    reach = np.abs(shift) + np.abs(np.log(a / (b + pull))) + 10
    peak = _bisect(lambda v: slope(v) > 0, -reach, reach)
    floor = height(peak) - DROP
    far = peak + side * (DROP / (a if side < 0 else b + pull) + reach + 10)
    return _bisect(lambda v: height(v) > floor, peak, far)


def _bisect(holds: Callable[[Floats], Bools], near: Floats, far: Floats) -> Floats:
    """Return the point up to which `holds` is true, coarse enough to be quick: it only places nodes."""
    for _ in range(13):
        middle = (near + far) / 2
        inside = holds(middle)
        near, far = np.where(inside, middle, near), np.where(inside, far, middle)
    return (near + far) / 2
