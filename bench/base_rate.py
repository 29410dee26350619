"""Forecasts of the base rate on simulated shops of eight years whose truth is known.

    python bench/base_rate.py [--years 1.3,1.8,2.4,3.2,4.6,6,7] [--horizons 30,90,180,365] [--seeds 2] [--worlds a,b]
    python bench/base_rate.py --train 3 [--worlds a,b]

Each shop is looked at on several days, about so many years after its start. On each the customer base is forecast as
``train`` forecasts it, the ranking left out: the buy-till-you-die model is fitted to what is known, and its level is
moved by what the past says. Beside it stand those who believe one thing alone: the newest known windows, the
buy-till-you-die model, the same weeks of all earlier years (the newest windows in the first year), and an oracle that
knows rate, leaving day and season of every customer. Told are the mean and the largest difference between forecast
and realised churn rate, and the log loss that it costs, times a thousand.

With ``--train`` as many whole trainings are run for each world, in its fourth year, 90 days ahead.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

import churnrisk
from churnrisk.btyd import Summary, fit_btyd
from churnrisk.dataset import PastBase, weighted_mean
from churnrisk.dataset.past_bases import LEAST_HISTORY, PurchaseDays, choose_cutoffs, collapse_histories, members_at
from churnrisk.learning.level import NEAR, WHOLE_WEEKS, forecast_shift, trace_shifts
from churnrisk.regression.linear import to_log_odds, to_probability
from churnrisk.schema import NEVER
from churnrisk.timeline import Snapshot, date_of

FIRST, YEARS, LOOKBACK = 14_000, 8, 365
DAYS = int(YEARS * 365.25)
CUSTOMERS = 6000


@dataclass(frozen=True)
class World:
    """A shop: its season, and how it and the number of new customers change."""

    season: float = 0.0  # height of the peak, in logarithms of the rate
    drift: float = 0.0  # days by which the peak moves in a year
    growth: float = 1.0  # new customers of a year over those of the year before
    lull: float = 0.0  # fall of everybody's rate over the eight years, in logarithms
    pauses: bool = False  # whether customers now and then pause for months, which no buy-till-you-die model knows

    def factor(self, day: np.ndarray) -> np.ndarray:
        """Return how much more is bought on a day than on one of a year without season."""
        year = (day - FIRST) / 365.25
        peak = (340 + self.drift * year) / 365.25
        shape = np.exp(self.season * (np.cos(2 * np.pi * (year - peak)) - 0.3))
        factor: np.ndarray = shape * np.exp(-self.lull * year / YEARS)
        return factor


WORLDS = {
    "no season": World(),
    "no season growing": World(growth=1.5),
    "no season shrinking": World(growth=0.7),
    "stable season": World(season=0.9),
    "stable season growing": World(season=0.9, growth=1.5),
    "stable season shrinking": World(season=0.9, growth=0.7),
    "drifting season": World(season=0.9, drift=25),
    "season and falling rates": World(season=0.6, lull=1.0),
    "falling rates": World(lull=1.0),
    "pauses": World(pauses=True),
    "pauses and a stable season": World(season=0.9, pauses=True),
}


@dataclass(frozen=True)
class Shop:
    """Purchase days, and what nobody sees."""

    days: PurchaseDays
    rate: np.ndarray
    left: np.ndarray
    world: World

    def expected_churn(self, snapshot: Snapshot, members: np.ndarray) -> float:
        """Return the churn rate that is expected of who knows rate, leaving day and season of each member."""
        if self.world.pauses:
            return float("nan")
        bought = self.world.factor(np.arange(snapshot.outcome_start, snapshot.outcome_end)).sum()
        is_there = self.left[members] >= snapshot.cutoff
        return float(np.exp(-self.rate[members] * bought * is_there).mean())


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
    return Shop(PurchaseDays(pairs[:, 0], pairs[:, 1], undone), rate, left, world)


def _draw_joined(world: World, customers: int, chance: np.random.Generator) -> np.ndarray:
    day = np.arange(FIRST, FIRST + DAYS)
    weight = world.growth ** ((day - FIRST) / 365.25) * np.sqrt(world.factor(day))
    return np.sort(chance.choice(day, customers, p=weight / weight.sum()))


def count_base(snapshot: Snapshot, days: PurchaseDays) -> tuple[PastBase, np.ndarray]:
    """Return the customer base at a cutoff with its outcome, and its members."""
    members, who = members_at(snapshot, days)
    rows = collapse_histories(**members)
    histories = Summary(rows["frequency"], rows["age"], rows["tenure"], rows["customers"])
    return PastBase(snapshot, histories, rows["churned"]), who


def summarise(days: PurchaseDays, as_of: int) -> Summary:
    """Return the histories of all customers of some purchase days."""
    count = np.diff(np.append(days.starts, len(days.day)))
    first, last = days.day[days.starts], days.day[days.starts + count - 1]
    return Summary(count - 1, last - first, as_of - first).collapse()[0]


def same_weeks(cutoffs: np.ndarray, shifts: np.ndarray, as_of: int) -> float:
    """Return the mean shift in the same weeks of all earlier years; NaN where there was none."""
    near = [np.abs(cutoffs - as_of + k * WHOLE_WEEKS) <= NEAR for k in range(1, YEARS + 1)]
    known = [shifts[chosen].mean() for chosen in near if chosen.any()]
    return float(np.mean(known)) if known else float("nan")


def forecast(shop: Shop, as_of: int, horizons: list[int]) -> Iterator[dict[str, float]]:
    """Forecast the churn rate of a day in every way, for each horizon that the log allows."""
    before = shop.days.day < as_of
    days = PurchaseDays(*(column[before] for column in (shop.days.customer, shop.days.day, shop.days.undone_day)))
    model = fit_btyd(summarise(days, as_of), "mbgnbd")
    for horizon in horizons:
        current = Snapshot(as_of, LOOKBACK, horizon)
        if as_of - 2 * horizon < FIRST or current.outcome_end > FIRST + DAYS:
            continue
        cutoffs = choose_cutoffs(as_of - horizon, FIRST + LEAST_HISTORY)
        past = trace_shifts([count_base(current.at(one), days)[0] for one in cutoffs], model)
        truth, members = count_base(current, shop.days)
        silent = to_log_odds(model.no_purchase_probability(truth.histories, horizon))
        ours = forecast_shift(*past, current)
        weeks = same_weeks(*past, as_of)
        shifts = {
            "newest windows": ours.recent,
            "MBG/NBD": 0.0,
            "same weeks": weeks if np.isfinite(weeks) else ours.recent,
            "churnrisk": ours.shift,
        }
        rates = {
            name: weighted_mean(to_probability(silent + one), truth.histories.customers) for name, one in shifts.items()
        }
        yield {**rates, "oracle": shop.expected_churn(current, members), "truth": truth.churn_rate, "horizon": horizon}


def excess_loss(truth: float, forecast: float) -> float:
    """Return the log loss that a wrong level costs where all customers are alike."""
    p, q = (min(max(one, 1e-4), 1 - 1e-4) for one in (truth, forecast))
    return p * float(np.log(p / q)) + (1 - p) * float(np.log((1 - p) / (1 - q)))


def show(title: str, rows: list[dict[str, float]]) -> None:
    """Print one line: mean and largest miss, and excess log loss, of each way."""
    cells = []
    for name in ("newest windows", "MBG/NBD", "same weeks", "churnrisk", "oracle"):
        known = [row for row in rows if np.isfinite(row[name])]
        if not known:
            cells.append("")
            continue
        misses = [abs(row[name] - row["truth"]) for row in known]
        loss = 1000 * np.mean([excess_loss(row["truth"], row[name]) for row in known])
        cells.append(f"{np.mean(misses):.3f}, {max(misses):.3f}, {loss:.1f}")
    print(f"| {title} | {len(rows)} | {' | '.join(cells)} |", flush=True)


def forecast_levels(options: argparse.Namespace, worlds: list[str]) -> None:
    """Print a table by world, by horizon and over all."""
    print("| | forecasts | newest windows | MBG/NBD | same weeks | churnrisk | oracle |\n|---|---|---|---|---|---|---|")
    groups: dict[str, list[dict[str, float]]] = defaultdict(list)
    horizons = [int(one) for one in options.horizons.split(",")]
    for name in worlds:
        for seed in range(options.seeds):
            shop = simulate_shop(WORLDS[name], customers=CUSTOMERS, seed=seed)
            chance = np.random.default_rng(seed)
            for years in options.years.split(","):
                as_of = FIRST + int(float(years) * 365.25) + int(chance.integers(-60, 60))
                groups[name] += forecast(shop, as_of, horizons)
        show(name, groups[name])
    rows = [row for name in worlds for row in groups[name]]
    for horizon in horizons:
        show(f"{horizon} days", [row for row in rows if row["horizon"] == horizon])
    show("all", rows)


def train_whole(name: str, seed: int, horizon: int = 90) -> None:
    """Train on a shop as a user would, and print the base rate that is forecast beside the realised one."""
    shop = simulate_shop(WORLDS[name], customers=CUSTOMERS, seed=seed)
    as_of = FIRST + int(3.3 * 365.25) + 45 * seed
    days = [date_of(one).isoformat() for one in range(FIRST, FIRST + DAYS + 1)]
    ids = [f"c{one}" for one in shop.days.customer]
    table = pd.DataFrame({"customer_id": ids, "date": [days[one - FIRST] for one in shop.days.day]})
    model = churnrisk.train(table[shop.days.day < as_of], horizon=horizon, as_of=date_of(as_of)).model
    truth = count_base(Snapshot(as_of, LOOKBACK, horizon), shop.days)[0].churn_rate
    print(
        f"| {name} | {seed} | {model.bands.base_rate:.3f} | {truth:.3f} | {model.bands.base_rate - truth:+.3f} |",
        flush=True,
    )


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", default="1.3,1.8,2.4,3.2,4.6,6,7")
    parser.add_argument("--horizons", default="30,90,180,365")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--worlds", default=",".join(WORLDS))
    parser.add_argument("--train", type=int, default=0)
    options = parser.parse_args()
    worlds = options.worlds.split(",")
    if not options.train:
        forecast_levels(options, worlds)
        return
    print("| world | seed | forecast | realised | difference |\n|---|---|---|---|---|")
    for name in worlds:
        for seed in range(options.train):
            train_whole(name, seed)


if __name__ == "__main__":
    main()
