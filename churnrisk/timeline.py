"""Time, as whole days: snapshots, their windows, and the choice of cutoffs and of a horizon.

A day is the number of days since 1970-01-01 in the log's own clock. Every window is half-open, ``[start, end)``.
All time passes through a :class:`Snapshot`; nothing else in the package takes a start or an end of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from churnrisk.errors import NotEnoughData, SettingsError

DEFAULT_LOOKBACK = 365
HORIZONS = (7, 14, 30, 60, 90, 180, 365)
HORIZON_SHARE = 0.8
SNAPSHOT_COUNT = 12
_EPOCH = dt.date(1970, 1, 1)


def day_number(day: dt.date) -> int:
    """Give the number of days from 1970-01-01 to ``day``; negative before it."""
    return (day - _EPOCH).days


def date_of(day: int) -> dt.date:
    """Give the calendar date of a day number; the inverse of :func:`day_number`."""
    return _EPOCH + dt.timedelta(days=int(day))


def parse_day(text: str, *, option: str) -> int:
    """Read an ISO date such as ``2011-12-10`` given by a user for ``option``."""
    try:
        return day_number(dt.date.fromisoformat(text.strip()))
    except ValueError:
        raise SettingsError(
            f"{option}: {text!r} is not a date; write it as YYYY-MM-DD, for example 2011-12-10."
        ) from None


def within(day: Any, start: int, end: int) -> Any:
    """Tell whether ``day`` lies in ``[start, end)``, for a number, an array or a lazy column."""
    return (day >= start) & (day < end)


def active_at(day: Any, at: int, lookback: int) -> Any:
    """Tell whether a purchase on ``day`` makes its customer active at day ``at``.

    This is the one definition of *active*: a purchase in ``[at - lookback, at)``. The customer base and every
    retention figure use it, for a number, an array or a lazy column alike.
    """
    return within(day, at - lookback, at)


def stands_at(undone_day: Any, at: Any) -> Any:
    """Tell whether a purchase that is undone on ``undone_day`` still is one on the morning of day ``at``.

    The return that takes a purchase back is not known before its own day, so at a cutoff up to that day the
    purchase stands. For a number, an array or a lazy column alike.
    """
    return undone_day >= at


@dataclass(frozen=True, order=True)
class Snapshot:
    """One frozen view of a log: what is known before a day, and what is asked about the days after it.

    On the morning of the cutoff a shop knows the orders of all earlier days and none of that day. It acts, which
    takes ``lead`` days; whether a customer buys in the ``horizon`` days after that is the outcome.

    Parameters
    ----------
    cutoff : int
        Day number; an order on that day is future.
    lookback : int
        Days of the observation window, which decides who is in the customer base. Features may look further back.
    horizon : int
        Days of the outcome window.
    lead : int
        Days between the cutoff and the first day that counts.

    Examples
    --------
    >>> s = Snapshot(cutoff=400, lookback=365, horizon=30, lead=2)
    >>> s.observation_start, s.outcome_start, s.outcome_end
    (35, 402, 432)
    """

    cutoff: int
    lookback: int
    horizon: int
    lead: int = 0

    def __post_init__(self) -> None:
        for name, least in (("lookback", 1), ("horizon", 1), ("lead", 0)):
            value = getattr(self, name)
            if value < least:
                raise SettingsError(f"--{name} {value}: give a whole number of days, {least} or more.")

    @property
    def observation_start(self) -> int:
        """First day of the observation window."""
        return self.cutoff - self.lookback

    @property
    def outcome_start(self) -> int:
        """First day of the outcome window."""
        return self.cutoff + self.lead

    @property
    def outcome_end(self) -> int:
        """The day after the last day of the outcome window."""
        return self.cutoff + self.lead + self.horizon

    def at(self, cutoff: int) -> Snapshot:
        """Give the same windows at another cutoff."""
        return replace(self, cutoff=cutoff)

    def in_base(self, day: Any) -> Any:
        """Tell whether a purchase on ``day`` puts its customer into the customer base."""
        return active_at(day, self.cutoff, self.lookback)

    def in_outcome(self, day: Any) -> Any:
        """Tell whether ``day`` lies in the outcome window."""
        return within(day, self.outcome_start, self.outcome_end)

    def is_past(self, day: Any) -> Any:
        """Tell whether ``day`` lies before the cutoff, where features may look."""
        return day < self.cutoff


@dataclass(frozen=True)
class SnapshotPlan:
    """Which snapshots a model learns from.

    Parameters
    ----------
    current : Snapshot
        The one at ``as_of``, whose outcome nobody knows.
    labelled : tuple of Snapshot
        All whose outcome windows end at or before ``as_of``, oldest first; the newest is the test.
    fitting : tuple of Snapshot
        Those among them whose outcome windows end at or before the test's cutoff. Empty where the history is too
        short to have a later snapshot to test on; then other customers of the same snapshots must serve.
    left_out : tuple of Snapshot
        Those among which ``labelled`` would be, had they not been left out.
    """

    current: Snapshot
    labelled: tuple[Snapshot, ...]
    fitting: tuple[Snapshot, ...]
    left_out: tuple[Snapshot, ...] = ()

    @property
    def test(self) -> Snapshot:
        """The newest labelled snapshot, set aside whole for the test."""
        return self.labelled[-1]


def plan_snapshots(
    first_day: int,
    current: Snapshot,
    *,
    count: int = SNAPSHOT_COUNT,
    leave_out: Callable[[Snapshot], bool] | None = None,
) -> SnapshotPlan:
    """Choose the cutoffs to learn from: the newest possible one, and earlier ones a third of a horizon apart.

    No outcome window reaches past ``as_of``, and each cutoff has at least one horizon of history before it, since
    with less hardly anything is known about anybody.

    Parameters
    ----------
    first_day : int
        Day of the first order of the log.
    current : Snapshot
        The snapshot at ``as_of``.
    count : int
        Most snapshots to learn from, for the final fit and again for the fit that is tested.
    leave_out : callable, optional
        Tells which snapshots not to learn from; older ones take their place. Where it leaves none, ``labelled`` is
        empty.

    Raises
    ------
    NotEnoughData
        Where not even one outcome window fits into the history.
    """
    reach = current.horizon + current.lead
    earliest = first_day + current.horizon
    newest = current.cutoff - reach
    if newest < earliest:
        raise NotEnoughData(
            f"a horizon of {current.horizon} days needs {current.horizon + reach} days of history before "
            f"{date_of(current.cutoff)}; the log has {max(0, current.cutoff - first_day)} "
            f"(its first order is on {date_of(first_day)}). Choose a shorter --horizon, or bring older orders."
        )

    # Every third is a whole reach back, so that the tested fit and the final one share their snapshots.
    steps = range((3 * (newest - earliest) + 2) // reach + 1)
    every = [current.at(day) for day in dict.fromkeys(newest - k * reach // 3 for k in steps)]  # newest first
    usable = [one for one in every if leave_out is None or not leave_out(one)]
    labelled = usable[:count]
    oldest = labelled[-1] if len(labelled) == count else every[-1]
    left_out = [one for one in every if one >= oldest and one not in usable]
    over = [one for one in usable if one.outcome_end <= usable[0].cutoff][:count]
    return SnapshotPlan(current, tuple(labelled[::-1]), tuple(over[::-1]), tuple(left_out[::-1]))


@dataclass(frozen=True)
class HorizonChoice:
    """A horizon and why: ``share`` of those who buy again within ``window`` days do so within ``horizon`` days."""

    horizon: int
    share: float
    window: int
    is_reached: bool


def choose_horizon(
    gaps: Mapping[int, int], open_gaps: Mapping[int, int], *, history: int, lead: int = 0
) -> HorizonChoice:
    """Choose the shortest usual horizon within which most of those who will buy again have done so.

    The days from one purchase day to the next are waiting times. The last one of each customer is still open, so
    it is censored and not dropped: leaving it out would make everybody look faster than they are. Kaplan and
    Meier's estimator takes account of it (Kaplan & Meier 1958, J. Amer. Stat. Assoc. 53, 457-481).

    Parameters
    ----------
    gaps : mapping of int to int
        Days between consecutive purchase days of a customer, and how often each occurs.
    open_gaps : mapping of int to int
        Days from each customer's last purchase day to the end of the log, and how often each occurs.
    history : int
        Days from the first order to ``as_of``.
    lead : int
        Days to act; they lengthen what a horizon needs of the history.

    Returns
    -------
    HorizonChoice
        ``is_reached`` is False where no usual horizon that the history allows covers 80 %; the longest is taken.

    Raises
    ------
    NotEnoughData
        Where nobody has bought twice, or the history is too short for the shortest horizon.
    """
    if not gaps:
        raise NotEnoughData("no customer has bought on two days, so there is nothing to learn about returning.")
    window = min(365, max(max(gaps), 1))
    bought_again = cumulative_return(gaps, open_gaps, days=window)
    allowed = [h for h in HORIZONS if 3 * h + 2 * lead <= history]
    if not allowed:
        raise NotEnoughData(
            f"the log covers {history} days; even a horizon of {HORIZONS[0]} days needs "
            f"{3 * HORIZONS[0] + 2 * lead}. Bring a longer history."
        )
    shares = [bought_again[min(h, window)] / bought_again[window] for h in allowed]
    for horizon, share in zip(allowed, shares, strict=True):
        if share >= HORIZON_SHARE:
            return HorizonChoice(horizon, share, window, is_reached=True)
    return HorizonChoice(allowed[-1], shares[-1], window, is_reached=False)


def cumulative_return(gaps: Mapping[int, int], open_gaps: Mapping[int, int], *, days: int) -> Sequence[float]:
    """Give the Kaplan-Meier estimate of the share who bought again within 0, 1, ..., ``days`` days."""
    at_risk = sum(gaps.values()) + sum(open_gaps.values())
    waiting = 1.0
    shares = [0.0]
    for day in range(1, days + 1):
        if day == 1:  # a gap is a day at least; who is censored on the day of purchase was never watched
            at_risk -= open_gaps.get(0, 0)
        if at_risk > 0:
            waiting *= 1 - gaps.get(day, 0) / at_risk
        shares.append(1 - waiting)
        at_risk -= gaps.get(day, 0) + open_gaps.get(day, 0)
    return shares
