"""The level: which share of the coming window's customer base will churn, as a shift of all log-odds.

Who is at more risk than whom hardly changes from month to month; how many leave does: before Christmas nearly
everybody buys. So the two are learned apart. The ranking comes from many snapshots; the level is a forecast of a
time series. It mixes

- *recent*: the shift that recent snapshots needed. Good for short horizons, stale for long ones.
- *silence*: the shift that gives the customer base as many as the buy-till-you-die model expects. It knows how old
  and how active the base is, and nothing of the time of the year.
- *season*: the same, corrected by how far that model was off in the same weeks a year ago, and by how much it has
  been off since, against a year before. It needs a year and a horizon of history.

The buy-till-you-die model of today is applied to the past bases. Models fitted back then would not do: each log
looks young in its first months, and what they were off by says more about the log's age than about the season.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from churnrisk.btyd import BtydModel, Summary
from churnrisk.dataset import PastBase
from churnrisk.learning.linear import to_log_odds, to_probability
from churnrisk.timeline import Snapshot

Floats = np.ndarray

YEAR = 364
"""A year in whole weeks, so that weekdays agree."""

NEAR = 10.5
"""Days around a date a year ago whose shifts are averaged: three weekly cutoffs."""

RECENT_DAYS = 60.0
"""Horizon at which the weight of recent snapshots has fallen to exp(-1)."""

CHANGE_WEIGHT, CHANGE_DAYS, CHANGE_HALF_LIFE = 0.6, 150.0, 91.0
SEASON_WEIGHT = 0.8
LEAST_BASE = 30


@dataclass(frozen=True)
class Level:
    """A forecast of the level at a cutoff, and what it was made of.

    Parameters
    ----------
    shift : float
        To be added to the ranking's log-odds.
    recent, silence, season : float
        The shift by each way alone; NaN where a way could not be gone.
    """

    shift: float
    recent: float
    silence: float
    season: float


def shift_to(log_odds: Floats, target: float, weights: Floats | None = None) -> float:
    """Give what must be added to log-odds for their mean probability to be ``target``."""
    goal = min(max(target, 1e-4), 1 - 1e-4)
    share = np.full(len(log_odds), 1 / len(log_odds)) if weights is None else weights / weights.sum()
    shift = 0.0
    for _ in range(80):
        probability = to_probability(log_odds + shift)
        slope = max(float((share * probability * (1 - probability)).sum()), 1e-6)
        step = min(max((goal - float((share * probability).sum())) / slope, -1.0), 1.0)
        shift += step
        if abs(step) < 1e-9:
            break
    return shift


def trace_shifts(past: Sequence[PastBase], silence: BtydModel) -> tuple[Floats, Floats]:
    """Give, for past cutoffs, the shift that today's model of silence would have needed then.

    Parameters
    ----------
    past : sequence of PastBase
        Customer bases whose outcome is known.
    silence : BtydModel
        Fitted to everything known today.

    Returns
    -------
    cutoffs, shifts : ndarray of shape (m,)
        Oldest first; bases of fewer than 30 customers are left out.
    """
    used = [base for base in past if base.size >= LEAST_BASE]
    if not used:
        return np.zeros(0), np.zeros(0)
    log_odds = np.split(_silence_of(used, silence), np.cumsum([len(base.histories) for base in used])[:-1])
    shifts = [
        shift_to(z, (float(base.churned.sum()) + 0.5) / (base.size + 1), base.histories.customers)
        for z, base in zip(log_odds, used, strict=True)
    ]
    return np.array([base.snapshot.cutoff for base in used], dtype=np.float64), np.array(shifts)


def _silence_of(past: Sequence[PastBase], silence: BtydModel) -> Floats:
    columns = [
        np.concatenate([getattr(base.histories, name) for base in past])
        for name in ("frequency", "age_at_last_order", "tenure")
    ]
    windows = past[0].snapshot
    silent = silence.no_purchase_probability(Summary(*columns), windows.horizon, lead=windows.lead)
    return to_log_odds(np.clip(silent, 1e-5, 1 - 1e-5))


def season_shift(cutoffs: Floats, shifts: Floats, current: Snapshot) -> float:
    """Forecast the shift of the coming window from the same weeks a year ago and the change since.

    Parameters
    ----------
    cutoffs, shifts : ndarray of shape (m,)
        As :func:`trace_shifts` gives them.
    current : Snapshot
        The coming window.

    Returns
    -------
    float
        NaN where the history does not hold these weeks a year ago, or not any change over a year. Without the change
        the weeks of a year ago mislead as often as they help: a young log grows.
    """
    year_ago = _mean_near(cutoffs, shifts, current.cutoff - YEAR)
    before = np.array([_mean_near(cutoffs, shifts, day - YEAR) for day in cutoffs])
    known = np.isfinite(before)
    if not np.isfinite(year_ago) or not known.any():
        return float("nan")
    weights = 0.5 ** ((cutoffs.max() - cutoffs[known]) / CHANGE_HALF_LIFE)
    change = float((weights * (shifts - before)[known]).sum() / weights.sum())
    return year_ago + CHANGE_WEIGHT * float(np.exp(-current.horizon / CHANGE_DAYS)) * change


def _mean_near(cutoffs: Floats, shifts: Floats, day: float) -> float:
    chosen = shifts[np.abs(cutoffs - day) <= NEAR]
    return float(chosen.mean()) if len(chosen) else float("nan")


def forecast_level(
    log_odds: Floats,
    current: Snapshot,
    *,
    recent: float,
    silent: Floats,
    season: float,
) -> Level:
    """Mix the ways of forecasting the level.

    Parameters
    ----------
    log_odds : ndarray of shape (n,)
        The ranking of the current customer base.
    current : Snapshot
        The coming window.
    recent : float
        Mean shift that recent snapshots needed; NaN if unknown.
    silent : ndarray of shape (n,)
        Log-odds of silence of the same customers; empty where there is no such model.
    season : float
        What :func:`season_shift` gives.
    """
    if not len(silent):
        return Level(recent if np.isfinite(recent) else 0.0, recent, float("nan"), float("nan"))
    by_silence = shift_to(log_odds, float(to_probability(silent).mean()))
    trust = float(np.exp(-current.horizon / RECENT_DAYS)) if np.isfinite(recent) else 0.0
    shift = trust * (recent if trust else 0.0) + (1 - trust) * by_silence
    by_season = float("nan")
    if np.isfinite(season):
        by_season = shift_to(log_odds, float(to_probability(silent + season).mean()))
        shift = SEASON_WEIGHT * by_season + (1 - SEASON_WEIGHT) * shift
    return Level(shift, recent, by_silence, by_season)
