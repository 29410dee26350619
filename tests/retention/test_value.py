"""Lifetime value: months, discount, the test of independence, and a forecast that comes true on simulated shops."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.btyd import fit_btyd
from churnrisk.errors import NotEnoughData, SettingsError
from churnrisk.orders import Orders
from churnrisk.retention import ValueTerms, check_value, forecast_value, profile_customers, stretch_interval
from churnrisk.retention.spending import fit_credibility, rank_correlation
from churnrisk.retention.value import MONTH, expect_orders
from support.logs import CUTOFF, PlainLog, Row, polars_log
from support.retention_logs import as_log, buy, small_log

SPAN = 760


def simulate_shop(*, seed: int, customers: int = 700, dearer_with_rate: float = 0.0) -> Orders:
    """A shop as the models see it: own rates, a chance to leave after each purchase; values go with rates if told."""
    draw = np.random.default_rng(seed)
    rows: list[Row] = []
    for who in range(customers):
        rate, leave, mean = draw.gamma(1.2, 1 / 40), draw.beta(1, 5), 1 / draw.gamma(6, 1 / 200)
        mean *= 1 + dearer_with_rate * rate * 40
        day = float(draw.integers(0, SPAN - 100))
        while day < SPAN:
            amount = mean * draw.gamma(6, 1 / 6)
            rows.append(Row(f"c{who:04d}", f"o{len(rows)}", CUTOFF + int(day), round(amount * 10_000) + 1))
            if draw.random() < leave:
                break
            day += 1 + draw.exponential(1 / rate)
    return as_log(polars_log(PlainLog(tuple(rows))))


SHOP = simulate_shop(seed=3)


def test_expected_orders_are_of_each_month_and_add_up() -> None:
    customers = profile_customers(SHOP, SHOP.last_day + 1)
    model = fit_btyd(customers.summary(), "mbgnbd")
    monthly = expect_orders(model, customers.summary(), 6)
    assert monthly.sum(axis=1) == pytest.approx(model.expected_purchases(customers.summary(), 6 * MONTH))
    assert (monthly[:, 0] >= monthly[:, -1] - 1e-12).all()  # customers leave, so later months bring less


def test_margin_and_discount() -> None:
    terms = ValueTerms(months=12, margin=0.5, discount=0.21)
    assert terms.weights()[0] == pytest.approx(0.5 / 1.21 ** (0.5 / 12))
    assert terms.weights()[11] == pytest.approx(0.5 / 1.21 ** (11.5 / 12))
    full = forecast_value(SHOP, terms=ValueTerms(3, 1.0, 0.0))
    half = forecast_value(SHOP, terms=ValueTerms(3, 0.5, 0.0))
    assert full.total == pytest.approx(float(full.revenue.sum()))
    assert half.total == pytest.approx(full.total / 2)
    assert full.total_low < full.total < full.total_high


def test_a_forecast_comes_true_where_the_assumptions_hold() -> None:
    check = check_value(SHOP, terms=ValueTerms(6))
    told = check.to_dict()
    assert check.forecast.spending_model == "gamma_gamma"
    assert told["orders_ratio"] == pytest.approx(1, abs=0.2)
    assert told["revenue_ratio"] == pytest.approx(1, abs=0.25)
    assert sum(part["realised_revenue"] for part in check.deciles) == pytest.approx(check.realised_revenue)
    realised = [part["realised_revenue"] for part in check.deciles]
    assert sum(realised[:3]) > sum(realised[-3:])


def test_realised_is_what_the_base_did_later() -> None:
    check = check_value(SHOP, terms=ValueTerms(6))
    begin, base = check.forecast.as_of, set(check.forecast.base.customer_ids.tolist())
    table = SHOP.frame().collect("pandas").to_native()
    later = table[(table.order_day >= begin) & table.customer_id.isin(base)]
    assert check.realised_orders == len(later[["customer_id", "order_day"]].drop_duplicates())
    assert check.realised_revenue == pytest.approx(later.amount.sum() / 10_000)


def test_where_value_goes_with_frequency_an_empirical_model_takes_over() -> None:
    forecast = forecast_value(simulate_shop(seed=4, dearer_with_rate=1.0), terms=ValueTerms(3))
    assert forecast.spending_model == "empirical"
    assert not forecast.correlation.is_independent
    assert any("which Gamma-Gamma excludes" in note for note in forecast.notes)


def test_the_interval_is_stretched_by_the_error_of_the_last_forecast() -> None:
    check = check_value(SHOP, terms=ValueTerms(6))
    forecast = forecast_value(SHOP, terms=ValueTerms(6))
    stretched = stretch_interval(forecast, check)
    ratio = check.realised_revenue / float(check.forecast.revenue.sum())
    assert stretched.total_low <= min(forecast.total_low, forecast.total * ratio)
    assert stretched.total_high >= max(forecast.total_high, forecast.total * ratio)
    assert "one horizon earlier" in stretched.notes[-1]


def test_rank_correlation_with_ties() -> None:
    assert rank_correlation(np.array([1, 2, 3, 4, 5]), np.array([2, 4, 6, 8, 10])).rho == pytest.approx(1, abs=1e-5)
    # by hand: ranks 1.5 1.5 3 4 and 1 2 3 4
    made = rank_correlation(np.array([1, 1, 2, 3]), np.array([5, 6, 7, 8]))
    assert made.rho == pytest.approx(np.corrcoef([1.5, 1.5, 3, 4], [1, 2, 3, 4])[0, 1])
    assert rank_correlation(np.array([1, 1, 1]), np.array([1, 2, 3])).is_independent


def test_credibility_lies_between_the_own_mean_and_that_of_the_band() -> None:
    customers = profile_customers(SHOP, SHOP.last_day + 1)
    model = fit_credibility(customers)
    expected, own = model.expect(customers), customers.mean_day_value
    low, high = min(model.band_means), max(model.band_means)
    assert (expected >= np.minimum(own, low) - 1e-9).all()
    assert (expected <= np.maximum(own, high) + 1e-9).all()
    often = customers.purchase_days > 20
    assert often.any()
    assert np.abs(expected - own)[often].mean() < np.abs(expected - own)[~often].mean()


def test_the_same_twice() -> None:
    assert forecast_value(SHOP, terms=ValueTerms(2)).to_dict() == forecast_value(SHOP, terms=ValueTerms(2)).to_dict()


def test_what_cannot_be_valued() -> None:
    without = as_log(polars_log(PlainLog(tuple(buy("a", CUTOFF)), has_amounts=False)))
    with pytest.raises(NotEnoughData, match="no amounts"):
        forecast_value(without)
    with pytest.raises(NotEnoughData, match="at least 10 customers"):
        forecast_value(small_log(*buy("a", CUTOFF)))
    with pytest.raises(NotEnoughData, match="Choose fewer --months"):
        check_value(SHOP, terms=ValueTerms(24))


@pytest.mark.parametrize("wrong", [{"months": 0}, {"months": 121}, {"margin": 0}, {"margin": 35}, {"discount": -0.1}])
def test_impossible_terms(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=f"--{next(iter(wrong))}"):
        ValueTerms(**wrong)  # type: ignore[arg-type]
