"""Tests come after all that is trained on."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.sklearn import SnapshotSplit

days = st.lists(st.integers(0, 400), min_size=1, max_size=40)


@given(days, st.integers(1, 120), st.integers(0, 30), st.integers(1, 4))
def test_nothing_sees_the_future(groups: list[int], horizon: int, lead: int, n_splits: int) -> None:
    cutoffs, splitter = np.array(groups), SnapshotSplit(n_splits, horizon=horizon, lead=lead)
    possible = sorted({day for day in groups if min(groups) + lead + horizon <= day})
    if len(possible) < n_splits:
        with pytest.raises(ValueError, match=f"{len(possible)} have an earlier one"):
            list(splitter.split(cutoffs.reshape(-1, 1), groups=cutoffs))
        return
    found = list(splitter.split(cutoffs.reshape(-1, 1), groups=cutoffs))
    assert len(found) == splitter.get_n_splits() == n_splits
    tested = [set(cutoffs[test].tolist()) for _, test in found]
    assert tested == [{day} for day in possible[-n_splits:]]
    for train, test in found:
        day = cutoffs[test[0]]
        assert train.tolist() == [row for row, one in enumerate(groups) if one + lead + horizon <= day]
        assert test.tolist() == [row for row, one in enumerate(groups) if one == day]
    assert all(set(earlier) <= set(later) for (earlier, _), (later, _) in pairwise(found))


def test_cutoffs_may_be_dates_of_any_kind_and_a_column_of_the_table() -> None:
    dates = [dt.date(2024, 1, 1), dt.date(2024, 3, 1), dt.date(2024, 6, 1)]
    wanted = [([0], [1]), ([0, 1], [2])]
    splitter, blank = SnapshotSplit(2, horizon=60), np.zeros((3, 1))
    frame = pd.DataFrame({"cutoff": pd.to_datetime(dates)})
    groups = [dates, [str(one) for one in dates], np.array(dates, dtype="datetime64[D]"), frame["cutoff"]]
    asked = [splitter.split(blank, groups=one) for one in groups]
    asked += [splitter.split(frame), splitter.split(pl.DataFrame({"cutoff": dates}))]
    for splits in asked:
        assert [(train.tolist(), test.tolist()) for train, test in splits] == wanted


def test_without_cutoffs_it_says_what_to_give() -> None:
    with pytest.raises(ValueError, match="Give groups, the cutoff of each row, or a frame with 'cutoff'"):
        list(SnapshotSplit(horizon=30).split(np.zeros((3, 1))))
    with pytest.raises(ValueError, match="the cutoff of row 1 is missing"):
        list(SnapshotSplit(horizon=30).split(np.zeros((2, 1)), groups=[dt.date(2024, 1, 1), None]))
