"""How long it is until a customer buys an item again, and whether that comes at all.

Gaps between purchases of a pair are log-normal around an overall mean, with effects of item, customer and pair, each
drawn towards nothing by how little is known of it. Beside it stands the chance that another purchase follows at all,
by how many came before and by item, which silence then lowers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnrisk.products.pair_rows import PairRows, is_first, shrunk_means
from churnrisk.types import Floats, Places

USUAL_GAP = 30.0
"""Days between two purchases of a pair, where a log has no pair with two."""

ITEM_PRIOR, AGAIN_PRIOR = 10.0, 20.0
"""Gaps that an effect of an item or a customer has to outweigh; purchases that the chance of an item has to."""

VARIANCE_PRIOR = 4.0
LEAST_SPREAD = 0.02
MOST_COUNTED = 5
"""Purchases from the sixth on tell no more about whether another follows."""

FOLLOWED = 60
"""Days after which a purchase with no follower counts as the last, at most a third of the history."""


@dataclass(frozen=True)
class GapSums:
    """Log gaps of each pair.

    Parameters
    ----------
    starts : ndarray of int
        First row of each pair.
    gaps : ndarray
        How many gaps it has.
    mean, squares : ndarray
        Mean of the log gaps, and the sum of squares about it.
    last : ndarray
        The last gap in days; NaN where there is none.
    """

    starts: Places
    gaps: Places
    mean: Floats
    squares: Floats
    last: Floats

    @classmethod
    def count(cls, rows: PairRows) -> GapSums:
        """Count the gaps of each pair."""
        new = is_first(rows.customer, rows.item)
        starts = np.flatnonzero(new)
        days = np.diff(rows.day, prepend=0).astype(np.float64)
        days[new] = 1.0  # its logarithm is nothing
        if not len(starts):
            nothing = np.zeros(0)
            return cls(starts, starts, nothing, nothing, nothing)
        sizes = np.diff(np.append(starts, len(rows)))
        logs, gaps = np.log(days), sizes - 1
        mean = np.add.reduceat(logs, starts) / np.maximum(gaps, 1)
        squares = np.maximum(np.add.reduceat(logs**2, starts) - gaps * mean**2, 0.0)
        return cls(starts, gaps, mean, squares, np.where(gaps > 0, days[starts + sizes - 1], np.nan))


@dataclass(frozen=True)
class GapForecast:
    """The gap to come of each pair.

    Parameters
    ----------
    centre, spread : ndarray
        Mean and standard deviation of its logarithm.
    again : ndarray
        Chance, at the last purchase, that another follows.
    """

    centre: Floats
    spread: Floats
    again: Floats

    def chances(self, quiet: Floats, horizon: int) -> tuple[Floats, Floats]:
        """Return the chance that a pair is still bought after days of silence, and that it is within a horizon."""
        from scipy.special import ndtr

        def ended(days: Floats) -> Floats:
            return np.asarray(ndtr((np.log(np.maximum(days, 0.5)) - self.centre) / self.spread))

        open_yet = np.maximum(1.0 - ended(quiet), 1e-9)
        still = self.again * open_yet / (self.again * open_yet + 1.0 - self.again)
        return still, still * (ended(quiet + horizon) - ended(quiet)) / open_yet


@dataclass(frozen=True)
class GapModel:
    """What is known of gaps over all customers.

    Parameters
    ----------
    mean : float
        Overall mean of the log gap.
    of_item : ndarray
        Effect of each item.
    within, between : float
        Variance within a pair, and of pairs around what customer and item say.
    again_by_count, again_of_item : ndarray
        Chance that another purchase follows, by how many came before, and what each item adds to it.
    """

    mean: float
    of_item: Floats
    within: float
    between: float
    again_by_count: Floats
    again_of_item: Floats

    @property
    def pair_prior(self) -> float:
        """How many gaps of its own a pair needs to count as much as its customer and item."""
        return self.within / self.between

    @classmethod
    def fit(cls, rows: PairRows, cutoff: int) -> GapModel:
        """Learn from the rows before a cutoff."""
        new = is_first(rows.customer, rows.item)
        has_gap = ~new
        logs = np.log(np.diff(rows.day, prepend=0)[has_gap].astype(np.float64))
        customer, item = rows.customer[has_gap], rows.item[has_gap]
        mean = float(logs.mean()) if len(logs) else float(np.log(USUAL_GAP))
        of_item, of_customer = np.zeros(rows.items), np.zeros(rows.customers)
        for _ in range(3):
            of_item = shrunk_means(item, logs - mean - of_customer[customer], rows.items, prior=ITEM_PRIOR)
            of_customer = shrunk_means(customer, logs - mean - of_item[item], rows.customers, prior=ITEM_PRIOR)
        rest = logs - mean - of_item[item] - of_customer[customer]
        within, between = _variances(rest, (np.cumsum(new) - 1)[has_gap], int(new.sum()))
        return cls(mean, of_item, within, between, *_chances_of_more(rows, new, cutoff))

    def forecast(self, rows: PairRows, sums: GapSums) -> GapForecast:
        """Forecast the gap to come of each pair of some customers, from their own rows and what is known of all."""
        customer, item = rows.customer[sums.starts], rows.item[sums.starts]
        rest = sums.gaps * (sums.mean - self.mean - self.of_item[item])
        counts = np.bincount(customer, sums.gaps, rows.customers)
        of_customer = np.bincount(customer, rest, rows.customers) / (counts + ITEM_PRIOR)
        prior = self.mean + self.of_item[item] + of_customer[customer]
        centre = (sums.gaps * sums.mean + self.pair_prior * prior) / (sums.gaps + self.pair_prior)
        known = np.maximum(sums.gaps - 1, 0)
        variance = (VARIANCE_PRIOR * self.within + sums.squares) / (VARIANCE_PRIOR + known)
        spread = np.sqrt(variance * (1.0 + 1.0 / (sums.gaps + self.pair_prior)))
        again = self.again_by_count[np.minimum(sums.gaps, MOST_COUNTED)] + self.again_of_item[item]
        return GapForecast(centre, spread, np.clip(again, 0.01, 0.995))


def _variances(rest: Floats, pair: Places, pairs: int) -> tuple[float, float]:
    counts = np.bincount(pair, minlength=pairs)
    sums, squares = np.bincount(pair, rest, pairs), np.bincount(pair, rest**2, pairs)
    known = counts >= 2
    counts, means = counts[known], sums[known] / np.maximum(counts[known], 1)
    freedom = int((counts - 1).sum())
    about = float((squares[known] - counts * means**2).sum())
    within = about / freedom if freedom and about > 0 else 0.5
    between = float(means.var() - (within / counts).mean()) if len(counts) > 5 else 0.2
    return within, max(between, LEAST_SPREAD)


def _chances_of_more(rows: PairRows, new: np.ndarray, cutoff: int) -> tuple[Floats, Floats]:
    """Return the chance that another purchase follows: by those before, and what each item adds."""
    if not len(rows):
        return np.full(MOST_COUNTED + 1, 0.5), np.zeros(rows.items)
    starts = np.flatnonzero(new)
    before = np.minimum(np.arange(len(rows)) - starts[np.cumsum(new) - 1], MOST_COUNTED)
    followed = ~np.append(new[1:], True)
    old = rows.day < cutoff - min(FOLLOWED, (cutoff - int(rows.day.min())) / 3)
    seen, before = followed[old].astype(np.float64), before[old]
    overall = float(seen.mean()) if len(seen) else 0.5
    by_count = shrunk_means(before, seen, MOST_COUNTED + 1, prior=5.0, mean=overall)
    return by_count, shrunk_means(rows.item[old], seen - by_count[before], rows.items, prior=AGAIN_PRIOR)
