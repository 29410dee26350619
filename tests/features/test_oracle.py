"""Every feature against a slow plain-Python oracle, on random logs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.features import Features, catalogue, customer_features
from churnrisk.timeline import Snapshot
from support.logs import CUTOFF, PlainLog, polars_log, random_logs, seeded_log
from support.oracle import ORACLES, customers_of

SNAPSHOTS = st.builds(
    Snapshot,
    st.just(CUTOFF),
    st.sampled_from([90, 365]),
    st.sampled_from([1, 7, 30, 61, 340, 365, 500]),
    st.integers(0, 20),
)


def assert_equals_oracle(features: Features, log: PlainLog, *, base_only: bool) -> None:
    """Compare every value; floats may differ in their last digits, since the oracle sums in another order."""
    snapshot = features.snapshot
    customers = customers_of(log, snapshot)
    if base_only:
        customers = {who: c for who, c in customers.items() if c.days[-1] >= snapshot.cutoff - snapshot.lookback}
    assert list(features.customer_ids) == list(customers)
    for column, name in enumerate(features.names):
        expected = np.array([ORACLES[name](customer) for customer in customers.values()], dtype=np.float64)
        np.testing.assert_allclose(features.values[:, column], expected, rtol=1e-9, atol=1e-9, err_msg=name)


def test_every_feature_has_an_oracle() -> None:
    assert {feature.name for feature in catalogue()} == set(ORACLES)


@pytest.mark.parametrize(
    "snapshot", [Snapshot(CUTOFF, 365, 30, 3), Snapshot(CUTOFF, 90, 61), Snapshot(CUTOFF, 365, 400)]
)
def test_features_of_a_busy_log_equal_the_oracle(snapshot: Snapshot) -> None:
    log = seeded_log(seed=8, customers=25, rows=700)
    assert_equals_oracle(customer_features(polars_log(log), snapshot), log, base_only=True)


@given(random_logs(), SNAPSHOTS)
@settings(max_examples=60)
def test_features_equal_the_oracle(log: PlainLog, snapshot: Snapshot) -> None:
    assert_equals_oracle(customer_features(polars_log(log), snapshot), log, base_only=True)


@given(random_logs(), SNAPSHOTS)
@settings(max_examples=20)
def test_features_of_lapsed_customers_equal_the_oracle(log: PlainLog, snapshot: Snapshot) -> None:
    assert_equals_oracle(customer_features(polars_log(log), snapshot, who="all"), log, base_only=False)
