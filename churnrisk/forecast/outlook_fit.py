"""Fit the outlook at past cutoffs, and look back from an earlier one to see how it would have done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from churnrisk.btyd import BtydModel
from churnrisk.dataset import DailyPurchases, FollowUpData
from churnrisk.forecast.next_order import PastWaits, choose_stretch, fit_band, measure_coverage
from churnrisk.forecast.outlook import Outlook, make_waiters
from churnrisk.forecast.shop_time import Seasons
from churnrisk.forecast.survival import Waiters, WaitingCurve, fit_curve
from churnrisk.forecast.yearly import Habits, YearlyBuyers
from churnrisk.regression import SILENCE, Design, Terms, shift_to, to_log_odds
from churnrisk.timeline import YEAR, Snapshot
from churnrisk.types import Floats

OUTLOOK_FEATURES = (
    "days_since_last_order",
    "tenure_days",
    "days_from_first_to_last_order",
    "purchase_day_count",
    "silence_tenure_share",
    "purchase_day_rate",
    "order_count",
    "purchase_day_count_last_30d",
    "purchase_day_count_last_90d",
    "purchase_day_count_last_180d",
    "purchase_day_count_last_365d",
    "mean_gap_days",
    "std_gap_days",
    "max_gap_days",
    "overdue_mean_gap_ratio",
    "overdue_max_gap_ratio",
    "gap_variation_ratio",
    "season_purchase_day_count_wide",
    "pace_last_90d_ratio",
    "mean_order_amount",
    "max_order_amount",
    "last_day_amount",
    "total_amount_last_90d",
    "total_amount_last_365d",
    "net_amount",
    "return_count",
)
"""The features that the outlook looks at, where the log has them."""

SQUARES = ("days_since_last_order", "purchase_day_count", "overdue_mean_gap_ratio", SILENCE)
PRODUCTS = (
    ("days_since_last_order", "purchase_day_count"),
    ("overdue_mean_gap_ratio", "purchase_day_count"),
    (SILENCE, "days_since_last_order"),
    (SILENCE, "purchase_day_count"),
)
PENALTY = 200.0
SILENCE_PENALTY = 8.0
"""The buy-till-you-die model is held back least: with few data the curve falls back to it."""

LEAST_FOLLOWED = 100
"""Customers that were followed; with fewer there is no outlook."""

FOLDS = 4
"""Parts of the past cutoffs, in order of time: the interval is learned on each from a curve of the others."""

LEAST_KNOWN = 7
"""Days of follow-up with which a cutoff tells anything."""


@dataclass(frozen=True)
class OutlookCheck:
    """How an outlook fitted to what was known at an earlier cutoff did on what came after it.

    Only the buy-till-you-die model, a handful of numbers about the whole shop, is that of ``as_of``; and no churn
    probability shifts the curves, since none was fitted then.

    Parameters
    ----------
    snapshot : Snapshot
        That cutoff.
    window : int
        Days that were looked at after it.
    ordered : int
        Customers who ordered in them.
    coverage : float
        Share of these whose order fell into the interval, before it was widened.
    coverage_by_tenth : tuple of float
        The same by tenth of the predicted day, earliest first.
    stretch : float or None
        By how much the interval is widened since; 1 where it held, None where no width was enough and it is left out.
    learned_a_season : bool
        Whether a season can be known since that could not be known then, so that the coverage tells nothing of now.
    """

    snapshot: Snapshot
    window: int
    ordered: int
    coverage: float
    coverage_by_tenth: tuple[float, ...]
    stretch: float | None
    learned_a_season: bool


def select_outlook_features(names: Sequence[str]) -> tuple[str, ...]:
    """Return those of a model's features that the outlook looks at."""
    known = set(names)
    return tuple(name for name in OUTLOOK_FEATURES if name in known)


def fit_outlook(
    data: Sequence[FollowUpData],
    names: Sequence[str],
    current: Snapshot,
    *,
    daily: DailyPurchases,
    silence: BtydModel | None,
    seed: int = 0,
) -> tuple[Outlook, OutlookCheck | None] | None:
    """Fit the outlook, and check it by one that was fitted to what was known at an earlier cutoff.

    Parameters
    ----------
    data : sequence of FollowUpData
        Past cutoffs, oldest first, with these features.
    names : sequence of str
        The features, from :func:`select_outlook_features`.
    current : Snapshot
        The one at ``as_of``.
    daily : DailyPurchases
        Before ``as_of``, for the season.
    silence : BtydModel or None
        The buy-till-you-die model fitted at ``as_of``.
    seed : int
        Of the draw of rows.

    Returns
    -------
    (Outlook, OutlookCheck or None) or None
        None where fewer than 100 customers were followed; no check where the history is too short for one.
    """
    if sum(len(one.values) for one in data) < LEAST_FOLLOWED:
        return None
    shop = _Shop(tuple(names), silence, daily, seed)
    with threadpool_limits(limits=1):  # sums of floats depend on how many threads share them
        fitted = _fit(data, current, shop)
        return _check_and_widen(fitted, data, shop)


@dataclass(frozen=True)
class _Shop:
    """What is the same for each fit."""

    names: tuple[str, ...]
    silence: BtydModel | None
    daily: DailyPurchases
    seed: int

    def before(self, day: int) -> _Shop:
        """Return what was known on the morning of a day."""
        return replace(self, daily=self.daily.before(day))


def _fit(data: Sequence[FollowUpData], current: Snapshot, shop: _Shop) -> Outlook:
    design = Design.of(shop.names, current)
    columns = [design.apply(one.values, shop.silence) for one in data]
    terms = Terms.of(np.concatenate(columns), design.columns, squares=SQUARES, products=PRODUCTS)
    tables = [terms.apply(one) for one in columns]
    penalty = np.full(tables[0].shape[1], PENALTY)
    penalty[design.columns.index(SILENCE)] = SILENCE_PENALTY
    seasons = Seasons.of(shop.daily)
    waiters = [_past_waiters(one, table, seasons, shop) for one, table in zip(data, tables, strict=True)]
    yearly = _learn_yearly(data, [one.habits for one in waiters])
    learn = partial(fit_curve, yearly=yearly, horizon=current.horizon, penalty=penalty, seed=shop.seed)
    curve = learn(data, waiters)
    past = [
        PastWaits(one, each.wait_days, each.known_days, seasons.likeness(each.snapshot.cutoff, current.cutoff))
        for one, each in zip(_forecast_apart(data, waiters, curve, learn, shop.silence), data, strict=True)
    ]
    band = fit_band(past, curve.days, followed_days(data))
    shift = _fit_return_shift(data, shop.silence, current)
    trust = seasons.trust if len(seasons.pace) else None
    return Outlook(design, terms, shop.silence, curve, seasons.shop_time(), band, None, shift, trust)


def _past_waiters(data: FollowUpData, terms: Floats, seasons: Seasons, shop: _Shop) -> Waiters:
    """Return the customers of a past cutoff, in a shop time that could be known then."""
    start = data.snapshot.outcome_start
    elapsed = seasons.shop_time(known_at=start).elapsed(start)
    return make_waiters(data.values, shop.names, terms, shop.silence, elapsed, lead=data.snapshot.lead)


def _learn_yearly(data: Sequence[FollowUpData], habits: Sequence[Habits]) -> YearlyBuyers:
    """Learn who buys once a year from the newest histories, and how many came again from those followed for a year."""
    yearly = YearlyBuyers.learn(habits[-1])
    came = likely = 0.0
    for one, each in zip(data, habits, strict=True):
        if one.known_days >= YEAR:
            chance = yearly.probability(each)
            came += float(chance[one.wait_days < YEAR].sum())
            likely += float(chance.sum())
    return replace(yearly, returning=(came + 0.5) / (likely + 1))


def _forecast_apart(
    data: Sequence[FollowUpData],
    waiters: Sequence[Waiters],
    curve: WaitingCurve,
    learn: Callable[..., WaitingCurve],
    silence: BtydModel | None,
) -> list[Floats]:
    """Return the curves of each cutoff from a fit to cutoffs of other times; with one cutoff there is no other."""
    forecasts: list[Floats] = []
    for part in np.array_split(np.arange(len(data)), min(FOLDS, len(data))):
        others = [place for place in range(len(data)) if place not in part]
        apart = learn([data[k] for k in others], [waiters[k] for k in others], like=curve) if others else curve
        forecasts.extend(apart.log_survival(waiters[k], silence) for k in part)
    return forecasts


def followed_days(data: Sequence[FollowUpData]) -> int:
    """Return the days of follow-up that the interval is learned from: a year, or what the third-oldest cutoff has."""
    known = sorted((one.known_days for one in data), reverse=True)
    return min(YEAR, known[min(3, len(known)) - 1])


def _fit_return_shift(data: Sequence[FollowUpData], silence: BtydModel | None, current: Snapshot) -> float:
    """Compare how many lapsed customers returned with how many the buy-till-you-die model expected."""
    usable = [one for one in data if len(one.returned)]
    if silence is None or not usable:
        return float("nan")
    log_odds = [
        -to_log_odds(silence.no_purchase_probability(one.lapsed, current.horizon, lead=current.lead)) for one in usable
    ]
    customers = np.concatenate([one.lapsed.customers for one in usable])
    returned = float(sum(one.returned.sum() for one in usable))
    return shift_to(np.concatenate(log_odds), (returned + 0.5) / (float(customers.sum()) + 1), customers)


def _check_and_widen(fitted: Outlook, data: Sequence[FollowUpData], shop: _Shop) -> tuple[Outlook, OutlookCheck | None]:
    """Forecast from an earlier cutoff, look at what came, and widen or leave out an interval that did not hold."""
    test = choose_test(data)
    if test is None:
        return fitted, None
    until = test.snapshot.cutoff
    past = [one.known_at(until) for one in data if one.snapshot.cutoff < until]
    past = [one for one in past if one.known_days >= LEAST_KNOWN]
    if sum(len(one.values) for one in past) < LEAST_FOLLOWED:
        return fitted, None
    earlier = _fit(past, test.snapshot, shop.before(until))
    window = min(YEAR, test.known_days, followed_days(past))  # as far as could be learned then
    terms = earlier.terms.apply(earlier.design.apply(test.values, shop.silence))
    elapsed = earlier.time.elapsed(test.snapshot.outcome_start)
    waiters = make_waiters(test.values, shop.names, terms, shop.silence, elapsed, lead=test.snapshot.lead)
    curve, days = earlier.curve.log_survival(waiters, shop.silence), earlier.curve.days
    coverage, tenths = measure_coverage(earlier.band, [(curve, test.wait_days)], days, window)
    learned_a_season = fitted.season_trust is not None and earlier.season_trust is None
    factor = 1.0 if learned_a_season else choose_stretch(earlier.band, [(curve, test.wait_days)], days, window)
    band = replace(fitted.band, holds=False) if factor is None else fitted.band.stretch(factor)
    ordered = int((test.wait_days < window).sum())
    check = OutlookCheck(test.snapshot, window, ordered, coverage, tenths, factor, learned_a_season)
    return replace(fitted, band=band), check


def choose_test(data: Sequence[FollowUpData]) -> FollowUpData | None:
    """Choose the cutoff to look back from: with a year to look at, or with as much after it as before it."""
    if len(data) < 3:
        return None
    wanted = min(YEAR, (data[0].until - data[0].snapshot.cutoff) / 2)
    known = np.array([one.known_days for one in data])
    return data[int(np.argmin(np.abs(known - wanted)))]
