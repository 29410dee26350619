"""Fit the forecast of value to a log: who brings more than whom, and at which level the whole shop stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Literal

import numpy as np

from churnrisk.btyd import Credibility, fit_btyd, fit_credibility, largest_usual_amount
from churnrisk.errors import NotEnoughData
from churnrisk.forecast.value_model import LEAST, ValueModel
from churnrisk.retention import Customers, OrderLog, amount_quantiles, profile_customers, spend_within
from churnrisk.timeline import YEAR, Snapshot
from churnrisk.types import Floats

ModelName = Literal["bgnbd", "mbgnbd", "pareto_nbd"]

MOST_YEARS = 8

LEAST_HISTORY = 90
"""Days of history, or half a window if that is longer, that a past cutoff must have before it."""

LEAST_BEFORE = 30
"""Days of history, or a window if that is longer, before the window that was over last."""

LEAST_BASE = 30

LEAST_BUYERS = 50
"""Customers who bought in past windows, for anything about customers to be learned from them."""

RECENT_SHARES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25)
"""Weights of each recent rate that are tried. At the most they weigh as much together as the order model."""

PULLS = tuple(np.geomspace(1.0, 256.0, 17).tolist())
"""Weights of the mean of others, in purchase days, that are tried."""

SURE = 1.645
"""Standard errors by which what is chosen must have told past windows better than what is given: 95 %, one-sided."""

ONE_YEAR_TRUST = 0.25
"""A year's level is believed by n / (n + this) after n years: four fifths after one. The rest is the model's own."""

DECAYS = (0.5, 0.15, 0.9)
"""Weight of a year against the one after it. The first is taken unless another would have done better before."""

LEAST_LATER = 0.1
"""The rest of the year keeps at least this share of the year's factor, whatever the horizon takes."""

Leave = Callable[[Snapshot], bool]
"""Tells of a past snapshot whether it is not to be learned from, such as for a hole in the log."""


@dataclass(frozen=True)
class ValueFit:
    """A fitted forecast of value, and what it rests on.

    Parameters
    ----------
    model : ValueModel
        The forecast.
    customers : Customers
        Everybody with a purchase before the day, as known then.
    years : int
        How many earlier years the level of the horizon was compared with.
    notes : tuple of str
        What was out of the ordinary.
    """

    model: ValueModel
    customers: Customers
    years: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Levels:
    """Logarithms of realised over expected revenue in the same window of earlier years, the last one first."""

    yearly: Floats

    @classmethod
    def learn(cls, model: ValueModel, windows: list[_Window]) -> _Levels:
        """Compare windows with what today's models expect of them."""
        levels = []
        for one in windows:
            expected = float(model.expect(one.base.summary(), one.base.spent(), [one.days]).sum())
            some = expected / len(one.base)  # so that the logarithm of nothing is finite
            if some > 0:
                levels.append(float(np.log((max(one.revenue.sum(), 0.0) + some) / (expected + some))))
        return cls(np.array(levels))

    @property
    def trust(self) -> float:
        return len(self.yearly) / (len(self.yearly) + ONE_YEAR_TRUST)

    def factor(self) -> float:
        """Return the factor of the coming window."""
        if not len(self.yearly):
            return 1.0
        weights = _choose_decay(self.yearly) ** np.arange(len(self.yearly))
        return float(np.exp(self.trust * np.average(self.yearly, weights=weights)))


def fit_value(
    log: OrderLog, current: Snapshot, *, model: ModelName = "mbgnbd", leave_out: Leave = lambda _: False
) -> ValueFit:
    """Fit the forecast of value to what was known on the morning of a day.

    The number of purchase days comes from a buy-till-you-die model, the amount of one from each customer's own,
    pulled towards that of others. The same forecast is then made for the customer bases of the same day in earlier
    years, and what they brought against it corrects the level: that is where season and growth come in.

    Parameters
    ----------
    log : Orders
        The log, on any engine. Needs amounts.
    current : Snapshot
        Orders before its cutoff are known; what is expected is of its outcome window and after.
    model : {"bgnbd", "mbgnbd", "pareto_nbd"}
        For the number of purchase days.
    leave_out : callable, optional
        Which past snapshots a hole in the log distorts.

    Raises
    ------
    NotEnoughData
        No amounts, or too few customers for the models.
    """
    if not log.has_amounts:
        raise NotEnoughData("the log has no amounts, so there is no value to forecast.", code="data.no_amounts")
    customers, horizon = profile_customers(log, current.cutoff), current.horizon
    order_model = fit_btyd(customers.summary(), model)
    cap = largest_usual_amount(*amount_quantiles(log, current.cutoff, (0.5, 0.95)))
    past = _Past(log, current, cap, leave_out)
    raw = ValueModel(order_model, _fit_spending(customers, cap), cap, 1.0, horizon, current.lead)
    raw = _choose_shape(raw, past.windows(horizon) + past.newest(horizon))
    raw = _fit_amounts(customers, raw)
    soon, year = (_Levels.learn(raw, past.windows(days)) for days in (horizon, YEAR))
    base = customers.take(customers.in_base(current.lookback))
    fitted = _set_levels(raw, base, soon, year)
    return ValueFit(fitted, customers, len(soon.yearly), tuple(filter(None, (order_model.note,))))


@dataclass(frozen=True, eq=False)
class _Window:
    """The customer base at a past cutoff, and the purchase days and amounts of the days after it, cut as ever."""

    base: Customers
    days: int
    orders: Floats
    revenue: Floats


class _Past:
    """What customer bases of the past did."""

    def __init__(self, log: OrderLog, current: Snapshot, cap: float, leave_out: Leave) -> None:
        self.log, self.current, self.cap, self.leave_out = log, current, cap, leave_out
        self.base_at = cache(partial(_base_at, log, current.lookback))
        self.look = cache(self._look)  # the shape and the level are learned from the same windows

    def windows(self, days: int) -> list[_Window]:
        """Return the windows that begin on this day of earlier years, the last one first."""
        found = (self.look(self.current.cutoff - YEAR * back, days) for back in range(1, MOST_YEARS + 1))
        return [one for one in found if one is not None]

    def newest(self, days: int) -> list[_Window]:
        """Return the window that was over last; it tells who buys and not how much all do, so it needs less before."""
        found = self._look(self.current.cutoff - self.current.lead - days, days, least=max(days, LEAST_BEFORE))
        return [] if found is None else [found]

    def _look(self, cutoff: int, days: int, *, least: int | None = None) -> _Window | None:
        """Look at one past window; None where its history was too short, it is not there yet, or it is distorted."""
        followed = min(days, self.current.cutoff - cutoff - self.current.lead)
        if cutoff - self.log.first_day < min(least_before(days), least or YEAR) or followed <= 0:
            return None
        then = replace(self.current, cutoff=cutoff, horizon=followed)
        if self.leave_out(then):
            return None
        base = self.base_at(cutoff)
        if len(base) < LEAST_BASE:
            return None
        came = spend_within(self.log, base, then.outcome_start, then.outcome_end, cap=self.cap)
        return _Window(base, followed, *came)


def least_before(days: int) -> int:
    """Return the days of history that a past window must have before it."""
    return max(LEAST_HISTORY, min(days, YEAR // 2))


def _base_at(log: OrderLog, lookback: int, day: int) -> Customers:
    customers = profile_customers(log, day)
    return customers.take(customers.in_base(lookback))


def _fit_spending(customers: Customers, cap: float) -> Credibility:
    """Fit the amounts to the customers' own means."""
    days = customers.purchase_days.astype(np.float64)
    mean = customers.spent().mean_of_day(days, cap)
    has_paid = mean > 0
    if not has_paid.any() or (days * mean).sum() <= 0:
        raise NotEnoughData("customers were given back as much as they paid, so there is no value to forecast.")
    return fit_credibility(days[has_paid], mean[has_paid])


def _choose_shape(model: ValueModel, windows: list[_Window]) -> ValueModel:
    """Choose how far recent rates, and own amounts, are believed: by what came in past windows, where that is sure.

    Rates are compared by purchase days, since single large orders decide nothing there; amounts by revenue.
    """
    windows = [one for one in windows if one.revenue.sum() > 0]
    if sum(int((one.orders > 0).sum()) for one in windows) < LEAST_BUYERS:
        return model
    days = [_expect_days(model, one) for one in windows]
    wrong = [_deviance(one.orders, told) for one, told in zip(windows, days, strict=True)]
    chosen = _choose_surely(wrong)
    tried = [model.spending, *(replace(model.spending, pull=pull) for pull in PULLS)]
    wrong = [_square_error(model, tried, one, told[chosen]) for one, told in zip(windows, days, strict=True)]
    spending = tried[_choose_surely(wrong)]
    return replace(model, recent_share=RECENT_SHARES[chosen], spending=_measure_scatter(model, spending, windows))


def _expect_days(model: ValueModel, window: _Window) -> Floats:
    """Return the purchase days that each share of recent rates expects of each customer, shape (shares, n)."""
    histories, recent, last = window.base.summary(), window.base.recent, RECENT_SHARES[-1]
    plain = model.expect_orders(histories, [window.days])[:, 0]
    most = replace(model, recent_share=last).expect_orders(histories, [window.days], recent=recent)[:, 0]
    drifted = most / np.maximum(plain, LEAST)
    return np.stack([plain * drifted ** (share / last) for share in RECENT_SHARES])


def _deviance(came: Floats, told: Floats) -> Floats:
    """Return the Poisson deviance of counts, the total given, for each row of ``told``."""
    told = np.maximum(told * (came.sum() / told.sum(axis=1, keepdims=True)), LEAST)
    deviance: Floats = 2 * (came * np.log(np.maximum(came, LEAST) / told) - (came - told))
    return deviance


def _square_error(model: ValueModel, tried: Sequence[Credibility], window: _Window, days: Floats) -> Floats:
    """Return the squared error of revenue, the total given, over its variance; a row for each way to tell amounts."""
    histories, spent, came = window.base.summary(), window.base.spent(), window.revenue
    told = np.stack([days * replace(model, spending=one).day_amount(histories, spent) for one in tried])
    told *= came.sum() / np.maximum(told.sum(axis=1, keepdims=True), LEAST)
    error: Floats = (told - came) ** 2 / np.maximum(came.var(), LEAST)
    return error


def _choose_surely(parts: list[Floats]) -> int:
    """Return the row of the least error over the customers of all parts; the first where the gain may be chance."""
    wrong = np.concatenate(parts, axis=1)
    best = int(np.argmin(wrong.sum(axis=1)))
    gain = wrong[0] - wrong[best]
    return best if gain.sum() > SURE * gain.std() * np.sqrt(len(gain)) else 0


def _measure_scatter(model: ValueModel, spending: Credibility, windows: list[_Window]) -> Credibility:
    """Take from past windows how much the purchases of one customer scatter."""
    parts = []
    for one in windows:
        bought = one.orders > 0
        own = one.base.purchase_days[bought].astype(np.float64)
        mean = one.base.spent().mean_of_day(own, model.cap, bought)
        parts.append((own, mean, one.orders[bought], one.revenue[bought] / one.orders[bought]))
    return spending.measure_scatter(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _fit_amounts(customers: Customers, model: ValueModel) -> ValueModel:
    """Let the expected amounts add up to the net amounts that they were learned from."""
    days = customers.purchase_days.astype(np.float64)
    paid = float((days * customers.spent().mean_of_day(days, model.cap)).sum())
    expected = float((days * model.day_amount(customers.summary(), customers.spent())).sum())
    return replace(model, amount_factor=paid / expected)


def _choose_decay(yearly: Floats) -> float:
    """Choose how fast older years fade: by which each known year would have been told best from those before it."""
    if len(yearly) < 3:
        return DECAYS[0]
    wrong = []
    for decay in DECAYS:
        weights = decay ** np.arange(len(yearly))
        told = [np.average(yearly[k + 1 :], weights=weights[: len(yearly) - k - 1]) for k in range(len(yearly) - 1)]
        wrong.append(float(((yearly[:-1] - np.array(told)) ** 2).mean()))
    return DECAYS[int(np.argmin(wrong))]


def _set_levels(model: ValueModel, base: Customers, soon: _Levels, year: _Levels) -> ValueModel:
    """Set the factor of the horizon, and for the rest of the year what makes the year's total come out at its own."""
    factor, whole = soon.factor(), year.factor()
    inside, until = model.expect(base.summary(), base.spent(), [model.horizon, YEAR]).sum(axis=0)
    rest = until - inside
    later = (whole * until - factor * inside) / rest if rest > 0 else whole
    levelled = replace(model, soon=factor, later=max(later, LEAST_LATER * whole), trust=soon.trust)
    return levelled.anchor(base.summary(), base.spent(), np.ones(len(base)), base.recent)
