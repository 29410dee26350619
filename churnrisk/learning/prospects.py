"""A churn model with its outlook: next order, other horizons, and value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from churnrisk.dataset import FollowUpData, TrainingSet
from churnrisk.forecast import Outlook, OutlookCheck, ValueModel, fit_outlook, select_outlook_features
from churnrisk.learning.estimators import fit_silences
from churnrisk.learning.train import FittedModel


def learn_outlook(
    followed: Sequence[FollowUpData], data: TrainingSet, *, seed: int
) -> tuple[Outlook, OutlookCheck | None] | None:
    """Fit the outlook that a churn model of a training set has; the churn model itself need not be there yet.

    Parameters
    ----------
    followed : sequence of FollowUpData
        What customers did after past cutoffs.
    data : TrainingSet
        What the model is learned from.
    seed : int
        Of the draws.

    Returns
    -------
    (Outlook, OutlookCheck or None) or None
        With how one of an earlier day did, where the history is long enough; None where too few customers could be
        followed.
    """
    [silence], current = fit_silences([data.current]), data.current.snapshot
    names = select_outlook_features(data.names)
    return fit_outlook(followed, names, current, daily=data.daily_purchases, silence=silence, seed=seed)


def add_outlook(
    model: FittedModel, outlook: Outlook | None, data: TrainingSet, value: ValueModel | None
) -> FittedModel:
    """Add an outlook of :func:`learn_outlook`, if there is one, to the churn model of the same training set.

    Parameters
    ----------
    model : FittedModel
        The churn model.
    outlook : Outlook or None
        Without a forecast of value, which is made to fit the churn probabilities here.
    data : TrainingSet
        What the model was learned from.
    value : ValueModel or None
        The forecast of value; None where the log does not allow one.
    """
    if outlook is not None and value is not None:
        current = data.current
        values = current.values[:, [model.names.index(name) for name in outlook.features]]
        outlook = outlook.with_value(value, values, model.predict(current.values), current.weights)
    return replace(model, outlook=outlook)
