"""Who churned, by hand and against the oracle."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.labels import label_churn
from churnrisk.timeline import Snapshot
from support.logs import CUTOFF, PlainLog, Row, polars_log, random_logs
from support.oracle import labels_of

SNAPSHOTS = st.builds(
    Snapshot, st.just(CUTOFF), st.sampled_from([30, 365]), st.sampled_from([1, 30, 90]), st.integers(0, 15)
)


def orders(**days: list[int]) -> PlainLog:
    rows = [Row(who, f"{who}{day}", CUTOFF + day, 10_000) for who, listed in days.items() for day in listed]
    return PlainLog(tuple(rows))


def labels(log: PlainLog, snapshot: Snapshot) -> dict[str, int]:
    customer_ids, churned = label_churn(polars_log(log), snapshot)
    assert churned.dtype == np.int8
    return dict(zip(customer_ids.tolist(), churned.tolist(), strict=True))


def test_windows_are_half_open() -> None:
    log = orders(first_day=[-1, 0], last_day=[-1, 29], too_late=[-1, 30], lapsed=[-366, 3], oldest=[-365], new=[0])
    assert labels(log, Snapshot(CUTOFF, 365, 30)) == {"first_day": 0, "last_day": 0, "oldest": 1, "too_late": 1}


def test_purchases_during_the_lead_do_not_count() -> None:
    log = orders(while_acting=[-1, 4], after_it=[-1, 5], at_the_end=[-1, 34], too_late=[-1, 35])
    expected = {"after_it": 0, "at_the_end": 0, "too_late": 1, "while_acting": 1}
    assert labels(log, Snapshot(CUTOFF, 365, 30, lead=5)) == expected


def test_returns_and_zero_orders_bring_nobody_back() -> None:
    log = orders(a=[-1], b=[-1], c=[-1])
    rows = (*log.rows, Row("a", "r", CUTOFF + 3, -5), Row("b", "z", CUTOFF + 3, 0), Row("c", "p", CUTOFF + 3, 1))
    assert labels(PlainLog(rows), Snapshot(CUTOFF, 365, 30)) == {"a": 1, "b": 1, "c": 0}


@given(random_logs(customers=8), SNAPSHOTS)
@settings(max_examples=100)
def test_labels_equal_the_oracle(log: PlainLog, snapshot: Snapshot) -> None:
    assert labels(log, snapshot) == labels_of(log, snapshot)


def test_an_empty_log_has_no_labels() -> None:
    assert labels(PlainLog(()), Snapshot(CUTOFF, 365, 30)) == {}
