"""A stream gives what arrays give, value by value and in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from churnrisk.learning import FittedModel
from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.schema import By
from churnrisk.scoring import Scores, score_orders, stream_scores
from churnrisk.workflows import load
from support.shop import PURCHASES


@pytest.fixture(scope="module")
def orders() -> Iterator[Orders]:
    with read_orders(PURCHASES, IntakeOptions()) as read:
        yield read


@pytest.fixture(scope="module")
def model(small_trained: Path) -> FittedModel:
    return load(models_dir=small_trained / "models").model


def join(parts: list[Scores]) -> dict[str, np.ndarray]:
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns}
    return columns | {"alive": np.concatenate([part.alive_probability for part in parts])}


@pytest.mark.parametrize("by", ["value", "risk"])
def test_a_stream_is_the_same_as_arrays(model: FittedModel, orders: Orders, by: By) -> None:
    as_of = orders.last_day + 1
    whole = score_orders(model, orders, as_of, by=by)
    seen: list[np.ndarray] = []
    stream = stream_scores(
        model, orders, as_of, by=by, batch_rows=2048, part_rows=7000, watch=lambda ids, *_: seen.append(ids)
    )
    made = join(list(stream.batches(rows=2048)))
    expected = dict(whole.columns) | {"alive": whole.alive_probability}
    for name, values in expected.items():
        np.testing.assert_array_equal(made[name], values, err_msg=name)
        assert made[name].dtype == values.dtype, name
    assert (len(stream), stream.by) == (len(whole), whole.by)
    for column, words in {"status": ("scored", "lapsed", "no_purchases"), "risk": ("high", "medium", "low")}.items():
        assert [stream.count(column, word) for word in words] == [whole.count(column, word) for word in words]
    watched = np.concatenate(seen).tolist()
    assert watched == sorted(whole.columns["customer_id"][whole.columns["status"] == "scored"])


def test_a_day_on_which_nobody_is_active(model: FittedModel, orders: Orders) -> None:
    as_of = orders.last_day + 2000
    whole, stream = score_orders(model, orders, as_of), stream_scores(model, orders, as_of)
    made = join(list(stream.batches()))
    for name, values in whole.columns.items():
        np.testing.assert_array_equal(made[name], values, err_msg=name)
    assert stream.count("status", "scored") == 0
