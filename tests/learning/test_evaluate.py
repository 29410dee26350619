"""The measures against scikit-learn's, slow definitions, and hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from churnrisk.learning import evaluate as ev


def scored(seed: int, n: int = 400, digits: int = 2) -> tuple[np.ndarray, np.ndarray, ev.Scored]:
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(n), digits)  # rounded, so that there are ties
    y = (rng.random(n) < p).astype(float)
    return y, p, ev.Scored(y, p)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), digits=st.integers(1, 6))
def test_measures_equal_those_of_scikit_learn_also_with_weights(seed: int, digits: int) -> None:
    y, p, s = scored(seed, digits=digits)
    w = np.random.default_rng(seed + 1).integers(0, 4, len(y)).astype(float)
    clipped = np.clip(p, ev.CLIP, 1 - ev.CLIP)
    assert ev.roc_auc(s, w) == pytest.approx(sk.roc_auc_score(y, p, sample_weight=w))
    assert ev.average_precision(s, w) == pytest.approx(sk.average_precision_score(y, p, sample_weight=w))
    assert ev.log_loss(s, w) == pytest.approx(sk.log_loss(y, clipped, sample_weight=w))
    assert ev.brier_score(s, w) == pytest.approx(sk.brier_score_loss(y, p, sample_weight=w))


def test_weights_are_the_same_as_repeated_customers() -> None:
    y, p, s = scored(3)
    w = np.random.default_rng(1).integers(0, 3, len(y))
    repeated = ev.Scored(np.repeat(y, w), np.repeat(p, w))
    for name in ("auc", "average_precision", "log_loss", "brier", "top_decile_lift", "bias"):
        function = ev.MEASURES[name]
        assert function(s, w.astype(float)) == pytest.approx(function(repeated, np.ones(int(w.sum())))), name


def test_calibration_error_by_hand() -> None:
    y = np.array([0.0, 1.0, 1.0, 1.0])
    p = np.array([0.25, 0.25, 0.75, 0.75])
    assert ev.calibration_error(ev.Scored(y, p), np.ones(4)) == pytest.approx(0.25)
    assert ev.reliability(ev.Scored(y, p)) == [(2.0, 0.25, 0.5), (2.0, 0.75, 1.0)]


def test_lift_shares_ties_at_the_edge() -> None:
    y = np.array([1.0] * 5 + [0.0] * 15)
    everybody_equal = ev.Scored(y, np.full(20, 0.3))
    assert ev.top_decile_lift(everybody_equal, np.ones(20)) == pytest.approx(1.0)
    perfect = ev.Scored(y, y)
    assert ev.top_decile_lift(perfect, np.ones(20)) == pytest.approx(4.0)  # 1 / base rate


def test_one_class_has_no_ranking_and_says_so() -> None:
    s = ev.Scored(np.zeros(10), np.linspace(0, 1, 10))
    assert np.isnan(ev.roc_auc(s, np.ones(10)))
    assert ev.measure(s)["auc"].to_dict() == {"value": None, "low": None, "high": None}


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """Brier scores of 200 samples of known truth: 95 % intervals must cover between 90 and 99 % of the time."""
    rng = np.random.default_rng(7)
    truth = float(np.mean((lambda q: q * (1 - q))(np.linspace(0, 1, 100_001))))
    covered = 0
    for k in range(200):
        p = rng.random(300)
        s = ev.Scored((rng.random(300) < p).astype(float), p)
        draws = np.array([ev.brier_score(s, w) for w in ev.resample_counts(300, seed=k)])
        interval = ev.percentile_interval(ev.brier_score(s, np.ones(300)), draws)
        covered += interval.low <= truth <= interval.high
    assert 180 <= covered <= 198


def test_a_difference_is_paired() -> None:
    y, p, s = scored(5, n=500, digits=6)
    better = ev.Scored(y, np.clip(p + (y - 0.5) * 0.1, 0, 1))
    gain = ev.difference(better, s, "auc")
    assert 0 < gain.low < gain.value < gain.high
    nothing = ev.difference(s, s, "log_loss")
    assert (nothing.value, nothing.low, nothing.high) == (0.0, 0.0, 0.0)
