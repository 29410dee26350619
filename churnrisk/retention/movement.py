"""How customers move from segment to segment, under cuts that are held fixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnrisk.engines import Arrays
from churnrisk.errors import SettingsError
from churnrisk.retention.histories import Histories, OrderLog, follow_customers, map_orders, read_rows, split_rows
from churnrisk.retention.periods import Period
from churnrisk.retention.segments import ORDER, Cuts, build_segments, code_segments
from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import date_of

NOT_YET = len(ORDER)
"""Code of those who had not bought yet."""


@dataclass(frozen=True)
class Movement:
    """Customers by segment on two days, under the cuts of the first day of all.

    Parameters
    ----------
    period : Period
        From the one day to the other.
    counts : ndarray of int64, shape (s + 1, s + 1)
        Rows: the segment at the start; columns: at the end. Last in both: those who had not bought yet.
    """

    period: Period
    counts: NDArray[np.int64]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON: only movements that took place."""
        names = (*ORDER, "no_purchase_yet")
        moves = [
            {"from": names[i], "to": names[j], "customers": int(n)}
            for (i, j), n in np.ndenumerate(self.counts)
            if n and j != NOT_YET
        ]
        return {
            "period": self.period.name,
            "starts_on": date_of(self.period.starts_on).isoformat(),
            "ends_on": date_of(self.period.ends_on).isoformat(),
            "last_day": date_of(self.period.ends_on - 1).isoformat(),
            "is_partial": self.period.is_partial,
            "moves": moves,
        }


def follow_segments(log: OrderLog, periods: Sequence[Period]) -> tuple[Movement, ...]:
    """Follow customers from segment to segment, with the first day's cuts held fixed.

    With fresh cuts each time the segments would keep their sizes whatever happened; fixed ones show whether the
    customers got better or worse.

    Parameters
    ----------
    log : Orders
        The log, on any engine.
    periods : sequence of Period
        One after the other.

    Raises
    ------
    NotEnoughData
        Where nobody had bought before the first day.
    """
    if not periods:
        raise SettingsError("no period to follow; widen --from and --to.")
    days = (periods[0].starts_on, *(period.ends_on for period in periods))
    step = partial(count_moves, days, build_segments(log, days[0]).cuts)
    counts = sum((part["counts"] for part in map_orders(log, step, until=days[-1] - 1)), start=_no_moves(len(periods)))
    return tuple(Movement(period, counts[k]) for k, period in enumerate(periods))


def _no_moves(periods: int) -> NDArray[np.int64]:
    return np.zeros((periods, NOT_YET + 1, NOT_YET + 1), np.int64)


def count_moves(days: tuple[int, ...], cuts: Cuts, batch: Arrays) -> Arrays:
    """Count the movements of a batch of whole customers."""
    counts = _no_moves(len(days) - 1)
    places = np.array(days, np.int64)
    for rows in split_rows(read_rows(batch), len(days)):
        seen = follow_customers(rows, places)
        codes = [_code_at(seen, cuts, k, day) for k, day in enumerate(days)]
        for k in range(len(days) - 1):
            np.add.at(counts[k], (codes[k], codes[k + 1]), 1)
    return {"counts": counts}


def _code_at(seen: Histories, cuts: Cuts, place: int, day: int) -> NDArray[np.int64]:
    has_bought = seen.purchase_days[place] > 0
    scores = cuts.score(day - seen.last_day[place], seen.purchase_days[place], seen.revenue[place] / MONEY_SCALE)
    return np.where(has_bought, code_segments(scores), NOT_YET)
