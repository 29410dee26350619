"""Saves, cost, profit, the acceptance rate, and a verdict that says what is known and no more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from churnrisk.campaigns import Campaign, CampaignResult, Measured, measured_acceptance
from churnrisk.campaigns.effect import Outcomes
from churnrisk.campaigns.records import add_campaign, add_measured
from churnrisk.campaigns.result import measure_outcomes
from churnrisk.schema import Outcome
from churnrisk.state import open_state


def result(
    treated: int, kept: float, control: int, alone: float, *, outcome: Outcome = "retained", spent: float = 20.0
) -> CampaignResult:
    """A campaign in which so many of each group bought, each once and for the same amount."""
    bought = np.concatenate(
        [np.arange(treated) < round(kept * treated), np.arange(control) < round(alone * control)]
    ).astype(float)
    size = treated + control
    outcomes = Outcomes(
        np.arange(size) < treated, np.zeros(size, np.int64), np.zeros((size, 0)), bought, bought, spent * bought,
        np.full(size, np.nan), np.full(size, np.nan),
    )  # fmt: skip
    fixed = Campaign("c", 15_000, 60, outcome, 0.1, 0, contact_cost=1.0, incentive_cost=4.0, margin=0.5)
    return measure_outcomes(fixed, outcomes)


def test_money() -> None:
    one = result(1000, 0.5, 1000, 0.4)
    assert one.saves == pytest.approx(100)
    assert one.cost == pytest.approx(1000 * 1.0 + 500 * 4.0)
    assert one.profit == pytest.approx(0.5 * 20 * 100 - one.cost)
    assert one.acceptance == pytest.approx(0.1 / 0.6)
    assert one.saves_low is not None
    assert one.saves_low == pytest.approx(1000 * one.effects["retained"].low)


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ((20_000, 0.531, 5_000, 0.5), "It kept 3.1 points more [1.6, 4.6]"),
        ((20_000, 0.47, 5_000, 0.5), "It did harm: 3.0 points fewer stayed [-4.5, -1.5]"),
        ((20_000, 0.501, 20_000, 0.5), "No effect seen: the difference was +0.1 points [-0.9, 1.1], and 3 points"),
        ((500, 0.52, 500, 0.5), "Too few to tell: the difference was +2.0 points [-4.2, 8.2]; 8,800 customers"),
        ((500, 0.52, 0, 0.0), "There was no control group, so nobody can tell"),
    ],
)
def test_the_verdict(figures: tuple[int, float, int, float], words: str) -> None:
    assert words in result(*figures).verdict


def test_the_verdict_is_on_the_outcome_that_was_fixed() -> None:
    better = result(2000, 0.55, 2000, 0.5, outcome="revenue")
    assert better.verdict.startswith("It brought 1.00 more of revenue per customer [0.38, 1.62]")
    same = result(200, 0.5, 200, 0.5, outcome="orders")
    assert same.verdict.startswith("Too few to tell: the difference was +0.00 orders per customer")
    assert "customers are needed to see a tenth more" in same.verdict


def test_nothing_is_claimed_without_a_control_group() -> None:
    one = result(500, 0.52, 0, 0.0)
    assert (one.saves, one.profit, one.acceptance, one.effects) == (None, None, None, {})


def test_where_all_controls_bought_there_were_no_leavers_to_keep() -> None:
    assert result(500, 1.0, 500, 1.0).acceptance is None


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([], None),
        ([(None, None)], None),
        ([(0.2, 0.3)], None),  # known worse than to 0.1
        ([(0.2, 0.05)], 0.2),
        ([(0.1, 0.05), (0.3, 0.1)], 0.14),
        ([(-0.1, 0.05)], 0.0),
        ([(0.2, 0.15), (0.2, 0.12)], 0.2),  # together they know enough
    ],
)
def test_the_acceptance_rate_of_all_campaigns(
    tmp_path: Path, rates: list[tuple[float | None, float | None]], expected: float | None
) -> None:
    with open_state(tmp_path / "state.db") as state:
        for number, (rate, error) in enumerate(rates):
            with state.transaction():
                place = add_campaign(state, Campaign(f"c{number}", 15_000, 60, "retained", 0.1, 0), [])
            add_measured(state, place, Measured("f", rate, error, {}))
        assert measured_acceptance(state) == (None if expected is None else pytest.approx(expected))
