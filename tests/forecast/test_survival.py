"""Curves of the waiting time: they fall, pass through the churn probability, and are read off both ways."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.btyd import BtydModel, Summary, fit_btyd
from churnrisk.forecast.shop_time import ShopTime
from churnrisk.forecast.survival import Waiters, WaitingCurve, choose_knots, days_at, shift_curve, survival_at
from churnrisk.forecast.yearly import Habits, YearlyBuyers
from churnrisk.regression.glm import LinearPredictor
from churnrisk.timeline import YEAR

KNOTS = (7, 30, 45, 60, 90, 180, 240, 300, 365)
hazards = st.lists(st.floats(0.0, 3.0), min_size=len(KNOTS), max_size=len(KNOTS))
probabilities = st.floats(0.0, 1.0)


def curves(drawn: list[list[float]]) -> np.ndarray:
    return -np.cumsum(np.column_stack([np.zeros(len(drawn)), np.array(drawn)]), axis=1)


@given(st.lists(st.tuples(hazards, probabilities), min_size=1, max_size=5), st.sampled_from(KNOTS))
def test_shifted_curves_fall_and_pass_through_the_churn_probability(
    drawn: list[tuple[list[float], float]], horizon: int
) -> None:
    probability = np.array([one for _, one in drawn])
    shifted = shift_curve(curves([one for one, _ in drawn]), KNOTS, horizon, probability)
    assert (np.diff(shifted, axis=1) <= 0).all()
    assert (shifted[:, 0] == 0).all()
    at_horizon = np.exp(shifted[:, KNOTS.index(horizon) + 1])
    np.testing.assert_allclose(at_horizon, np.clip(probability, 1e-6, 1 - 1e-6), atol=2e-6)


@given(hazards, st.floats(0.0, 365.0))
def test_days_and_survival_are_inverse(drawn: list[float], day: float) -> None:
    curve = curves([[0.01 + one for one in drawn]])
    level = survival_at(curve, KNOTS, np.array([day]))
    assert abs(days_at(curve, KNOTS, level)[0] - day) < 1e-3


def test_between_knots_the_hazard_is_constant() -> None:
    curve = np.array([[0.0, *(-0.02 * day for day in KNOTS)]])
    for day in (0, 1, 7, 100, 365):
        assert abs(survival_at(curve, KNOTS, np.array([float(day)]))[0] + 0.02 * day) < 1e-12


def test_knots_hold_the_horizons_and_where_orders_fall() -> None:
    waits = np.concatenate([np.arange(1, 15).repeat(20), np.full(50, np.inf)]).astype(float)
    knots = choose_knots(waits, 45)
    assert {30, 45, 60, 90, 180, 365} <= set(knots)
    assert list(knots) == sorted(set(knots))
    assert sum(one < 15 for one in knots) >= 8
    assert choose_knots(np.full(9, np.inf), 500)[-1] == 500


def test_where_nothing_was_learned_the_buy_till_you_die_model_goes_on() -> None:
    chance = np.random.default_rng(1)
    tenure = chance.integers(50, 400, 400).astype(float)
    frequency = chance.poisson(2.0, 400).astype(float)
    age = np.where(frequency > 0, np.maximum(np.floor(tenure * chance.random(400)), 1), 0.0)
    histories = Summary(frequency, age, tenure)
    model: BtydModel = fit_btyd(histories, "mbgnbd")
    learned = WaitingCurve((30, 90, 365), (LinearPredictor(-1.0, np.zeros(1)),), (30, 90, 365), YearlyBuyers())
    assert learned.learned_days == 30
    curve = learned.in_shop_time(np.zeros((400, 1)), histories, model)
    silent = model.no_purchase_curve(histories, [30, 90, 365])
    np.testing.assert_allclose(np.exp(curve[:, 2] - curve[:, 1]), silent[:, 1] / silent[:, 0], rtol=1e-9)
    np.testing.assert_allclose(np.exp(curve[:, 3] - curve[:, 2]), silent[:, 2] / silent[:, 1], rtol=1e-9)
    alone = learned.in_shop_time(np.zeros((400, 1)), histories, None)
    hazard_a_day = -alone[:, 1] / 30  # without that model the last hazard goes on
    np.testing.assert_allclose(alone[:, 3], -365 * hazard_a_day, rtol=1e-12)


def waiters(season: np.ndarray, habits: Habits) -> Waiters:
    count = len(habits.gaps)
    histories = Summary(np.zeros(count), np.zeros(count), np.full(count, 50.0))
    return Waiters(np.zeros((count, 1)), histories, habits, ShopTime(season).elapsed(0))


def of_chance(count: int) -> Habits:
    return Habits(np.zeros(count), np.zeros(count), np.full(count, np.inf), np.full(count, 100.0))


def test_in_shop_time_a_month_of_double_pace_is_two() -> None:
    season = np.ones(YEAR)
    season[100:130], season[200:230] = 2.0, 0.0
    hazards = tuple(LinearPredictor(-2.0, np.zeros(1)) for _ in KNOTS)
    curve = WaitingCurve(KNOTS, hazards, (100, 110, 130, 200, 230, 365), YearlyBuyers())
    plain, seasonal = (curve.log_survival(waiters(one, of_chance(1)), None)[0] for one in (np.ones(YEAR), season))
    assert seasonal[1] == plain[1]
    assert seasonal[4] == seasonal[5], "nobody buys where no time passes"
    assert seasonal[6] == plain[6], "a year is a year"
    read = survival_at(curve.in_shop_time(np.zeros((1, 1)), Summary([0], [0], [50]), None), KNOTS, np.array([160.0]))
    assert abs(seasonal[3] - read[0]) < 1e-12


@given(probabilities, st.floats(0.0, 1.0), st.floats(0.0, 364.0))
def test_the_mixed_curve_passes_through_the_churn_probability_where_the_date_allows(
    probability: float, share: float, due: float
) -> None:
    hazards = tuple(LinearPredictor(-2.0, np.zeros(1)) for _ in KNOTS)
    yearly = YearlyBuyers(min(max(share, 1e-6), 1 - 1e-6), 10.0, 0.8)
    curve = WaitingCurve(KNOTS, hazards, KNOTS, yearly)
    habits = Habits(np.zeros(1), np.zeros(1), np.zeros(1), np.array([due]))
    likely = float(yearly.probability(habits)[0])
    never = 1 - float(yearly.ordered_before([60], habits)[0, 0])
    mixed = np.exp(curve.passing_through(np.array([probability]), 60, waiters(np.ones(YEAR), habits), None)[0])
    assert (np.diff(mixed) <= 1e-12).all()
    reachable = np.clip(probability, likely * never, likely * never + 1 - likely)
    assert abs(mixed[KNOTS.index(60) + 1] - reachable) < 1e-5
