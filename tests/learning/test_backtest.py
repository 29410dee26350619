"""Rolling on: no look ahead, windows apart, figures by hand, customers drawn with all their snapshots."""

from __future__ import annotations

import functools
import json
from dataclasses import replace

import numpy as np
import pytest

from churnrisk.cards.card import describe_backtest
from churnrisk.dataset import TrainingSet, build_training_set
from churnrisk.errors import NotEnoughData
from churnrisk.learning import BacktestPlan, plan_backtest
from churnrisk.learning.backtest import Backtest, Forecast, compare_forecasts, know_only, run_backtest
from churnrisk.learning.baselines import BASELINE_NAMES, forecast_baselines
from churnrisk.learning.evaluate import MEASURES, Scored
from churnrisk.orders import IntakeOptions, read_orders
from churnrisk.timeline import Snapshot, date_of
from support.known_logs import DAYS, FIRST_DAY, HORIZON, signal_log

CURRENT = Snapshot(FIRST_DAY + DAYS, lookback=60, horizon=HORIZON)


@functools.cache
def prepared() -> tuple[TrainingSet, BacktestPlan]:
    with read_orders(signal_log(), IntakeOptions()) as orders:
        plan = plan_backtest(orders.first_day, CURRENT, cutoffs=3)
        return build_training_set(orders, plan.snapshots), plan


@functools.cache
def result() -> Backtest:
    data, plan = prepared()
    return run_backtest(data, plan, seed=3, resamples=40)


@pytest.mark.parametrize("lead", [0, 5])
def test_outcome_windows_lie_side_by_side_and_end_with_the_history(lead: int) -> None:
    plan = plan_backtest(0, Snapshot(1000, lookback=365, horizon=90, lead=lead))
    tests = [one.current for one in plan.plans]
    assert len(tests) == 5
    assert tests[-1].outcome_end == 1000
    assert [one.outcome_end for one in tests[:-1]] == [one.outcome_start for one in tests[1:]]
    for one in plan.plans:
        assert max(past.outcome_end for past in one.labelled) <= one.current.cutoff
    assert set(plan.snapshots.labelled) >= {*tests, *plan.plans[0].labelled}


def test_there_are_as_many_cutoffs_as_the_history_allows() -> None:
    current = Snapshot(1000, lookback=365, horizon=200)
    by_default = plan_backtest(0, current)
    assert ([one.current.cutoff for one in by_default.plans], by_default.skipped) == ([400, 600, 800], ())
    assert [one.current.cutoff for one in plan_backtest(0, current, cutoffs=2).plans] == [600, 800]
    asked = plan_backtest(0, current, cutoffs=4)
    assert [one.current.cutoff for one in asked.plans] == [400, 600, 800]
    assert asked.skipped[0].snapshot.cutoff == 200
    assert "needs 400 days of history" in asked.skipped[0].reason


def test_a_history_without_room_is_refused_with_numbers() -> None:
    with pytest.raises(NotEnoughData, match=r"a horizon of 200 days needs 400 days of history .* has 300"):
        plan_backtest(500, Snapshot(1000, lookback=365, horizon=200))


def test_a_fit_sees_what_training_on_that_day_would_have_seen() -> None:
    data, plan = prepared()
    one = replace(plan.plans[-1], labelled=plan.plans[-1].labelled[-3:], fitting=())
    log = signal_log()
    before = log[log["ordered_at"] < date_of(one.current.cutoff).isoformat()]
    assert len(before) < len(log)
    with read_orders(before, IntakeOptions()) as orders:
        then = build_training_set(orders, one)
    now = know_only(data, one)
    assert now.current.churned is None
    assert [each.snapshot for each in now.snapshots] == [each.snapshot for each in then.snapshots]
    for ours, theirs in zip((*now.snapshots, now.current), (*then.snapshots, then.current), strict=True):
        np.testing.assert_array_equal(ours.values, theirs.values)
        np.testing.assert_array_equal(ours.churned, theirs.churned)
        np.testing.assert_array_equal(ours.summary.tenure, theirs.summary.tenure)
    np.testing.assert_array_equal(now.daily_purchases.counts, then.daily_purchases.counts)
    assert all(base.snapshot.outcome_end <= one.current.cutoff for base in now.past_bases)


def test_every_model_and_baseline_has_every_figure_at_every_cutoff() -> None:
    assert [one.snapshot.cutoff for one in result().cutoffs] == [FIRST_DAY + DAYS - HORIZON * k for k in (3, 2, 1)]
    for figures in (result().pooled, *(one.figures for one in result().cutoffs)):
        assert set(figures.measures) == {"churnrisk", *BASELINE_NAMES} == {"churnrisk", *figures.gains}
        for name in ("churnrisk", *BASELINE_NAMES):
            assert set(figures.measures[name]) == set(MEASURES)
            assert sum(size for size, _, _ in figures.reliability[name]) == figures.customers
            for key, interval in figures.measures[name].items():
                assert key == "calibration_error" or interval.low <= interval.high
    assert result().pooled.measures["churnrisk"]["auc"].low > 0.6
    for structural in ("BG/NBD", "MBG/NBD", "Pareto/NBD"):
        assert result().pooled.measures[structural]["auc"].low > 0.6, structural


def test_pooled_figures_are_means_by_customers_and_gains_are_differences() -> None:
    pooled, cutoffs = result().pooled, [one.figures for one in result().cutoffs]
    sizes = np.array([one.customers for one in cutoffs])
    assert pooled.customers == sizes.sum()
    assert pooled.churned == sum(one.churned for one in cutoffs)
    for key in MEASURES:
        of_cutoffs = [one.measures["churnrisk"][key].value for one in cutoffs]
        assert pooled.measures["churnrisk"][key].value == pytest.approx(np.average(of_cutoffs, weights=sizes))
        ours, theirs = (pooled.measures[name][key].value for name in ("churnrisk", "BG/NBD"))
        assert pooled.gains["BG/NBD"][key].value == pytest.approx(ours - theirs)


def test_everybody_is_accounted_for() -> None:
    log = signal_log()
    assert result().cutoffs
    for one in result().cutoffs:
        day = date_of(one.snapshot.cutoff).isoformat()
        bought = log[log["amount"] > 0].groupby("customer_id")["ordered_at"].agg(["min", "max"])
        since = date_of(one.snapshot.cutoff - 60).isoformat()
        before = log[(log["amount"] > 0) & (log["ordered_at"] < day)].groupby("customer_id")["ordered_at"].max()
        assert one.figures.customers == (before >= since).sum()
        assert one.lapsed == (before < since).sum()
        assert one.not_yet == (bought["min"] >= day).sum()


def test_the_same_data_and_seed_give_the_same_bytes() -> None:
    data, plan = prepared()
    short = replace(plan, plans=plan.plans[:1])
    one, again = (json.dumps(describe_backtest(run_backtest(data, short, seed=1, resamples=20))) for _ in range(2))
    assert one == again


def test_a_cutoff_with_too_few_outcomes_is_skipped_with_numbers() -> None:
    data, plan = prepared()
    newest = plan.plans[-1].current
    nearly_all_left = tuple(
        replace(one, churned=np.where(np.arange(len(one.customer_ids)) < 4, 0, 1).astype(np.int8))
        if one.snapshot == newest
        else one
        for one in data.snapshots
    )
    two = replace(plan, plans=(plan.plans[0], plan.plans[-1]))
    after = run_backtest(replace(data, snapshots=nearly_all_left), two, resamples=5)
    assert len(after.cutoffs) == 1
    assert after.skipped[0].snapshot == newest
    assert after.skipped[0].reason.startswith(f"4 customers bought again after {date_of(newest.cutoff)}; 10 are needed")
    alone = replace(plan, plans=plan.plans[-1:])
    with pytest.raises(NotEnoughData, match=r"no cutoff can be tested.*4 customers bought again"):
        run_backtest(replace(data, snapshots=nearly_all_left), alone, resamples=5)


def test_more_snapshots_of_the_same_customers_do_not_make_intervals_narrower() -> None:
    data, plan = prepared()
    test = data.at([plan.plans[-1].current])[0]
    chance = np.random.default_rng(0)
    assert test.churned is not None
    scored = {
        name: Scored(test.churned, np.clip(0.5 * chance.random(len(test.churned)) + 0.3 * test.churned, 0, 1))
        for name in ("churnrisk", "BG/NBD")
    }
    forecast = Forecast(test, 1, scored, {})
    once, thrice = (compare_forecasts(data, [forecast] * k, [], seed=0, resamples=50).pooled for k in (1, 3))
    assert thrice.customers == 3 * once.customers
    for key in MEASURES:
        single, triple = once.gains["BG/NBD"][key], thrice.gains["BG/NBD"][key]
        assert (triple.low, triple.high) == pytest.approx((single.low, single.high)), key


def test_a_baseline_that_cannot_be_fitted_is_left_out_and_named() -> None:
    data, plan = prepared()
    past = know_only(data, plan.plans[-1])
    few = np.arange(len(past.current.summary)) < 3
    summary = past.current.summary
    tiny = type(summary)(summary.frequency[few], summary.age_at_last_order[few], summary.tenure[few])
    alike = tuple(replace(one, churned=np.ones_like(one.churned)) for one in past.snapshots)
    without = forecast_baselines(replace(past, snapshots=alike, current=replace(past.current, summary=tiny)))
    assert without.probabilities == {}
    assert set(without.notes) == set(BASELINE_NAMES)
    assert "at least 10 customers" in without.notes["BG/NBD"]
    assert set(forecast_baselines(past).probabilities) == set(BASELINE_NAMES)
