"""Kept queries give what freshly built ones give, and are not kept where they could not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from churnrisk.features import customer_features
from churnrisk.features.compiled import DayTemplate
from churnrisk.orders import Orders, read_orders
from churnrisk.timeline import Snapshot
from support.shop import CUSTOMERS


@pytest.fixture(scope="module")
def orders() -> Iterator[Orders]:
    with read_orders(CUSTOMERS) as read:
        yield read


@pytest.mark.parametrize("who", ["base", "all"])
def test_kept_queries_equal_fresh_ones_at_every_cutoff(orders: Orders, who: str) -> None:
    assert orders.database is not None
    orders.database.kept_queries.clear()
    for back in (0, 1, 29, 100, 365, 500):  # other weekdays, other parts of the year
        snapshot = Snapshot(cutoff=orders.last_day + 1 - back, lookback=365, horizon=30)
        kept = customer_features(orders, snapshot, who=who, database=orders.database)  # type: ignore[arg-type]
        fresh = customer_features(orders, snapshot, who=who)  # type: ignore[arg-type]
        assert kept.customer_ids.tolist() == fresh.customer_ids.tolist()
        assert kept.values.tobytes() == fresh.values.tobytes()
        for name, column in fresh.raw.items():
            np.testing.assert_array_equal(kept.raw[name], column)
    [template] = orders.database.kept_queries.values()
    assert isinstance(template, DayTemplate)
    assert len(template.offsets) > 20


def test_other_windows_are_other_queries(orders: Orders) -> None:
    assert orders.database is not None
    orders.database.kept_queries.clear()
    for horizon in (30, 90):
        customer_features(orders, Snapshot(15_000, 365, horizon), database=orders.database)
    assert len(orders.database.kept_queries) == 2


def test_days_are_told_from_other_numbers() -> None:
    template = DayTemplate.of(lambda day: f"c1 < {day} AND c1 >= {day - 90} AND n_30 > 7 AND -{day + 5}", 15_000)
    assert template is not None
    assert template.offsets == (0, -90, 5)
    assert template.fill(16_000) == "c1 < 16000 AND c1 >= 15910 AND n_30 > 7 AND -16005"
    assert template.fill(80) is None


@pytest.mark.parametrize("text", ["{half}", "{word}", "{more}"])
def test_texts_that_differ_otherwise_are_not_kept(text: str) -> None:
    def write(day: int) -> str:
        return text.format(half=day // 2, word="early" if day < 20_000 else "late", more="1 + " * (day // 15_000))

    assert DayTemplate.of(write, 15_000) is None
