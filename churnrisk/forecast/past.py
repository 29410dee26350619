"""The outlook of a model: next order, value and other horizons, from what customers did after past cutoffs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from churnrisk.dataset import FollowUpData, TrainingSet, build_follow_ups, choose_follow_ups
from churnrisk.errors import NotEnoughData
from churnrisk.forecast.outlook_fit import select_outlook_features
from churnrisk.forecast.value_check import ValueCheck, check_value
from churnrisk.forecast.value_fit import ValueFit, fit_value
from churnrisk.forecast.value_model import ValueModel
from churnrisk.orders import Orders
from churnrisk.timeline import YEAR, Snapshot


def follow_past(
    orders: Orders, data: TrainingSet, *, seed: int, leave_out: Callable[[Snapshot], bool] = lambda _: False
) -> tuple[FollowUpData, ...]:
    """Follow the customers of past cutoffs, as far as is known at the end of a training set.

    ``leave_out`` tells which cutoffs a hole in the log distorts.
    """
    names, current = select_outlook_features(data.names), data.current.snapshot
    cutoffs = [one for one in choose_follow_ups(orders.first_day, current) if not leave_out(one)]
    return build_follow_ups(orders, cutoffs, names=names, until=current.cutoff, seed=seed, database=orders.database)


@dataclass(frozen=True)
class KnownValue:
    """The forecast of value of a log, and how the same forecast did at earlier days.

    Parameters
    ----------
    fit : ValueFit or None
        None without amounts, or with too few customers.
    checks : tuple of ValueCheck
        Over one horizon, and over a year, as far as the log allows.
    missing : str
        Why there is no forecast; empty where there is one.
    """

    fit: ValueFit | None
    checks: tuple[ValueCheck, ...] = ()
    missing: str = ""

    @property
    def model(self) -> ValueModel | None:
        """The forecast itself."""
        return None if self.fit is None else self.fit.model


def learn_value(orders: Orders, current: Snapshot, *, leave_out: Callable[[Snapshot], bool]) -> KnownValue:
    """Fit the forecast of value, and look back on how it would have done."""
    try:
        fit = fit_value(orders, current, leave_out=leave_out)
    except NotEnoughData as error:
        return KnownValue(None, missing=str(error))
    checks = []
    for days in sorted({current.horizon, YEAR}):
        with contextlib.suppress(NotEnoughData):
            checks.append(check_value(orders, replace(current, horizon=days), leave_out=leave_out))
    return KnownValue(fit, tuple(checks))


def learn_from_past(
    orders: Orders, data: TrainingSet, *, seed: int, leave_out: Callable[[Snapshot], bool]
) -> tuple[tuple[FollowUpData, ...], KnownValue]:
    """Ask the log what customers did after past cutoffs, and what they brought."""
    followed = follow_past(orders, data, seed=seed, leave_out=leave_out)
    return followed, learn_value(orders, data.current.snapshot, leave_out=leave_out)
