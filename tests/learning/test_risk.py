"""High, medium, low: relative to the base rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.learning.risk import RiskBands


def odds(probability: float) -> float:
    return probability / (1 - probability)


@given(st.floats(0.001, 0.999))
def test_thresholds_are_twice_and_half_the_odds(base_rate: float) -> None:
    bands = RiskBands(base_rate)
    assert odds(bands.high_from) == pytest.approx(2 * odds(base_rate))
    assert odds(bands.low_to) == pytest.approx(odds(base_rate) / 2)
    assert 0 < bands.low_to < base_rate < bands.high_from < 1


def test_edges_belong_to_high_and_low() -> None:
    bands = RiskBands(0.5)
    edge = np.array([bands.low_to, bands.low_to + 1e-9, 0.5, bands.high_from - 1e-9, bands.high_from])
    assert bands.classify(edge).tolist() == ["low", "medium", "medium", "medium", "high"]


@pytest.mark.parametrize("base_rate", [0.0, 1.0])
def test_a_shop_where_all_or_none_churn_has_bands_too(base_rate: float) -> None:
    assert 0 < RiskBands(base_rate).low_to < RiskBands(base_rate).high_from < 1


def test_observed_rates_by_band() -> None:
    bands = RiskBands(0.5)
    observed = bands.observed(np.array([0.9, 0.9, 0.5, 0.1]), np.array([1, 0, 1, 0]))
    assert observed["high"] == {"from": bands.high_from, "to": 1.0, "customers": 2, "churn_rate": 0.5}
    assert observed["medium"] == {"from": bands.low_to, "to": bands.high_from, "customers": 1, "churn_rate": 1.0}
    empty = bands.observed(np.array([0.5]), np.array([1]))["low"]
    assert empty == {"from": 0.0, "to": bands.low_to, "customers": 0, "churn_rate": None}
