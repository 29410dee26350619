"""Fit the outlook at past cutoffs, and look back from an earlier one to see how it would have done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from churnrisk.btyd import BtydModel
from churnrisk.dataset import FollowUpData
from churnrisk.learning.design import SILENCE, Design
from churnrisk.learning.level import shift_to
from churnrisk.learning.linear import Terms, to_log_odds
from churnrisk.learning.next_order import choose_stretch, fit_band, measure_coverage
from churnrisk.learning.outlook import Outlook, histories_of
from churnrisk.learning.survival import YEAR, WaitingCurve, fit_curve, shift_level
from churnrisk.timeline import Snapshot

Floats = np.ndarray

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

LEAST_SHARE = 0.4
"""Of the days that one looks at, this share must have been followed by then; else the look back tells of a history that
was too short then, and of nothing that is still so."""

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
        Share of these whose order fell into the interval, before it was stretched.
    coverage_by_tenth : tuple of float
        The same by tenth of the predicted day, earliest first.
    stretch : float
        By how much the interval is stretched since; 1 where it held.
    """

    snapshot: Snapshot
    window: int
    ordered: int
    coverage: float
    coverage_by_tenth: tuple[float, ...]
    stretch: float


def select_outlook_features(names: Sequence[str]) -> tuple[str, ...]:
    """Give those of a model's features that the outlook looks at."""
    known = set(names)
    return tuple(name for name in OUTLOOK_FEATURES if name in known)


def fit_outlook(
    data: Sequence[FollowUpData], names: Sequence[str], current: Snapshot, *, silence: BtydModel | None, seed: int = 0
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
    with threadpool_limits(limits=1):  # sums of floats depend on how many threads share them
        fitted = _fit(data, names, current, silence, seed=seed)
        return _check_and_stretch(fitted, data, names, silence, seed=seed)


def _fit(
    data: Sequence[FollowUpData], names: Sequence[str], current: Snapshot, silence: BtydModel | None, *, seed: int
) -> Outlook:
    design = Design.of(names, current)
    columns = [design.apply(one.values, silence) for one in data]
    terms = Terms.of(np.concatenate(columns), design.columns, squares=SQUARES, products=PRODUCTS)
    tables = [terms.apply(one) for one in columns]
    penalty = np.full(tables[0].shape[1], PENALTY)
    penalty[design.columns.index(SILENCE)] = SILENCE_PENALTY
    curve = fit_curve(data, tables, horizon=current.horizon, penalty=penalty, seed=seed)
    window = followed_days(data)
    curves = [
        (_at_its_level(curve, one, table, names, silence, current.horizon), one.wait_days)
        for one, table in zip(data, tables, strict=True)
        if one.known_days >= max(window, 1)
    ]
    shift = _fit_return_shift(data, silence, current)
    return Outlook(design, terms, silence, curve, fit_band(curves, curve.knots, window), None, shift)


def followed_days(data: Sequence[FollowUpData]) -> int:
    """Give the days of follow-up that the interval is learned from: a year, or what the third-oldest cutoff has."""
    known = sorted((one.known_days for one in data), reverse=True)
    return min(YEAR, known[min(3, len(known)) - 1])


def _at_its_level(
    curve: WaitingCurve,
    data: FollowUpData,
    terms: Floats,
    names: Sequence[str],
    silence: BtydModel | None,
    horizon: int,
) -> Floats:
    """Give the curves of a past cutoff, shifted to as many purchases in the outcome window as there were.

    When customers are scored the churn probability brings the level with it.
    """
    log_survival = curve.log_survival(terms, histories_of(data.values, names), silence)
    if data.known_days < horizon or not len(log_survival):
        return log_survival
    return shift_level(log_survival, curve.knots, horizon, float((data.wait_days >= horizon).mean()))


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


def _check_and_stretch(
    fitted: Outlook,
    data: Sequence[FollowUpData],
    names: Sequence[str],
    silence: BtydModel | None,
    *,
    seed: int,
) -> tuple[Outlook, OutlookCheck | None]:
    """Forecast from an earlier cutoff, look at what came, and stretch the interval where it held too seldom."""
    test = choose_test(data)
    if test is None:
        return fitted, None
    until = test.snapshot.cutoff
    past = [one.known_at(until) for one in data if one.snapshot.cutoff < test.snapshot.cutoff]
    past = [one for one in past if one.known_days >= LEAST_KNOWN]
    if sum(len(one.values) for one in past) < LEAST_FOLLOWED:
        return fitted, None
    earlier = _fit(past, names, test.snapshot, silence, seed=seed)
    window = min(YEAR, test.known_days)
    terms = earlier.terms.apply(earlier.design.apply(test.values, silence))
    histories = histories_of(test.values, names)
    curve = earlier.curve.log_survival(terms, histories, silence)
    curves = [(curve, test.wait_days)]
    coverage, tenths = measure_coverage(earlier.band, curves, earlier.curve.knots, window)
    factor = 1.0
    if followed_days(past) >= LEAST_SHARE * window:
        factor = choose_stretch(earlier.band, curves, earlier.curve.knots, window)
    ordered = int((test.wait_days < window).sum())
    check = OutlookCheck(test.snapshot, window, ordered, coverage, tenths, factor)
    return replace(fitted, band=fitted.band.stretch(factor)), check


def choose_test(data: Sequence[FollowUpData]) -> FollowUpData | None:
    """Choose the cutoff to look back from: with a year to look at, or with as much after it as before it."""
    if len(data) < 3:
        return None
    wanted = min(YEAR, (data[0].until - data[0].snapshot.cutoff) / 2)
    known = np.array([one.known_days for one in data])
    return data[int(np.argmin(np.abs(known - wanted)))]
