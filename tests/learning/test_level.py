"""The level: exact shifts, and shops whose season is known."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.btyd import BtydModel, Summary
from churnrisk.dataset import PastBase
from churnrisk.learning.level import (
    BELIEFS,
    ERROR_PRIOR,
    ERROR_WINDOWS,
    WHOLE_WEEKS,
    Belief,
    ShiftForecast,
    _likeness,
    _replay,
    forecast_level,
    forecast_shift,
    trace_shifts,
)
from churnrisk.regression.linear import shift_to, to_log_odds, to_probability
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
    return float(0.8 * np.cos(2 * np.pi * (day - CURRENT.cutoff) / WHOLE_WEEKS))


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


def forecast(shift_of: object, *, days: int) -> ShiftForecast:
    return forecast_shift(*trace_shifts(weekly(shift_of, days=days), MODEL), CURRENT)


@pytest.mark.parametrize(("years", "off"), [(2.2, 0.25), (4, 0.12), (7, 0.08)])
def test_a_season_that_returns_is_forecast_and_the_better_the_more_years_there_are(years: float, off: float) -> None:
    assert forecast(season, days=int(365 * years)).shift == pytest.approx(0.8, abs=off)


def test_a_model_that_every_past_cutoff_refutes_is_not_believed() -> None:
    for horizon in (30, 180):
        past = trace_shifts(weekly(lambda _: 1.2, days=2000), MODEL)
        found = forecast_shift(*past, replace(CURRENT, horizon=horizon))
        assert found.shift == pytest.approx(1.2, abs=0.06)


def test_what_comes_and_goes_by_chance_is_not_forecast() -> None:
    """Each day adds its chance to the windows that hold it."""
    until = np.cumsum(np.random.default_rng(0).normal(size=6000))

    def off(day: float, k: int) -> float:
        return float(0.06 * (until[int(day) - 12_000 - k] - until[int(day) - 12_030 - k]))  # standard deviation 0.33

    found = [forecast(partial(off, k=k), days=1400).shift for k in range(0, 1500, 100)]
    assert np.mean(np.abs(found)) < 0.13
    assert max(np.abs(found)) < 0.33


def test_a_slow_change_is_carried_on() -> None:
    """The level has risen by 1 in a year, for three years; a year ago says little, and lately says most."""
    found = forecast(lambda day: (day - CURRENT.cutoff) / WHOLE_WEEKS, days=1090)
    assert -0.4 < found.shift < 0.1
    assert found.recent == pytest.approx(-45 / WHOLE_WEEKS, abs=0.05)


def test_what_a_log_was_off_by_in_its_first_months_is_no_season() -> None:
    first = CURRENT.cutoff - 430
    young = forecast(lambda day: -0.9 * np.exp(-(day - first) / 120), days=415)
    grown = forecast(lambda day: -0.9 * np.exp(-((day - first) % WHOLE_WEEKS) / 120), days=1800)
    assert abs(young.shift) < 0.15
    assert grown.shift == pytest.approx(-0.9 * np.exp(-66 / 120), abs=0.1)


def test_no_past_leaves_the_model_as_it_is() -> None:
    found = forecast_shift(np.zeros(0), np.zeros(0), CURRENT)
    assert (found.shift, found.recent) == (0.0, 0.0)
    two = forecast_shift(np.array([14_900.0, 14_907.0]), np.array([0.5, 0.5]), CURRENT)
    assert 0 < two.shift < 0.5
    assert two.recent == 0.5


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 30), st.sampled_from(BELIEFS))
def test_a_replay_is_the_product_of_its_forecasts(seed: int, size: int, belief: Belief) -> None:
    """Slowly: each window forecast from those before it, with what was known of the size of errors by then."""
    chance = np.random.default_rng(seed)
    days = np.cumsum(chance.integers(7, 90, size + 1)).astype(float)
    seen, places = chance.normal(size=size), np.arange(size)
    alike = _likeness(belief, days, 30)
    likelihood, squares = 0.0, ERROR_WINDOWS * ERROR_PRIOR**2
    for k in places:
        before = np.linalg.solve(alike[:k, :k], alike[:k, k])
        mean, variance = before @ seen[:k], alike[k, k] - before @ alike[:k, k]
        after = squares + (seen[k] - mean) ** 2 / variance
        likelihood += (ERROR_WINDOWS + k) / 2 * np.log(squares) - (ERROR_WINDOWS + k + 1) / 2 * np.log(after)
        likelihood -= np.log(variance) / 2
        squares = after
    score, says = _replay(belief, days, seen, [places], 30)
    start = np.log(belief.prior) - ERROR_WINDOWS / 2 * np.log(ERROR_WINDOWS * ERROR_PRIOR**2)
    assert score == pytest.approx(start + likelihood, abs=1e-6)
    np.testing.assert_allclose(says @ seen, alike[-1, :-1] @ np.linalg.inv(alike[:-1, :-1]) @ seen, atol=1e-6)


def test_every_year_that_refutes_a_belief_takes_its_weight() -> None:
    cutoffs, shifts = trace_shifts(weekly(season, days=2500), MODEL)
    days, seen = np.append(cutoffs[::2], CURRENT.cutoff), shifts[::2]
    places = [np.arange(0, len(seen), 3)]
    scores = {bool(one.season): -np.inf for one in BELIEFS}
    for one in BELIEFS:
        scores[bool(one.season)] = max(scores[bool(one.season)], _replay(one, days, seen, places, 30)[0])
    assert scores[True] > scores[False] + 7  # less than a thousandth is left


LOG_ODDS = np.linspace(-2, 3, 400)
SILENT = np.linspace(-3, 3, 400)


def test_the_past_decides_and_short_horizons_hear_the_ranking() -> None:
    target = float(to_probability(SILENT - 1.5).mean())
    for horizon in (7, 180):
        trust = forecast_shift(np.zeros(0), np.zeros(0), replace(CURRENT, horizon=horizon)).trust
        told = ShiftForecast(-1.5, -1.0, trust)
        level = forecast_level(LOG_ODDS, recent=0.3, silent=SILENT, forecast=told)
        assert level.past == pytest.approx(shift_to(LOG_ODDS, target))
        lately = shift_to(LOG_ODDS, float(to_probability(SILENT - 1.0).mean()))
        assert level.shift == pytest.approx(level.past + trust * (0.3 - lately))
        assert (trust > 0.8) == (horizon == 7)
        assert (trust < 0.1) == (horizon == 180)


def test_where_ranking_and_silence_agree_on_what_was_lately_the_past_decides_alone() -> None:
    lately = shift_to(LOG_ODDS, float(to_probability(SILENT + 0.4).mean()))
    level = forecast_level(LOG_ODDS, recent=lately, silent=SILENT, forecast=ShiftForecast(0.1, 0.4, 0.7))
    assert level.shift == pytest.approx(level.past)


def test_without_a_model_of_silence_recent_snapshots_serve() -> None:
    level = forecast_level(LOG_ODDS, recent=0.3, silent=np.zeros(0), forecast=ShiftForecast(0.0, 0.0, 0.4))
    assert level.shift == 0.3
    assert np.isnan(level.silence)
