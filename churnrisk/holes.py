"""Holes: days on which the whole shop sold nothing, for longer than it ever does.

The shop was closed, or a part of the export is missing. Either way its customers did not choose to stay away, so a
hole must not be learned from as if they had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from churnrisk.engines import collect_arrays
from churnrisk.messages import wording
from churnrisk.timeline import Snapshot, date_of

LEAST_DAYS = 14
"""A shorter gap is a holiday, and bends no figure much."""

TIMES = 2
"""A hole is longer than so many times the longest gap that is none."""

MOST_HOLES = 3
"""What happens more often is how the shop sells."""

LEAST_GAPS = 20
"""With fewer selling days nobody knows what is usual."""

CHANCE = 0.001
"""A hole is so long that a log of this pace would have fewer such gaps than this."""

NEAREST, LEAST_BEFORE = 20, 10
"""Gaps before, and as many after, that tell the pace; the slower side counts, since a shop may have a quiet season.
After fewer selling days the shop had not yet begun."""

MEAN_YEAR, YEARLY_WITHIN, MOST_YEARLY = 365.25, 30, 2
"""A closing that comes every year comes in the same weeks; Easter and the lunar new year move by a month.
There are two a year at most."""

DISTORTING = 0.1
"""A hole distorts a snapshot that has more than this share of its outcome window, or of as long before, in it."""


@dataclass(frozen=True, order=True)
class Hole:
    """The days from ``first_day`` to ``last_day``, on which nothing was sold; day numbers, both included."""

    first_day: int
    last_day: int

    @property
    def days(self) -> int:
        """How many days it has."""
        return self.last_day - self.first_day + 1

    def overlap(self, start: int, end: int) -> int:
        """Count its days in ``[start, end)``."""
        return max(0, min(end, self.last_day + 1) - max(start, self.first_day))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        first, last = (date_of(day).isoformat() for day in (self.first_day, self.last_day))
        return {"first_day": first, "last_day": last, "days": self.days}

    def __str__(self) -> str:
        return f"{date_of(self.first_day)} to {date_of(self.last_day)} ({self.days} days)"


class SellingLog(Protocol):
    """What is needed of a log: :class:`churnrisk.orders.Orders`, or anything shaped like it."""

    def frame(self) -> nw.LazyFrame[Any]:
        """Return the orders, as :data:`churnrisk.schema.ORDERS`."""


@dataclass(frozen=True)
class SellingDays:
    """The days on which the shop sold something, sorted, each once."""

    days: NDArray[np.int64]

    def before(self, as_of: int) -> SellingDays:
        """Return those that are known on the morning of a day."""
        return SellingDays(self.days[self.days < as_of])

    @property
    def longest_gap(self) -> int:
        """Most days in a row without a sale, between two selling days."""
        return int(np.diff(self.days).max()) - 1 if len(self.days) > 1 else 0

    def holes(self) -> tuple[Hole, ...]:
        """Find the holes, oldest first; see :func:`find_holes`."""
        return find_holes(self.days)


def selling_days(log: SellingLog) -> SellingDays:
    """Return the days with a purchase of anybody."""
    days = log.frame().filter(nw.col("is_purchase") == 1).select("order_day").unique()
    return SellingDays(collect_arrays(days, sort_by=["order_day"])["order_day"].astype(np.int64))


def find_holes(days: NDArray[np.int64]) -> tuple[Hole, ...]:
    """Find the gaps between selling days that are longer than the shop's own ways explain.

    A gap is a hole if all of this is true:

    - it has 14 days or more, and more than twice as many as every gap that is neither a hole nor yearly;
    - it is not yearly: no gap of at least half its length lies within 30 days of the same date of another year;
    - at the pace of the 20 gaps before it, or after it if that is slower, a log of this many selling days has fewer
      than .001 gaps so long.

    More than three such gaps are no holes but the way in which the shop sells.
    A log of fewer than 21 selling days has no holes: too little is known of what is usual in it.

    Parameters
    ----------
    days : ndarray of int64, shape (n,)
        Selling days, sorted, each once.

    Returns
    -------
    tuple of Hole
        Oldest first.

    Examples
    --------
    >>> import numpy as np
    >>> [str(hole) for hole in find_holes(np.r_[0:100, 160:300])]
    ['1970-04-11 to 1970-06-09 (60 days)']
    """
    gaps = np.diff(days) - 1
    if len(gaps) < LEAST_GAPS:
        return ()
    years = 1 + int((days[-1] - days[0]) // MEAN_YEAR)
    apart = _stand_out(gaps, most=MOST_HOLES + MOST_YEARLY * years)
    candidates = [k for k in apart if not _is_yearly(k, days, gaps)]
    usual = np.ones(len(gaps), bool)
    usual[apart] = False
    found = [k for k in candidates if _is_beyond_chance(k, gaps, usual)]
    if len(found) > MOST_HOLES:
        return ()
    return tuple(Hole(int(days[k]) + 1, int(days[k + 1]) - 1) for k in sorted(found))


def _stand_out(gaps: NDArray[np.int64], *, most: int) -> list[int]:
    """Return the few gaps that are each more than twice as long as all others."""
    places = np.argsort(-gaps, kind="stable")
    for count in range(min(most, len(places) - 1), 0, -1):
        shortest, longest_other = gaps[places[count - 1]], gaps[places[count]]
        if shortest >= LEAST_DAYS and shortest > TIMES * longest_other:
            return [int(k) for k in places[:count]]
    return []


def _is_yearly(k: int, days: NDArray[np.int64], gaps: NDArray[np.int64]) -> bool:
    """Tell whether a gap has its like in the same weeks of another year."""
    later = days[:-1] + (gaps + 1) / 2 - (days[k] + (gaps[k] + 1) / 2)
    years = np.rint(later / MEAN_YEAR)
    is_near = (years != 0) & (np.abs(later - years * MEAN_YEAR) <= YEARLY_WITHIN)
    return bool((is_near & (2 * gaps >= gaps[k])).any())


def _is_beyond_chance(k: int, gaps: NDArray[np.int64], usual: NDArray[np.bool_]) -> bool:
    """Tell whether days without a sale come so often before or after a gap that chance could make it."""
    sides = gaps[:k][usual[:k]][-NEAREST:], gaps[k + 1 :][usual[k + 1 :]][:NEAREST]
    if len(sides[0]) < LEAST_BEFORE:
        return False
    empty = max(side.mean() for side in sides if len(side))
    return bool(len(gaps) * (empty / (1 + empty)) ** gaps[k] < CHANCE)


def is_distorted(snapshot: Snapshot, holes: Sequence[Hole]) -> bool:
    """Tell whether a hole has more than a tenth of the outcome window, or of as many days before the cutoff."""
    return is_stale(snapshot, holes) or _exceeds(holes, snapshot.outcome_start, snapshot.outcome_end, DISTORTING)


def tell_distorted(log: SellingLog, as_of: int) -> Callable[[Snapshot], bool]:
    """Return the test of whether a hole distorts a snapshot, by the holes that are known on the morning of a day."""
    return partial(is_distorted, holes=selling_days(log).before(as_of).holes())


def harm(snapshot: Snapshot, holes: Sequence[Hole]) -> tuple[float, float]:
    """How much of a snapshot is in holes, to sort by: of its outcome window first, then of as many days before."""
    days = snapshot.horizon
    after = sum(hole.overlap(snapshot.outcome_start, snapshot.outcome_end) for hole in holes)
    before = sum(hole.overlap(snapshot.cutoff - days, snapshot.cutoff) for hole in holes)
    return after / days, before / days


def is_stale(snapshot: Snapshot, holes: Sequence[Hole]) -> bool:
    """Tell whether what is known at a cutoff is distorted: a hole has more than a tenth of the horizon before it."""
    return _exceeds(holes, snapshot.cutoff - snapshot.horizon, snapshot.cutoff, DISTORTING)


def _exceeds(holes: Sequence[Hole], start: int, end: int, share: float) -> bool:
    return sum(hole.overlap(start, end) for hole in holes) > share * (end - start)


def describe_holes(holes: Sequence[Hole]) -> Iterator[str]:
    """Name each hole by its dates."""
    for hole in holes:
        yield wording(
            "The whole shop sold nothing from {first} to {last} ({days} days), longer than it ever does: it was "
            "closed, or a part of the export is missing."
        ).format(first=date_of(hole.first_day), last=date_of(hole.last_day), days=hole.days)
