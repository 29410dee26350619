"""The outlook on a simulated shop: it holds together, it covers what comes later, and it holds no customer."""

from __future__ import annotations

import itertools
import pickle
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from churnrisk.btyd import Summary, fit_btyd
from churnrisk.dataset import FollowUpData, build_follow_ups, choose_follow_ups, count_daily_purchases
from churnrisk.dataset.purchase_days import summarise_histories
from churnrisk.features import catalogue
from churnrisk.forecast import Outlook, OutlookCheck, fit_outlook, select_outlook_features
from churnrisk.forecast.next_order import measure_coverage
from churnrisk.forecast.outlook import make_waiters
from churnrisk.forecast.shop_time import ShopTime
from churnrisk.forecast.survival import Waiters
from churnrisk.simulate import simulate_purchases
from churnrisk.timeline import Snapshot
from support.simulated import FIRST_DAY, ArrayLog

DAYS, HORIZON = 1150, 45
CURRENT = Snapshot(FIRST_DAY + DAYS, lookback=365, horizon=HORIZON, lead=2)
LOG = ArrayLog(
    simulate_purchases(2_500, first_day=FIRST_DAY, days=DAYS + 400, seed=11, mean_lifetime_days=400.0).orders
)
Fitted = tuple[Outlook, OutlookCheck | None]


def names_of(log: ArrayLog) -> tuple[str, ...]:
    return select_outlook_features([feature.name for feature in catalogue(log)])


def follow(log: ArrayLog) -> tuple[FollowUpData, ...]:
    cutoffs = choose_follow_ups(FIRST_DAY, CURRENT)
    return build_follow_ups(log, cutoffs, names=names_of(log), until=CURRENT.cutoff)


def fit(log: ArrayLog, data: tuple[FollowUpData, ...]) -> Fitted:
    silence = fit_btyd(summarise_histories(log, CURRENT), "mbgnbd")
    daily = count_daily_purchases(log, CURRENT.cutoff)
    fitted = fit_outlook(data, names_of(log), CURRENT, daily=daily, silence=silence, seed=1)
    assert fitted is not None
    return fitted


@pytest.fixture(scope="module")
def data() -> tuple[FollowUpData, ...]:
    return follow(LOG)


@pytest.fixture(scope="module")
def fitted(data: tuple[FollowUpData, ...]) -> Fitted:
    return fit(LOG, data)


@pytest.fixture(scope="module")
def later() -> FollowUpData:
    """What came after ``as_of``: nothing of it was fitted on."""
    return build_follow_ups(LOG, [CURRENT], names=names_of(LOG), until=CURRENT.cutoff + 400)[0]


def own_probability(outlook: Outlook, values: np.ndarray) -> np.ndarray:
    """A churn probability for tests, where no learner was fitted: the curve's own."""
    log_survival = outlook.curve.log_survival(waiters_of(outlook, values), outlook.silence)
    at_horizon: np.ndarray = np.exp(log_survival[:, outlook.curve.days.index(HORIZON) + 1])
    return at_horizon.round(9)


def waiters_of(outlook: Outlook, values: np.ndarray) -> Waiters:
    terms = outlook.terms.apply(outlook.design.apply(values, outlook.silence))
    elapsed = outlook.time.elapsed(CURRENT.outcome_start)
    return make_waiters(values, outlook.features, terms, outlook.silence, elapsed, lead=CURRENT.lead)


@pytest.mark.parametrize("probability", ["own", "random", "sure"])
def test_the_outlook_holds_together(fitted: Fitted, later: FollowUpData, probability: str) -> None:
    outlook, values = fitted[0], later.values
    chance = np.random.default_rng(2).random(len(values)).round(9)
    p = {"own": own_probability(outlook, values), "random": chance, "sure": (chance < 0.5) * 1.0}[probability]
    seen = outlook.predict(values, p)
    curve = [seen.churn[days] for days in (30, 60, 90, 180)]
    assert all((one >= other).all() for one, other in itertools.pairwise(curve))
    assert (curve[0] >= p).all(), "45 days are the model's own"
    assert (curve[1] <= p).all()
    low, day, high = seen.next_order.T
    assert (low >= 0).all(), "never in the past"
    assert (low <= day).all()
    assert (day <= high).all()
    assert (high < 365).all(), "told to each customer, also to one who has probably left"
    assert np.isnan(seen.revenue).all(), "no forecast of value was added"
    assert ((seen.alive > 0) & (seen.alive <= 1)).all()


def test_an_interval_that_does_not_hold_is_left_out(fitted: Fitted, later: FollowUpData) -> None:
    outlook, values = fitted[0], later.values[:50]
    doubtful = replace(outlook, band=replace(outlook.band, holds=False))
    low, day, high = doubtful.predict(values, np.full(50, 0.5)).next_order.T
    assert np.isnan(low).all()
    assert np.isnan(high).all()
    np.testing.assert_array_equal(day, outlook.predict(values, np.full(50, 0.5)).next_order[:, 1])


def test_the_season_is_that_of_the_day_of_scoring(fitted: Fitted, later: FollowUpData) -> None:
    outlook, values, half = fitted[0], later.values[:50], np.full(50, 0.5)
    pace = np.where((np.arange(365) - CURRENT.outcome_start) % 365 < 180, 0.1, 1.9)
    seasonal = replace(outlook, time=ShopTime(pace / pace.mean()))
    plain, now, in_summer = (
        one.predict(values, half, cutoff=cutoff).next_order[:, 2]
        for one, cutoff in ((outlook, None), (seasonal, None), (seasonal, CURRENT.cutoff + 180))
    )
    assert now.mean() > in_summer.mean() + 20
    np.testing.assert_array_equal(plain, outlook.predict(values, half, cutoff=CURRENT.cutoff + 180).next_order[:, 2])


def test_rows_one_by_one_and_threads_change_no_bit(
    fitted: Fitted, data: tuple[FollowUpData, ...], later: FollowUpData
) -> None:
    outlook, values = fitted[0], later.values[:60]
    p = own_probability(outlook, values)
    whole = outlook.predict(values, p)
    single = [outlook.predict(values[k : k + 1], p[k : k + 1]) for k in range(len(values))]
    np.testing.assert_array_equal(whole.next_order, np.concatenate([one.next_order for one in single]))
    np.testing.assert_array_equal(whole.revenue.round(2), np.concatenate([one.revenue for one in single]).round(2))
    for days, churn in whole.churn.items():
        np.testing.assert_array_equal(churn, np.concatenate([one.churn[days] for one in single]))
    with threadpool_limits(limits=2):
        again, _ = fit(LOG.shuffled(seed=5), follow(LOG.shuffled(seed=5)))
    assert pickle.dumps(again.predict(values, p)) == pickle.dumps(whole)


def test_later_next_orders_fall_into_their_interval(fitted: Fitted, later: FollowUpData) -> None:
    outlook, check = fitted
    p = own_probability(outlook, later.values)
    curve = outlook.curve.passing_through(p, HORIZON, waiters_of(outlook, later.values), outlook.silence)
    coverage, tenths = measure_coverage(outlook.band, [(curve, later.wait_days)], outlook.curve.days, 365)
    assert 0.77 <= coverage <= 0.83
    assert min(tenths) > 0.7
    assert max(tenths) < 0.9
    assert check is not None
    assert 0.7 < check.coverage < 0.9
    assert outlook.curve.learned_days == 365


def test_lapsed_customers_return_as_often_as_they_did(fitted: Fitted, data: tuple[FollowUpData, ...]) -> None:
    outlook = fitted[0]
    usable = [one for one in data if len(one.returned)]
    expected = sum(
        float((outlook.return_probability(one.lapsed, lead=2) * one.lapsed.customers).sum()) for one in usable
    )
    assert expected == pytest.approx(sum(float(one.returned.sum()) for one in usable), abs=1.0)
    nobody = Summary([], [], [])
    assert len(outlook.return_probability(nobody, lead=2)) == 0
    assert np.isnan(replace(outlook, return_shift=np.nan).return_probability(data[-1].lapsed, lead=2)).all()


def test_a_log_without_amounts_has_no_values_but_all_else() -> None:
    log = LOG.without_amounts()
    outlook, check = fit(log, follow(log))
    assert check is not None
    values = follow(log)[-1].values
    seen = outlook.predict(values, np.full(len(values), 0.4))
    assert np.isnan(seen.revenue).all()
    assert not np.isnan(seen.next_order).all()


def test_no_customer_is_in_it(fitted: Fitted) -> None:
    stored = pickle.dumps(fitted[0])
    assert b"customer-" not in stored
    assert len(stored) < 200_000


def test_too_few_customers_have_no_outlook(data: tuple[FollowUpData, ...]) -> None:
    few = replace(data[0], values=data[0].values[:50], wait_days=data[0].wait_days[:50])
    daily = count_daily_purchases(LOG, CURRENT.cutoff)
    assert fit_outlook([few], names_of(LOG), CURRENT, daily=daily, silence=None) is None
