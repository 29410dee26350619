"""What must hold of features and labels together, whatever the log."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from churnrisk.features import Features, customer_features, iterate_features
from churnrisk.labels import label_churn
from churnrisk.timeline import Snapshot
from support.logs import CUTOFF, PlainLog, polars_log, random_logs

HORIZONS = st.sampled_from([1, 14, 30, 90])
LEADS = st.integers(0, 10)


def snapshot_of(horizon: int, lead: int) -> Snapshot:
    return Snapshot(CUTOFF, lookback=365, horizon=horizon, lead=lead)


def assert_equal(one: Features, other: Features) -> None:
    assert one.customer_ids.tolist() == other.customer_ids.tolist()
    np.testing.assert_array_equal(one.values, other.values)


@given(st.integers(CUTOFF - 800, CUTOFF + 200), HORIZONS, LEADS)
def test_no_day_is_in_both_windows(day: int, horizon: int, lead: int) -> None:
    snapshot = snapshot_of(horizon, lead)
    assert not (snapshot.is_past(day) and snapshot.in_outcome(day))
    assert not (snapshot.in_base(day) and snapshot.in_outcome(day))
    assert snapshot.is_past(day) or not snapshot.in_base(day)


@given(random_logs(), HORIZONS, LEADS, st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_the_future_and_the_row_order_change_no_feature(log: PlainLog, horizon: int, lead: int, seed: int) -> None:
    snapshot = snapshot_of(horizon, lead)
    past = log.keep(lambda row: row.day < CUTOFF)
    mixed = list(past.rows)
    random.Random(seed).shuffle(mixed)
    assert_equal(
        customer_features(polars_log(log), snapshot),
        customer_features(polars_log(replace(past, rows=tuple(mixed))), snapshot),
    )


@given(random_logs(), HORIZONS, LEADS, st.integers(-3_000, 1_000))
@settings(max_examples=25)
def test_a_shift_by_whole_weeks_changes_nothing(log: PlainLog, horizon: int, lead: int, weeks: int) -> None:
    snapshot = snapshot_of(horizon, lead)
    shifted = log.each(lambda row: replace(row, day=row.day + 7 * weeks))
    later = snapshot.at(CUTOFF + 7 * weeks)
    assert_equal(customer_features(polars_log(log), snapshot), customer_features(polars_log(shifted), later))
    before, after = label_churn(polars_log(log), snapshot), label_churn(polars_log(shifted), later)
    assert [part.tolist() for part in before] == [part.tolist() for part in after]


@given(random_logs(customers=8), st.integers(1, 90), st.integers(0, 60), LEADS)
@settings(max_examples=50)
def test_a_longer_horizon_never_adds_churners(log: PlainLog, horizon: int, more: int, lead: int) -> None:
    short = label_churn(polars_log(log), snapshot_of(horizon, lead))
    long = label_churn(polars_log(log), snapshot_of(horizon + more, lead))
    assert short[0].tolist() == long[0].tolist()
    assert (long[1] <= short[1]).all()


@given(random_logs(customers=9), HORIZONS, LEADS)
@settings(max_examples=25)
def test_features_and_labels_agree_on_the_customer_base(log: PlainLog, horizon: int, lead: int) -> None:
    snapshot = snapshot_of(horizon, lead)
    features = customer_features(polars_log(log), snapshot)
    assert features.customer_ids.tolist() == label_churn(polars_log(log), snapshot)[0].tolist()


@given(random_logs(customers=9), st.integers(1, 4))
@settings(max_examples=15)
def test_chunks_are_the_whole(log: PlainLog, rows: int) -> None:
    snapshot = snapshot_of(30, 0)
    whole = customer_features(polars_log(log), snapshot, who="all")
    assume(len(whole.customer_ids))
    batches = list(iterate_features(polars_log(log), snapshot, rows=rows, who="all"))
    assert np.concatenate([batch.customer_ids for batch in batches]).tolist() == whole.customer_ids.tolist()
    np.testing.assert_array_equal(np.concatenate([batch.values for batch in batches]), whole.values)


@given(random_logs(), st.integers(1, 8))
@settings(max_examples=15)
def test_scaling_money_scales_only_money(log: PlainLog, power: int) -> None:
    snapshot = snapshot_of(30, 0)
    plain = customer_features(polars_log(log), snapshot)
    scaled = customer_features(polars_log(log.each(lambda row: replace(row, amount=row.amount << power))), snapshot)
    factors = np.array([2.0**power if is_money(name) else 1.0 for name in plain.names])
    np.testing.assert_array_equal(scaled.values, plain.values * factors)


def is_money(name: str) -> bool:
    return ("amount" in name) and not name.endswith(("_share", "_ratio"))
