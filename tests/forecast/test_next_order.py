"""Intervals of the next order hold four fifths, whatever is wrong with the curve that they are cut from."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.forecast.next_order import PRIOR_SHARES, OrderBand, PastWaits, choose_stretch, fit_band, measure_coverage

YEAR = 365
KNOTS = (1, 2, 3, 5, *range(7, YEAR, 7), YEAR)
PLAIN = OrderBand(np.zeros(0), np.array([PRIOR_SHARES]), YEAR)
Drawn = tuple[np.ndarray, np.ndarray]


def draw(count: int, chance: np.random.Generator, *, slower: float = 1.0) -> Drawn:
    """Customers whose waits are Weibull, early or never, seen through a curve that believes in constant hazards."""
    scale = chance.gamma(1.5, 60.0, count) + 5
    wait = np.floor(slower * scale * chance.weibull(0.6, count))
    wait[chance.random(count) < 0.3] = np.inf
    believed = 1.8 * scale * np.exp(chance.normal(0.0, 0.3, count))
    return -np.array([0, *KNOTS]) / believed[:, None], wait


def follow(count: int, known: int, chance: np.random.Generator) -> PastWaits:
    """A past cutoff of such customers that is known for so many days."""
    curve, wait = draw(count, chance)
    return PastWaits(curve, np.where(wait < known, wait, np.inf), known)


@pytest.mark.parametrize("known", [[YEAR] * 4, [700, 380, *range(350, 0, -40)]], ids=["all known", "mostly unknown"])
def test_a_wrong_curve_gives_intervals_that_hold(known: list[int]) -> None:
    chance = np.random.default_rng(1)
    band = fit_band([follow(2500, days, chance) for days in known], KNOTS, YEAR)
    later = [draw(40_000, chance)]
    assert measure_coverage(PLAIN, later, KNOTS, YEAR)[0] < 0.7, "the curve is wrong"
    coverage, tenths = measure_coverage(band, later, KNOTS, YEAR)
    assert 0.77 <= coverage <= 0.83
    assert min(tenths) >= 0.74
    assert max(tenths) <= 0.86


def test_what_is_not_yet_known_makes_no_interval_shorter() -> None:
    chance = np.random.default_rng(2)
    old, new = [[follow(3000, days, chance) for days in known] for known in ([400, 380], [200, 120, 80, 40])]
    whole, mixed = (fit_band(past, KNOTS, YEAR) for past in (old, [*old, *new]))
    unaware = fit_band([*old, *(PastWaits(one.log_survival, one.wait_days, YEAR) for one in new)], KNOTS, YEAR)
    curve, _ = draw(4000, chance)
    lasts = [float(band.days(curve, KNOTS, YEAR)[:, 2].mean()) for band in (whole, mixed, unaware)]
    assert abs(lasts[1] - lasts[0]) < 8
    assert lasts[2] < lasts[0] - 25, "as if nobody who is not yet known to order ever would"


def test_few_customers_do_not_make_intervals_too_short() -> None:
    held = []
    for seed in range(150):
        chance = np.random.default_rng(seed)
        band = fit_band([follow(30, YEAR, chance), follow(30, YEAR, chance)], KNOTS, YEAR)
        held.append(measure_coverage(band, [draw(600, chance)], KNOTS, YEAR)[0])
    assert 0.79 <= float(np.mean(held)) <= 0.87


def test_a_group_of_very_few_is_cut_where_the_curve_says() -> None:
    band = fit_band([follow(12, YEAR, np.random.default_rng(3))], KNOTS, YEAR)
    assert band.shares.tolist() == [list(PRIOR_SHARES)]
    assert fit_band([], KNOTS, YEAR).shares.tolist() == [list(PRIOR_SHARES)]


def test_cutoffs_without_weight_tell_nothing() -> None:
    chance = np.random.default_rng(4)
    told, other = follow(2000, YEAR, chance), follow(2000, YEAR, chance)
    silent = PastWaits(other.log_survival[:, ::-1] * 0.01, other.wait_days, YEAR, weight=1e-12)
    alone, both = fit_band([told], KNOTS, YEAR), fit_band([told, silent], KNOTS, YEAR)
    np.testing.assert_allclose(both.shares, alone.shares, atol=0.002)


def test_an_interval_is_widened_where_a_look_back_shows_that_it_did_not_hold() -> None:
    chance = np.random.default_rng(5)
    band = fit_band([follow(3000, YEAR, chance) for _ in range(3)], KNOTS, YEAR)
    same, slow = draw(3000, chance), draw(3000, chance, slower=2.5)
    assert choose_stretch(band, [same], KNOTS, YEAR) == 1.0
    factor = choose_stretch(band, [slow], KNOTS, YEAR)
    assert factor is not None
    assert factor > 1.0
    before, after = (measure_coverage(one, [slow], KNOTS, YEAR)[0] for one in (band, band.stretch(factor)))
    assert before < 0.77
    assert 0.8 <= after < 0.83
    never = (same[0], np.where(same[1] < YEAR, YEAR - 1.0, np.inf))
    assert choose_stretch(band, [never], KNOTS, YEAR) is None, "no width is enough"
    assert choose_stretch(band, [(never[0][:90], never[1][:90])], KNOTS, YEAR) == 1.0, "too few to say so"
