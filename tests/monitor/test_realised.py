"""What became of scores is measured as the model's own test is, to the last bit, and campaigns count as in training."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.dataset import Exposure
from churnrisk.dataset.exposure import mend_snapshot
from churnrisk.learning import Scored, measure
from churnrisk.monitor import is_over, judge_run
from churnrisk.orders import Orders
from churnrisk.scoring import score_orders
from churnrisk.state import Remembered, Run, RunScore
from churnrisk.timeline import Snapshot
from monitor.conftest import Shop

RISKS = {"high", "medium", "low"}


def run_at(snapshot: Snapshot) -> Remembered:
    return Remembered(7, "2026-01-01T00:00:00+00:00", Run(snapshot, "v1", "purchases", "digest", 1))


def scores_of(shop: Shop) -> list[RunScore]:
    """The run as it is remembered: sorted by customer, lapsed ones without a probability."""
    columns = score_orders(shop.model, Orders.from_frame(shop.log.frame()), shop.plan.test.cutoff).columns
    rows = zip(columns["customer_id"], columns["status"], columns["churn_probability"], columns["risk"], strict=True)
    return sorted(RunScore(who, status, None if p != p else float(p), risk, None) for who, status, p, risk in rows)


def test_as_the_test_of_the_model(shop: Shop) -> None:
    scores = scores_of(shop)
    assert {one.risk for one in scores} >= RISKS
    found = judge_run(run_at(shop.plan.test), scores, shop.log)
    assert found.measures == shop.result.measures["churnrisk"]
    assert list(found.bins) == list(shop.result.reliability)
    assert (found.customers, found.churn_rate) == (shop.result.customers, shop.result.churn_rate)
    assert (found.contacted, found.unknown, found.biased_by) == (0, 0, ())
    assert found.saved is not None
    assert found.saved.low < found.saved.value < found.saved.high
    rate = found.churn_rate
    entropy = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    assert found.saved.value == pytest.approx(entropy - found.measures["log_loss"].value)


def test_campaigns_count_as_in_training(shop: Shop) -> None:
    test = shop.data.at([shop.plan.test])[0]
    members = list(test.customer_ids[:200])
    start = shop.plan.test.outcome_start
    mended = Exposure("spring", start, start + 10, frozenset(members[:150]), dict.fromkeys(members[150:], 4.0))
    blind = Exposure("autumn", start, start + 10, frozenset(members), {})
    elsewhere = Exposure("before", start - 20, start, frozenset(members), dict.fromkeys(members[:9], 2.0))
    found = judge_run(run_at(shop.plan.test), scores_of(shop), shop.log, exposures=[mended, blind, elsewhere])
    expected = mend_snapshot(test, [mended])
    assert expected.churned is not None
    scored = Scored(expected.churned, shop.model.predict(expected.values), expected.weight)
    assert found.measures == measure(scored)
    assert found.churn_rate == pytest.approx(expected.churn_rate)
    assert (found.contacted, found.biased_by) == (150, ("autumn",))


def test_customers_that_the_log_does_not_know_are_counted_apart(shop: Shop) -> None:
    scores = sorted([*scores_of(shop), RunScore("aaa gone", "scored", 0.99, "high", 1)])
    found = judge_run(run_at(shop.plan.test), scores, shop.log)
    assert found.unknown == 1
    assert found.measures == shop.result.measures["churnrisk"]


def test_a_handful_is_not_judged(shop: Shop) -> None:
    few = [one for one in scores_of(shop) if one.churn_probability is not None][:15]
    found = judge_run(run_at(shop.plan.test), few, shop.log)
    assert (found.measures, found.saved, found.calibration_beyond_chance) == ({}, None, None)
    assert found.customers == 15
    plain = found.to_dict()
    assert (plain["measures"], plain["log_loss_saved"]) == ({}, None)


@pytest.mark.parametrize(("known_until", "over"), [(1029, False), (1032, False), (1033, True), (2000, True)])
def test_a_window_is_over_when_its_last_day_is_known(known_until: int, over: bool) -> None:
    assert is_over(Snapshot(1000, 365, 30, 3), known_until=known_until) is over
