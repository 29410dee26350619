"""Has it changed, or is it noise? The shop beside its own past, paired over customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnrisk.engines import Arrays
from churnrisk.errors import NotEnoughData
from churnrisk.retention.counting import Windows, count_movement, windows_of
from churnrisk.retention.definitions import Z
from churnrisk.retention.histories import OrderLog, follow_customers, map_orders, read_rows, split_rows
from churnrisk.retention.metrics import RetentionTable
from churnrisk.retention.periods import Period

COMPARED = {"retention_rate": ("at_start", "retained"), "no_purchase_rate": ("at_start", "silent")}
"""Shares that are compared: the customers in the denominator, and those of them that count."""

MORE, NOISE, SEASON, UNKNOWN = "more than noise", "may be noise", "the season", "more than noise or the season"

PERIODS_PER_YEAR = {"week": 52, "month": 12, "quarter": 4, "year": 1}


@dataclass(frozen=True)
class Change:
    """A share in two periods.

    Parameters
    ----------
    figure : str
        Which.
    period, earlier : str
        The later period and the one it is compared with.
    is_year_before : bool
        The earlier one is the same period of the year before.
    value, earlier_value : float
        The shares.
    difference, low, high : float
        Later less earlier, with a 95 % interval.
    season : float or None
        Of a comparison with the period before: how the share changed in the same step a year before; None where the log
        does not reach back so far, and for a comparison with the year before.
    verdict : {"more than noise", "may be noise", "the season", "more than noise or the season"}
        The interval leaves out 0, or holds it; or, of a comparison with the period before, the same step a year before
        explains the change, or nobody knows.
    """

    figure: str
    period: str
    earlier: str
    is_year_before: bool
    value: float
    earlier_value: float
    difference: float
    low: float
    high: float
    season: float | None
    verdict: str

    @property
    def is_more_than_noise(self) -> bool:
        """Neither chance nor the season explains the change."""
        return self.verdict == MORE

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "is_more_than_noise": self.is_more_than_noise}


def compare_with_past(log: OrderLog, table: RetentionTable) -> tuple[Change, ...]:
    """Compare the last complete period with the one before, and with the same one a year before.

    The two periods share customers, so their shares are not independent; the variance of the difference takes
    account of every customer's part in both. It covers chance only, and no season: so the change on the period before
    is held against that of the same step a year before.

    Parameters
    ----------
    log : Orders
        The log.
    table : RetentionTable
        Measured on it, without groups.

    Raises
    ------
    NotEnoughData
        Fewer than two complete periods.
    """
    complete = [k for k, row in enumerate(table.rows) if row.complete]
    if len(complete) < 2:
        raise NotEnoughData(
            f"{len(complete)} complete periods; two are needed to compare. Choose a shorter --period or --lookback.",
            code="data.log_too_short",
        )
    last, periods, back = complete[-1], [row.period for row in table.rows], _periods_back(table.kind)
    known = [(last, k) for k in dict.fromkeys((last - 1, last - back)) if k in complete]
    season = (last - back, last - back - 1)
    pairs = known + [season] * (set(season) <= set(complete) and back > 1)
    windows = windows_of(periods, log, lookback=table.lookback_days, revenue_window=table.revenue_window_days)
    step = partial(count_pairs, windows, tuple(pairs))
    counts = sum((part["counts"] for part in map_orders(log, step, until=windows.bounds[-1])), start=_nothing(pairs))
    return tuple(
        _describe(
            figure,
            periods,
            pair,
            counts[p, f],
            step_before=counts[-1, f] if pairs[-1] == season and counts[-1, f, 0] and counts[-1, f, 2] else None,
            is_year_before=pair[1] == last - back,
        )
        for p, pair in enumerate(known)
        for f, figure in enumerate(COMPARED)
        if counts[p, f, 0] and counts[p, f, 2]
    )


def _periods_back(kind: str | int) -> int:
    return PERIODS_PER_YEAR[kind] if isinstance(kind, str) else max(1, round(365 / kind))


def _nothing(pairs: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    return np.zeros((len(pairs), len(COMPARED), 8), np.int64)


def count_pairs(windows: Windows, pairs: tuple[tuple[int, int], ...], batch: Arrays) -> Arrays:
    """Count, in a batch, the customers in the later and the earlier share, and in both."""
    counts = _nothing(pairs)
    for rows in split_rows(read_rows(batch), len(windows.cuts)):
        seen = follow_customers(rows, windows.cuts)
        moved = {k: count_movement(seen, windows, k) for k in sorted({k for pair in pairs for k in pair})}
        for values in moved.values():
            values["silent"] = values["at_start"] & ~values["start_buyers"]
        for p, (later, earlier) in enumerate(pairs):
            for f, (whole, part) in enumerate(COMPARED.values()):
                n1, k1, n0, k0 = (moved[k][name] for k in (later, earlier) for name in (whole, part))
                both = n1 & n0
                sets = (n1, k1, n0, k0, both, both & k1, both & k0, both & k1 & k0)
                counts[p, f] += [int(np.count_nonzero(members)) for members in sets]
    return {"counts": counts}


def paired_difference(counts: Sequence[int]) -> tuple[float, float, float]:
    """Return the difference of two overlapping shares, and its 95 % interval.

    ``counts`` are n1, k1 (later: whole, part), n0, k0 (earlier), then of those in both wholes: all, in k1, in k0, in
    both parts. For the variance one success and one failure are added to each share, so that it is never 0.
    """
    n1, k1, n0, k0, both, both1, both0, both10 = (float(count) for count in counts)
    p1, p0 = (k1 + 1) / (n1 + 2), (k0 + 1) / (n0 + 2)
    shared = (both10 - p0 * both1 - p1 * both0 + p1 * p0 * both) / (n1 * n0)
    variance = p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0 - 2 * shared
    difference, half = k1 / n1 - k0 / n0, Z * max(variance, 1 / n1**2) ** 0.5
    return difference, difference - half, difference + half


def _describe(
    figure: str,
    periods: Sequence[Period],
    pair: tuple[int, int],
    counts: NDArray[np.int64],
    *,
    step_before: NDArray[np.int64] | None,
    is_year_before: bool,
) -> Change:
    found = paired_difference(counts.tolist())
    season = None if step_before is None or is_year_before else paired_difference(step_before.tolist())
    later, earlier = (periods[k].name for k in pair)
    return Change(
        figure,
        later,
        earlier,
        is_year_before,
        float(counts[1] / counts[0]),
        float(counts[3] / counts[2]),
        *found,
        None if season is None else season[0],
        _judge(found, season, is_year_before=is_year_before),
    )


def _judge(
    found: tuple[float, float, float], season: tuple[float, float, float] | None, *, is_year_before: bool
) -> str:
    """Tell a change from chance, and from what the season does."""
    difference, low, high = found
    if low <= 0 <= high:
        return NOISE
    if is_year_before:
        return MORE
    if season is None:
        return UNKNOWN
    is_season = season[1] > 0 or season[2] < 0  # a step that may be chance is no season
    half = float(np.hypot(high - low, season[2] - season[1])) / 2
    return SEASON if is_season and difference * season[0] > 0 and abs(difference - season[0]) <= half else MORE


def measure_trend(table: RetentionTable, figure: str) -> float | None:
    """Return the mean change per period of a figure over the complete periods, by least squares; None below three."""
    points = [
        (k, row.figures[figure])
        for k, row in enumerate(table.rows)
        if row.complete and row.figures[figure] is not None and figure not in row.caveats
    ]
    if len(points) < 3:
        return None
    x, y = np.array(points, dtype=np.float64).T
    return float(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum())
