"""Who churned, who bought when next and for how much: by hand and against the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.labels import follow_customers, label_churn
from churnrisk.timeline import Snapshot
from support.logs import CUTOFF, PlainLog, Row, polars_log, random_logs
from support.oracle import follow_ups_of, labels_of

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


def follow(log: PlainLog, snapshot: Snapshot, windows: tuple[int, ...], until: int) -> dict[str, tuple[float, ...]]:
    """Who bought when next, and the amounts, customer by customer."""
    after = follow_customers(polars_log(log), snapshot, windows=windows, until=until)
    rows = zip(after.customer_ids, after.wait_days, after.revenue, strict=True)
    return {customer: (wait, *amounts.tolist()) for customer, wait, amounts in rows}


def test_waits_count_from_the_outcome_window_and_amounts_are_net() -> None:
    log = orders(soon=[-1, 5], while_acting=[-1, 4, 40], never=[-1], lapsed=[-900, 12], new=[3])
    rows = (*log.rows, Row("soon", "back", CUTOFF + 9, -4_000), Row("soon", "later", CUTOFF + 60, 70_000))
    after = follow(PlainLog(rows), Snapshot(CUTOFF, 365, 30, lead=5), (30, 60), CUTOFF + 100)
    assert after == {
        "soon": (0, 0.6, 7.6),
        "while_acting": (35, 0.0, 1.0),
        "never": (np.inf, 0.0, 0.0),
        "lapsed": (7, 1.0, 1.0),
    }


@given(random_logs(customers=8), SNAPSHOTS, st.integers(30, 100))
@settings(max_examples=100)
def test_follow_ups_equal_the_oracle_and_nothing_after_the_known_days_counts(
    log: PlainLog, snapshot: Snapshot, days: int
) -> None:
    until = snapshot.outcome_start + days
    assert follow(log, snapshot, (7, 30), until) == follow_ups_of(log, snapshot, (7, 30), until)
    cut = log.keep(lambda row: row.day < until)
    assert follow(cut, snapshot, (7, 30), until) == follow(log, snapshot, (7, 30), until)


@given(random_logs(customers=8), SNAPSHOTS)
@settings(max_examples=50)
def test_whoever_waits_for_a_horizon_has_churned(log: PlainLog, snapshot: Snapshot) -> None:
    churned = labels(log, snapshot)
    after = follow(log, snapshot, (), snapshot.outcome_end)
    assert {customer: int(after[customer][0] >= snapshot.horizon) for customer in churned} == churned


def test_a_window_that_is_not_over_is_a_defect() -> None:
    with pytest.raises(ValueError, match="reach past"):
        follow(PlainLog(()), Snapshot(CUTOFF, 365, 30), (30, 90), CUTOFF + 89)
