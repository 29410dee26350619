"""Rows of pairs, cut by day and by customer: what everything that forecasts the next products counts in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churnrisk.types import Bools, Floats, Integers, Places

DAY_BITS = 20
"""A day needs fewer bits than that, so that a customer and a day fit one whole number."""


@dataclass(frozen=True)
class PairRows:
    """One row per customer, item and day, sorted by the three.

    Parameters
    ----------
    customer, item, day : ndarray of int32
        Places of customers and items from 0, and whole days.
    customers, items : int
        How many there are; some may have no row.
    """

    customer: NDArray[np.int32]
    item: NDArray[np.int32]
    day: NDArray[np.int32]
    customers: int
    items: int

    def __len__(self) -> int:
        return len(self.day)

    def where(self, kept: Bools) -> PairRows:
        """Return some of the rows."""
        return PairRows(self.customer[kept], self.item[kept], self.day[kept], self.customers, self.items)

    def before(self, cutoff: int) -> PairRows:
        """Return the rows before a cutoff."""
        return self.where(self.day < cutoff)

    def between(self, start: int, stop: int) -> PairRows:
        """Return the rows of the days from ``start`` to the one before ``stop``."""
        return self.where((self.day >= start) & (self.day < stop))

    def of(self, chosen: Places) -> PairRows:
        """Return the rows of some customers, sorted places, who are then counted from 0."""
        place = np.full(self.customers, -1, np.int32)
        place[chosen] = np.arange(len(chosen), dtype=np.int32)
        kept = place[self.customer] >= 0
        return PairRows(place[self.customer[kept]], self.item[kept], self.day[kept], len(chosen), self.items)

    def block(self, start: int, stop: int) -> PairRows:
        """Return the rows of the customers from ``start`` to the one before ``stop``, who are then counted from 0."""
        low, high = np.searchsorted(self.customer, (start, stop))
        customer = self.customer[low:high] - np.int32(start)
        return PairRows(customer, self.item[low:high], self.day[low:high], stop - start, self.items)

    def pairs(self) -> Integers:
        """Return the number of each pair of customer and item that has a row, sorted."""
        keys = pair_numbers(self.customer, self.item, self.items)
        return keys[is_first(keys)]

    def buyers(self) -> Floats:
        """Count the customers of each item."""
        return np.bincount(self.pairs() % self.items, minlength=self.items).astype(np.float64)

    def purchase_days(self) -> PurchaseDays:
        """Return the days on which each customer bought anything, and the place of each row's day among them."""
        keys, place = np.unique(self.customer.astype(np.int64) << DAY_BITS | self.day, return_inverse=True)
        return PurchaseDays(keys >> DAY_BITS, keys & ((1 << DAY_BITS) - 1), place, self.customers)


@dataclass(frozen=True)
class PurchaseDays:
    """The purchase days of customers.

    Parameters
    ----------
    customer, day : ndarray of int64
        One place per customer and day, sorted by both.
    of_row : ndarray of int
        The place of each row's day.
    customers : int
        How many customers there are.
    """

    customer: Integers
    day: Integers
    of_row: Places
    customers: int

    def counts(self, since: int = 0) -> Places:
        """Count the purchase days of each customer from a day on."""
        return np.bincount(self.customer[self.day >= since], minlength=self.customers)

    def from_last(self) -> Places:
        """Count for each row the customer's purchase days after its day."""
        ends = np.cumsum(self.counts())
        position: Places = (ends[self.customer] - 1 - np.arange(len(self.day)))[self.of_row]
        return position

    def bounds(self) -> tuple[Floats, Floats]:
        """Return the first and the last purchase day of each customer; NaN where there is none."""
        first, last = np.full(self.customers, np.nan), np.full(self.customers, np.nan)
        starts = np.flatnonzero(is_first(self.customer))
        first[self.customer[starts]] = self.day[starts]
        ends = np.append(starts[1:], len(self.day)) - 1 if len(starts) else starts
        last[self.customer[starts]] = self.day[ends]
        return first, last


def pair_numbers(customer: NDArray[np.integer], item: NDArray[np.integer], items: int) -> Integers:
    """Return one number for each pair of customer and item, sorted as they are."""
    numbers: Integers = customer.astype(np.int64) * items + item
    return numbers


def is_first(*keys: NDArray[np.integer]) -> Bools:
    """Tell for each row whether it is the first of those with equal keys; they stand together."""
    found = np.zeros(len(keys[0]), bool)
    found[:1] = True
    for key in keys:
        found[1:] |= key[1:] != key[:-1]
    return found


def rank_within(customer: NDArray[np.integer], score: Floats, tie: NDArray[np.integer]) -> Places:
    """Rank rows within each customer from 0 on, the highest score first; ties by the lowest ``tie``."""
    order = np.lexsort((tie, -score, customer))
    starts = np.flatnonzero(is_first(customer[order]))
    sizes = np.diff(np.append(starts, len(order)))
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    return rank


def shrunk_means(key: NDArray[np.integer], values: Floats, size: int, *, prior: float, mean: float = 0.0) -> Floats:
    """Return the mean of each key's values, as if ``prior`` more of them had the overall ``mean``."""
    sums = np.bincount(key, values, size) + prior * mean
    means: Floats = sums / (np.bincount(key, minlength=size) + prior)
    return means


def draw(places: Places, most: int, seed: int) -> Places:
    """Return at most so many places, drawn where there are more, in their order."""
    if len(places) <= most:
        return places
    return np.sort(np.random.default_rng(seed).permutation(places)[:most])
