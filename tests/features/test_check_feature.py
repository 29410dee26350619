"""The contract of a feature, checked for each one in the catalogue."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from churnrisk.features import Features, catalogue, customer_features
from churnrisk.features.feature import Feature
from churnrisk.timeline import Snapshot
from support.logs import CUTOFF, PlainLog, Row, polars_log, seeded_log

SNAPSHOT = Snapshot(CUTOFF, lookback=365, horizon=30, lead=3)
every_feature = pytest.mark.parametrize("feature", catalogue(), ids=lambda feature: feature.name)

UNIT_IN_NAME = {
    "days": ("days", "purchase_day_count"),
    "orders": ("order_count", "return_count"),
    "rows": ("line_count",),
    "items": ("item_count",),
    "products": ("product_count",),
    "categories": ("category_count",),
    "horizons": ("horizon_count",),
    "gaps": ("gap_count",),
    "weekdays": ("weekday_count",),
    "currency": ("amount",),
    "share": ("share",),
    "ratio": ("ratio",),
    "bits": ("bits",),
    "orders per day": ("ratio",),
    "returns per purchase": ("rate",),
    "purchase days per 30 days": ("rate",),
    "currency per 30 days": ("amount_rate",),
}


@cache
def compute(change: Callable[[PlainLog], PlainLog], shift: int = 0) -> Features:
    """Compute all features of the seeded log after a change, at a shifted cutoff."""
    return customer_features(polars_log(change(seeded_log(seed=1))), SNAPSHOT.at(CUTOFF + shift))


def unchanged(log: PlainLog) -> PlainLog:
    return log


def without_future(log: PlainLog) -> PlainLog:
    return log.keep(lambda row: row.day < CUTOFF)


def with_other_future(log: PlainLog) -> PlainLog:
    extra = [
        Row(f"c{who:03d}", f"new{who}{day}", day, 777_777, 30_000, "p9", "z")
        for who in range(40)
        for day in (CUTOFF, CUTOFF + 1, CUTOFF + 35, CUTOFF + 400)
    ]
    return replace(log, rows=(*without_future(log).rows, *extra))


def shuffled(log: PlainLog) -> PlainLog:
    rows = list(log.rows)
    random.Random(2).shuffle(rows)
    return replace(log, rows=tuple(rows))


def later(log: PlainLog) -> PlainLog:
    return log.each(lambda row: replace(row, day=row.day + 7 * 53))


def before_1970(log: PlainLog) -> PlainLog:
    return log.each(lambda row: replace(row, day=row.day - 7 * 3_000))


def in_smaller_money(log: PlainLog) -> PlainLog:
    return log.each(lambda row: replace(row, amount=row.amount * 4))


def with_other_neighbours(log: PlainLog) -> PlainLog:
    return log.keep(lambda row: int(row.customer[-1], 36) % 2 == 0)


def column(features: Features, feature: Feature) -> np.ndarray:
    return features.values[:, features.names.index(feature.name)]


def assert_same(feature: Feature, change: Callable[[PlainLog], PlainLog], shift: int = 0) -> None:
    before, after = compute(unchanged), compute(change, shift)
    assert list(before.customer_ids) == list(after.customer_ids)
    np.testing.assert_array_equal(column(before, feature), column(after, feature))


@every_feature
def test_no_order_at_or_after_the_cutoff_changes_it(feature: Feature) -> None:
    assert_same(feature, without_future)
    assert_same(feature, with_other_future)


@every_feature
def test_row_order_does_not_change_it(feature: Feature) -> None:
    assert_same(feature, shuffled)


@every_feature
def test_a_shift_of_all_dates_by_whole_weeks_does_not_change_it(feature: Feature) -> None:
    assert_same(feature, later, 7 * 53)
    assert_same(feature, before_1970, -7 * 3_000)


@every_feature
def test_scaling_money_scales_it_by_its_degree(feature: Feature) -> None:
    before, after = compute(unchanged), compute(in_smaller_money)
    np.testing.assert_array_equal(column(after, feature), column(before, feature) * 4**feature.money_degree)


@every_feature
def test_other_customers_do_not_change_it(feature: Feature) -> None:
    whole, part = compute(unchanged), compute(with_other_neighbours)
    kept = np.isin(whole.customer_ids.astype(str), part.customer_ids.astype(str))
    assert 0 < kept.sum() < len(kept)
    np.testing.assert_array_equal(column(whole, feature)[kept], column(part, feature))


@every_feature
def test_its_unit_is_in_its_name_and_its_meaning_is_written(feature: Feature) -> None:
    assert any(part in feature.name for part in UNIT_IN_NAME[feature.unit]), f"{feature.name} has unit {feature.unit}"
    assert "recency" not in feature.name
    assert feature.meaning.endswith(".")
    assert len(feature.meaning) > 20


@every_feature
def test_it_says_when_it_is_missing(feature: Feature) -> None:
    is_missing = np.isnan(column(compute(unchanged), feature))
    assert feature.missing.startswith("missing" if is_missing.any() else ("never missing", "missing"))
    assert not is_missing.all()
    assert not np.isinf(column(compute(unchanged), feature)).any()


@every_feature
def test_it_differs_between_customers(feature: Feature) -> None:
    seen = column(compute(unchanged), feature)
    assert len(np.unique(seen[~np.isnan(seen)])) > 1
