"""Lifetime value: months, discount, and a forecast that comes true on simulated shops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from churnrisk.errors import NotEnoughData, SettingsError
from churnrisk.forecast import ValueCheck, ValueTerms, check_forecast, forecast_value, stretch_interval
from churnrisk.forecast.value import MONTH, expect_orders
from churnrisk.forecast.value_check import check_value
from churnrisk.forecast.value_fit import fit_value
from churnrisk.orders import Orders
from churnrisk.retention import profile_customers
from churnrisk.timeline import Snapshot
from support.logs import CUTOFF, PlainLog, Row, polars_log
from support.retention_logs import as_log, buy, small_log

SPAN = 760


def simulate_rows(*, seed: int, customers: int = 700, dearer_with_rate: float = 0.0) -> list[Row]:
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
    return rows


def simulate_shop(*, seed: int, dearer_with_rate: float = 0.0) -> Orders:
    return small_log(*simulate_rows(seed=seed, dearer_with_rate=dearer_with_rate))


SHOP = simulate_shop(seed=3)


def look_back(shop: Orders) -> ValueCheck:
    return check_value(shop, Snapshot(shop.last_day + 1, 365, ValueTerms(6).days))


def test_expected_orders_are_of_each_month_and_add_up() -> None:
    customers = profile_customers(SHOP, SHOP.last_day + 1)
    model = fit_value(SHOP, Snapshot(SHOP.last_day + 1, 365, 365)).model
    monthly = expect_orders(model, customers.summary(), 6)
    assert monthly.sum(axis=1) == pytest.approx(model.expect_orders(customers.summary(), [6 * MONTH])[:, 0])
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
    check = look_back(SHOP)
    told = check.to_dict()
    assert told["orders_ratio"] == pytest.approx(1, abs=0.2)
    assert told["revenue_ratio"] == pytest.approx(1, abs=0.25)
    realised = [part["realised_revenue"] for part in check.deciles]
    assert sum(realised[:3]) > sum(realised[-3:])


def test_realised_is_what_the_base_did_later() -> None:
    check = look_back(SHOP)
    begin = check.as_of
    customers = profile_customers(SHOP, begin)
    base = set(customers.take(customers.in_base(365)).customer_ids.tolist())
    assert len(base) == check.customers
    table = SHOP.frame().collect("pandas").to_native()
    later = table[(table.order_day >= begin) & table.customer_id.isin(base)]
    assert check.total("realised_orders") == len(later[["customer_id", "order_day"]].drop_duplicates())
    assert check.total("realised_revenue") == pytest.approx(later.amount.sum() / 10_000)


def test_where_value_goes_with_frequency_the_forecast_still_comes_true() -> None:
    ratios = [look_back(simulate_shop(seed=seed, dearer_with_rate=1.0)).ratio for seed in (5, 6, 7)]
    assert np.mean(np.array(ratios, dtype=float)) == pytest.approx(1, abs=0.15)


def test_the_interval_is_stretched_by_the_error_of_the_last_forecast() -> None:
    check = look_back(SHOP)
    forecast = forecast_value(SHOP, terms=ValueTerms(6))
    stretched = stretch_interval(forecast, check)
    ratio = check.total("realised_revenue") / check.total("expected_revenue")
    assert stretched.total_low <= min(forecast.total_low, forecast.total * ratio)
    assert stretched.total_high >= max(forecast.total_high, forecast.total * ratio)
    assert "one horizon earlier" in stretched.notes[-1]


def test_the_same_twice() -> None:
    assert forecast_value(SHOP, terms=ValueTerms(2)).to_dict() == forecast_value(SHOP, terms=ValueTerms(2)).to_dict()


def test_what_cannot_be_valued() -> None:
    without = as_log(polars_log(PlainLog(tuple(buy("a", CUTOFF)), has_amounts=False)))
    with pytest.raises(NotEnoughData, match="no amounts"):
        forecast_value(without)
    with pytest.raises(NotEnoughData, match="at least 10 customers"):
        forecast_value(small_log(*buy("a", CUTOFF)))


@pytest.mark.parametrize("wrong", [{"months": 0}, {"months": 121}, {"margin": 0}, {"margin": 35}, {"discount": -0.1}])
def test_impossible_terms(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=f"--{next(iter(wrong))}"):
        ValueTerms(**wrong)  # type: ignore[arg-type]


def test_a_purchase_out_of_the_ordinary_is_named() -> None:
    rows = [*buy("whale", CUTOFF + 700, amount=50_000), *(row for k in range(60) for row in regular(k))]
    forecast = forecast_value(small_log(*rows), terms=ValueTerms(6))
    assert any("1 customer has one, the largest 50,000.00 by whale" in note for note in forecast.notes)
    whale = forecast.base.customer_ids.tolist().index("whale")
    assert forecast.revenue[whale] < 500


def regular(k: int) -> list[Row]:
    return buy(f"c{k}", *range(CUTOFF + k, CUTOFF + 740, 30 + k % 20), amount=20 + k % 7)


def test_the_look_back_of_a_forecast_knows_its_lead_and_the_holes_of_the_log() -> None:
    rows, days = simulate_rows(seed=3), ValueTerms(6).days
    forecast = forecast_value(SHOP, terms=ValueTerms(6))
    assert check_forecast(SHOP, replace(forecast, lead=10)).as_of == SHOP.last_day + 1 - 10 - days
    is_closed = range(SHOP.last_day - 100, SHOP.last_day - 59)
    closed = small_log(*(row for row in rows if row.day not in is_closed))
    with pytest.raises(NotEnoughData, match="a hole"):
        check_forecast(closed, forecast_value(closed, terms=ValueTerms(6)))
