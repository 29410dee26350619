"""When the next purchase comes, and whether it comes at all: survival curves of what past forecasts missed by.

A forecast of a log gap is compared with the gap that followed it; of the last purchase of a pair nothing is known but
that the gap is longer than the silence. The Kaplan-Meier curve takes both in. It need not reach 1: what is missing is
the share of pairs that are given up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churnrisk.types import Floats

COUNT_BOUNDS = np.array([1, 2, 3, 4, 6, 10])
THIRDS = 3
LEAST_SEEN = 150
"""A curve of its own needs so many gaps that were seen; otherwise that of all serves."""


@dataclass(frozen=True)
class Curve:
    """A cumulative share that grows at some points.

    Parameters
    ----------
    points : ndarray of float64, shape (n,)
        Sorted.
    share : ndarray of float64, shape (n + 1,)
        Share that has come up to before the first point (0) and up to each point.
    """

    points: Floats
    share: Floats

    def at(self, values: Floats) -> Floats:
        """Return the share that has come up to each value."""
        return np.asarray(self.share[np.searchsorted(self.points, values, side="right")])

    def inverse(self, shares: Floats) -> Floats:
        """Return the points at which the shares are reached."""
        places = np.searchsorted(self.share[1:], shares)
        return np.asarray(self.points[np.minimum(places, len(self.points) - 1)])


def fit_curve(values: Floats, is_seen: NDArray[np.bool_]) -> Curve:
    """Fit the curve of values, of which those that are not seen are longer than is known (Kaplan and Meier, 1958)."""
    order = np.lexsort((~is_seen, values))
    values, seen = values[order], is_seen[order]
    left = np.cumprod(1 - seen / np.arange(len(seen), 0, -1))
    return Curve(values[seen], np.append(0.0, 1 - left[seen]))


@dataclass(frozen=True)
class Curves:
    """A curve for each class of pairs: by the number of their gaps, and by how long the forecast is within that.

    Parameters
    ----------
    bounds : list of ndarray
        For each class of gap counts, the bounds of the forecast.
    curves : dict
        By class of gap count and place among the bounds.
    """

    bounds: list[Floats]
    curves: dict[tuple[int, int], Curve]

    def classes(self, count: NDArray[np.int32], forecast: Floats) -> list[tuple[Curve, NDArray[np.intp]]]:
        """Return the curves with the places of the pairs that each is for."""
        of_count, of_forecast = _classify(count, forecast, self.bounds)
        found = []
        for key, curve in self.curves.items():
            places = np.flatnonzero((of_count == key[0]) & (of_forecast == key[1]))
            if len(places):
                found.append((curve, places))
        return found


def _classify(
    count: NDArray[np.int32], forecast: Floats, bounds: list[Floats]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    of_count = np.searchsorted(COUNT_BOUNDS, count, side="right")
    of_forecast = np.zeros(len(count), np.intp)
    for number, limits in enumerate(bounds):
        mine = of_count == number
        of_forecast[mine] = np.searchsorted(limits, forecast[mine])
    return of_count, of_forecast


def fit_curves(count: NDArray[np.int32], forecast: Floats, missed: Floats, is_seen: NDArray[np.bool_]) -> Curves:
    """Fit the curves of what forecasts missed by.

    Parameters
    ----------
    count, forecast : ndarray, shape (n,)
        Gaps that a forecast was made from, and the forecast.
    missed : ndarray of float64, shape (n,)
        What followed less the forecast, in its standard deviations; where nothing followed yet, up to now.
    is_seen : ndarray of bool, shape (n,)
        Whether it was followed by a purchase.
    """
    whole = fit_curve(missed, is_seen)
    of_count = np.searchsorted(COUNT_BOUNDS, count, side="right")
    shares = np.arange(1, THIRDS) / THIRDS
    bounds = []
    for number in range(len(COUNT_BOUNDS) + 1):
        mine = forecast[of_count == number]
        bounds.append(np.quantile(mine, shares) if len(mine) else np.zeros(THIRDS - 1))
    of_count, of_forecast = _classify(count, forecast, bounds)
    curves = {}
    for key in ((one, other) for one in range(len(bounds)) for other in range(THIRDS)):
        mine_of = (of_count == key[0]) & (of_forecast == key[1])
        enough = np.count_nonzero(is_seen[mine_of]) >= LEAST_SEEN
        curves[key] = fit_curve(missed[mine_of], is_seen[mine_of]) if enough else whole
    return Curves(bounds, curves)
