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

YEAR = 365
"""Days of a year, wherever a window or a rate is of a year."""

MOST_DAYS = 100 * YEAR
"""Of any window or period that a user may name: no log is longer."""

DEFAULT_LOOKBACK = YEAR
RECENT_DAYS = (90, YEAR)
"""Days before a cutoff whose purchase days show how a customer buys lately."""

HORIZONS = (7, 14, 30, 60, 90, 180, 365)
HORIZON_SHARE = 0.8
MOST_FOLLOWED = 2 * HORIZONS[-1]
"""Twice the longest horizon: no horizon is judged by a time that it fills."""

LEAST_FOLLOWED, LEAST_FOLLOWED_SHARE = 30, 0.05
"""So many customers, or in a small log such a share of them, must still be followed for a share to be told."""

NOBODY = 1e-9
"""Weights of customers are sums of fractions; less than this is nobody."""

SNAPSHOT_COUNT = 12
_EPOCH = dt.date(1970, 1, 1)


def day_number(day: dt.date) -> int:
    """Return the number of days from 1970-01-01 to ``day``; negative before it."""
    return (day - _EPOCH).days


def date_of(day: int) -> dt.date:
    """Return the calendar date of a day number; the inverse of :func:`day_number`."""
    return _EPOCH + dt.timedelta(days=int(day))


def parse_day(day: str | dt.date, *, option: str) -> int:
    """Read a day given by a user for ``option``: an ISO date such as ``2011-12-10``, or a date or time of any library.

    Of a time its own date counts, in its own zone.
    """
    text = str(day)
    try:
        return day_number(dt.date.fromisoformat(text.strip() if isinstance(day, str) else text[:10]))
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
        Days of the observation window, which decides the customer base. Features may look further back.
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
        """Return the same windows at another cutoff."""
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
    """A horizon and why.

    Parameters
    ----------
    horizon : int
        Days.
    share : float
        Of all customers, how many buy again within ``horizon`` days of a purchase.
    followed_share : float
        Of all customers, how many buy again within ``followed`` days.
    followed : int
        How long enough customers could be followed, in days.
    is_reached : bool
        Whether the horizon holds 80 % of those who come back while they can be followed.
    """

    horizon: int
    share: float
    followed_share: float
    followed: int
    is_reached: bool

    @property
    def reason(self) -> str:
        """Why this horizon was chosen, in a sentence."""
        shares = (
            f"Counting each customer once, {self.share:.1%} buy again within {self.horizon} days of a purchase and "
            f"{self.followed_share:.1%} within {self.followed}, as far as they can be followed"
        )
        if self.is_reached:
            return (
                f"{shares}: {self.horizon} days is the shortest usual horizon with four fifths of those who come back."
            )
        return (
            f"{shares}: {self.horizon} days is the longest usual horizon that this history allows, and holds less than "
            "four fifths of those who come back."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what a card keeps."""
        return {**vars(self), "reason": self.reason}


def choose_horizon(
    gaps: Mapping[int, float], open_gaps: Mapping[int, float], *, history: int, lead: int = 0
) -> HorizonChoice:
    """Choose the shortest usual horizon within which most of those who come back have done so.

    The days from one purchase day to the next are waiting times, and each customer counts once: else the horizon would
    be that of the few that buy most often. Waits that are still open are censored and not dropped: leaving them out
    would make everybody look faster than they are. Wang and Chang's estimator does both (1999, J. Amer. Stat. Assoc.
    94, 146-153).

    Parameters
    ----------
    gaps, open_gaps : mapping of int to float
        From :func:`churnrisk.dataset.repurchase_gaps`: days, and how many customers wait so long.
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
    allowed = [h for h in HORIZONS if 3 * h + 2 * lead <= history]
    if not allowed:
        raise NotEnoughData(
            f"the log covers {history} days; even a horizon of {HORIZONS[0]} days needs "
            f"{3 * HORIZONS[0] + 2 * lead}. Bring a longer history."
        )
    bought_again, at_risk = cumulative_return(gaps, open_gaps, days=MOST_FOLLOWED)
    least = min(LEAST_FOLLOWED, at_risk[0] * LEAST_FOLLOWED_SHARE)
    # Where all have come back nobody is left to follow, and the horizons beyond that day hold everybody.
    followed = max(day for day, left in enumerate(at_risk) if left >= least)
    target = HORIZON_SHARE * bought_again[followed]
    is_reached = [bought_again[min(h, followed)] >= target > 0 for h in allowed]
    horizon = allowed[is_reached.index(True)] if any(is_reached) else allowed[-1]
    return HorizonChoice(horizon, bought_again[horizon], bought_again[followed], followed, is_reached=any(is_reached))


def cumulative_return(
    gaps: Mapping[int, float], open_gaps: Mapping[int, float], *, days: int
) -> tuple[Sequence[float], Sequence[float]]:
    """Return the product-limit estimate of the share who bought again within 0, 1, ..., ``days`` days.

    Beside it stands how many were still followed, and had not come back before, on each of these days.
    """
    left = sum(gaps.values()) + sum(open_gaps.values())
    waiting = 1.0
    shares, at_risk = [0.0], [left]
    for day in range(1, days + 1):
        left -= gaps.get(day - 1, 0) + open_gaps.get(day - 1, 0)
        if left > NOBODY:
            waiting *= max(0.0, 1 - gaps.get(day, 0) / left)
        shares.append(1 - waiting)
        at_risk.append(max(0.0, left))
    return shares, at_risk
