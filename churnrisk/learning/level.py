"""The level: which share of the coming window's customer base will churn, as a shift of all log-odds.

Who is at more risk than whom hardly changes from month to month; how many leave does: before Christmas nearly
everybody buys. So the two are learned apart. The ranking comes from many snapshots; the level is a forecast of a
time series. It mixes

- *recent*: the shift that recent snapshots needed. Good for short horizons, stale for long ones.
- *silence*: the shift that gives the customer base as many as the buy-till-you-die model expects. It knows how old
  and how active the base is, and nothing of the time of the year.
- *season*: the same, corrected by how far that model was off in the same weeks a year ago, and by how much it has
  been off since, against a year before. It needs a year and a horizon of history.

How far to trust each way is learned: a prior, moved by how each would have done at every past cutoff of the log. A
year holds few windows that do not overlap, so the prior keeps most of its say.

The buy-till-you-die model of today is applied to the past bases. Models fitted back then would not do: each log
looks young in its first months, and what they were off by says more about the log's age than about the season.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from churnrisk.btyd import BtydModel, Summary
from churnrisk.dataset import PastBase, weighted_mean
from churnrisk.learning.linear import to_log_odds, to_probability
from churnrisk.timeline import Snapshot

Floats = np.ndarray

YEAR = 364
"""A year in whole weeks, so that weekdays agree."""

NEAR = 10.5
"""Days around a date a year ago whose shifts are averaged: three weekly cutoffs."""

RECENT_DAYS = 60.0
"""Horizon at which the weight of recent snapshots has fallen to exp(-1) of one."""

RECENT_HORIZONS = 2.4
"""What counts as recent: cutoffs of so many horizons before the newest, each horizon halving the weight."""

CHANGE_WEIGHT, CHANGE_DAYS, CHANGE_HALF_LIFE = 0.6, 150.0, 91.0
SEASON_WEIGHT = 0.8
LEAST_BASE = 30

TRUST_SPREAD = 0.25
"""How far the backtest may move a weight from its prior, as the standard deviation of a normal distribution."""

ERROR_PRIOR, ERROR_WINDOWS = 0.3, 4.0
"""Before the backtest, forecasts are taken to be off by 0.3, known as well as from four windows."""


@dataclass(frozen=True)
class Level:
    """A forecast of the level at a cutoff, and what it was made of.

    Parameters
    ----------
    shift : float
        To be added to the ranking's log-odds.
    recent, silence, season : float
        The shift by each way alone; NaN where a way could not be gone.
    trust : Trust
        The weights of the ways.
    """

    shift: float
    recent: float
    silence: float
    season: float
    trust: Trust


@dataclass(frozen=True)
class Trust:
    """Weights of the recent level and of the season; silence has the rest."""

    recent: float
    season: float = 0.0


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
        As :func:`trace_shifts` gives them, all known at the current cutoff.
    current : Snapshot
        The coming window.

    Returns
    -------
    float
        NaN where the history does not hold these weeks a year ago, or not any change over a year. Without the change
        the weeks of a year ago mislead as often as they help: a young log grows.
    """
    return _season_at(cutoffs, shifts, _year_before(cutoffs, shifts), current)


def _season_at(cutoffs: Floats, shifts: Floats, before: Floats, current: Snapshot) -> float:
    year_ago = _mean_near(cutoffs, shifts, current.cutoff - YEAR)
    known = np.isfinite(before)
    if not np.isfinite(year_ago) or not known.any():
        return float("nan")
    weights = 0.5 ** ((cutoffs.max() - cutoffs[known]) / CHANGE_HALF_LIFE)
    change = float((weights * (shifts - before)[known]).sum() / weights.sum())
    return year_ago + CHANGE_WEIGHT * float(np.exp(-current.horizon / CHANGE_DAYS)) * change


def _year_before(cutoffs: Floats, shifts: Floats) -> Floats:
    """Give the shift a year before each cutoff, NaN where the history does not hold it."""
    return np.array([_mean_near(cutoffs, shifts, day - YEAR) for day in cutoffs])


def _mean_near(cutoffs: Floats, shifts: Floats, day: float) -> float:
    chosen = shifts[np.abs(cutoffs - day) <= NEAR]
    return float(chosen.mean()) if len(chosen) else float("nan")


def _recent_shift(cutoffs: Floats, shifts: Floats, horizon: int) -> float:
    ages = (cutoffs.max() - cutoffs) / horizon
    return float(np.average(shifts, weights=0.5**ages * (ages <= RECENT_HORIZONS)))


def prior_trust(horizon: int, *, has_season: bool) -> Trust:
    """Give the weights to start from, found good over many logs: the longer the horizon, the staler what is recent."""
    recent = float(np.exp(-horizon / RECENT_DAYS))
    return Trust((1 - SEASON_WEIGHT) * recent, SEASON_WEIGHT) if has_season else Trust(recent)


def choose_trust(cutoffs: Floats, shifts: Floats, current: Snapshot, *, has_season: bool) -> Trust:
    """Move the weights from their prior towards what would have forecast the past cutoffs of the log best.

    At each past cutoff the ways are gone with what was known then, and the weights that would have come closest to the
    shift that was needed are found by ridge regression around the prior. Windows overlap, so a weekly cutoff counts as
    ``7 / horizon`` of a window; older ones count less.

    Parameters
    ----------
    cutoffs, shifts : ndarray of shape (m,)
        As :func:`trace_shifts` gives them.
    current : Snapshot
        The coming window.
    has_season : bool
        Whether the season of the coming window can be forecast.
    """
    prior = prior_trust(current.horizon, has_season=has_season)
    start = np.array([prior.recent, prior.season][: 1 + has_season])
    ways = _replay(cutoffs, shifts, current)[:, : len(start)]
    known = np.isfinite(ways).all(axis=1)
    if known.sum() < 3:
        return prior
    ways, needed = ways[known], shifts[known]
    weights = min(7 / current.horizon, 1.0) * 0.5 ** ((cutoffs.max() - cutoffs[known]) / YEAR)
    off = needed - ways @ start
    error = ((weights * off**2).sum() + ERROR_WINDOWS * ERROR_PRIOR**2) / (weights.sum() + ERROR_WINDOWS)
    curvature = (ways * weights[:, None]).T @ ways / error + np.eye(len(start)) / TRUST_SPREAD**2
    moved = start + np.linalg.solve(curvature, (ways * weights[:, None]).T @ off / error)
    return Trust(*np.clip(moved, 0.0, 1.0).tolist())


def _replay(cutoffs: Floats, shifts: Floats, current: Snapshot) -> Floats:
    """Give what the recent level and the season would have forecast at each past cutoff, NaN where they could not."""
    ways = np.full((len(cutoffs), 2), np.nan)
    before = _year_before(cutoffs, shifts)
    for row, day in enumerate(cutoffs):
        past = cutoffs + current.lead + current.horizon <= day
        if past.any():
            then = current.at(int(day))
            ways[row] = (
                _recent_shift(cutoffs[past], shifts[past], current.horizon),
                _season_at(cutoffs[past], shifts[past], before[past], then),
            )
    return ways


def forecast_level(
    log_odds: Floats,
    *,
    trust: Trust,
    recent: float,
    silent: Floats,
    season: float,
    weight: Floats | None = None,
) -> Level:
    """Mix the ways of forecasting the level.

    Parameters
    ----------
    log_odds : ndarray of shape (n,)
        The ranking of the current customer base.
    trust : Trust
        Weights of the recent level and of the season.
    recent : float
        Mean shift that recent snapshots needed.
    silent : ndarray of shape (n,)
        Log-odds of silence of the same customers; empty where there is no such model.
    season : float
        What :func:`season_shift` gives.
    weight : ndarray of shape (n,), optional
        How many customers each row stands for; one each by default.
    """
    if not len(silent):
        return Level(recent, recent, float("nan"), float("nan"), Trust(1.0))
    by_silence = shift_to(log_odds, weighted_mean(to_probability(silent), weight), weight)
    shift = trust.recent * recent + (1 - trust.recent) * by_silence
    if not np.isfinite(season):
        return Level(shift, recent, by_silence, float("nan"), trust)
    by_season = shift_to(log_odds, weighted_mean(to_probability(silent + season), weight), weight)
    return Level(shift + trust.season * (by_season - by_silence), recent, by_silence, by_season, trust)
