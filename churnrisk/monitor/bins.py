"""Histograms that a model keeps of what it learned from, and the population stability index between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = Sequence[int] | NDArray[np.int64]

BINS = 10
EMPTY = 0.5
"""Customers that an empty bin is taken to hold, since the logarithm of nothing is infinite."""

SURE = 3.719
"""Normal deviate of 1 - 1/10,000: with a hundred features, one false finding in a hundred looks."""


@dataclass(frozen=True)
class Histogram:
    """How many customers fell between which edges.

    Parameters
    ----------
    edges : tuple of float
        Rising. The first bin holds what lies below the first edge, bin k what lies in ``[edges[k-1], edges[k])``.
    counts : tuple of int
        One more than edges, and at the end those for whom the number is missing.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def customers(self) -> int:
        """How many customers it holds."""
        return sum(self.counts)

    @property
    def missing_share(self) -> float:
        """Share of the customers for whom the number is missing."""
        return self.counts[-1] / max(self.customers, 1)

    def like(self, values: NDArray[np.float64]) -> Histogram:
        """Count other customers between the same edges."""
        return Histogram(self.edges, tuple(count_bins(values, self.edges).tolist()))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for the card."""
        return {"edges": list(self.edges), "counts": list(self.counts)}


def make_histogram(values: NDArray[np.float64]) -> Histogram:
    """Choose edges for some numbers, and count them."""
    edges = choose_edges(values)
    return Histogram(edges, tuple(count_bins(values, edges).tolist()))


def choose_edges(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Cut numbers into tenths, each number in one bin only; NaN is missing and counts nowhere.

    Where nine tenths are one and the same least number, the bins are: below it, it, above it. So a constant that
    becomes another one is noticed. The outermost bins are open, so no greatest or least customer is kept.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return ()
    least = known.min()
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="higher"))
    edges = edges[edges > least]
    if len(edges):
        return tuple(edges.tolist())
    return float(least), float(np.nextafter(least, np.inf))


def count_bins(values: NDArray[np.float64], edges: Sequence[float]) -> NDArray[np.int64]:
    """Count numbers between edges, and at the end the missing ones."""
    counts: NDArray[np.int64] = np.bincount(find_bins(values, edges), minlength=len(edges) + 2)
    return counts


def find_bins(values: NDArray[np.float64], edges: Sequence[float]) -> NDArray[np.intp]:
    """Return the place of each number between edges; the missing ones come last, after the bin above all edges."""
    places: NDArray[np.intp] = np.searchsorted(np.asarray(edges), values, side="right")
    places[np.isnan(values)] = len(edges) + 1
    return places


def stability_index(then: Counts, now: Counts) -> float:
    """Return the population stability index: the sum over bins of (p - q) ln(p / q).

    Rules of thumb from credit scoring call 0.1 a small and 0.25 a large shift. They were made for tens of thousands of
    customers: without any shift the index is about ``(bins - 1) (1/n + 1/m)``, which is 0.2 for two groups of 100.
    See :func:`expected_index` and :func:`chance_limit`.

    A bin that is empty on both sides says nothing. One that is empty on one side is taken to hold half a customer.

    Parameters
    ----------
    then, now : sequence of int
        Customers in each bin; the same bins.

    Returns
    -------
    float
        0 or more; NaN where one side has no customers.

    Examples
    --------
    >>> round(stability_index([50, 50], [60, 40]), 6)
    0.040547
    """
    [index] = stability_indices(np.array([then], dtype=np.float64), np.array([now], dtype=np.float64))
    return float(index)


def stability_indices(then: NDArray[np.float64], now: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return :func:`stability_index` for many histograms at once, of shape (n, bins); short ones end in zeros."""
    is_used = (then > 0) | (now > 0)
    p, q = (np.where(is_used & (counts == 0), EMPTY, counts) for counts in (then, now))
    with np.errstate(divide="ignore", invalid="ignore"):
        p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
        index: NDArray[np.float64] = np.where(is_used, (p - q) * np.log(p / q), 0.0).sum(axis=1)
    index[~(then.any(axis=1) & now.any(axis=1))] = np.nan
    return index


def expected_index(then: Counts, now: Counts) -> float:
    """Return what the index is on average when nothing has shifted: (bins - 1) (1/n + 1/m), bins that are in use.

    Times n m / (n + m) the index of two samples of one population is about chi-squared with bins - 1 degrees of
    freedom (Yurdakul 2018, Statistical properties of population stability index, Western Michigan University). Here
    most customers are the same people at both times, so chance does less than that.
    """
    degrees, unit = _chance(then, now)
    return degrees * unit


def chance_limit(then: Counts, now: Counts) -> float:
    """Return the index that chance alone exceeds once in 10,000 features, if nothing has shifted.

    The quantile of chi-squared is that of Wilson and Hilferty (1931, PNAS 17, 684-688): 1 % too large with
    ten bins, 7 % with two.
    """
    degrees, unit = _chance(then, now)
    if not degrees:
        return 0.0
    spread = 2 / (9 * degrees)
    return float(degrees * (1 - spread + SURE * spread**0.5) ** 3 * unit)


def _chance(then: Counts, now: Counts) -> tuple[int, float]:
    sizes = float(np.sum(then)), float(np.sum(now))
    if not all(sizes):
        return 0, float("nan")
    bins = int(np.any([np.asarray(then) > 0, np.asarray(now) > 0], axis=0).sum())
    return max(bins - 1, 0), 1 / sizes[0] + 1 / sizes[1]
