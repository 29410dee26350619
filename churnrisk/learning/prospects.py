"""A churn model with its outlook: next order, other horizons, and value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from churnrisk.dataset import FollowUpData, TrainingSet
from churnrisk.forecast import OutlookCheck, ValueModel, fit_outlook, select_outlook_features
from churnrisk.learning.train import FittedModel


def add_outlook(
    model: FittedModel, followed: Sequence[FollowUpData], data: TrainingSet, value: ValueModel | None, *, seed: int
) -> tuple[FittedModel, OutlookCheck | None]:
    """Add the outlook to a churn model, and tell how one of an earlier day did.

    Parameters
    ----------
    model : FittedModel
        The churn model.
    followed : sequence of FollowUpData
        What customers did after past cutoffs.
    data : TrainingSet
        What the model was learned from.
    value : ValueModel or None
        The forecast of value; None where the log does not allow one.
    seed : int
        Of the draws.

    Returns
    -------
    model : FittedModel
        Without an outlook where too few customers could be followed.
    check : OutlookCheck or None
        None where there is no outlook, or none of an earlier day.
    """
    names, silence, current = select_outlook_features(model.names), model.learner.silence, data.current
    fitted = fit_outlook(followed, names, model.snapshot, daily=data.daily_purchases, silence=silence, seed=seed)
    if fitted is None:
        return model, None
    outlook, checked = fitted
    if value is not None:
        values = current.values[:, [model.names.index(name) for name in names]]
        outlook = outlook.with_value(value, values, model.predict(current.values), current.weights)
    return replace(model, outlook=outlook), checked
