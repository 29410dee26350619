"""Follow-ups of past cutoffs: which, what is in them, and that they end where knowledge ends."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.dataset import build_follow_ups, choose_follow_ups
from churnrisk.timeline import Snapshot
from support.logs import CUTOFF, polars_log, seeded_log
from support.oracle import customers_of, follow_ups_of

CURRENT = Snapshot(CUTOFF, lookback=200, horizon=60, lead=3)
NAMES = ("days_since_last_order", "tenure_days", "purchase_day_count")


@pytest.mark.parametrize("history", [100, 150, 200, 400, 800, 1500, 4000])
@pytest.mark.parametrize("horizon", [7, 30, 90, 365])
def test_cutoffs_leave_history_before_and_follow_up_after(history: int, horizon: int) -> None:
    current = Snapshot(CUTOFF, 365, horizon, lead=5)
    first_day = CUTOFF - history
    chosen = choose_follow_ups(first_day, current)
    assert list(chosen) == sorted(chosen)
    for one in chosen:
        assert one == current.at(one.cutoff)
        assert one.cutoff - first_day >= min(horizon, 90)
        assert one.outcome_start + min(horizon, 30) <= CUTOFF
    if history >= 600:
        assert sum(one.outcome_start + 365 <= CUTOFF for one in chosen) >= 3
    assert len(chosen) <= 22
    assert len({one.cutoff % 7 for one in chosen}) > 1 or len(chosen) < 4 or history < 300


def test_each_follow_up_is_what_the_oracle_says() -> None:
    log = seeded_log(seed=4)
    [one] = build_follow_ups(polars_log(log), [CURRENT.at(CUTOFF - 70)], names=NAMES, until=CUTOFF)
    expected = follow_ups_of(log, one.snapshot, (), CUTOFF)
    everybody = customers_of(log, one.snapshot)
    base = [who for who, told in everybody.items() if told.silence <= one.snapshot.lookback]
    assert one.customer_ids.tolist() == base
    np.testing.assert_array_equal(one.wait_days, [expected[who][0] for who in base])
    gone = [who for who in everybody if who not in base]
    assert one.lapsed.customers.sum() == len(gone) > 0
    assert one.returned.sum() == sum(expected[who][0] < 60 for who in gone)


def test_what_was_known_earlier_is_what_the_log_of_that_day_gives() -> None:
    log, day = seeded_log(seed=7), CUTOFF - 120
    snapshots = [CURRENT.at(CUTOFF - back) for back in (400, 200, 150)]
    cut = log.keep(lambda row: row.day < day)
    whole = build_follow_ups(polars_log(log), snapshots, names=NAMES, until=CUTOFF)
    past = build_follow_ups(polars_log(cut), snapshots, names=NAMES, until=day)
    assert len(whole) > 1
    for now, then in zip(whole, past, strict=True):
        earlier = now.known_at(day)
        assert earlier.until == then.until
        np.testing.assert_array_equal(earlier.wait_days, then.wait_days)
        np.testing.assert_array_equal(earlier.values, then.values)
        np.testing.assert_array_equal(earlier.returned, then.returned)


def test_orders_on_as_of_and_later_change_nothing() -> None:
    log = seeded_log(seed=5)
    cut = log.keep(lambda row: row.day < CUTOFF)
    assert len(cut.rows) < len(log.rows)
    snapshots = choose_follow_ups(CUTOFF - 900, CURRENT)
    built = [build_follow_ups(polars_log(each), snapshots, names=NAMES, until=CUTOFF) for each in (log, cut)]
    for one, other in zip(*built, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_array_equal(one.wait_days, other.wait_days)
