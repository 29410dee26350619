"""Customers who buy once a year in December get December; in a shop without such customers nobody is taken for one."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from churnrisk.btyd import fit_btyd
from churnrisk.dataset import build_follow_ups, choose_follow_ups, count_daily_purchases
from churnrisk.dataset.purchase_days import summarise_histories
from churnrisk.features import catalogue, customer_features
from churnrisk.forecast import fit_outlook, select_outlook_features
from churnrisk.forecast.yearly import FEATURES, Habits, YearlyBuyers
from churnrisk.schema import NEVER, ORDERS
from churnrisk.simulate import simulate_purchases
from churnrisk.timeline import Snapshot
from support.simulated import ArrayLog

EPOCH = date(1970, 1, 1)
FIRST_DAY = (date(2018, 3, 1) - EPOCH).days
YEARS = range(2018, 2025)
HORIZON = 60


def shop(*, december_buyers: int) -> ArrayLog:
    """A shop of all the year round, and customers who buy once each December on about a day of their own."""
    days = (date(2024, 12, 31) - EPOCH).days - FIRST_DAY
    orders = simulate_purchases(
        900, first_day=FIRST_DAY, days=days, seed=4, mean_gap_days=60.0, mean_lifetime_days=500.0
    ).orders
    chance = np.random.default_rng(5)
    rows = []
    for number in range(december_buyers):
        usual, start = chance.integers(5, 25), chance.integers(0, 3)
        for year in YEARS[start:]:
            if chance.random() < 0.9:  # one year in ten is left out
                rows.append(
                    (number, (date(year, 12, 1) - EPOCH).days + int(np.clip(usual + chance.normal(0, 4), 0, 30)))
                )
    who, day = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    ones = np.ones(len(who), np.int64)
    columns = {
        "customer_id": np.array([f"december-{one:04d}" for one in who], dtype=object),
        "order_id": np.array([f"gift-{place}" for place in range(len(who))], dtype=object),
        "order_day": day,
        "amount": 500_000 * ones,
        "is_purchase": ones,
        "line_count": ones,
        "undone_day": NEVER * ones,
    }
    return ArrayLog({one.name: np.concatenate([orders[one.name], columns.get(one.name, 0 * ones)]) for one in ORDERS})


@pytest.fixture(scope="module")
def log() -> ArrayLog:
    return shop(december_buyers=90)


@pytest.mark.parametrize("day", [date(2023, 2, 10), date(2023, 8, 20), date(2023, 11, 5)])
def test_who_buys_once_a_year_in_december_gets_december(log: ArrayLog, day: date) -> None:
    current = Snapshot((day - EPOCH).days, lookback=365, horizon=HORIZON, lead=0)
    names = select_outlook_features([feature.name for feature in catalogue(log)])
    data = build_follow_ups(log, choose_follow_ups(FIRST_DAY, current), names=names, until=current.cutoff)
    silence = fit_btyd(summarise_histories(log, current), "mbgnbd")
    daily = count_daily_purchases(log, current.cutoff)
    fitted = fit_outlook(data, names, current, daily=daily, silence=silence)
    assert fitted is not None
    base = customer_features(log, current, names=names)
    is_december = np.array([str(one).startswith("december") for one in base.customer_ids])
    # the churn probability of a model that knows nothing of dates
    first, _, last = fitted[0].predict(base.values, np.full(len(base.values), 0.85)).next_order.T
    days = fitted[0].predict(base.values, np.full(len(base.values), 0.85)).next_order[:, 1]
    dates = [EPOCH + timedelta(int(current.outcome_start + one)) for one in days[is_december]]
    assert np.mean([one.month == 12 and one.year == 2023 for one in dates]) > 0.9
    assert np.median((last - first)[is_december]) < 45
    later = build_follow_ups(log, [current], names=names, until=current.cutoff + 400)[0]
    wait = later.wait_days
    np.testing.assert_array_equal(later.customer_ids, base.customer_ids)
    came = is_december & (wait < 365)
    assert 0.7 < ((wait >= first) & (wait <= last))[came].mean() <= 1.0
    assert np.median((last - first)[~is_december]) > 60, "all others are as uncertain as ever"


def test_in_a_shop_of_chance_nobody_buys_once_a_year(log: ArrayLog) -> None:
    current = Snapshot((date(2023, 8, 20) - EPOCH).days, lookback=365, horizon=HORIZON, lead=0)
    plain = shop(december_buyers=0)
    shares = []
    for one in (plain, log):
        silence = fit_btyd(summarise_histories(one, current), "mbgnbd")
        values = customer_features(one, current, names=FEATURES).values
        shares.append(YearlyBuyers.learn(Habits.of(values, FEATURES, silence, lead=0)).share)
    assert shares[0] == 0
    assert 0.1 < shares[1] < 0.35


def habits(gaps: list[list[float]], *, since: float) -> Habits:
    """Histories of these gaps, beside others to whom any history is as likely as a day in a thousand for each gap."""
    values = []
    for one in gaps:
        deviation = np.std(one, ddof=1) if len(one) > 1 else np.nan
        longest, mean = (max(one), np.mean(one)) if one else (np.nan, np.nan)
        values.append([len(one) + 1, mean, deviation, longest, since, sum(one) + since])
    read = Habits.of(np.array(values), FEATURES, None, lead=3)
    return Habits(read.gaps, read.squares, -7.0 * read.gaps, read.due_days)


def test_the_more_dates_are_kept_the_surer_and_a_year_may_be_left_out() -> None:
    kept = habits([[], [366], [366, 361], [366, 361, 370], [366, 731], [180, 185], [366, 240]], since=100)
    likely = YearlyBuyers(0.05, 10.0, 0.8).probability(kept)
    assert (np.diff(likely[:4]) > 0).all()
    assert likely[0] == pytest.approx(0.05)
    assert likely[3] > 0.9
    assert likely[5] < 1e-6
    assert likely[6] < 1e-6
    np.testing.assert_allclose(kept.squares[:5], [0, 1, 17, 42, 2], atol=1e-6)
    assert (kept.due_days == 365 - 100 - 3).all()


def test_the_date_is_a_year_after_the_last_order_and_never_passed() -> None:
    yearly = YearlyBuyers(0.5, 10.0, 0.8)
    due = habits([[365]] * 2, since=200.0)
    ordered = yearly.ordered_before(range(366), due)
    assert (np.diff(ordered, axis=1) >= 0).all()
    assert ordered[0, 0] == 0
    assert ordered[0, 365] == pytest.approx(0.8, abs=1e-6)
    assert int((ordered[0] < 0.4).sum()) in (162, 163), "half of those who come again have come on the date"
    overdue = yearly.ordered_before(range(366), habits([[365]], since=372.0))
    assert overdue[0, 0] == 0
    assert overdue[0, 30] > 0.75, "who is late is expected now"
