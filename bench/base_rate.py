"""Forecasts of the base rate on simulated shops of eight years whose truth is known.

    python bench/base_rate.py [--years 1.5,2.2,3.1,5,7.9] [--horizons 30,90,180,365] [--seeds 2] [--worlds a,b]

Each shop is looked at on several days. On each the customer base is forecast as ``train`` forecasts it, the ranking
left out: the buy-till-you-die model is fitted to what is known, and the level is moved by the weekly past. Beside it
stand who believes one thing alone: the newest known window, the buy-till-you-die model, the same weeks of all earlier
years, and an oracle that knows rates, leavers and season of every customer. Told is the difference between forecast
and realised churn rate.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from churnrisk.btyd import BtydModel, Summary, fit_btyd
from churnrisk.dataset.past_bases import PurchaseDays, choose_past, members_at, past_base_of
from churnrisk.learning.level import forecast_level, recent_shift, trace_shifts
from churnrisk.learning.linear import to_log_odds, to_probability
from churnrisk.schema import NEVER
from churnrisk.timeline import Snapshot

FIRST, YEARS, LOOKBACK = 14_000, 8, 365
DAYS = int(YEARS * 365.25)
Season = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class World:
    """A shop: how its season and its number of new customers change, and how heterogeneous leaving is."""

    season: float = 0.0  # height of the peak, in logarithms of the rate
    drift: float = 0.0  # days by which the peak moves in a year
    growth: float = 1.0  # new customers of a year over those of the year before
    lull: float = 0.0  # fall of everybody's rate over the eight years, in logarithms
    pauses: bool = False  # whether customers now and then pause for months, which no buy-till-you-die model knows

    def factor(self, day: np.ndarray) -> np.ndarray:
        """Give how much more is bought on a day than on one of a year without season."""
        year = (day - FIRST) / 365.25
        peak = (340 + self.drift * year) / 365.25
        shape = np.exp(self.season * (np.cos(2 * np.pi * (year - peak)) - 0.3))
        factor: np.ndarray = shape * np.exp(-self.lull * year / YEARS)
        return factor


WORLDS = {
    "no season": World(),
    "no season, growing": World(growth=1.5),
    "no season, shrinking": World(growth=0.7),
    "stable season": World(season=0.9),
    "stable season, growing": World(season=0.9, growth=1.5),
    "stable season, shrinking": World(season=0.9, growth=0.7),
    "drifting season": World(season=0.9, drift=25),
    "season, rates fall": World(season=0.6, lull=1.0),
    "rates fall": World(lull=1.0),
    "pauses": World(pauses=True),
    "pauses, stable season": World(season=0.9, pauses=True),
}


@dataclass(frozen=True)
class Shop:
    """Purchase days, and what nobody sees."""

    days: PurchaseDays
    rate: np.ndarray
    left: np.ndarray
    world: World
    wakes: np.ndarray

    def expected_churn(self, snapshot: Snapshot, members: np.ndarray) -> float:
        """Give the churn rate that is expected of who knows rate, leaving day and season of each member."""
        days = np.arange(snapshot.outcome_start, snapshot.outcome_end)
        factor = self.world.factor(days)
        until = np.clip(self.left[members] - snapshot.outcome_start, 0, len(days))
        there = np.append(0.0, np.cumsum(factor))[until.astype(int)]
        return float(np.exp(-self.rate[members] * there).mean())


def simulate_shop(world: World, *, customers: int, seed: int) -> Shop:
    """Draw a shop whose customers leave after a purchase with a chance of their own."""
    chance = np.random.default_rng(seed)
    joined = _draw_joined(world, customers, chance)
    rate = chance.gamma(1.1, 1 / (1.1 * 55), customers)
    stays = chance.beta(1.0, 5.0, customers)
    grid = np.append(0.0, np.cumsum(world.factor(np.arange(FIRST, FIRST + DAYS + 400))))
    who, when, left = [np.arange(customers)], [joined], np.full(customers, float(FIRST + DAYS + 400))
    alive, clock = np.arange(customers), joined.astype(float)
    while len(alive):
        leaves = chance.random(len(alive)) < stays[alive]
        left[alive[leaves]] = clock[leaves]
        alive, clock = alive[~leaves], clock[~leaves]
        if world.pauses:
            clock = clock + (chance.random(len(alive)) < 0.15) * chance.exponential(150, len(alive))
        done = np.interp(clock - FIRST, np.arange(len(grid)), grid) + chance.exponential(1 / rate[alive])
        clock = FIRST + np.interp(done, grid, np.arange(len(grid)), right=np.inf)
        kept = clock < FIRST + DAYS
        alive, clock = alive[kept], clock[kept]
        who.append(alive)
        when.append(np.floor(clock).astype(int))
    pairs = np.unique(np.column_stack([np.concatenate(who), np.concatenate(when)]), axis=0)
    undone = np.full(len(pairs), NEVER)
    return Shop(PurchaseDays(pairs[:, 0], pairs[:, 1], undone), rate, left, world, np.zeros(0))


def _draw_joined(world: World, customers: int, chance: np.random.Generator) -> np.ndarray:
    day = np.arange(FIRST, FIRST + DAYS)
    weight = world.growth ** ((day - FIRST) / 365.25) * np.sqrt(world.factor(day))
    return np.sort(chance.choice(day, customers, p=weight / weight.sum()))


def known_at(shop: Shop, as_of: int) -> PurchaseDays:
    """Give the purchase days before a day."""
    before = shop.days.day < as_of
    return PurchaseDays(shop.days.customer[before], shop.days.day[before], shop.days.undone_day[before])
