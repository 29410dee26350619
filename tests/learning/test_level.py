"""The level: exact shifts, and shops whose season is known."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.btyd import BtydModel, Summary
from churnrisk.dataset import PastBase
from churnrisk.learning.level import (
    YEAR,
    Trust,
    choose_trust,
    forecast_level,
    prior_trust,
    season_shift,
    shift_to,
    trace_shifts,
)
from churnrisk.learning.linear import to_log_odds, to_probability
from churnrisk.timeline import Snapshot

CURRENT = Snapshot(cutoff=15_000, lookback=365, horizon=30)
MODEL = BtydModel("mbgnbd", "mbgnbd", {"r": 0.5, "alpha": 20.0, "a": 0.8, "b": 2.0}, {}, 0.0, 500, 0.0)
HISTORIES = Summary([0, 0, 1, 3, 8, 2], [0, 0, 40, 90, 200, 30], [10, 300, 60, 100, 220, 250], [90, 80, 60, 50, 40, 80])


def base_with(shift: float, cutoff: float, histories: Summary = HISTORIES) -> PastBase:
    """A base whose churn is what the model of silence says, shifted."""
    snapshot = CURRENT.at(int(cutoff))
    silent = MODEL.no_purchase_probability(histories, snapshot.horizon)
    churned = histories.customers * to_probability(to_log_odds(silent) + shift)
    return PastBase(snapshot, histories, churned)


def weekly(shift_of: object, *, days: int) -> list[PastBase]:
    assert callable(shift_of)
    newest = CURRENT.cutoff - CURRENT.horizon
    cutoffs = range(newest, CURRENT.cutoff - days, -7)
    return [base_with(shift_of(cutoff), cutoff) for cutoff in sorted(cutoffs)]


def season(day: float) -> float:
    return float(0.8 * np.cos(2 * np.pi * (day - CURRENT.cutoff) / YEAR))


def test_shift_meets_the_target_exactly() -> None:
    log_odds = np.linspace(-4, 6, 50)
    weights = np.linspace(1, 3, 50)
    for target in (0.02, 0.5, 0.93):
        shift = shift_to(log_odds, target)
        assert to_probability(log_odds + shift).mean() == pytest.approx(target, abs=1e-9)
        shift = shift_to(log_odds, target, weights)
        assert np.average(to_probability(log_odds + shift), weights=weights) == pytest.approx(target, abs=1e-9)


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_a_share_of_none_or_all_gives_a_finite_shift(target: float) -> None:
    assert np.isfinite(shift_to(np.linspace(-3, 3, 20), target))


def test_past_shifts_are_found_again() -> None:
    cutoffs, shifts = trace_shifts([base_with(0.7, 14_000), base_with(-0.4, 14_007)], MODEL)
    assert cutoffs.tolist() == [14_000, 14_007]
    np.testing.assert_allclose(shifts, [0.7, -0.4], atol=0.02)  # half a customer is added on each side


def test_small_bases_say_nothing() -> None:
    few = Summary([0], [0], [10], [29])
    cutoffs, shifts = trace_shifts([base_with(0.7, 14_000, few)], MODEL)
    assert len(cutoffs) == len(shifts) == 0


def test_the_season_of_a_year_ago_is_forecast() -> None:
    shifts = trace_shifts(weekly(season, days=790), MODEL)
    assert season_shift(*shifts, CURRENT) == pytest.approx(0.8, abs=0.03)


def test_a_change_since_a_year_ago_is_carried_on_in_part() -> None:
    """The level rises by .5 a year besides; no season. Of that change .6 exp(-30 / 150) is believed."""
    shifts = trace_shifts(weekly(lambda day: 0.5 * (day - CURRENT.cutoff) / YEAR, days=790), MODEL)
    assert season_shift(*shifts, CURRENT) == pytest.approx(-0.5 + 0.6 * np.exp(-0.2) * 0.5, abs=0.03)


def test_without_two_years_overlap_there_is_no_season() -> None:
    for days in (200, 380):
        assert np.isnan(season_shift(*trace_shifts(weekly(season, days=days), MODEL), CURRENT))


LOG_ODDS = np.linspace(-2, 3, 400)
SILENT = np.linspace(-3, 3, 400)


def test_long_horizons_trust_silence_and_short_ones_what_was_lately() -> None:
    by_silence = shift_to(LOG_ODDS, float(to_probability(SILENT).mean()))
    at = {
        horizon: forecast_level(
            LOG_ODDS,
            trust=prior_trust(horizon, has_season=False),
            recent=9.0,
            silent=SILENT,
            season=float("nan"),
        )
        for horizon in (1, 360)
    }
    assert at[1].shift == pytest.approx(9.0, abs=0.2)
    assert at[360].shift == pytest.approx(by_silence, abs=0.1)


def test_a_known_season_decides() -> None:
    target = float(to_probability(SILENT - 1.5).mean())
    trust = prior_trust(30, has_season=True)
    level = forecast_level(LOG_ODDS, trust=trust, recent=0.0, silent=SILENT, season=-1.5)
    assert level.season == pytest.approx(shift_to(LOG_ODDS, target))
    assert level.shift == pytest.approx(
        trust.recent * 0.0 + trust.season * level.season + (1 - trust.recent - trust.season) * level.silence
    )
    assert abs(level.shift - level.season) < abs(level.shift - level.silence)


def test_the_backtest_moves_trust_to_the_way_that_was_right() -> None:
    """A level that stays off is forecast by the recent one, a level that swings within a quarter is not."""
    prior = prior_trust(CURRENT.horizon, has_season=False)
    steady = trace_shifts(weekly(lambda _: 1.0, days=300), MODEL)
    swinging = trace_shifts(weekly(lambda day: float(np.cos(2 * np.pi * day / 70)), days=300), MODEL)
    assert choose_trust(*steady, CURRENT, has_season=False).recent > prior.recent + 0.1
    assert choose_trust(*swinging, CURRENT, has_season=False).recent < prior.recent - 0.1


def test_a_season_that_returns_is_trusted_more_than_one_that_does_not() -> None:
    chance = np.random.default_rng(0)
    noise = {cutoff: chance.normal() for cutoff in range(14_000, 15_000)}
    fickle = trace_shifts(weekly(lambda day: noise[int(day)], days=790), MODEL)
    yearly = trace_shifts(weekly(season, days=790), MODEL)
    trusts = [choose_trust(*past, CURRENT, has_season=True) for past in (yearly, fickle)]
    assert trusts[0].season > trusts[1].season + 0.1


def test_a_short_past_leaves_the_prior() -> None:
    past = trace_shifts(weekly(season, days=60), MODEL)
    assert choose_trust(*past, CURRENT, has_season=False) == prior_trust(30, has_season=False)
    assert choose_trust(np.zeros(0), np.zeros(0), CURRENT, has_season=False) == prior_trust(30, has_season=False)


def test_without_a_model_of_silence_recent_snapshots_serve() -> None:
    level = forecast_level(LOG_ODDS, trust=Trust(0.4), recent=0.3, silent=np.zeros(0), season=float("nan"))
    assert level.shift == 0.3
    assert np.isnan(level.silence)
