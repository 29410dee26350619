"""Qini against a slow reading of its definition, and against scikit-uplift."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from churnrisk.decide.qini import qini_coefficient, qini_curve

Rows = list[tuple[int, bool, float]]
ROWS = st.lists(st.tuples(st.integers(0, 1), st.booleans(), st.integers(0, 6).map(float)), min_size=4, max_size=40)


def slow_curve(rows: Rows) -> list[tuple[int, float]]:
    points = [(0, 0.0)]
    for limit in sorted({score for *_, score in rows}, reverse=True):
        taken = [(outcome, treated) for outcome, treated, score in rows if score >= limit]
        contacted = [outcome for outcome, treated in taken if treated]
        alone = [outcome for outcome, treated in taken if not treated]
        ratio = len(contacted) / len(alone) if alone else 0
        points.append((len(taken), sum(contacted) - sum(alone) * ratio))
    return points


def slow_area(points: list[tuple[int, float]]) -> float:
    whole = sum((right - left) * (low + high) / 2 for (left, low), (right, high) in pairwise(points))
    return whole - points[-1][0] * points[-1][1] / 2


def columns(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    outcome, treated, score = zip(*rows, strict=True)
    return np.array(outcome, dtype=float), np.array(score), np.array(treated)


@given(ROWS)
def test_against_the_definition(rows: Rows) -> None:
    outcome, score, is_treated = columns(rows)
    points = slow_curve(rows)
    for ours, slow in zip(qini_curve(outcome, score, is_treated), zip(*points, strict=True), strict=True):
        assert ours == pytest.approx(np.array(slow))
    best = slow_area(slow_curve([(o, t, float(o if t else -o)) for o, t, _ in rows]))
    assume(abs(best) > 1e-9)
    assert qini_coefficient(outcome, score, is_treated) == pytest.approx(slow_area(points) / best)


@given(ROWS, st.integers(0, 5))
def test_weights_are_repeated_rows_and_the_order_of_rows_is_nothing(rows: Rows, seed: int) -> None:
    counts = np.random.default_rng(seed).integers(0, 3, len(rows))
    repeated = [row for row, count in zip(rows, counts, strict=True) for _ in range(count)]
    assume(len(repeated) > 0)
    outcome, score, is_treated = columns(rows)
    weighted = qini_coefficient(outcome, score, is_treated, weights=counts.astype(float))
    again = columns(repeated[::-1])
    plain = qini_coefficient(*again)
    assume(bool(np.isfinite([weighted, plain]).all()))
    assert weighted == pytest.approx(plain)


def test_against_scikit_uplift(require: Callable[..., None]) -> None:
    require("sklift")
    score_of = importlib.import_module("sklift.metrics").qini_auc_score
    for seed in range(60):
        chance = np.random.default_rng(seed)
        size = int(chance.integers(30, 400))
        outcome = (chance.random(size) < 0.4).astype(int)
        is_treated = chance.random(size) < 0.7
        score = chance.normal(size=size) if seed % 2 else chance.integers(0, 6, size).astype(float)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a library that is not ours
            theirs = score_of(outcome, score, is_treated.astype(int))
        assert qini_coefficient(outcome.astype(float), score, is_treated) == pytest.approx(theirs, abs=1e-12)


def test_a_perfect_ranking_has_one_and_a_constant_one_zero() -> None:
    chance = np.random.default_rng(0)
    outcome, is_treated = (chance.random(500) < 0.4).astype(float), chance.random(500) < 0.5
    assert qini_coefficient(outcome, outcome * (2.0 * is_treated - 1), is_treated) == 1.0
    assert qini_coefficient(outcome, np.zeros(500), is_treated) == pytest.approx(0)
