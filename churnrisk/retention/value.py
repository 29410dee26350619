"""Lifetime value of the customer base: what it brought so far, and what it is expected to bring."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from churnrisk.btyd import BtydModel, Summary, fit_btyd
from churnrisk.errors import NotEnoughData, SettingsError
from churnrisk.retention.customers import Customers, profile_customers, spend_until
from churnrisk.retention.definitions import Definition, divide
from churnrisk.retention.histories import OrderLog
from churnrisk.retention.spending import Correlation, Floats, Z, choose_spending
from churnrisk.timeline import DEFAULT_LOOKBACK, date_of

ModelName = Literal["bgnbd", "mbgnbd", "pareto_nbd"]
MONTH = 365 / 12
"""Days of a month."""

REFITS = 20
MOST_REFITTED = 10_000
DECILES = 10

MODEL_ERROR = 0.2
"""How far the models are off beyond chance and fit: root mean square of the relative error of revenue over 1 to 12
months on the logs of three shops and a grocery panel. A vending machine with 95 % one-time buyers was off by more."""

DEFINITIONS = (
    Definition(
        "historical_value",
        "to date",
        "currency",
        "net revenue of the customer base to date",
        "Returns are taken off.",
        "Often called CLV although nothing of it is in the future.",
    ),
    Definition(
        "lifetime_value",
        "expected",
        "currency",
        "Σ over months k of expected orders in month k x expected order value x margin / (1 + d)^((k - 1/2) / 12), "
        "d a year's discount rate, a month 365 / 12 days; over the customer base",
        "Orders are purchase days, their value the expected amount of a purchase day less the share that is returned. "
        "The horizon is stated, never infinite. The interval covers chance, the fit, and an error of the models of "
        "20 % (what they were off by on logs of real shops); where the log allows, it is stretched to hold the error "
        "of the same forecast one horizon earlier. It does not cover a change of the shop, nor its seasons.",
        "Common formulas multiply averages (order value x frequency x lifespan = 1 / churn), which overrates customers "
        "who have left, and add up cumulative expectations month by month, which counts early orders many times.",
        "Fader, Hardie & Lee (2005), RFM and CLV: Using Iso-Value Curves for Customer Base Analysis, J. Marketing "
        "Research 42(4)",
    ),
)


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
        """Give margin and discount of each month."""
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
    correlation : Correlation
        Of value and frequency.
    spending_model : str
        ``gamma_gamma`` or ``empirical``.
    order_model : BtydModel
        For the number of orders.
    notes : tuple of str
        What was out of the ordinary.
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
    correlation: Correlation
    spending_model: str
    order_model: BtydModel
    notes: tuple[str, ...]

    @property
    def total(self) -> float:
        """Lifetime value of the whole base."""
        return float(self.value.sum())

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for JSON, without single customers."""
        return {
            "as_of": date_of(self.as_of).isoformat(),
            **{name: getattr(self.terms, name) for name in ("months", "margin", "discount")},
            "lookback_days": self.terms.lookback,
            "customers": len(self.base),
            "historical_value": self.historical_value,
            "expected_orders": float(self.orders.sum()),
            "expected_revenue": float(self.revenue.sum()),
            "lifetime_value": self.total,
            "lifetime_value_low": self.total_low,
            "lifetime_value_high": self.total_high,
            "lifetime_value_per_customer": divide(self.total, len(self.base)),
            "value_frequency_correlation": vars(self.correlation) | {"independent": self.correlation.is_independent},
            "spending_model": self.spending_model,
            "order_model": self.order_model.to_dict(),
            "notes": list(self.notes),
        }


def forecast_value(log: OrderLog, as_of: int | None = None, *, terms: ValueTerms | None = None) -> ValueForecast:
    """Forecast the value of the customer base over a stated horizon.

    The number of orders comes from a buy-till-you-die model fitted to all customers, the value of an order from
    Gamma-Gamma. That model takes value and frequency for independent; where the rank correlation over repeat buyers
    says otherwise an empirical model takes its place. Not to be used for shops whose sales are one season: the models
    know no calendar.

    Parameters
    ----------
    log : Orders
        The log, on any engine. Needs amounts.
    as_of : int, optional
        Orders before this day are known; by default all.
    terms : ValueTerms, optional
        Horizon, margin, discount rate, lookback.

    Raises
    ------
    NotEnoughData
        No amounts, or too few customers for the models.
    """
    if not log.has_amounts:
        raise NotEnoughData("the log has no amounts, so there is no value to forecast.")
    terms = terms or ValueTerms()
    customers = profile_customers(log, log.last_day + 1 if as_of is None else as_of)
    model = fit_btyd(customers.summary(), terms.model)
    spending, correlation, note = choose_spending(customers)
    base = select_customers(customers, customers.in_base(terms.lookback))
    if not len(base):
        raise NotEnoughData(f"nobody is active at {date_of(customers.as_of)}, so there is no base to value.")
    kept = float(np.clip(customers.revenue.sum() / customers.purchase_amount.sum(), 0, 1))
    monthly, day_value = expect_orders(model, base.summary(), terms.months), spending.expect(base) * kept
    value = monthly @ terms.weights() * day_value
    spread = _spread(customers, base, model, day_value, terms)
    total = float(value.sum())
    orders = monthly.sum(axis=1)
    return ValueForecast(
        customers.as_of,
        terms,
        base,
        float(base.revenue.sum()),
        orders,
        orders * day_value,
        value,
        max(0.0, total - Z * spread),
        total + Z * spread,
        correlation,
        spending.name,
        model,
        tuple(filter(None, (model.note, note))),
    )


def select_customers(customers: Customers, chosen: np.ndarray) -> Customers:
    """Keep some customers."""
    columns = {name: values[chosen] for name, values in vars(customers).items() if name != "as_of"}
    return Customers(customers.as_of, **columns)


def expect_orders(model: BtydModel, summary: Summary, months: int) -> Floats:
    """Give expected purchase days by customer and month, shape (n, months): each month's own, not cumulative."""
    distinct, inverse = summary.collapse()
    until = [model.expected_purchases(distinct, k * MONTH) for k in range(1, months + 1)]
    monthly: Floats = np.maximum(np.diff(np.stack(until, axis=1), axis=1, prepend=0.0), 0.0)
    return monthly[inverse]


def _spread(customers: Customers, base: Customers, model: BtydModel, day_value: Floats, terms: ValueTerms) -> float:
    """Give the standard error of the total: refits to other samples of customers, chance, and the models' own error."""
    totals = _refit_totals(customers, base, day_value, model, terms)
    monthly = expect_orders(model, base.summary(), terms.months)
    weights = terms.weights()
    # Chance: the count of orders scatters more than Poisson's, and so do their values.
    expected = monthly @ weights
    orders = monthly.sum(axis=1)
    scale = np.divide(expected, orders, out=np.zeros_like(orders), where=orders > 0)
    counts = orders + orders**2 / base.purchase_days
    scatter = float(np.var(customers.mean_day_value) / np.mean(customers.mean_day_value) ** 2)
    chance = float((scale**2 * day_value**2 * (counts + orders * min(scatter, 4.0))).sum())
    off = (MODEL_ERROR * float(expected @ day_value)) ** 2
    return float(np.sqrt(np.var(totals, ddof=1) + chance + off))


def _refit_totals(
    customers: Customers, base: Customers, day_value: Floats, model: BtydModel, terms: ValueTerms
) -> Floats:
    """Refit the order model to resampled customers, and value the base with each.

    Of many customers fewer are drawn, and the deviations shrunk to what all of them would give.
    """
    generator = np.random.default_rng(20_050_401)
    size = min(len(customers), MOST_REFITTED)
    summary, base_summary = customers.summary(), base.summary()
    mean_value = customers.mean_day_value
    totals = []
    for _ in range(REFITS):
        drawn = np.sort(generator.integers(0, len(customers), size))
        sample = Summary(summary.frequency[drawn], summary.age_at_last_order[drawn], summary.tenure[drawn])
        refitted = fit_btyd(sample, model.model, start=model)
        dearer = mean_value[drawn].mean() / mean_value.mean()
        orders = expect_orders(refitted, base_summary, terms.months) @ terms.weights()
        totals.append(float((orders * day_value).sum() * dearer))
    drawn_totals = np.array(totals)
    centre = drawn_totals.mean()
    shrunk: Floats = centre + (drawn_totals - centre) * np.sqrt(size / len(customers))
    return shrunk


@dataclass(frozen=True)
class ValueCheck:
    """A forecast from the past set beside what happened.

    Parameters
    ----------
    forecast : ValueForecast
        As of an earlier day.
    realised_orders, realised_revenue : float
        Purchase days and net revenue of that day's base over the horizon, as known at its end.
    deciles : tuple of dict
        By expected revenue, highest first: customers, expected and realised orders and revenue.
    """

    forecast: ValueForecast
    realised_orders: float
    realised_revenue: float
    deciles: tuple[dict[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        expected_orders, expected = float(self.forecast.orders.sum()), float(self.forecast.revenue.sum())
        return {
            "as_of": date_of(self.forecast.as_of).isoformat(),
            "months": self.forecast.terms.months,
            "customers": len(self.forecast.base),
            "expected_orders": expected_orders,
            "realised_orders": self.realised_orders,
            "orders_ratio": divide(expected_orders, self.realised_orders),
            "expected_revenue": expected,
            "realised_revenue": self.realised_revenue,
            "revenue_ratio": divide(expected, self.realised_revenue),
            "deciles": list(self.deciles),
        }


def check_value(log: OrderLog, as_of: int | None = None, *, terms: ValueTerms | None = None) -> ValueCheck:
    """Forecast as of one horizon before ``as_of``, and compare with what the base then did.

    Raises
    ------
    NotEnoughData
        The log has less than one horizon before that day.
    """
    terms = terms or ValueTerms()
    end = log.last_day + 1 if as_of is None else as_of
    begin = end - terms.days
    if begin - log.first_day < terms.days:
        raise NotEnoughData(
            f"a check needs {2 * terms.days} days of log, {terms.days} to learn from and {terms.days} to compare with; "
            f"there are {end - log.first_day}. Choose fewer --months."
        )
    forecast = forecast_value(log, begin, terms=terms)
    orders, revenue = spend_until(log, forecast.base, end)
    deciles = _compare_deciles(forecast, orders, revenue)
    return ValueCheck(forecast, float(orders.sum()), float(revenue.sum()), deciles)


def _compare_deciles(forecast: ValueForecast, orders: Floats, revenue: Floats) -> tuple[dict[str, float], ...]:
    ranked = np.argsort(-forecast.revenue, kind="stable")
    return tuple(
        {
            "decile": float(number),
            "customers": float(len(part)),
            "expected_orders": float(forecast.orders[part].sum()),
            "realised_orders": float(orders[part].sum()),
            "expected_revenue": float(forecast.revenue[part].sum()),
            "realised_revenue": float(revenue[part].sum()),
        }
        for number, part in enumerate(np.array_split(ranked, DECILES), start=1)
    )


def stretch_interval(forecast: ValueForecast, check: ValueCheck) -> ValueForecast:
    """Stretch the interval to hold the total as the error of the last forecast would correct it.

    Chance and fit are not all: a shop changes, and a short history shows too little of who leaves. How far off the
    same forecast was one horizon ago is the best measure of that there is.
    """
    expected = float(check.forecast.revenue.sum())
    if expected <= 0:
        return forecast
    corrected = max(0.0, check.realised_revenue / expected)
    low, high = forecast.total_low * min(1.0, corrected), forecast.total_high * max(1.0, corrected)
    note = f"a forecast one horizon earlier gave {expected / max(check.realised_revenue, 1e-9):.0%} of what came"
    stretched = replace(forecast, total_low=low, total_high=high)
    return replace(stretched, notes=(*forecast.notes, f"{note}; the interval is stretched to hold such an error"))
