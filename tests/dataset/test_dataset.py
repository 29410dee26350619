"""The training set: many snapshots, none of which looks past as_of."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from churnrisk.dataset import build_training_set, count_daily_purchases, repurchase_gaps
from churnrisk.dataset.purchase_days import summarise_histories
from churnrisk.features import customer_features
from churnrisk.timeline import Snapshot, SnapshotPlan, plan_snapshots
from support.logs import CUTOFF, PlainLog, Row, polars_log, random_logs, seeded_log
from support.oracle import customers_of, labels_of

CURRENT = Snapshot(CUTOFF, lookback=365, horizon=90)
PLAN = plan_snapshots(CUTOFF - 900, CURRENT, count=4)


def test_snapshots_are_sorted_and_none_reaches_past_as_of() -> None:
    built = build_training_set(polars_log(seeded_log(seed=4)), PLAN)
    cutoffs = [data.snapshot.cutoff for data in built.snapshots]
    assert cutoffs == sorted({snapshot.cutoff for snapshot in (*PLAN.labelled, *PLAN.fitting)})
    assert max(data.snapshot.outcome_end for data in built.snapshots) <= CUTOFF
    assert built.current.churned is None
    assert built.at(PLAN.fitting)[-1].snapshot == PLAN.fitting[-1]


def test_nothing_at_or_after_as_of_is_read() -> None:
    log = seeded_log(seed=4)
    past = {(o.customer_id, o.order_id) for o in log.orders() if o.order_day < CUTOFF}
    known = log.keep(lambda row: (row.customer, row.order) in past)
    assert len(known.rows) < len(log.rows)
    whole, cut = (build_training_set(polars_log(each), PLAN) for each in (log, known))
    for one, other in zip((*whole.snapshots, whole.current), (*cut.snapshots, cut.current), strict=True):
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_array_equal(one.churned, other.churned)
        np.testing.assert_array_equal(one.summary.tenure, other.summary.tenure)
    np.testing.assert_array_equal(whole.daily_purchases.counts, cut.daily_purchases.counts)


def test_each_snapshot_has_its_features_and_labels() -> None:
    log = seeded_log(seed=4)
    built = build_training_set(polars_log(log), PLAN)
    data = built.snapshots[1]
    features = customer_features(polars_log(log), data.snapshot)
    assert built.names == features.names
    np.testing.assert_array_equal(data.values, features.values)
    assert data.churned is not None
    assert dict(zip(data.customer_ids, data.churned, strict=True)) == labels_of(log, data.snapshot)


def test_a_plan_that_reaches_past_as_of_is_a_defect() -> None:
    late = CURRENT.at(CUTOFF - 89)
    with pytest.raises(ValueError, match="reaches past as_of"):
        build_training_set(polars_log(seeded_log(seed=4)), SnapshotPlan(CURRENT, (late,), ()))


def test_progress_is_told_after_each_snapshot() -> None:
    told: list[tuple[int, int]] = []
    built = build_training_set(
        polars_log(seeded_log(seed=4, rows=200)), PLAN, progress=lambda done, total: told.append((done, total))
    )
    steps = len(built.snapshots) + 1
    assert told == [(done + 1, steps) for done in range(steps)]


@given(random_logs(customers=6))
@settings(max_examples=30)
def test_summaries_equal_plain_counting(log: PlainLog) -> None:
    snapshot = Snapshot(CUTOFF, 365, 30)
    customers = customers_of(log, snapshot).values()
    expected = Counter((len(c.days) - 1, c.days[-1] - c.days[0], c.tenure) for c in customers)
    made = summarise_histories(polars_log(log), snapshot)
    columns = (made.frequency, made.age_at_last_order, made.tenure)
    assert Counter(dict(zip(zip(*columns, strict=True), made.customers, strict=True))) == expected


def test_histories_stand_beside_the_features() -> None:
    log = seeded_log(seed=4)
    data = build_training_set(polars_log(log), PLAN).current
    customers = customers_of(log, CURRENT)
    assert data.histories.frequency.tolist() == [len(customers[c].days) - 1 for c in data.customer_ids]
    assert data.histories.tenure.tolist() == [customers[c].tenure for c in data.customer_ids]
    assert data.summary.customers.sum() == len(customers)


def buys(*days_ago: int, customer: str = "a") -> tuple[Row, ...]:
    return tuple(Row(customer, f"{customer}{ago}", CUTOFF - ago, 10_000) for ago in days_ago)


def test_daily_purchases_count_customers_and_quiet_days() -> None:
    same_day = Row("a", "second order of the day", CUTOFF - 5, 10_000)
    returned = Row("c", "returned", CUTOFF - 4, -10_000)
    log = PlainLog((*buys(5, 2), *buys(5, -1, customer="b"), same_day, returned))
    daily = count_daily_purchases(polars_log(log), CUTOFF)
    assert daily.first_day == CUTOFF - 5
    assert daily.counts.tolist() == [2, 0, 0, 1, 0]
    assert daily.new_counts.tolist() == [2, 0, 0, 0, 0]
    assert daily.before(CUTOFF - 3).counts.tolist() == [2, 0]
    assert count_daily_purchases(polars_log(PlainLog(())), CUTOFF).counts.tolist() == []


def test_each_customer_counts_once_in_the_gaps() -> None:
    """Three gaps of one customer are a third each, the last wait only counts of those with one purchase day."""
    second = replace(buys(30)[0], order="second order of the day")
    log = PlainLog((*buys(30, 20, 15, 5, -3), second, *buys(1, customer="b"), *buys(11, 1, customer="c")))
    gaps, open_gaps = repurchase_gaps(polars_log(log), CUTOFF)
    assert gaps == pytest.approx({10: 1 + 2 / 3, 5: 1 / 3})
    assert open_gaps == {0: 1}


def test_more_of_the_same_gaps_of_a_customer_change_nothing() -> None:
    others = (*buys(200, 80, customer="b"), *buys(150, customer="c"))
    few, many = (PlainLog((*buys(*days), *others)) for days in ((10, 5), range(0, 300, 5)))
    for one, other in zip(*(repurchase_gaps(polars_log(log), CUTOFF) for log in (few, many)), strict=True):
        assert one == pytest.approx(other)


def test_the_training_set_as_it_stood_earlier_knows_no_later_outcome() -> None:
    built = build_training_set(polars_log(seeded_log(seed=4)), PLAN)
    test = PLAN.test
    earlier = built.known_at(test)
    assert earlier.current.snapshot == test
    assert {data.snapshot for data in earlier.snapshots} == set(PLAN.fitting)
    assert max(base.snapshot.outcome_end for base in earlier.past_bases) <= test.cutoff
    assert 0 < len(earlier.past_bases) < len(built.past_bases)
    assert earlier.daily_purchases.first_day + len(earlier.daily_purchases.counts) == test.cutoff
