"""What customers buy first, and how many come back: which differences between products are more than chance.

Products differ in when they were sold and in what else lay in the basket, and so do customers who come back. A product
is compared with the other first baskets of the same month and of a similar size (Mantel and Haenszel, 1959). Of many
products some always stand out; those are called different that Benjamini and Hochberg (1995) let through at 10 %, and
all others are not told apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import ndtr, ndtri

from churnrisk.errors import NotEnoughData
from churnrisk.products.items import PairDays
from churnrisk.types import Floats

FALSE_SHARE = 0.10
Z = float(-ndtri(0.025))
LEAST_BUYERS = 30
"""A product needs so many first baskets to be compared at all."""

LEAST_CUSTOMERS = 200
MONTH = 30
SIZE_SHARES = (0.2, 0.4, 0.6, 0.8)
HORIZON = 90
BURN_IN_SHARE, SURE = 0.25, 0.9


@dataclass(frozen=True)
class FirstBaskets:
    """First purchase days of customers whose whole horizon is known.

    Parameters
    ----------
    customer : ndarray of int32, shape (n,)
        Places in the customers of the pairs.
    day : ndarray of int32, shape (n,)
        The first purchase day.
    came_back : ndarray of bool, shape (n,)
        Whether another purchase day followed within the horizon.
    size : ndarray of int64, shape (n,)
        Different items in the basket.
    baskets : csr_matrix, shape (n, items)
        1 where the basket holds the item.
    stratum : ndarray of intp, shape (n,)
        Number of the stratum of month and basket size.
    horizon, burn_in : int
        Days after a first purchase in which a customer may come back, and days at the log's start that are left out.
    """

    customer: NDArray[np.int32]
    day: NDArray[np.int32]
    came_back: NDArray[np.bool_]
    size: NDArray[np.int64]
    baskets: sparse.csr_matrix
    stratum: NDArray[np.intp]
    horizon: int
    burn_in: int


def find_first_baskets(pairs: PairDays, *, horizon: int | None = None, burn_in: int | None = None) -> FirstBaskets:
    """Return the first baskets after a burn-in.

    Parameters
    ----------
    pairs : PairDays
        Purchases before the cutoff.
    horizon : int, optional
        Days in which a customer may come back; by default 90, or a third of the log where that is less.
    burn_in : int, optional
        Days at the start of the log that are left out, since customers who bought before it look new; by default the
        90 % point of the days between a customer's purchase days, at most a quarter of the log.

    Raises
    ------
    NotEnoughData
        Where fewer than 200 first baskets are left.
    """
    span = pairs.cutoff - pairs.first_day
    visits = _visits(pairs)
    horizon = min(HORIZON, max(span // 3, 1)) if horizon is None else horizon
    burn_in = _choose_burn_in(visits, span) if burn_in is None else burn_in
    customer, day, following = visits.first()
    known = (day >= pairs.first_day + burn_in) & (day + horizon <= pairs.cutoff)
    if known.sum() < LEAST_CUSTOMERS:
        raise NotEnoughData(
            f"{int(known.sum())} customers first bought {burn_in} days or more after the start of the log and "
            f"{horizon} days or more before its end; {LEAST_CUSTOMERS} are needed to compare what they bought first. "
            "Take a longer log, or a shorter --horizon or --burn-in."
        )
    customer, day, came_back = customer[known], day[known], following[known] - day[known] < horizon
    row = np.full(len(pairs.customers), -1)
    row[customer] = np.arange(len(customer))
    first_day = np.full(len(pairs.customers), -1)
    first_day[customer] = day
    mine = np.flatnonzero(first_day[pairs.customer] == pairs.day)
    shape = (len(customer), len(pairs.items))
    cells = (np.ones(len(mine)), (row[pairs.customer[mine]], pairs.item[mine]))
    baskets = sparse.csr_matrix(cells, shape=shape)
    size = np.diff(baskets.indptr).astype(np.int64)
    month = (day - pairs.first_day) // MONTH
    fifth = np.searchsorted(np.unique(np.quantile(size, SIZE_SHARES)), size)
    _, stratum = np.unique(month * (len(SIZE_SHARES) + 1) + fifth, return_inverse=True)
    return FirstBaskets(customer, day, came_back, size, baskets, stratum, horizon, burn_in)


@dataclass(frozen=True)
class Visits:
    """Days on which customers bought anything, sorted by customer and day."""

    customer: NDArray[np.int32]
    day: NDArray[np.int32]

    def first(self) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats]:
        """Return each customer with the first day and the one after it, infinite where there is none."""
        starts = np.flatnonzero(np.append(True, self.customer[1:] != self.customer[:-1]))
        second = np.full(len(starts), np.inf)
        has_second = np.append(starts[1:], len(self.day)) - starts > 1
        second[has_second] = self.day[starts[has_second] + 1]
        return self.customer[starts], self.day[starts], second


def _visits(pairs: PairDays) -> Visits:
    span = pairs.cutoff - pairs.first_day
    key = np.unique(pairs.customer.astype(np.int64) * span + (pairs.day - pairs.first_day))
    return Visits((key // span).astype(np.int32), (key % span + pairs.first_day).astype(np.int32))


def _choose_burn_in(visits: Visits, span: int) -> int:
    same = visits.customer[1:] == visits.customer[:-1]
    gaps = np.diff(visits.day)[same]
    usual = float(np.quantile(gaps, SURE)) if len(gaps) else 0.0
    return int(min(usual, BURN_IN_SHARE * span))


def score_within_strata(
    baskets: sparse.csr_matrix, came_back: Floats, stratum: NDArray[np.intp]
) -> tuple[Floats, Floats, Floats]:
    """Return by item z, buyers who came back, and how many would have if the item made no difference in a stratum.

    ``came_back`` may have several columns, each of which is compared by itself.
    """
    size = np.bincount(stratum).astype(float)
    strata = sparse.csr_matrix((np.ones(len(stratum)), (stratum, np.arange(len(stratum)))))
    buyers = np.asarray((strata @ baskets).todense())
    back = strata @ came_back
    seen = baskets.T @ came_back
    share = back / size[:, None]
    expected = buyers.T @ share
    spread = buyers * (size[:, None] - buyers) / np.maximum(size * size * (size - 1), 1)[:, None]
    variance = spread.T @ (back * (size[:, None] - back))
    z = np.where(variance > 0, (seen - expected) / np.sqrt(np.maximum(variance, 1e-12)), 0.0)
    return z, seen, expected


def let_through(p_values: Floats, share: float = FALSE_SHARE) -> NDArray[np.bool_]:
    """Tell which of many p values stay under a share of false findings (Benjamini and Hochberg)."""
    ordered = np.sort(p_values)
    under = np.flatnonzero(ordered <= share * np.arange(1, len(p_values) + 1) / max(len(p_values), 1))
    return p_values <= (ordered[under[-1]] if len(under) else -1.0)


def p_value(z: Floats) -> Floats:
    """Return the two-sided p value of a normal z."""
    return np.asarray(2 * ndtr(-np.abs(z)))


def chance_to_see(difference: float, buyers: int, share: float, threshold: float) -> float:
    """Return the chance that a difference from the share of all is told apart, with so many buyers.

    Parameters
    ----------
    difference : float
        Of the share that comes back, as 0.1.
    buyers : int
        First buyers of the product.
    share : float
        Share of all first buyers that comes back.
    threshold : float
        The z that a product needs.
    """
    other = float(np.clip(share + difference, 1e-9, 1 - 1e-9))
    null, real = (np.sqrt(rate * (1 - rate) / buyers) for rate in (share, other))
    high, low = (threshold * null - difference) / real, (-threshold * null - difference) / real
    return float(ndtr(-high) + ndtr(low))


def needed_z(p_values: Floats, found: NDArray[np.bool_], share: float = FALSE_SHARE) -> float:
    """Return the z that one product more would need to be told apart."""
    level = share * (int(found.sum()) + 1) / max(len(p_values), 1)
    return float(-ndtri(min(level, 1.0) / 2))


def interval(count: Floats, total: Floats, z: float = Z) -> tuple[Floats, Floats]:
    """Return the 95 % interval of shares (Wilson, 1927)."""
    n = np.asarray(total, float)
    rate = np.asarray(count, float) / n
    middle, half = rate + z * z / (2 * n), z * np.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
