"""Shop time: days made longer or shorter, so that customers are as likely to buy in one as in another.

A gift shop lives through more of it in December than in February. A waiting time counted in shop time has the same law
at every cutoff, whatever the season, so all cutoffs tell of one curve. The calendar comes back where days are read.
How far a season is believed is seen from the years: each is compared with those before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnrisk.dataset import DailyPurchases
from churnrisk.timeline import YEAR
from churnrisk.types import Floats

SMOOTHED = 7
"""Days on either side over which a season is smoothed."""

LEAST_BOUGHT = 200
"""Repeat purchases of a year, with fewer of which it tells of no season."""

LEAST_PACE = 0.05
"""Of a mean day: a shop that is closed has not stopped time."""

AGE_WEIGHT = 0.5
"""Weight of a year against the one after it, since a season may move."""

ALIKE_DAYS = 30
"""Standard deviation of the days of the year within which two cutoffs have about the same season before them."""


@dataclass(frozen=True)
class ShopTime:
    """How fast time runs on each day of the year.

    Parameters
    ----------
    season : ndarray of shape (365,)
        Of days numbered since 1970, modulo 365; 1 in the mean.
    """

    season: Floats

    def elapsed(self, start: int) -> Floats:
        """Return the shop time that is over so many days after a start, for 0 to 365 days; a year is a year."""
        days = (start + np.arange(YEAR)) % YEAR
        return np.concatenate([[0.0], np.cumsum(self.season[days])])


def to_shop_time(days: Floats, elapsed: Floats) -> Floats:
    """Return days in shop time; after a year the two are one, and infinite stays infinite."""
    within = np.interp(np.minimum(days, YEAR), np.arange(YEAR + 1), elapsed)
    return np.where(days >= YEAR, days, within)


@dataclass(frozen=True)
class Seasons:
    """Repeat purchases of each day against the level of their time, over whole years.

    Parameters
    ----------
    first_day : int
        Of ``pace``.
    pace : ndarray of shape (365 * years,)
        1 in the mean of a long time.
    trust : float
        The power to which the season of earlier years holds in a later one: 1 if it is the same, 0 if it is chance.
    """

    first_day: int
    pace: Floats
    trust: float

    @classmethod
    def of(cls, daily: DailyPurchases) -> Seasons:
        """Measure them; in less than two years no season is seen to come back, so none is believed."""
        bought = (daily.counts - daily.new_counts).astype(np.float64)
        whole, end = len(bought) // YEAR, daily.first_day + len(bought)
        totals = bought[len(bought) - whole * YEAR :].reshape(whole, YEAR).sum(axis=1)
        years = int(np.cumprod(totals[::-1] >= LEAST_BOUGHT).sum())
        if years < 2:
            return cls(end, np.zeros(0), 0.0)
        bought = bought[-years * YEAR :]
        pace = (bought / _level(bought, years)).reshape(years, YEAR)
        return cls(end - years * YEAR, pace.ravel(), _measure_trust(pace))

    def shop_time(self, *, known_at: int | None = None) -> ShopTime:
        """Return the shop time that could be known on a day; where a year had not passed, that of the years after next.

        So the season of a past cutoff is never made of what came in the year after it; only how far it is believed, one
        number, is the same for all.
        """
        days = self.first_day + np.arange(len(self.pace))
        now = self.first_day + len(self.pace) if known_at is None else known_at
        is_before = now - self.first_day >= YEAR
        ages = (now - 1 - days) // YEAR if is_before else (days - now) // YEAR - 1
        weights = np.where(ages >= 0, AGE_WEIGHT ** np.maximum(ages, 0).astype(np.float64), 0.0)
        place = days % YEAR
        total, seen = (np.bincount(place, one, YEAR).astype(np.float64) for one in (weights * self.pace, weights))
        if self.trust == 0 or not (seen > 0).all():
            return ShopTime(np.ones(YEAR))
        pace = np.maximum(_smooth(total) / _smooth(seen), LEAST_PACE) ** self.trust
        return ShopTime(pace / pace.mean())

    def likeness(self, day: int, other: int) -> float:
        """Return how much a cutoff tells of another: without a season as much as any, else by the time of the year."""
        apart = abs(day - other) % YEAR
        near = np.exp(-0.5 * (min(apart, YEAR - apart) / ALIKE_DAYS) ** 2)
        return float(self.trust * near + 1 - self.trust)


def _level(bought: Floats, years: int) -> Floats:
    """Return what a mean day brings in each part of a history: straight lines in logarithms from year to year."""
    logs = np.log(bought.reshape(years, YEAR).mean(axis=1))
    middles, days = YEAR * (np.arange(years) + 0.5), np.arange(len(bought)) + 0.5
    level = np.interp(days, middles, logs)
    level += (logs[1] - logs[0]) / YEAR * np.minimum(days - middles[0], 0)
    level += (logs[-1] - logs[-2]) / YEAR * np.maximum(days - middles[-1], 0)
    return np.asarray(np.exp(level))


def _measure_trust(years: Floats) -> float:
    """Regress the logarithm of each year on that of the years before it: chance regresses to nothing."""
    spread = covariance = 0.0
    for count in range(1, len(years)):
        before = np.average(years[:count], axis=0, weights=AGE_WEIGHT ** np.arange(count - 1, -1, -1.0))
        earlier, later = (np.log(np.maximum(_smooth(one), LEAST_PACE)) for one in (before, years[count]))
        covariance += float(np.cov(earlier, later)[0, 1])
        spread += float(earlier.var(ddof=1))
    return float(np.clip(covariance / max(spread, 1e-9), 0.0, 1.0))


def _smooth(days: Floats) -> Floats:
    """Return means over some days on either side, around the year."""
    kernel = np.full(2 * SMOOTHED + 1, 1 / (2 * SMOOTHED + 1))
    return np.convolve(np.concatenate([days[-SMOOTHED:], days, days[:SMOOTHED]]), kernel, "valid")
