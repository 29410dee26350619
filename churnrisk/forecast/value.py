"""Lifetime value of the customer base: what it brought so far, and what it is expected to bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from churnrisk.btyd import BtydModel, Summary, fit_btyd
from churnrisk.errors import NotEnoughData, SettingsError
from churnrisk.forecast.value_fit import ModelName, ValueFit, fit_value
from churnrisk.forecast.value_model import ValueModel
from churnrisk.holes import tell_distorted
from churnrisk.retention import Customers, OrderLog, Z, divide, profile_customers
from churnrisk.timeline import DEFAULT_LOOKBACK, YEAR, Snapshot, date_of
from churnrisk.types import Floats

MONTH = 365 / 12
"""Days of a month."""

REFITS = 20
MOST_NAMED = 3
MOST_REFITTED = 10_000

MODEL_ERROR = 0.2
"""How far the models are off beyond chance and fit: root mean square of the relative error of revenue over 1 to 12
months on the logs of three shops and a grocery panel. A vending machine with 95 % one-time buyers was off by more."""


@dataclass(frozen=True)
class ValueTerms:
    """What a forecast of value is made under.

    Parameters
    ----------
    months : int
        Horizon.
    margin : float
        Share of revenue that is profit.
    discount : float
        Rate of a year.
    lookback : int
        Days within which a purchase makes a customer active; the forecast is of the active ones.
    model : {"bgnbd", "mbgnbd", "pareto_nbd"}
        For the number of orders. Pareto/NBD forecasts about as well and takes ten times as long.
    """

    months: int = 12
    margin: float = 1.0
    discount: float = 0.1
    lookback: int = DEFAULT_LOOKBACK
    model: ModelName = "mbgnbd"

    def __post_init__(self) -> None:
        if not 1 <= self.months <= 120:
            raise SettingsError(f"--months {self.months}: give 1 to 120 months.")
        if not 0 < self.margin <= 1:
            raise SettingsError(f"--margin {self.margin}: give the share of revenue that is profit, such as 0.35.")
        if not 0 <= self.discount < 10:
            raise SettingsError(f"--discount {self.discount}: give a rate a year of 0 or more, such as 0.1 for 10 %.")

    @property
    def days(self) -> int:
        """The horizon in days."""
        return round(self.months * MONTH)

    def weights(self) -> Floats:
        """Return margin and discount of each month."""
        middle = np.arange(self.months) + 0.5
        return self.margin / (1 + self.discount) ** (middle / 12)


@dataclass(frozen=True)
class ValueForecast:
    """The value of the customer base.

    Parameters
    ----------
    as_of : int
        Orders before this day are known.
    terms : ValueTerms
        Horizon, margin, discount rate.
    base : Customers
        The customer base.
    historical_value : float
        Net revenue of the base to date.
    orders, revenue : ndarray of float64, shape (n,)
        Expected purchase days, and expected net revenue without margin or discount, over the horizon.
    value : ndarray of float64, shape (n,)
        Lifetime value over the horizon.
    total_low, total_high : float
        95 % interval of the total of ``value``: chance, the fit, and an error of the models of 20 %; see
        :func:`stretch_interval`.
    order_model : BtydModel
        For the number of orders.
    notes : tuple of str
        What was out of the ordinary.
    lead : int
        Days between ``as_of`` and the first day that counts; 0 but for a stored model that has one.
    model_version : str or None
        The stored model whose forecast it is; None for one that was fitted to this log alone.
    """

    as_of: int
    terms: ValueTerms
    base: Customers
    historical_value: float
    orders: Floats
    revenue: Floats
    value: Floats
    total_low: float
    total_high: float
    order_model: BtydModel
    notes: tuple[str, ...]
    lead: int = 0
    model_version: str | None = None

    @property
    def total(self) -> float:
        """Lifetime value of the whole base."""
        return float(self.value.sum())

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, without single customers."""
        return {
            "as_of": date_of(self.as_of).isoformat(),
            **{name: getattr(self.terms, name) for name in ("months", "margin", "discount")},
            "lookback_days": self.terms.lookback,
            "lead_days": self.lead,
            "customers": len(self.base),
            "historical_value": self.historical_value,
            "expected_orders": float(self.orders.sum()),
            "expected_revenue": float(self.revenue.sum()),
            "lifetime_value": self.total,
            "lifetime_value_low": self.total_low,
            "lifetime_value_high": self.total_high,
            "lifetime_value_per_customer": divide(self.total, len(self.base)),
            "order_model": self.order_model.to_dict(),
            "model_version": self.model_version,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class StoredValue:
    """The forecast of value of a stored model, and the churn probabilities that it gives.

    Parameters
    ----------
    model : ValueModel
        The forecast.
    probability : mapping of str to float
        Of churning, by customer.
    version : str
        Of the stored model.
    """

    model: ValueModel
    probability: Mapping[str, float]
    version: str


def forecast_value(
    log: OrderLog, as_of: int | None = None, *, terms: ValueTerms | None = None, stored: StoredValue | None = None
) -> ValueForecast:
    """Forecast the value of the customer base over a stated horizon.

    The number of orders comes from a buy-till-you-die model fitted to all customers, the value of an order from each
    customer's own, pulled towards that of others. The level is that of earlier years, where the log has them: see
    :mod:`churnrisk.forecast.value_fit`.

    Parameters
    ----------
    log : Orders
        The log, on any engine. Needs amounts.
    as_of : int, optional
        Orders before this day are known; by default all.
    terms : ValueTerms, optional
        Horizon, margin, discount rate, lookback.
    stored : StoredValue, optional
        The forecast of a stored model, which is then used instead of one that is fitted to the log.

    Raises
    ------
    NotEnoughData
        No amounts, or too few customers for the models.
    """
    terms = terms or ValueTerms()
    day = log.last_day + 1 if as_of is None else as_of
    fit = _fit_or_take(log, day, terms, stored)
    base = fit.customers.take(fit.customers.in_base(terms.lookback))
    if not len(base):
        raise NotEnoughData(f"nobody is active at {date_of(day)}, so there is no base to value.")
    probability = None if stored is None else _probability_of(base, stored)
    monthly = expect_orders(fit.model, base.summary(), terms.months, probability=probability, recent=base.recent)
    day_value = fit.model.day_amount(base.summary(), base.spent())
    value = monthly @ terms.weights() * day_value
    spread = _spread(fit, base, monthly, day_value, terms)
    total, orders = float(value.sum()), monthly.sum(axis=1)
    return ValueForecast(
        day,
        terms,
        base,
        float(base.revenue.sum()),
        orders,
        orders * day_value,
        value,
        max(0.0, total - Z * spread),
        total + Z * spread,
        fit.model.order_model,
        (*fit.notes, *_name_cut(fit)),
        fit.model.lead,
        None if stored is None else stored.version,
    )


def _fit_or_take(log: OrderLog, day: int, terms: ValueTerms, stored: StoredValue | None) -> ValueFit:
    if stored is None:
        current = Snapshot(day, terms.lookback, min(terms.days, YEAR))
        return fit_value(log, current, model=terms.model, leave_out=tell_distorted(log, day))
    customers = profile_customers(log, day)
    return ValueFit(stored.model, customers, 0, ())


def _probability_of(base: Customers, stored: StoredValue) -> Floats:
    """Return the churn probabilities of the base; of those who are not scored, that of the order model."""
    model, histories = stored.model, base.summary()
    silent = model.order_model.no_purchase_probability(histories, model.horizon, lead=model.lead)
    known = [stored.probability.get(one, np.nan) for one in base.customer_ids.tolist()]
    return np.where(np.isnan(known), silent, known)


def _name_cut(fit: ValueFit) -> tuple[str, ...]:
    """Name the largest purchases where they are cut."""
    largest = fit.customers.largest_amount
    cut = np.flatnonzero(largest > fit.model.cap)
    if not len(cut):
        return ()
    first = cut[np.argsort(-largest[cut], kind="stable")][:MOST_NAMED]
    named = ", ".join(f"{largest[k]:,.2f} by {fit.customers.customer_ids[k]}" for k in first)
    buyers = "1 customer has one" if len(cut) == 1 else f"{len(cut):,} customers have one"
    return (
        f"purchases above {fit.model.cap:,.2f} count as that much in the forecast, since such purchases seldom come "
        f"again: {buyers}, the largest {named}",
    )


def expect_orders(
    model: ValueModel,
    summary: Summary,
    months: int,
    *,
    probability: Floats | None = None,
    recent: Floats | None = None,
) -> Floats:
    """Return expected purchase days by customer and month, shape (n, months): each month's own, not cumulative."""
    ends = [k * MONTH for k in range(1, months + 1)]
    expected = model.expect_orders(summary, ends, probability=probability, recent=recent)
    return np.diff(expected, axis=1, prepend=0.0)


def _spread(fit: ValueFit, base: Customers, monthly: Floats, day_value: Floats, terms: ValueTerms) -> float:
    """The standard error of the total: refits to other samples of customers, chance, and the models' own error."""
    totals = _refit_totals(fit, base, day_value, terms)
    weights = terms.weights()
    # Chance: the count of orders scatters more than Poisson's, and so do their values.
    expected = monthly @ weights
    orders = monthly.sum(axis=1)
    scale = np.divide(expected, orders, out=np.zeros_like(orders), where=orders > 0)
    counts = orders + orders**2 / base.purchase_days
    mean_value = fit.customers.mean_day_value
    scatter = float(np.var(mean_value) / np.mean(mean_value) ** 2)
    chance = float((scale**2 * day_value**2 * (counts + orders * min(scatter, 4.0))).sum())
    off = (MODEL_ERROR * float(expected @ day_value)) ** 2
    return float(np.sqrt(np.var(totals, ddof=1) + chance + off))


def _refit_totals(fit: ValueFit, base: Customers, day_value: Floats, terms: ValueTerms) -> Floats:
    """Refit the order model to resampled customers, and value the base with each.

    Of many customers fewer are drawn, and the deviations shrunk to what all of them would give.
    """
    customers, model = fit.customers, fit.model.order_model
    generator = np.random.default_rng(20_050_401)
    size = min(len(customers), MOST_REFITTED)
    summary, base_summary = customers.summary(), base.summary()
    mean_value = np.minimum(customers.mean_day_value, fit.model.cap)
    totals = []
    for _ in range(REFITS):
        drawn = np.sort(generator.integers(0, len(customers), size))
        sample = Summary(summary.frequency[drawn], summary.age_at_last_order[drawn], summary.tenure[drawn])
        refitted = replace(fit.model, order_model=fit_btyd(sample, model.model, start=model))
        dearer = mean_value[drawn].mean() / mean_value.mean()
        orders = expect_orders(refitted, base_summary, terms.months) @ terms.weights()
        totals.append(float((orders * day_value).sum() * dearer))
    drawn_totals = np.array(totals)
    centre = drawn_totals.mean()
    shrunk: Floats = centre + (drawn_totals - centre) * np.sqrt(size / len(customers))
    return shrunk
