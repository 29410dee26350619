"""The outlook of a model: next order, value and other horizons, from what customers did after past cutoffs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from churnrisk.dataset import DailyPurchases, FollowUpData, TrainingSet, build_follow_ups, choose_follow_ups
from churnrisk.learning import FittedModel, OutlookCheck, fit_outlook, select_outlook_features
from churnrisk.orders import Orders
from churnrisk.timeline import Snapshot


def follow_past(
    orders: Orders, data: TrainingSet, *, seed: int, leave_out: Callable[[Snapshot], bool] = lambda _: False
) -> tuple[FollowUpData, ...]:
    """Follow the customers of past cutoffs, as far as is known at the end of a training set.

    ``leave_out`` tells which cutoffs a hole in the log distorts.
    """
    names, current = select_outlook_features(data.names), data.current.snapshot
    cutoffs = [one for one in choose_follow_ups(orders.first_day, current) if not leave_out(one)]
    return build_follow_ups(orders, cutoffs, names=names, until=current.cutoff, seed=seed, database=orders.database)


def look_ahead(
    model: FittedModel, followed: Sequence[FollowUpData], daily: DailyPurchases, *, seed: int
) -> tuple[FittedModel, OutlookCheck | None]:
    """Give the model its outlook, and how one of an earlier day did; without one where too few could be followed."""
    names = select_outlook_features(model.names)
    silence = model.learner.silence
    fitted = fit_outlook(followed, names, model.snapshot, daily=daily, silence=silence, seed=seed)
    return (model, None) if fitted is None else (replace(model, outlook=fitted[0]), fitted[1])
