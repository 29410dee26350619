"""Look back: the forecast of value as it would have been made at an earlier day, and what came."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from churnrisk.errors import NotEnoughData
from churnrisk.forecast.value import ValueForecast
from churnrisk.forecast.value_fit import Leave, ModelName, fit_value, least_before
from churnrisk.holes import tell_distorted
from churnrisk.retention import OrderLog, Z, divide, spend_within
from churnrisk.timeline import YEAR, Snapshot, date_of
from churnrisk.types import Floats

PARTS = 10

LOW, HIGH = 0.7, 1.4
"""Expected over realised revenue between which a forecast counts as sound; outside it is called rough."""

MOST_STRETCH = 4.0
"""No interval is stretched further than by so many times."""


@dataclass(frozen=True)
class ValueCheck:
    """A forecast from the past set beside what happened.

    Parameters
    ----------
    as_of : int
        The earlier day; nothing on it or after it was known to the forecast.
    days : int
        Days that were forecast.
    customers : int
        In the customer base of that day.
    deciles : tuple of dict
        By expected revenue, highest first: customers, expected and realised orders and revenue, as known at the end of
        these days.
    spread : float
        Standard error of the logarithm of expected over realised revenue: chance between customers.
    """

    as_of: int
    days: int
    customers: int
    deciles: tuple[dict[str, float], ...]
    spread: float

    def total(self, name: str) -> float:
        """Add up one of the figures of the deciles."""
        return float(sum(part[name] for part in self.deciles))

    @property
    def ratio(self) -> float | None:
        """Expected over realised revenue; None where none came."""
        return divide(self.total("expected_revenue"), self.total("realised_revenue"))

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the ratio."""
        if self.ratio is None or not (self.ratio > 0 and np.isfinite(self.spread)):
            return None
        return self.ratio * float(np.exp(-Z * self.spread)), self.ratio * float(np.exp(Z * self.spread))

    @property
    def is_sound(self) -> bool:
        """Whether expected and realised revenue are near enough for money to be planned with."""
        return self.ratio is not None and LOW <= self.ratio <= HIGH

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        low, high = self.interval or (None, None)
        return {
            "as_of": date_of(self.as_of).isoformat(),
            "days": self.days,
            "customers": self.customers,
            **{name: self.total(name) for name in ("expected_orders", "realised_orders")},
            "orders_ratio": divide(self.total("expected_orders"), self.total("realised_orders")),
            **{name: self.total(name) for name in ("expected_revenue", "realised_revenue")},
            "revenue_ratio": self.ratio,
            "revenue_ratio_low": low,
            "revenue_ratio_high": high,
            "is_sound": self.is_sound,
            "deciles": list(self.deciles),
        }


def check_value(
    log: OrderLog, current: Snapshot, *, model: ModelName = "mbgnbd", leave_out: Leave = lambda _: False
) -> ValueCheck:
    """Forecast as of the last snapshot whose outcome is known, from what was known then, and compare with what came.

    Single purchases far out of the ordinary are cut on both sides: no forecast could know them, and one of them says
    nothing about it.

    Parameters
    ----------
    log : Orders
        The log, on any engine. Needs amounts.
    current : Snapshot
        The windows. Orders before its cutoff are known, so the look back goes to a lead and a horizon before it.
    model, leave_out
        As for :func:`churnrisk.forecast.value_fit.fit_value`.

    Raises
    ------
    NotEnoughData
        The log has too little before that window, or the models do too few customers.
    """
    then, days = current.at(current.cutoff - current.lead - current.horizon), current.horizon
    least, had = min(days, least_before(days)), max(then.cutoff - log.first_day, 0)
    if had < least:
        raise NotEnoughData(
            f"a look back over {days} days needs {least} days of log before them; there are {had}. "
            "Choose a shorter time.",
            code="data.log_too_short",
        )
    if leave_out(then):
        raise NotEnoughData(
            "the log has a hole in the days that a look back would compare with.", code="data.hole_before"
        )
    fit = fit_value(log, replace(then, horizon=min(days, YEAR)), model=model, leave_out=leave_out)
    base = fit.customers.take(fit.customers.in_base(then.lookback))
    if not len(base):
        raise NotEnoughData(f"nobody was active at {date_of(then.cutoff)}, so there is nothing to look back on.")
    orders = fit.model.expect_orders(base.summary(), [days], recent=base.recent)[:, 0]
    revenue = orders * fit.model.day_amount(base.summary(), base.spent())
    came = spend_within(log, base, then.outcome_start, then.outcome_end, cap=fit.model.cap)
    return ValueCheck(then.cutoff, days, len(base), _by_tenth(orders, revenue, *came), _spread(revenue, came[1]))


def check_forecast(log: OrderLog, forecast: ValueForecast) -> ValueCheck:
    """Look back on the forecast of a customer base: the same windows, one lead and horizon earlier."""
    terms = forecast.terms
    current = Snapshot(forecast.as_of, terms.lookback, terms.days, forecast.lead)
    return check_value(log, current, model=terms.model, leave_out=tell_distorted(log, forecast.as_of))


def _by_tenth(orders: Floats, revenue: Floats, came_orders: Floats, came: Floats) -> tuple[dict[str, float], ...]:
    ranked = np.argsort(-revenue, kind="stable")
    return tuple(
        {
            "decile": float(number),
            "customers": float(len(part)),
            "expected_orders": float(orders[part].sum()),
            "realised_orders": float(came_orders[part].sum()),
            "expected_revenue": float(revenue[part].sum()),
            "realised_revenue": float(came[part].sum()),
        }
        for number, part in enumerate(np.array_split(ranked, PARTS), start=1)
    )


def _spread(expected: Floats, came: Floats) -> float:
    """Return the standard error of the logarithm of the ratio of two sums over the same customers (delta method)."""
    if not (expected.sum() > 0 and came.sum() > 0):
        return float("nan")
    return float(np.sqrt(((expected / expected.sum() - came / came.sum()) ** 2).sum()))


def stretch_interval(forecast: ValueForecast, check: ValueCheck) -> ValueForecast:
    """Stretch the interval to hold the total as the error of the last forecast would correct it.

    Chance and fit are not all: a shop changes, and a short history shows too little of who leaves. How far off the
    same forecast was one horizon ago is the best measure of that there is.
    """
    expected, came = check.total("expected_revenue"), check.total("realised_revenue")
    if expected <= 0:
        return forecast
    corrected = float(np.clip(came / expected, 1 / MOST_STRETCH, MOST_STRETCH))
    low, high = forecast.total_low * min(1.0, corrected), forecast.total_high * max(1.0, corrected)
    told = f"{expected / came:.0%} of what came" if came > 0 else f"{expected:,.0f}, and nothing came"
    note = f"a forecast one horizon earlier gave {told}"
    stretched = replace(forecast, total_low=low, total_high=high)
    return replace(stretched, notes=(*forecast.notes, f"{note}; the interval is stretched to hold such an error"))
