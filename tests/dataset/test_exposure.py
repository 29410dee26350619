"""Campaigns within outcome windows: what is learned stays what customers do who are left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from churnrisk.btyd import Summary
from churnrisk.dataset import Exposure, PastBase, SnapshotData, TrainingSet, mend_exposed
from churnrisk.dataset.exposure import mend_snapshot
from churnrisk.learning.train import fit_model
from churnrisk.simulate import simulate_purchases
from churnrisk.timeline import Snapshot
from support.simulated import FIRST_DAY, ArrayLog, training_set

DAYS, HORIZON = 500, 60
SNAPSHOT = Snapshot(15_000, 365, HORIZON)
NO_HISTORY = Summary(*[np.zeros(0)] * 3)


def base_of(churned: np.ndarray) -> SnapshotData:
    ids = np.array([f"c{k:06d}" for k in range(len(churned))], dtype=object)
    return SnapshotData(
        SNAPSHOT,
        ids,
        np.zeros((len(ids), 1)),
        churned.astype(np.int8),
        Summary(np.zeros(len(ids)), np.zeros(len(ids)), np.ones(len(ids))),
        NO_HISTORY,
        {},
    )


def test_dropping_alone_turns_a_half_into_43_percent_and_weights_mend_it() -> None:
    """Half of the customers leave; the 30 % most at risk get a campaign with a holdout of 10 %, and it keeps some."""
    chance = np.random.default_rng(0)
    size, holdout = 60_000, 0.1
    truth = np.sort(chance.uniform(0.23, 0.77, size))[::-1]
    leaves = chance.random(size) < truth
    listed = np.arange(size) < 0.3 * size
    treated = listed & (chance.random(size) >= holdout)
    seen = leaves & ~(treated & (chance.random(size) < 0.2))
    data = base_of(seen)
    contacted = frozenset(data.customer_ids[treated])
    control = dict.fromkeys(data.customer_ids[listed & ~treated], 1 / holdout)
    mended = mend_snapshot(data, [Exposure("spring", 15_010, 15_040, contacted, control)])
    assert leaves.mean() == pytest.approx(0.5, abs=0.005)
    assert data.without(contacted).churn_rate == pytest.approx(0.43, abs=0.005)
    assert data.churn_rate < 0.48  # left in, the campaign is taken for the customers' own doing
    assert mended.churn_rate == pytest.approx(0.5, abs=0.01)
    assert mended.weights.sum() == pytest.approx(size, rel=0.02)


EDGES = [(15_059, 15_100, True), (15_060, 15_100, False), (14_900, 15_001, True), (14_900, 15_000, False)]


@pytest.mark.parametrize(("start", "end", "touches"), EDGES)
def test_only_windows_that_share_a_day_are_touched(start: int, end: int, touches: bool) -> None:
    exposure = Exposure("spring", start, end, frozenset({"c000000"}), {"c000001": 2.0})
    data = base_of(np.array([1, 0, 1]))
    mended = mend_snapshot(data, [exposure])
    assert exposure.touches(SNAPSHOT) is touches
    if touches:
        assert mended.customer_ids.tolist() == ["c000001", "c000002"]
        assert mended.weights.tolist() == [2.0, 1.0]
    else:
        assert mended is data


@pytest.fixture(scope="module")
def shop() -> ArrayLog:
    return ArrayLog(simulate_purchases(800, first_day=FIRST_DAY, days=DAYS, seed=3).orders)


def listed_in(shop: ArrayLog) -> list[str]:
    return sorted(set(shop.orders["customer_id"]))[::3]


def exposure_in(shop: ArrayLog, *, every: int = 4) -> Exposure:
    """A third of the shop is in a campaign near the end of the log, and every fourth of them is a control."""
    listed = listed_in(shop)
    control = listed[::every]
    start = FIRST_DAY + DAYS - 50
    return Exposure("spring", start, start + 30, frozenset(listed) - set(control), dict.fromkeys(control, float(every)))


def only(shop: ArrayLog, wanted: set[str]) -> ArrayLog:
    chosen = np.array([one in wanted for one in shop.orders["customer_id"]])
    return ArrayLog({name: values[chosen] for name, values in shop.orders.items()})


def total(bases: tuple[PastBase, ...]) -> dict[int, tuple[float, float]]:
    return {one.snapshot.cutoff: (float(one.histories.customers.sum()), float(one.churned.sum())) for one in bases}


def test_past_bases_count_controls_for_the_contacted(shop: ArrayLog) -> None:
    """Beside a slow count: everybody who is in no campaign once, controls four times, contacted never."""
    exposure = exposure_in(shop)
    data, _ = training_set(shop, days=DAYS, horizon=HORIZON)
    mended, dropped = mend_exposed(data, [exposure], shop)
    outside = set(shop.orders["customer_id"]) - set(listed_in(shop))
    rest = total(training_set(only(shop, outside), days=DAYS, horizon=HORIZON)[0].past_bases)
    control = total(training_set(only(shop, set(exposure.control_weight)), days=DAYS, horizon=HORIZON)[0].past_bases)
    touched = 0
    for base, before in zip(mended.past_bases, data.past_bases, strict=True):
        cutoff = base.snapshot.cutoff
        if not exposure.touches(base.snapshot):
            assert base is before
            continue
        touched += 1
        alone, weighed = rest.get(cutoff, (0, 0)), control.get(cutoff, (0, 0))
        expected = tuple(a + 4 * b for a, b in zip(alone, weighed, strict=True))
        assert (float(base.histories.customers.sum()), float(base.churned.sum())) == pytest.approx(expected)
    assert touched > 5
    assert dropped["spring"] == sum(
        len(exposure.treated & set(one.customer_ids)) for one in data.snapshots if exposure.touches(one.snapshot)
    )


def test_without_a_control_group_everything_is_left_as_it_is(shop: ArrayLog) -> None:
    data, _ = training_set(shop, days=DAYS, horizon=HORIZON)
    exposure = replace(exposure_in(shop), control_weight={})
    mended, dropped = mend_exposed(data, [exposure], shop)
    assert mended is data
    assert dropped == {"spring": 0}


def with_saves(shop: ArrayLog, exposure: Exposure) -> ArrayLog:
    """Everybody who is contacted buys once on the first day: a campaign that works wonders."""
    who = np.array(sorted(exposure.treated), dtype=object)
    one = {name: values[:1].repeat(len(who)) for name, values in shop.orders.items()}
    extra = {
        **one,
        "customer_id": who,
        "order_day": np.full(len(who), exposure.start),
        "is_purchase": np.ones(len(who), np.int64),
    }
    extra["amount"], extra["is_return"] = np.full(len(who), 100_000), np.zeros(len(who), np.int64)
    extra["order_id"] = np.array([f"saved-{k}" for k in range(len(who))], dtype=object)
    return ArrayLog({name: np.concatenate([shop.orders[name], extra[name]]) for name in shop.orders})


def test_a_model_expects_what_it_would_expect_without_the_campaign(shop: ArrayLog) -> None:
    exposure = exposure_in(shop)
    data, _ = training_set(with_saves(shop, exposure), days=DAYS, horizon=HORIZON)
    plain, _ = training_set(shop, days=DAYS, horizon=HORIZON)

    def expected(snapshots: TrainingSet) -> float:
        """For the same customers, so that only what was learned differs."""
        return float(fit_model(replace(snapshots, current=plain.current)).predict(plain.current.values).mean())

    truth, fooled = expected(plain), expected(data)
    mended = expected(mend_exposed(data, [exposure], with_saves(shop, exposure))[0])
    assert fooled < truth - 0.02
    assert abs(mended - truth) < 0.6 * (truth - fooled)
