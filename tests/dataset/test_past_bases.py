"""The customer base week by week, against the oracle and against labels."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.dataset import PastBase
from churnrisk.dataset.past_bases import FAR_STEP, LEAST_HISTORY, NEAR_DAYS, STEP, choose_cutoffs, trace_past_bases
from churnrisk.engines import Database
from churnrisk.labels import label_churn
from churnrisk.timeline import Snapshot
from support.logs import CUTOFF, PlainLog, Row, duckdb_log, polars_log, random_logs, seeded_log
from support.oracle import customers_of, labels_of

CURRENT = Snapshot(CUTOFF, lookback=365, horizon=30, lead=3)
FIRST_DAY = CUTOFF - 900


def counted(base: PastBase) -> tuple[Counter[tuple[float, ...]], Counter[tuple[float, ...]]]:
    """Members and churned members by history."""
    histories = base.histories
    rows = list(zip(histories.frequency, histories.age_at_last_order, histories.tenure, strict=True))
    assert len(set(rows)) == len(rows)
    churned = {row: n for row, n in zip(rows, base.churned, strict=True) if n}
    return Counter(dict(zip(rows, histories.customers, strict=True))), Counter(churned)


def expected(log: PlainLog, snapshot: Snapshot) -> tuple[Counter[tuple[float, ...]], Counter[tuple[float, ...]]]:
    labels, customers = labels_of(log, snapshot), customers_of(log, snapshot)
    rows = {who: (len(c.days) - 1, c.days[-1] - c.days[0], c.tenure) for who, c in customers.items()}
    return Counter(rows[who] for who in labels), Counter(rows[who] for who, churned in labels.items() if churned)


@given(random_logs(customers=6), st.integers(0, 100))
@settings(max_examples=30)
def test_bases_equal_the_oracle(log: PlainLog, which: int) -> None:
    bases = trace_past_bases(polars_log(log), CURRENT, first_day=FIRST_DAY)
    base = bases[which % len(bases)]
    assert counted(base) == expected(log, base.snapshot)


def test_cutoffs_are_whole_weeks_apart_and_their_outcome_is_known() -> None:
    bases = trace_past_bases(polars_log(seeded_log(seed=9)), CURRENT, first_day=FIRST_DAY)
    cutoffs = [base.snapshot.cutoff for base in bases]
    assert set(np.diff(cutoffs)) == {STEP, FAR_STEP}
    assert bases[-1].snapshot.outcome_end == CUTOFF
    assert FIRST_DAY + LEAST_HISTORY <= cutoffs[0] < FIRST_DAY + LEAST_HISTORY + FAR_STEP
    young = trace_past_bases(polars_log(seeded_log(seed=9)), CURRENT, first_day=CUTOFF - 100)
    assert CUTOFF - 100 + LEAST_HISTORY <= young[0].snapshot.cutoff < CUTOFF - 100 + LEAST_HISTORY + STEP


@given(st.integers(-100, 4000))
def test_cutoffs_reach_back_to_the_first_days_and_grow_sparse(days: int) -> None:
    chosen = choose_cutoffs(5000, 5000 - days)
    assert chosen == sorted(chosen)
    assert (chosen[-1:] == [5000]) == (days >= 0)
    steps = np.diff(chosen)
    near = np.array(chosen[:-1]) >= 5000 - NEAR_DAYS // FAR_STEP * FAR_STEP
    assert set(steps[near]) <= {STEP}
    assert set(steps[~near]) <= {FAR_STEP}
    assert not chosen or chosen[0] - (5000 - days) < (FAR_STEP if len(steps[~near]) else STEP + FAR_STEP)


def test_batches_and_engines_make_no_difference() -> None:
    log = seeded_log(seed=9, customers=300, rows=8_000)
    whole = trace_past_bases(polars_log(log), CURRENT, first_day=FIRST_DAY)
    with Database(threads=1) as database:
        streamed = trace_past_bases(duckdb_log(log, database), CURRENT, first_day=FIRST_DAY, database=database, rows=50)
    assert len(whole) > 1
    for one, other in zip(whole, streamed, strict=True):
        assert counted(one) == counted(other)


def test_the_churn_rate_is_that_of_the_labels() -> None:
    log = polars_log(seeded_log(seed=9))
    base = trace_past_bases(log, CURRENT, first_day=FIRST_DAY)[50]
    _, churned = label_churn(log, base.snapshot)
    assert base.size == len(churned)
    assert base.churn_rate == pytest.approx(churned.mean())


def test_a_short_history_has_no_past_bases() -> None:
    log = polars_log(PlainLog((Row("a", "1", CUTOFF - 40, 10_000),)))
    assert trace_past_bases(log, CURRENT, first_day=CUTOFF - 40) == ()
    [base] = trace_past_bases(log, CURRENT, first_day=CUTOFF - 33 - LEAST_HISTORY)
    assert (base.size, base.churn_rate) == (1, 1.0)


def test_nobody_bought() -> None:
    bases = trace_past_bases(polars_log(PlainLog(())), CURRENT, first_day=FIRST_DAY)
    assert {base.size for base in bases} == {0}
    assert np.isnan(bases[0].churn_rate)
