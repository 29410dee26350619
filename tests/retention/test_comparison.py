"""The shop beside its past, beside others, and what a point of retention is worth."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings

from churnrisk.errors import NotEnoughData, SettingsError
from churnrisk.orders import Orders
from churnrisk.retention import (
    FOLKLORE,
    Terms,
    compare_benchmarks,
    compare_with_past,
    estimate_economics,
    grade_meanings,
    measure_own,
    measure_retention,
    measure_trend,
)
from churnrisk.retention.benchmarks import REFUSALS, read_benchmarks, second_order_rate
from churnrisk.retention.change import paired_difference
from churnrisk.retention.economics import ShopYear, measure_year, simulate_profit
from churnrisk.timeline import day_number
from support.logs import CUTOFF, PlainLog, Row, polars_log, random_logs, seeded_log
from support.retention_logs import as_log, buy, small_log
from support.retention_oracle import Shop

LOG = seeded_log(seed=21)
ORDERS = as_log(polars_log(LOG))


def test_changes_are_those_of_the_table() -> None:
    table = measure_retention(ORDERS, "month", lookback=90)
    changes = compare_with_past(ORDERS, table)
    rows = {row.period.name: row for row in table.rows}
    assert {change.is_year_before for change in changes} == {True, False}
    for change in changes:
        assert change.value == rows[change.period].figures[change.figure]
        assert change.earlier_value == rows[change.earlier].figures[change.figure]
        assert change.low < change.difference < change.high
        assert change.difference == pytest.approx(change.value - change.earlier_value)
        assert (change.verdict == "may be noise") == (change.low <= 0 <= change.high)
        assert change.is_more_than_noise == (change.verdict == "more than noise")


FIRST = dt.date(2020, 1, 1)


def away_in(*julys: int, since: int = 2020) -> Orders:
    """A shop until August 2021 where customers buy every ten days, but two of three not in July of some years."""
    rows: list[Row] = []
    for k in range(60):
        days = [FIRST + dt.timedelta(days=day) for day in range(k % 10, 580, 10)]
        here = [day for day in days if k % 3 == 0 or day.month != 7 or day.year not in julys]
        rows += buy(f"c{k}", *(day_number(day) for day in here if day.year >= since))
    return small_log(*rows)


@pytest.mark.parametrize(
    ("log", "verdict"),
    [
        (away_in(2020, 2021), "the season"),
        (away_in(2021), "more than noise"),
        (away_in(2021, since=2021), "more than noise or the season"),
    ],
    ids=["each year", "this year", "nobody knows"],
)
def test_what_the_season_does_is_not_called_a_change_of_the_shop(log: Orders, verdict: str) -> None:
    changes = compare_with_past(log, measure_retention(log, "month", lookback=30))
    assert {change.period for change in changes} == {"2021-07"}
    on_june = [change for change in changes if change.earlier == "2021-06"]
    on_july = [change for change in changes if change.earlier == "2020-07"]
    assert {change.verdict for change in on_june} == {verdict}
    assert {change.is_more_than_noise for change in on_june} == {verdict == "more than noise"}
    assert all(abs(change.difference) > 0.5 for change in on_june)
    assert bool(on_july) == (verdict != "more than noise or the season")
    assert {change.verdict for change in on_july} <= {"may be noise" if verdict == "the season" else "more than noise"}


def test_the_paired_interval_covers_what_it_promises() -> None:
    """Two shares of overlapping customers whose outcomes go together; the true difference is 0.05."""
    draw = np.random.default_rng(5)
    covered = []
    for _ in range(600):
        steady = draw.normal(size=400)
        later = steady + draw.normal(size=400) < 0.6
        earlier = steady + draw.normal(size=400) < 0.4
        n1, n0 = draw.random(400) < 0.8, draw.random(400) < 0.8
        both = n1 & n0
        sets = (n1, n1 & later, n0, n0 & earlier, both, both & later, both & earlier, both & later & earlier)
        _, low, high = paired_difference([int(members.sum()) for members in sets])
        covered.append((low, high))
    true = 0.6643 - 0.6114  # normal distribution of standard deviation sqrt 2 at 0.6 and 0.4
    assert 0.93 < np.mean([low <= true <= high for low, high in covered]) < 0.975


def test_pairing_narrows_the_interval() -> None:
    same = paired_difference([100, 60, 100, 60, 100, 60, 60, 60])
    apart = paired_difference([100, 60, 100, 60, 0, 0, 0, 0])
    assert same[2] - same[1] < apart[2] - apart[1]
    assert paired_difference([50, 50, 50, 50, 50, 50, 50, 50])[2] > 0  # never of zero width


def test_too_few_periods_to_compare() -> None:
    log = small_log(*buy("a", CUTOFF, CUTOFF + 40))
    with pytest.raises(NotEnoughData, match="complete periods"):
        compare_with_past(log, measure_retention(log, "month"))


def test_trend_by_hand() -> None:
    log = small_log(
        *buy("a", *range(CUTOFF - 100, CUTOFF, 5)),
        *buy("b", *range(CUTOFF - 100, CUTOFF - 40, 5)),
    )
    table = measure_retention(log, 20, lookback=20)
    points = [(k, row.figures["retention_rate"]) for k, row in enumerate(table.rows) if row.complete]
    x, y = np.array(points, dtype=float).T
    assert measure_trend(table, "retention_rate") == pytest.approx(np.polyfit(x, y, 1)[0])
    assert measure_trend(table, "annual_churn_rate") is None


def test_benchmarks_are_dated_sourced_and_graded() -> None:
    assert read_benchmarks()
    for one in read_benchmarks():
        assert all((one.name, one.definition, one.sample, one.period, one.source))
        assert all(address.startswith("https://") for address in one.read_at)
        assert one.read_at
        assert one.grade in grade_meanings()
        assert 2000 <= int(one.published[:4]) <= dt.date.today().year
        assert one.unit in ("share", "points")


def test_figures_of_another_definition_are_refused() -> None:
    own = measure_own(ORDERS)
    for one in compare_benchmarks(own):
        same = one.benchmark.measures in own and own[one.benchmark.measures] is not None
        assert (one.own is not None) == same
        assert bool(one.refused) != same
    refused = {one.benchmark.measures: one.refused for one in compare_benchmarks(own) if one.refused}
    assert refused["subscription_churn_rate_monthly"] == REFUSALS["subscription_churn_rate_monthly"]
    with_survey = compare_benchmarks(measure_own(ORDERS, nps=12.0))
    assert {one.own for one in with_survey if one.benchmark.measures == "nps"} == {12.0}


@settings(max_examples=30)
@given(random_logs(customers=6).filter(lambda log: len(log.rows) > 0))
def test_second_orders_of_those_who_were_followed(log: PlainLog) -> None:
    shop = Shop(log.orders(), 365, 365)
    first = {c: shop.days(c, shop.end_day)[0] for c in shop.customers if shop.days(c, shop.end_day)}
    followed = [c for c in first if first[c] + 90 < shop.end_day]
    back = [c for c in followed if shop.bought(c, first[c] + 1, first[c] + 91)]
    expected = len(back) / len(followed) if followed else None
    assert second_order_rate(as_log(polars_log(log)), 90) == expected


def test_a_year_of_the_shop_against_plain_python() -> None:
    shop = Shop(LOG.orders(), 365, 365)
    end = shop.end_day
    made = measure_year(ORDERS)
    before, after = shop.active(end - 365), shop.active(end)
    first = {c: shop.days(c, end)[0] for c in shop.customers if shop.days(c, end)}
    young = {c for c in after if first[c] >= end - 365}
    assert (made.young, made.old) == (len(young), len(after - young))
    assert made.young_revenue == pytest.approx(sum(shop.net(c, end - 365, end) for c in young) / 10_000 / len(young))
    # less than three years of log: nobody is known to be older, so one rate for all
    assert made.young_retention == made.old_retention == pytest.approx(len(before & after) / len(before))


def test_profit_of_one_year_by_hand() -> None:
    year = ShopYear(100, 200, 0.5, 0.8, 10.0, 20.0)
    terms = Terms(margin=0.4, acquisition_cost=3, discount=0.0, years=1)
    # 100 new ones; 100 x 0.5 + 200 x 0.8 = 210 older ones
    assert simulate_profit(year, terms) == pytest.approx((100 * 10 + 210 * 20) * 0.4 - 100 * 3)
    assert simulate_profit(year, terms, extra=0.01) - simulate_profit(year, terms) == pytest.approx(3 * 20 * 0.4)
    assert simulate_profit(year, terms, extra=1.0) == pytest.approx((100 * 10 + 300 * 20) * 0.4 - 300)


def test_a_point_of_retention_is_worth_something_and_the_folklore_is_sourced() -> None:
    result = estimate_economics(ORDERS, Terms(0.3, 5))
    assert result.value_of_a_point > 0
    assert (result.five_point_gain or 0) > 0
    assert all(one["claim"] and one["source"] for one in FOLKLORE)


@pytest.mark.parametrize(
    "wrong", [{"margin": 0}, {"margin": 1.2}, {"margin": 1, "acquisition_cost": -1}, {"margin": 1, "years": 0}]
)
def test_impossible_terms(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=f"--{list(wrong)[-1].replace('_', '-')}"):
        Terms(**wrong)  # type: ignore[arg-type]


def test_one_rate_for_all_is_said_to_be_one() -> None:
    """Of a log of less than three years nobody is known to be older than a year when the last one began."""
    short = measure_year(away_in())
    assert short.young_retention == short.old_retention
    assert "the log has 580 days" in short.one_rate_because
    assert not measure_year(ORDERS).one_rate_because or ORDERS.last_day - ORDERS.first_day < 3 * 365
    long = small_log(*buy("old", *range(0, 1200, 30)), *buy("young", *range(700, 1200, 30)))
    assert not measure_year(long).one_rate_because
    only_old = small_log(*buy("old", *range(0, 1200, 30)))
    assert "were older customers" in measure_year(only_old).one_rate_because


def test_economics_need_two_years_and_amounts() -> None:
    with pytest.raises(NotEnoughData, match="two years"):
        estimate_economics(small_log(*buy("a", CUTOFF, CUTOFF + 700)), Terms(0.3))
    with pytest.raises(NotEnoughData, match="no amounts"):
        estimate_economics(as_log(polars_log(PlainLog(tuple(buy("a", CUTOFF)), has_amounts=False))), Terms(0.3))
