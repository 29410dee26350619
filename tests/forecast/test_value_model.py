"""The forecast of value: it never falls as the window grows, one giant purchase moves nobody else, totals stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.btyd import BtydModel, Spent, Summary, fit_credibility, largest_usual_amount
from churnrisk.forecast import ValueModel

MODEL = BtydModel("mbgnbd", "mbgnbd", {"r": 0.8, "alpha": 60.0, "a": 0.5, "b": 3.0}, {}, 0.0, 100.0, 0.0)
STAYERS = BtydModel("nbd", "nbd", {"r": 1.2, "alpha": 90.0}, {}, 0.0, 100.0, 0.0)
DAYS = np.array([1.0, 1, 2, 5, 9, 30])
HISTORIES = Summary(DAYS - 1, [0, 0, 50, 200, 300, 700], [10, 400, 60, 220, 700, 705])
SPENT = Spent(DAYS * np.array([40.0, 10, 60, 25, 80, 5]), np.array([40.0, 10, 70, 30, 120, 9]))
CHURN = np.array([0.6, 0.99, 0.3, 0.2, 0.8, 0.01])
CREDIBILITY = fit_credibility(DAYS, SPENT.net / DAYS)
RECENT = np.array([[1.0, 1], [0, 0], [2, 2], [5, 5], [0, 2], [9, 30]])
VALUE = ValueModel(MODEL, CREDIBILITY, 200.0, 1.0, horizon=60, lead=3, soon=1.4, later=0.9, trust=0.8)

histories = st.integers(0, 40).flatmap(
    lambda x: st.tuples(st.just(x), st.integers(1, 900) if x else st.just(0), st.integers(0, 900))
)


@settings(max_examples=60, deadline=None)
@given(
    histories,
    st.floats(0, 1),
    st.lists(st.integers(1, 800), min_size=2, max_size=5),
    st.floats(0, 1e6),
    st.booleans(),
)
def test_value_never_falls_as_the_window_grows(
    history: tuple[int, int, int], churn: float, days: list[int], amount: float, stays: bool
) -> None:
    x, age, more = history
    one, spent = Summary([x], [age], [age + more]), Spent(np.array([amount * (x + 1)]), np.array([amount]))
    model = replace(VALUE, order_model=STAYERS if stays else MODEL, recent_share=0.25)
    recent = np.minimum(x + 1, [[2.0, 9.0]])
    for probability, bought in ((None, None), (np.array([churn]), None), (np.array([churn]), recent)):
        value = model.expect(one, spent, sorted(days), probability=probability, recent=bought)[0]
        assert (np.diff(value) >= -1e-9).all()
        assert (value >= 0).all()
        assert np.isfinite(value).all()


def test_the_horizon_and_the_rest_have_levels_of_their_own() -> None:
    plain = replace(VALUE, soon=1.0, later=1.0)
    soon, year = plain.expect_orders(HISTORIES, [60, 365]).T
    assert VALUE.expect_orders(HISTORIES, [60])[:, 0] == pytest.approx(1.4 * soon)
    assert VALUE.expect_orders(HISTORIES, [365])[:, 0] == pytest.approx(1.4 * soon + 0.9 * (year - soon))
    whole = MODEL.expected_purchases(HISTORIES, 368) - MODEL.expected_purchases(HISTORIES, 3)
    assert year == pytest.approx(whole), "the lead is left out"


def test_whoever_is_sure_to_churn_brings_nothing_in_the_horizon() -> None:
    sure = VALUE.expect(HISTORIES, SPENT, [60, 365], probability=np.ones(6))
    assert sure[:, 0] == pytest.approx(0, abs=0.01)
    assert (sure[:, 1] < VALUE.expect(HISTORIES, SPENT, [365], probability=CHURN)[:, 0]).all()


def test_totals_stay_at_their_level_however_far_churn_probabilities_move_customers() -> None:
    weight = np.array([1.0, 2, 1, 1, 3, 1])
    anchored = replace(VALUE, trust=1.0).anchor(HISTORIES, SPENT, weight, RECENT, probability=CHURN)
    for days in (60, 365):
        moved = anchored.expect(HISTORIES, SPENT, [days], probability=CHURN)[:, 0]
        level = VALUE.expect(HISTORIES, SPENT, [days])[:, 0]
        assert (weight * moved).sum() == pytest.approx((weight * level).sum())
        assert moved != pytest.approx(level)
    free = replace(VALUE, trust=0.0).anchor(HISTORIES, SPENT, weight, RECENT, probability=CHURN)
    assert (free.lift_soon, free.lift_later) == (1.0, 1.0)


@pytest.mark.parametrize("trust", [0.0, 0.8])
@pytest.mark.parametrize("probability", [None, CHURN])
def test_recent_purchase_days_move_customers_and_no_total(trust: float, probability: np.ndarray | None) -> None:
    weight = np.array([1.0, 2, 1, 1, 3, 1])
    given = {"probability": probability}
    plain = replace(VALUE, trust=trust).anchor(HISTORIES, SPENT, weight, RECENT, **given)
    model = replace(VALUE, trust=trust, recent_share=0.2).anchor(HISTORIES, SPENT, weight, RECENT, **given)
    for days in (60, 365):
        before = plain.expect(HISTORIES, SPENT, [days], **given)[:, 0]
        after = model.expect(HISTORIES, SPENT, [days], recent=RECENT, **given)[:, 0]
        assert (weight * after).sum() == pytest.approx((weight * before).sum())
        assert after[4] / before[4] < after[5] / before[5], "nothing for long, against often and lately"


def test_recent_rates_are_weighed_with_the_model_in_logarithms() -> None:
    model = replace(VALUE, recent_share=0.25)
    plain = VALUE.expect_orders(HISTORIES, [60])[:, 0]
    rate = plain / VALUE.soon / 60  # of a day, as the order model has it
    for k, (quarter, year) in enumerate(RECENT):
        moved = plain[k] * ((quarter + 1) / (90 * rate[k] + 1)) ** 0.25 * ((year + 1) / (365 * rate[k] + 1)) ** 0.25
        assert model.expect_orders(HISTORIES, [60], recent=RECENT)[k, 0] == pytest.approx(moved)


def test_value_at_risk_is_one_purchase_at_least_and_no_more_than_the_year_of_all() -> None:
    risk = VALUE.at_risk(HISTORIES, SPENT, CHURN)
    assert risk.least == pytest.approx(CHURN * VALUE.day_amount(HISTORIES, SPENT))
    assert (risk.most >= risk.least).all()
    stays = replace(VALUE, order_model=STAYERS).at_risk(HISTORIES, SPENT, CHURN)
    assert stays.most == pytest.approx(stays.least), "where nobody leaves a saved purchase is all there is"
    all_leave = np.full(6, 0.999)
    anchored = replace(VALUE, soon=0.01, later=0.01).anchor(HISTORIES, SPENT, np.ones(6), RECENT, probability=all_leave)
    year = anchored.expect(HISTORIES, SPENT, [365], probability=all_leave).sum()
    assert anchored.at_risk(HISTORIES, SPENT, all_leave).least.sum() == pytest.approx(year)


def test_amounts_are_net_and_cut_where_a_purchase_is_out_of_the_ordinary() -> None:
    giant = Spent(np.where(DAYS == 30, SPENT.net + 200_000, SPENT.net), np.where(DAYS == 30, 200_000, SPENT.largest))
    cut = VALUE.day_amount(HISTORIES, giant)
    assert cut[:5] == pytest.approx(VALUE.day_amount(HISTORIES, SPENT)[:5])
    assert cut[5] <= VALUE.day_amount(HISTORIES, SPENT)[5] + 200 / 30
    nothing = VALUE.day_amount(HISTORIES, Spent(np.minimum(SPENT.net, 0), SPENT.largest))
    assert (nothing == 0).all(), "whoever got everything back"


def test_credibility_lies_between_the_own_mean_and_that_of_the_band() -> None:
    draw = np.random.default_rng(1)
    days = draw.integers(1, 30, 4000).astype(float)
    true_mean = draw.gamma(4, 25, 4000)
    mean = true_mean * draw.gamma(3 * days, 1 / (3 * days))
    model = fit_credibility(days, mean)
    expected = model.expect(days, mean)
    low, high = min(model.band_means), max(model.band_means)
    assert (expected >= np.minimum(mean, low) - 1e-9).all()
    assert (expected <= np.maximum(mean, high) + 1e-9).all()
    assert 0.5 < model.pull / 1.67 < 2  # variance within, a third of the mean of m^2, over 4 x 25^2 between
    seldom = days < 3
    assert np.abs(expected - true_mean)[seldom].mean() < np.abs(mean - true_mean)[seldom].mean()


def test_the_scatter_of_single_purchases_is_measured_by_what_came() -> None:
    draw = np.random.default_rng(4)
    days, came_days = draw.integers(1, 12, 6000).astype(float), draw.integers(1, 5, 6000).astype(float)
    mean = 50 * draw.gamma(2 * days, 1 / (2 * days))
    came = 50 * draw.gamma(2 * came_days, 1 / (2 * came_days))  # a single purchase: gamma of shape 2 around 50
    measured = replace(fit_credibility(days, mean), pull=1e6).measure_scatter(days, mean, came_days, came)
    assert measured.scatter == pytest.approx(1 / np.sqrt(2), rel=0.1)


def test_the_cut_is_far_above_usual_amounts_and_not_moved_by_a_few_giants() -> None:
    amounts = np.random.default_rng(2).lognormal(4, 0.5, 20_000)
    cut = largest_usual_amount(*np.quantile(amounts, [0.5, 0.95]))
    assert (amounts > cut).mean() < 2e-4
    with_giants = np.append(amounts, np.full(20, 1e7))
    assert largest_usual_amount(*np.quantile(with_giants, [0.5, 0.95])) == pytest.approx(cut, rel=0.02)
    assert largest_usual_amount(50, 50) == 150
