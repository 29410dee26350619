"""The whole learner on simulated shops: the same bytes, no customer in it, harmless where there is nothing to learn."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from churnrisk.dataset import TrainingSet
from churnrisk.errors import NotEnoughData
from churnrisk.features import customer_features
from churnrisk.learning import FittedModel, Workers, fit_and_test
from churnrisk.learning.estimators import Blend
from churnrisk.learning.train import fit_model, fit_past, judge
from churnrisk.regression.linear import to_log_odds
from churnrisk.simulate import SimulatedLog, simulate_purchases
from churnrisk.timeline import Snapshot, SnapshotPlan
from support.simulated import FIRST_DAY, ArrayLog, random_buyers, training_set

DAYS, HORIZON = 500, 45
Built = tuple[TrainingSet, SnapshotPlan]


@pytest.fixture(scope="module")
def shop() -> SimulatedLog:
    return simulate_purchases(600, first_day=FIRST_DAY, days=DAYS + HORIZON, seed=2)


@pytest.fixture(scope="module")
def built(shop: SimulatedLog) -> Built:
    return training_set(ArrayLog(shop.orders), days=DAYS, horizon=HORIZON)


@pytest.fixture(scope="module")
def model(built: Built) -> FittedModel:
    return fit_model(built[0], seed=1)


def log_loss(churned: np.ndarray, probability: np.ndarray) -> float:
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    return float(-np.mean(churned * np.log(clipped) + (1 - churned) * np.log(1 - clipped)))


def outcome_of(log: ArrayLog, built: TrainingSet) -> np.ndarray:
    """Who of the current base churned, read off the orders themselves."""
    days, who = log.orders["order_day"], log.orders["customer_id"]
    window = built.current.snapshot
    inside = (days >= window.cutoff) & (days < window.outcome_end) & (log.orders["is_purchase"] == 1)
    back = set(who[inside])
    return np.array([float(one not in back) for one in built.current.customer_ids])


def test_threads_and_the_order_of_rows_change_no_byte(shop: SimulatedLog, built: Built, model: FittedModel) -> None:
    again, _ = training_set(ArrayLog(shop.orders).shuffled(seed=8), days=DAYS, horizon=HORIZON)
    with threadpool_limits(limits=2):
        other = fit_model(again, seed=1)
    values = built[0].current.values
    assert model.predict(values).tobytes() == other.predict(values).tobytes()
    assert model.bands == other.bands


def test_a_customer_has_the_same_score_alone_and_in_any_batch(built: Built, model: FittedModel) -> None:
    values = built[0].current.values
    together = model.predict(values)
    alone = [model.predict(values[k : k + 1])[0] for k in range(15)]
    assert np.array(alone).tobytes() == together[:15].tobytes()
    halves = np.concatenate([model.predict(values[:231]), model.predict(values[231:])])
    assert halves.tobytes() == together.tobytes()
    assert (np.round(together, 9) == together).all()


def test_nobody_is_in_the_model_and_it_survives_storage(built: Built, model: FittedModel) -> None:
    stored = pickle.dumps(model)
    assert b"customer-0" not in stored
    values = built[0].current.values
    assert pickle.loads(stored).predict(values).tobytes() == model.predict(values).tobytes()


def test_the_base_rate_is_the_mean_prediction(built: Built, model: FittedModel) -> None:
    probabilities = model.predict(built[0].current.values)
    assert model.bands.base_rate == pytest.approx(probabilities.mean(), abs=1e-8)
    summary = model.summary.predict(dict(zip(built[0].names, built[0].current.values.T, strict=True)))
    assert summary.mean() == pytest.approx(model.bands.base_rate, abs=1e-6)


def test_probabilities_come_close_to_the_truth(shop: SimulatedLog, built: Built, model: FittedModel) -> None:
    data = built[0]
    churned = outcome_of(ArrayLog(shop.orders), data)
    ours = model.predict(data.current.values)
    assert model.kind == "blend"
    assert model.note == ""
    assert abs(ours.mean() - churned.mean()) < 0.06
    assert log_loss(churned, ours) < log_loss(churned, np.full(len(churned), churned.mean())) - 0.05


def test_nothing_later_than_the_cutoff_changes_a_fit(shop: SimulatedLog, built: Built) -> None:
    """The training set as it stood at the test is that of a log that ended then, and fits the same model."""
    data, plan = built
    past = data.known_at(plan.test)
    before = shop.orders["order_day"] < plan.test.cutoff
    ended = ArrayLog({name: values[before] for name, values in shop.orders.items()})
    features = customer_features(ended, plan.test, names=data.names)
    np.testing.assert_array_equal(features.values, past.current.values)
    assert all(base.snapshot.outcome_end <= plan.test.cutoff for base in past.past_bases)
    assert all(one.snapshot.outcome_end <= plan.test.cutoff for one in past.snapshots)


def test_the_tested_model_may_serve_the_inner_test(built: Built, model: FittedModel) -> None:
    data, plan = built
    result = judge(data, plan, fit_past(data, plan, seed=1), seed=1)
    assert result.kind == "later snapshot"
    assert result.model is not None
    assert result.model.snapshot == plan.test
    quick = fit_model(data, seed=1, earlier=result.model)
    assert isinstance(quick.learner.ranking, Blend)
    difference = np.abs(quick.predict(data.current.values) - model.predict(data.current.values))
    assert difference.mean() < 0.02


def test_a_log_without_amounts_is_learned_from(shop: SimulatedLog) -> None:
    log = ArrayLog(shop.orders).without_amounts()
    data, _ = training_set(log, days=DAYS, horizon=HORIZON, count=2)
    model = fit_model(data)
    assert not model.needs_amounts
    assert model.predict(data.current.values).std() > 0.05


def test_where_there_is_no_signal_the_model_is_harmless() -> None:
    log = random_buyers(600, days=400, chance_a_day=0.04, seed=3)
    data, _ = training_set(log, days=370, horizon=30)
    model = fit_model(data)
    churned = outcome_of(log, data)
    ours = model.predict(data.current.values)
    assert log_loss(churned, ours) < log_loss(churned, np.full(len(churned), churned.mean())) + 0.015
    assert abs(ours.mean() - np.exp(-0.04 * 30)) < 0.05
    assert ours.std() < 0.06


def test_a_small_log_is_safe() -> None:
    log = simulate_purchases(150, first_day=FIRST_DAY, days=330, seed=5)
    data, plan = training_set(ArrayLog(log.orders), days=300, horizon=30)
    model = fit_model(data)
    churned = outcome_of(ArrayLog(log.orders), data)
    assert log_loss(churned, model.predict(data.current.values)) < 0.7
    assert judge(data, plan, fit_past(data, plan)).measures["churnrisk"]["log_loss"].value < 0.8


def test_a_short_history_is_tested_on_other_customers() -> None:
    log = simulate_purchases(400, first_day=FIRST_DAY, days=95, seed=4, mean_lifetime_days=90)
    data, plan = training_set(ArrayLog(log.orders), days=95, horizon=HORIZON)
    result = judge(data, plan, fit_past(data, plan))
    assert result.kind == "other customers"
    assert result.model is None
    assert abs(result.measures["churnrisk"]["bias"].value) < 0.1


def test_a_handful_is_refused(built: Built) -> None:
    data = built[0]
    few = replace(data, snapshots=tuple(replace(one, churned=np.zeros_like(one.churned)) for one in data.snapshots))
    with pytest.raises(NotEnoughData, match="0 customers churned"):
        fit_model(few)


def test_scoring_later_keeps_the_level_that_was_forecast(shop: SimulatedLog, built: Built, model: FittedModel) -> None:
    later = Snapshot(model.snapshot.cutoff + 20, 365, HORIZON)
    features = customer_features(ArrayLog(shop.orders), later, names=built[0].names)
    probabilities = model.predict(features.values)
    assert np.isfinite(probabilities).all()
    columns = model.learner.design.apply(features.values, model.learner.silence)
    ranking = model.learner.ranking.log_odds(columns)
    np.testing.assert_allclose(to_log_odds(probabilities) - ranking, model.learner.level.shift, atol=1e-4)


@pytest.mark.parametrize("count", [2, 3])
def test_the_number_of_workers_changes_no_byte(built: Built, count: int) -> None:
    data, plan = built
    alone, shared = (fit_and_test(data, plan, seed=1, workers=Workers(one)) for one in (1, count))
    assert pickle.dumps(alone[1]) == pickle.dumps(shared[1])
    assert pickle.dumps(alone[0]) == pickle.dumps(shared[0])
    in_turn = fit_model(data, seed=1, earlier=fit_past(data, plan, seed=1))
    assert pickle.dumps(in_turn) == pickle.dumps(alone[1])
