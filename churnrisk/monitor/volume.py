"""Is the log fresh and as long as usual? A plain robust rule on purchases per week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnrisk.dataset import DailyPurchases
from churnrisk.timeline import date_of

WEEK = 7
USUAL_WEEKS = 13
LEAST_WEEKS = 6
SHOWN_WEEKS = 60
YEAR_WEEKS = 52
TOO_FAR = 4.0
"""A week is unusual that lies more than four spreads from the median of the weeks before it."""

TO_DEVIATION = 1.4826
"""What the median absolute deviation is multiplied by to be a standard deviation, where numbers are normal."""


@dataclass(frozen=True)
class Week:
    """Seven days.

    Parameters
    ----------
    start : int
        Its first day, as a day number.
    purchases : int
        Purchase days in it: a customer counts once for each day with a purchase.
    new_customers : int
        Customers who bought for the first time.
    """

    start: int
    purchases: int
    new_customers: int


@dataclass(frozen=True)
class Volume:
    """The last week beside those before it.

    Parameters
    ----------
    weeks : tuple of Week
        Whole weeks back from the end of the log, oldest first, at most 60.
    usual : float or None
        Median of the purchases of the 13 weeks before the last; None where there are fewer than 6.
    spread : float or None
        The larger of 1.4826 times their median absolute deviation and the root of the median, which is what chance
        alone does.
    usual_new : float or None
        Median of the new customers of those weeks.
    """

    weeks: tuple[Week, ...]
    usual: float | None
    spread: float | None
    usual_new: float | None

    @property
    def last(self) -> Week | None:
        """The last whole week; None where the log has none."""
        return self.weeks[-1] if self.weeks else None

    @property
    def year_before(self) -> Week | None:
        """The same week a year before, 52 weeks back, for the season."""
        return self.weeks[-1 - YEAR_WEEKS] if len(self.weeks) > YEAR_WEEKS else None

    @property
    def is_unusual(self) -> bool:
        """Whether the last week is further from the median than four spreads."""
        if self.last is None or self.usual is None or self.spread is None:
            return False
        return abs(self.last.purchases - self.usual) > TOO_FAR * self.spread

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "weeks": [
                {"from": date_of(one.start).isoformat(), "purchases": one.purchases, "new_customers": one.new_customers}
                for one in self.weeks
            ],
            "usual_purchases": self.usual,
            "spread": self.spread,
            "usual_new_customers": self.usual_new,
            "is_unusual": self.is_unusual,
            "year_before": None if self.year_before is None else self.year_before.purchases,
        }


def measure_volume(daily: DailyPurchases) -> Volume:
    """Compare the last seven days of the log with the thirteen weeks before them.

    Parameters
    ----------
    daily : DailyPurchases
        Customers who bought on each day, up to the last day that is known.
    """
    count = min(len(daily.counts) // WEEK, SHOWN_WEEKS)
    end = daily.first_day + len(daily.counts)
    purchases, newcomers = (_by_week(one, count) for one in (daily.counts, daily.new_counts))
    starts = end - WEEK * np.arange(count, 0, -1)
    weeks = tuple(map(Week, starts.tolist(), purchases.tolist(), newcomers.tolist()))
    before = purchases[:-1][-USUAL_WEEKS:]
    if len(before) < LEAST_WEEKS:
        return Volume(weeks, None, None, None)
    usual = float(np.median(before))
    deviation = TO_DEVIATION * float(np.median(np.abs(before - usual)))
    return Volume(weeks, usual, max(deviation, usual**0.5, 1.0), float(np.median(newcomers[:-1][-USUAL_WEEKS:])))


def _by_week(daily: NDArray[np.int64], weeks: int) -> NDArray[np.int64]:
    """Add up days to whole weeks, back from the last day."""
    sums: NDArray[np.int64] = daily[len(daily) - weeks * WEEK :].reshape(weeks, WEEK).sum(axis=1)
    return sums
