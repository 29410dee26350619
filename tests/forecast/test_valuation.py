"""Discounting: money spread over days, and a year that is never worth less than a shorter horizon."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.forecast import Valuation


@pytest.mark.parametrize("days", [30, 365, 730])
def test_discount_is_that_of_money_spread_over_the_days(days: int) -> None:
    daily = 1.1 ** (-(np.arange(days + 100) + 0.5) / 365)
    assert Valuation(0.3, 0.1).factor(days) == pytest.approx(daily[:days].mean(), rel=1e-6)
    assert Valuation(0.3, 0.1).factor(days, after=100) == pytest.approx(daily[100:].mean(), rel=1e-6)
    assert Valuation(0.3).factor(days, after=100) == 1.0


@pytest.mark.parametrize("horizon", [30, 365, 500])
def test_a_longer_window_is_never_worth_less(horizon: int) -> None:
    soon, year = (50.0, 50.0) if horizon <= 365 else (50.0, 40.0)
    value = Valuation(discount_rate=0.5).discount(np.array([[soon, year, 10.0, 30.0], [0, 0, 0, 0]]), horizon)
    ends = value[0, :2] if horizon <= 365 else value[0, 1::-1]
    assert 0 < ends[0] <= ends[1] < 50
    assert 0 < value[0, 2] < 10
    assert value[0, 2] < value[0, 3] < 30
    assert (value[1] == 0).all()
