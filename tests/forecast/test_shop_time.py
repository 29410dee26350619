"""Shop time: a season that comes back is believed, chance and a trend are not, and no year is told by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.dataset import DailyPurchases
from churnrisk.forecast.shop_time import Seasons, ShopTime, to_shop_time
from churnrisk.timeline import YEAR

FIRST_DAY = 17_000


def count(years: float, *, peak: float = 0.0, growth: float = 1.0, drift: float = 0.0, seed: int = 1) -> DailyPurchases:
    """Daily purchases with a peak of about a month, on the same day of each year or a little later each year."""
    days = np.arange(int(years * YEAR))
    apart = (days - 300 - drift * (days // YEAR) + 182) % YEAR - 182
    mean = 40 * growth ** (days / YEAR) * (1 + peak * np.exp(-0.5 * (apart / 15) ** 2))
    bought = np.random.default_rng(seed).poisson(mean)
    return DailyPurchases(FIRST_DAY, bought, np.zeros(len(days), np.int64))


def test_a_peak_that_comes_back_is_believed_and_found() -> None:
    seasons = Seasons.of(count(4.3, peak=5.0, growth=1.4))
    assert seasons.trust > 0.9
    season = seasons.shop_time().season
    truth = 1 + 5.0 * np.exp(-0.5 * (((np.arange(YEAR) - 300 - FIRST_DAY + 182) % YEAR - 182) / 15.0) ** 2)
    assert np.corrcoef(season, truth)[0, 1] > 0.98
    assert season.max() / np.median(season) > 4


def test_chance_and_growth_are_no_season() -> None:
    for growth in (0.6, 1.0, 2.5):
        seasons = Seasons.of(count(5, growth=growth))
        assert seasons.trust < 0.35
        assert np.abs(seasons.shop_time().season - 1).max() < 0.12


def test_a_season_that_moves_is_believed_less_and_the_newest_year_most() -> None:
    stable, moving = (Seasons.of(count(6, peak=4.0, drift=drift)) for drift in (0.0, 20.0))
    assert moving.trust < stable.trust - 0.1
    found = int(moving.shop_time().season.argmax()) - FIRST_DAY - 300
    assert 60 <= found % YEAR <= 110, "the peak of the last year is 100 days after that of the first"


def test_less_than_two_years_tell_of_no_season() -> None:
    seasons = Seasons.of(count(1.9, peak=5.0))
    assert len(seasons.pace) == 0
    assert (seasons.shop_time().season == 1).all()
    assert (seasons.shop_time(known_at=FIRST_DAY + 400).season == 1).all()
    assert seasons.likeness(100, 300) == 1.0


def test_a_shop_that_dies_or_has_a_hole_has_no_season() -> None:
    days = np.arange(5 * YEAR)
    for mean in (
        40 * np.exp(-days / 200),
        np.where((days > 700) & (days < 1100), 0.0, 40.0),
        np.where(days > 900, 40.0, 2.0),
        np.full(len(days), 0.05),
        40 * (1 + 0.9 * (days % 7 < 2)),
    ):
        bought = np.random.default_rng(2).poisson(mean)
        seasons = Seasons.of(DailyPurchases(FIRST_DAY, bought, np.zeros(len(days), np.int64)))
        assert np.abs(seasons.shop_time().season - 1).max() < 0.1
    assert len(Seasons.of(DailyPurchases(FIRST_DAY, np.zeros(0, np.int64), np.zeros(0, np.int64))).pace) == 0


@given(st.integers(0, 4 * YEAR), st.integers(0, 2**31))
def test_the_season_of_a_cutoff_knows_nothing_of_the_year_after_it(after: int, seed: int) -> None:
    seasons = replace(Seasons.of(count(4, peak=3.0)), trust=1.0)
    cutoff = seasons.first_day + after
    other = seasons.pace.copy()
    other[after : after + YEAR] = np.random.default_rng(seed).random(len(other[after : after + YEAR]))
    one, two = (each.shop_time(known_at=cutoff).season for each in (seasons, replace(seasons, pace=other)))
    np.testing.assert_array_equal(one, two)


@given(st.integers(0, 10_000), st.lists(st.floats(0, 800), min_size=2, max_size=20))
def test_shop_time_rises_and_a_year_is_a_year(start: int, days: list[float]) -> None:
    pace = np.random.default_rng(7).random(YEAR) + 0.05
    elapsed = ShopTime(pace / pace.mean()).elapsed(start)
    passed = to_shop_time(np.sort(np.array([*days, YEAR, np.inf])), elapsed)
    assert abs(elapsed[-1] - YEAR) < 1e-9
    assert (np.diff(passed[:-1]) >= -1e-9).all()
    assert passed[-1] == np.inf


def test_cutoffs_of_the_same_time_of_the_year_tell_most() -> None:
    seasons = Seasons.of(count(4, peak=5.0))
    near, far = seasons.likeness(17_500, 17_500 - 2 * YEAR + 3), seasons.likeness(17_500, 17_500 - YEAR // 2)
    assert near > 0.95
    assert far < 0.15
