"""Columns made of tables beside the purchases: none without tables, all of their own table, missing where it is."""

from __future__ import annotations

import math

import numpy as np

from churnrisk.regression import Design, families_of, find_terms
from churnrisk.regression.design import PRODUCTS, SQUARES
from churnrisk.regression.table_columns import TABLE_RECIPES, made_of_tables, make_of_table
from churnrisk.timeline import Snapshot

SNAPSHOT = Snapshot(cutoff=20_000, lookback=365, horizon=30)
PURCHASES = ("days_since_last_order", "purchase_day_count", "tenure_days", "days_from_first_to_last_order")
OF_TABLE = ("row_count_last_30d", "row_count", "row_count_after_last_purchase", "days_since_last_row")


def test_without_tables_there_is_nothing_more() -> None:
    design = Design.of(PURCHASES, SNAPSHOT)
    assert not design.has_tables
    assert find_terms(design.columns) == (SQUARES, PRODUCTS)
    assert not [name for name in design.columns if "." in name]


def test_each_table_has_columns_of_its_own_where_its_features_allow_them() -> None:
    names = (*PURCHASES, *(f"visits.{one}" for one in OF_TABLE), "tickets.row_count", "tickets.open_count=complaint")
    design = Design.of(names, SNAPSHOT)
    made = set(design.columns) - set(names)
    assert {one for one in made if "." in one} == {f"visits.{one}" for one in TABLE_RECIPES} | {
        "tickets.rows_per_purchase_day"
    }
    assert set(families_of([one for one in made if "." in one])) == {"tables"}
    squares, products = find_terms(design.columns)
    assert {"visits.days_since_last_row", "tickets.open_count=complaint"} < set(squares)
    assert ("visits.days_since_last_row", "purchase_day_count") in products
    assert not [one for pair in products for one in pair if one not in design.columns and "." in one]


def test_values_are_those_worked_out_by_hand_and_missing_where_the_table_is() -> None:
    raw = {
        "days_since_last_order": np.array([40.0, 40.0, 40.0]),
        "purchase_day_count": np.array([4.0, 4.0, 4.0]),
        "visits.row_count_last_30d": np.array([3.0, 0.0, np.nan]),
        "visits.row_count": np.array([12.0, 0.0, np.nan]),
        "visits.row_count_after_last_purchase": np.array([5.0, 0.0, np.nan]),
        "visits.days_since_last_row": np.array([2.0, np.nan, np.nan]),
    }
    expected = {
        "recent_row_share": [3 / 12, 0.0, math.nan],
        "rows_per_purchase_day": [math.log(12.5 / 4.5), math.log(0.5 / 4.5), math.nan],
        "rows_per_day_since_last_purchase": [math.log(5.5 / 40.5), math.log(0.5 / 40.5), math.nan],
        "days_from_last_purchase_to_last_row": [math.log1p(38), math.nan, math.nan],
    }
    assert set(made_of_tables(tuple(raw))) == {f"visits.{name}" for name in expected}
    for name, values in expected.items():
        np.testing.assert_allclose(make_of_table(f"visits.{name}", raw), values)
