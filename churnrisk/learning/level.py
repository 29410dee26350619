"""The level: which share of the coming window's customer base will churn, as a shift of all log-odds.

Who is at more risk than whom hardly changes from month to month; how many leave does: before Christmas nearly
everybody buys. So the two are learned apart. The ranking comes from many snapshots; the level is a forecast of a
time series: the shifts that the buy-till-you-die model of today would have needed at each past cutoff of the log. That
model knows how old and how active a customer base is. What it was off by is the season, a slow change of the shop, its
own fault, or chance, and these are believed as far as the past of the log bears them out:

- Beliefs are laid out side by side: the model is right or off for good; no season, one that stays, or one that changes
  over the years; a change that is small, passing, or slow. Each says how alike two cutoffs should be, given how far
  apart they lie, and with that it forecasts any cutoff from those before it (Gaussian process regression).
- Each belief is replayed over the windows of the past, oldest first, every one forecast from those that were over
  when it began. Windows that overlap are not counted twice: the replay goes over windows a horizon apart, from several
  starts. Weights are the prior times what each belief made of the replay, so one that every year refutes is left out,
  and in a short log the prior keeps its say.
- All years of the log are used. A log begins with customers whose past it does not know, so what the first year says
  counts less, and the more so the younger the log was.

The forecast tells how much of it comes from the newest windows. In that part, and the less of it the longer the
horizon, their shift is taken from the ranking, which knows more about customers than the buy-till-you-die model.

The buy-till-you-die model of today is applied to the past bases. Models fitted back then would not do: each log
looks young in its first months, and what they were off by says more about the log's age than about the season.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from churnrisk.btyd import BtydModel, Summary
from churnrisk.dataset import PastBase, weighted_mean
from churnrisk.regression import shift_to, to_log_odds, to_probability
from churnrisk.timeline import Snapshot
from churnrisk.types import Floats, Integers

WHOLE_WEEKS = 364.0
"""A year in whole weeks, so that weekdays agree."""

NEAR = 10.5
"""A season needs a cutoff a year before the coming one, give or take so many days."""

RECENT_HORIZONS = 2.4
"""What counts as recent: cutoffs of so many horizons before the newest, each horizon halving the weight."""

LEAST_BASE = 30
LEAST_PAST = 3
"""Cutoffs; with fewer the buy-till-you-die model and the newest snapshots share the say."""

STEP = 14.0
"""Days between the cutoffs that are looked at: what lies closer says the same, since windows overlap."""

ERROR_PRIOR, ERROR_WINDOWS = 0.3, 4.0
"""Before the replay, shifts are taken to be of the size of 0.3, known as well as from four windows."""

RANKING_DAYS = 60.0
"""Horizon at which what the ranking needed lately has fallen to exp(-1) of its say: it is stale by a horizon."""

YOUTH, YOUTH_DAYS = 3.0, 180.0
"""Variance of what the first days of a log are off by, and days in which that falls to exp(-1)."""

SHAPE = 0.6
"""How broad the peaks of a season are; half of it is of this smooth form, half may turn sharply."""

WINDOW_NOISE, NOISE = 0.03, 0.002
"""Variance of what is chance in a window, shared by windows as far as they overlap, and by none."""

STARTS = 8
"""Starts from which the past is replayed."""


@dataclass(frozen=True)
class Belief:
    """What a shift is made of, as variances, and how likely that is before anything was seen.

    Parameters
    ----------
    prior : float
        Likelihood of the belief before the replay.
    offset : float
        Of what the buy-till-you-die model is off by for good.
    season, season_days : float
        Of the season, and days in which a season becomes another one; 0 for none.
    drift, drift_days : float
        Of what changes otherwise, and days in which it does.
    """

    prior: float
    offset: float
    season: float
    season_days: float
    drift: float
    drift_days: float


OFFSETS = ((0.85, 0.01), (0.15, 0.3))
SEASONS = ((0.5, 0.0, 1.0), (0.35, 1.0, 10 * WHOLE_WEEKS), (0.15, 1.0, 1000.0))
DRIFTS = ((0.4, 0.01, 90.0), (0.3, 0.1, 90.0), (0.3, 0.1, 365.0))
BELIEFS = tuple(
    Belief(offset[0] * season[0] * drift[0], offset[1], *season[1:], *drift[1:])
    for offset, season, drift in itertools.product(OFFSETS, SEASONS, DRIFTS)
)


@dataclass(frozen=True)
class Level:
    """A forecast of the level at a cutoff, and what it was made of.

    Parameters
    ----------
    shift : float
        To be added to the ranking's log-odds.
    recent, silence, past : float
        The shift by the newest snapshots alone, by the buy-till-you-die model alone, and by what that model was off by
        at all past cutoffs; NaN where there is none.
    trust : float
        How far the newest snapshots are believed.
    """

    shift: float
    recent: float
    silence: float
    past: float
    trust: float


@dataclass(frozen=True)
class ShiftForecast:
    """What the buy-till-you-die model will be off by at a cutoff.

    Parameters
    ----------
    shift : float
        In log-odds.
    recent : float
        What it was off by lately.
    trust : float
        How far what the ranking needed in those newest windows is believed in place of that, between 0 and 1.
    """

    shift: float
    recent: float
    trust: float


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


def forecast_shift(cutoffs: Floats, shifts: Floats, current: Snapshot) -> ShiftForecast:
    """Forecast what the buy-till-you-die model will be off by in the coming window.

    Parameters
    ----------
    cutoffs, shifts : ndarray of shape (m,)
        As :func:`trace_shifts` gives them, all known at the current cutoff.
    current : Snapshot
        The coming window.
    """
    trust = float(np.exp(-current.horizon / RANKING_DAYS))
    if not len(cutoffs):
        return ShiftForecast(0.0, 0.0, trust)
    recent = _recent_weights(cutoffs, current.horizon)
    lately = float(recent @ shifts)
    chosen = _thin(cutoffs, min(STEP, current.horizon / 2))
    if len(chosen) < LEAST_PAST:
        return ShiftForecast(trust * lately, lately, trust)
    days, seen = np.append(cutoffs[chosen], current.cutoff), shifts[chosen]
    starts = list(_choose_starts(cutoffs[chosen], current.lead + current.horizon))
    replayed = [_replay(one, days, seen, starts, current.horizon) for one in _usable(days)]
    weights = np.exp(np.array([score for score, _ in replayed]) - max(score for score, _ in replayed))
    says = np.average([says for _, says in replayed], axis=0, weights=weights)
    newest = float(says[recent[chosen] > 0].sum())
    return ShiftForecast(float(says @ seen), lately, min(max(newest, 0.0), trust))


def _recent_weights(cutoffs: Floats, horizon: int) -> Floats:
    ages = (cutoffs.max() - cutoffs) / horizon
    weights: Floats = 0.5**ages * (ages <= RECENT_HORIZONS)
    weights /= weights.sum()
    return weights


def _usable(days: Floats) -> list[Belief]:
    """Leave out the season where the log does not hold these weeks a year ago."""
    has_year = days[0] <= days[-1] - WHOLE_WEEKS + NEAR
    return [one for one in BELIEFS if has_year or not one.season]


def _thin(days: Floats, apart: float) -> Integers:
    """Choose days that lie so far apart, from the newest one backwards; give their places, oldest first."""
    places, next_day = [], np.inf
    for place in range(len(days) - 1, -1, -1):
        if days[place] <= next_day:
            places.append(place)
            next_day = days[place] - apart
    return np.array(places[::-1], dtype=np.int64)


def _choose_starts(days: Floats, reach: int) -> Iterator[Integers]:
    """Yield cutoffs each of which lies where the window of the one before it is over, for several starts."""
    ends = np.flatnonzero(days > days[-1] - reach)
    for end in np.unique(ends[np.linspace(0, len(ends) - 1, STARTS).round().astype(int)]):
        yield _thin(days[: end + 1], reach)


def _replay(
    belief: Belief, days: Floats, seen: Floats, starts: Sequence[Integers], horizon: int
) -> tuple[float, Floats]:
    """Return how well a belief forecast the past, as a log-likelihood, and what it makes of each known shift now.

    The likelihood of a window given those before it is the one of Student's distribution, for the size of shifts is
    learned as well. Their product over the past is found at once, from the triangle that a symmetric matrix is made of.
    """
    alike = _likeness(belief, days, horizon)
    scores = []
    for places in starts:
        triangle = np.linalg.cholesky(alike[np.ix_(places, places)])
        errors = np.linalg.solve(triangle, seen[places])
        spread = ERROR_WINDOWS * ERROR_PRIOR**2 + float(errors @ errors)
        scores.append(-np.log(np.diag(triangle)).sum() - (len(places) + ERROR_WINDOWS) / 2 * np.log(spread))
    says = np.asarray(np.linalg.solve(alike[:-1, :-1], alike[:-1, -1]), dtype=np.float64)
    return float(np.log(belief.prior) + np.mean(scores)), says


def _likeness(belief: Belief, days: Floats, horizon: int) -> Floats:
    """Return the covariance of the shifts at some cutoffs under a belief."""
    apart = np.abs(days[:, None] - days[None, :])
    young = np.exp(-(days - days[0]) / YOUTH_DAYS)
    alike: Floats = belief.offset + YOUTH * np.outer(young, young)
    alike += belief.drift * np.exp(-apart / belief.drift_days)
    alike += WINDOW_NOISE * np.maximum(1 - apart / horizon, 0.0) + NOISE * np.eye(len(days))
    if belief.season:
        turn = np.abs(np.sin(np.pi * apart / WHOLE_WEEKS))
        shape = 0.5 * np.exp(-2 * (turn / SHAPE) ** 2) + 0.5 * np.exp(-2 * turn)
        alike += belief.season * np.exp(-apart / belief.season_days) * shape
    return alike


def forecast_level(
    log_odds: Floats,
    *,
    recent: float,
    silent: Floats,
    forecast: ShiftForecast,
    weight: Floats | None = None,
) -> Level:
    """Bring the ranking to the level that the past of the log says.

    Parameters
    ----------
    log_odds : ndarray of shape (n,)
        The ranking of the current customer base.
    recent : float
        Mean shift that recent snapshots needed.
    silent : ndarray of shape (n,)
        Log-odds of silence of the same customers; empty where there is no such model.
    forecast : ShiftForecast
        What that model will be off by.
    weight : ndarray of shape (n,), optional
        How many customers each row stands for; one each by default.
    """
    if not len(silent):
        return Level(recent, recent, float("nan"), float("nan"), 1.0)
    silence, past, lately = (
        shift_to(log_odds, weighted_mean(to_probability(silent + off), weight), weight)
        for off in (0.0, forecast.shift, forecast.recent)
    )
    return Level(past + forecast.trust * (recent - lately), recent, silence, past, forecast.trust)
