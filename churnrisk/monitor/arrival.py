"""Does a table beside the purchases still come? Its silence beside its own gaps, and beside the purchases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnrisk.timeline import date_of

PAST_DAYS = 730
LEAST_GAPS = 12
TOO_LONG = 2.0
"""So many times the longest gap of the past. Where rows come by chance alone, a gap goes so far beyond the longest of
n with the chance 2 / ((n + 1) (n + 2)): 1 in 91 with 12 gaps, which are therefore needed, and less with more."""

SOME_DAYS = 7
"""An export that is up to a week older than the purchases may be made once a week."""


@dataclass(frozen=True)
class Arrival:
    """When rows of a table came.

    Parameters
    ----------
    table : str
        Its name.
    looked_on : int
        Today, or the day that was asked for.
    last_day : int or None
        The last day before it on which a row became known.
    days_behind : int or None
        From that day to the last purchase; below 0 for a table that is newer.
    usual_gap, longest_gap : float or None
        Median and maximum of the days between two days with rows, over two years; None where there are no two.
    gaps : int
        How many there are.
    """

    table: str
    looked_on: int
    last_day: int | None
    days_behind: int | None
    usual_gap: float | None
    longest_gap: int | None
    gaps: int

    @property
    def days(self) -> int | None:
        """Days from the newest row to the day that is looked on."""
        return None if self.last_day is None else self.looked_on - self.last_day

    @property
    def has_stopped(self) -> bool:
        """Whether it is silent, beside the purchases, for longer than its own gaps explain.

        Where the purchases end as well, it is the whole log that is old. A table that comes seldom has too few gaps.
        """
        if self.days_behind is None or self.longest_gap is None or self.gaps < LEAST_GAPS:
            return False
        return self.days_behind > max(TOO_LONG * self.longest_gap, SOME_DAYS)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "table": self.table,
            "last_row_on": None if self.last_day is None else date_of(self.last_day).isoformat(),
            "days_since_last_row": self.days,
            "days_behind_purchases": self.days_behind,
            "usual_gap_days": self.usual_gap,
            "longest_gap_days": self.longest_gap,
            "has_stopped": self.has_stopped,
        }


def measure_arrival(table: str, days: NDArray[np.int64], *, looked_on: int, last_purchase: int | None) -> Arrival:
    """Look at the days on which rows of a table became known, each once, sorted, all before the day looked on."""
    if not len(days):
        return Arrival(table, looked_on, None, None, None, None, 0)
    last = int(days[-1])
    gaps = np.diff(days[days > last - PAST_DAYS])
    behind = None if last_purchase is None else last_purchase - last
    usual, longest = (float(np.median(gaps)), int(gaps.max())) if len(gaps) else (None, None)
    return Arrival(table, looked_on, last, behind, usual, longest, len(gaps))


def stopped(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Return the tables that come no more."""
    return [one for one in arrivals if one.has_stopped]
