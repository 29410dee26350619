"""Summaries: what is refused, and how rows merge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from churnrisk.btyd import Summary
from churnrisk.errors import ChurnriskError, InvalidSummary


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([1, 2], [5], [9, 9]), r"\[1, 2\] rows"),
        (([1], [5], [np.nan]), "must be finite"),
        (([1.5], [5], [9]), "frequency=1.5.*whole number"),
        (([-1], [0], [9]), "whole number from 0"),
        (([1], [10], [9]), "between 0 and tenure"),
        (([1], [-1], [9]), "between 0 and tenure"),
        (([0], [5], [9]), "0 exactly where frequency is 0"),
        (([3], [0], [9]), "0 exactly where frequency is 0"),
        (([1], [5], [9], [0]), "customers must be above 0"),
        (([[1]], [5], [9]), "2 dimensions"),
        ((["many"], [5], [9]), "not a number"),
    ],
)
def test_impossible_summaries_are_refused(columns: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InvalidSummary, match=message):
        Summary(*columns)
    assert issubclass(InvalidSummary, ChurnriskError)


def test_the_message_counts_the_bad_rows_and_shows_the_first() -> None:
    with pytest.raises(InvalidSummary, match=r"Row 1 .*age_at_last_order=20, tenure=9.*\(2 such rows\)"):
        Summary([1, 1, 1], [5, 20, 30], [9, 9, 9])


def test_equal_rows_merge_and_lead_back() -> None:
    rows = Summary([2, 0, 2, 2], [8, 0, 8, 7], [9, 4, 9, 9], [1, 1, 3, 1])
    distinct, inverse = rows.collapse()
    assert distinct.frequency.tolist() == [0, 2, 2]
    assert distinct.age_at_last_order.tolist() == [0, 7, 8]
    assert distinct.customers.tolist() == [1, 1, 4]
    assert inverse.tolist() == [2, 0, 2, 1]
    assert distinct.tenure[inverse].tolist() == rows.tenure.tolist()


def test_fractional_weights_add_up_alike_in_any_order() -> None:
    weights = np.random.default_rng(0).random(999) * 10.0 ** np.random.default_rng(1).integers(-8, 8, 999)
    sums = {
        float(Summary([1] * 999, [2] * 999, [3] * 999, weights[order]).collapse()[0].customers[0])
        for order in (np.arange(999), np.arange(999)[::-1], np.argsort(weights))
    }
    assert len(sums) == 1


def test_a_summary_cannot_be_changed() -> None:
    source = np.array([1.0, 2.0])
    rows = Summary(source, [3, 3], [4, 4])
    source[0] = 7
    assert rows.frequency.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        rows.frequency[0] = 5
