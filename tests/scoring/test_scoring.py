"""Scores: statuses, ranks, and that nothing but a customer's own orders counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from churnrisk.learning import FittedModel
from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.scoring import find, score, score_orders, standing_of
from churnrisk.scoring.standing import select_customers
from churnrisk.timeline import Snapshot, day_number
from churnrisk.workflows import load
from support.shop import CUSTOMERS, PURCHASES


@pytest.fixture(scope="module")
def orders() -> Iterator[Orders]:
    with read_orders(CUSTOMERS, IntakeOptions()) as read:
        yield read


@pytest.fixture(scope="module")
def model(small_trained: Path) -> FittedModel:
    return load(models_dir=small_trained / "models").model


def test_batches_change_no_score(model: FittedModel, orders: Orders) -> None:
    as_of = orders.last_day + 1
    whole = score_orders(model, orders, as_of)
    for rows in (2048, 4096):
        parts = score_orders(model, orders, as_of, batch_rows=rows)
        for name, values in whole.columns.items():
            np.testing.assert_array_equal(values, parts.columns[name])


def test_a_word_of_many_rows_is_kept_once(model: FittedModel, orders: Orders) -> None:
    columns = score_orders(model, orders, orders.last_day + 1).columns
    for name in ("as_of", "status", "risk"):
        assert len(set(map(id, columns[name]))) == len(set(columns[name])) < len(columns[name]) / 10


def test_parts_on_threads_change_no_score_and_are_told_in_order(
    model: FittedModel, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_of, seen, told = orders.last_day + 1, list[str](), list[tuple[int, int]]()
    whole = score_orders(model, orders, as_of, by="value")
    monkeypatch.setattr(score, "PART_ROWS", 100)

    def watch(ids: np.ndarray, *_: np.ndarray) -> None:
        seen.extend(ids.tolist())

    parts = score_orders(
        model, orders, as_of, by="value", watch=watch, progress=lambda _, done, total: told.append((done, total))
    )
    for name, values in whole.columns.items():
        np.testing.assert_array_equal(values, parts.columns[name])
    np.testing.assert_array_equal(whole.alive_probability, parts.alive_probability)
    assert seen == sorted(seen)
    scored = whole.count("status", "scored")
    assert told == [(min(done, scored), scored) for done in range(100, scored + 100, 100)]


def test_one_row_at_a_time_is_the_same_to_the_last_bit(model: FittedModel, orders: Orders) -> None:
    from churnrisk.features import customer_features

    features = customer_features(orders, model.snapshot, names=model.names)
    whole = model.predict(features.values)
    single = np.concatenate([model.predict(features.values[k : k + 1]) for k in range(len(whole))])
    assert whole.tobytes() == single.tobytes()


def test_the_last_day_counts_and_the_first_unknown_one_does_not(orders: Orders) -> None:
    day = day_number(dt.date(2011, 11, 1))
    snapshot = Snapshot(cutoff=day, lookback=365, horizon=30)
    standing = standing_of(orders, snapshot)
    days = standing.days_since_last_order
    assert np.nanmin(days) >= 1
    later = standing_of(orders, snapshot.at(day + 1))
    assert np.nansum(later.order_count) >= np.nansum(standing.order_count)


def test_unknown_and_doubled_ids(model: FittedModel, orders: Orders) -> None:
    known = str(standing_of(orders, model.snapshot).customer_ids[0])
    scores = score_orders(model, orders, model.snapshot.cutoff, only=[known, "who?", known, "0" + known])
    rows = dict(zip(scores.columns["customer_id"], scores.columns["status"], strict=True))
    assert rows == {known: rows[known], "who?": "no_purchases", "0" + known: "no_purchases"}


def test_nobody_at_all(model: FittedModel, orders: Orders) -> None:
    assert len(score_orders(model, orders, model.snapshot.cutoff, only=[])) == 0
    assert select_customers(standing_of(orders, model.snapshot), []).size == 0


def test_ids_are_found_in_a_sorted_array() -> None:
    places, is_there = find(np.array(["a", "c", "z"], dtype=object), np.array(["a", "b", "c"], dtype=object))
    assert (places[is_there].tolist(), is_there.tolist()) == ([0, 2], [True, True, False])
    assert find(np.array(["a"], dtype=object), np.array([], dtype=object))[1].tolist() == [False]


def test_a_future_order_changes_no_score(model: FittedModel) -> None:
    """Scoring the whole log at an earlier day gives what scoring the log of that day gave."""
    import pandas as pd

    rows = pd.read_csv(PURCHASES, dtype=str)
    day = "2011-10-01"
    as_of = day_number(dt.date.fromisoformat(day))
    with read_orders(rows) as whole, read_orders(rows[rows["ordered_at"] < day]) as past:
        told, ended = (score_orders(model, log, as_of).columns for log in (whole, past))
    now = dict(zip(told["customer_id"], told["churn_probability"], strict=True))
    for customer, probability in zip(ended["customer_id"], ended["churn_probability"], strict=True):
        assert now[customer] == probability or (np.isnan(now[customer]) and np.isnan(probability))
