"""How often the next order falls into its 80 % interval, in simulated shops whose next year is known.

    python bench/next_order.py [--shops N] [--only NAME,NAME]

Each shop is simulated with a year more than is learned from, so that every order of that year is seen. The outlook is
fitted to what was known before it, with the curve's own churn probabilities. Figures are those of all shops of a kind
together, by tenth of the forecast day: earliest first.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import polars as pl

from churnrisk.btyd import fit_btyd
from churnrisk.dataset import build_follow_ups, choose_follow_ups, count_daily_purchases
from churnrisk.dataset.purchase_days import summarise_histories
from churnrisk.features import catalogue
from churnrisk.forecast import OutlookCheck, fit_outlook, select_outlook_features
from churnrisk.forecast.outlook import make_waiters
from churnrisk.orders import Orders
from churnrisk.simulate import simulate_purchases
from churnrisk.timeline import Snapshot

FIRST_DAY, YEAR = 16_000, 365


@dataclass(frozen=True)
class Kind:
    """A kind of shop: days of history, customers, days between orders and until they leave, and a season's peak."""

    days: int
    customers: int = 2500
    gap: float = 60.0
    lifetime: float = 500.0
    peak: float = 0.0
    drift: float = 0.0
    horizon: int = 60


KINDS = {
    "three years": Kind(1100),
    "two years": Kind(760),
    "fifteen months": Kind(460),
    "eleven months": Kind(330),
    "nobody leaves": Kind(1100, lifetime=1e7),
    "many leave": Kind(1100, lifetime=150.0),
    "frequent orders": Kind(1100, gap=15.0, horizon=30),
    "400 customers": Kind(1100, customers=400),
    "season of four years": Kind(1460, peak=5.0),
    "season of two years": Kind(760, peak=5.0),
    "moving season of six years": Kind(2190, peak=5.0, drift=12.0),
    "season of fifteen months": Kind(460, peak=5.0),
}


def invent(kind: Kind, seed: int) -> Orders:
    """Invent a shop; with a peak, orders are left out so that a month stands out, each time another one."""
    orders = simulate_purchases(
        kind.customers,
        first_day=FIRST_DAY,
        days=kind.days + YEAR,
        seed=seed,
        mean_gap_days=kind.gap / (1 + kind.peak / 3),
        mean_lifetime_days=kind.lifetime,
    ).orders
    day = orders["order_day"] - FIRST_DAY
    middle = kind.days + 60 * seed + kind.drift * (day // YEAR)
    apart = (day - middle + 182) % YEAR - 182
    pace = (1 + kind.peak * np.exp(-0.5 * (apart / 16) ** 2)) / (1 + kind.peak)
    kept = np.random.default_rng(seed).random(len(day)) < pace
    table = {name: values[kept] for name, values in orders.items()}
    lists = {name: values.tolist() if values.dtype == object else values for name, values in table.items()}
    return Orders.from_frame(pl.DataFrame(lists).lazy())


def look(kind: Kind, seed: int) -> tuple[np.ndarray, str]:
    """Return the day, whether the order was before, in or after the interval, width and error; and the look back."""
    current = Snapshot(FIRST_DAY + kind.days, lookback=365, horizon=kind.horizon)
    log = invent(kind, seed)
    names = select_outlook_features([feature.name for feature in catalogue(log)])
    data = build_follow_ups(log, choose_follow_ups(FIRST_DAY, current), names=names, until=current.cutoff)
    silence = fit_btyd(summarise_histories(log, current), "mbgnbd")
    daily = count_daily_purchases(log, current.cutoff)
    fitted = fit_outlook(data, names, current, daily=daily, silence=silence)
    if fitted is None:
        raise SystemExit("too few customers were followed")
    outlook, check = fitted
    later = build_follow_ups(log, [current], names=names, until=current.cutoff + YEAR)[0]
    terms = outlook.terms.apply(outlook.design.apply(later.values, silence))
    elapsed = outlook.time.elapsed(current.outcome_start)
    waiters = make_waiters(later.values, names, terms, silence, elapsed, lead=0)
    curve = outlook.curve.log_survival(waiters, silence)
    low, day, high = outlook.band.days(curve, outlook.curve.days, YEAR).T
    came = later.wait_days < YEAR
    place = (later.wait_days >= low).astype(float) + (later.wait_days > high)
    return np.column_stack([day, place, high - low + 1, np.abs(day - later.wait_days)])[came], _say(check)


def _say(check: OutlookCheck | None) -> str:
    if check is None:
        return "-"
    return "left out" if check.stretch is None else f"{check.stretch:.2f}"


def main() -> None:
    """Run the kinds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=6)
    parser.add_argument("--only")
    options = parser.parse_args()
    wanted = options.only.split(",") if options.only else list(KINDS)
    print("| shop | orders | inside | by shop | before | after | by tenth | width | error | widened |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in wanted:
        found = [look(KINDS[name], seed) for seed in range(options.shops)]
        rows = np.concatenate([one for one, _ in found])
        order = np.argsort(rows[:, 0], kind="stable")
        tenths = " ".join(f"{(rows[part, 1] == 1).mean():.2f}"[1:] for part in np.array_split(order, 10))
        inside, before, after = ((rows[:, 1] == place).mean() for place in (1, 0, 2))
        parts = [f"{one:.3f}" for one in (inside, before, after)]
        days = [f"{np.median(rows[:, column]):.0f}" for column in (2, 3)]
        said = ", ".join(one for _, one in found)
        each = [(one[:, 1] == 1).mean() for one, _ in found]
        parts.insert(1, f"{min(each):.2f} to {max(each):.2f}")
        print("| " + " | ".join([name, str(len(rows)), *parts, tenths, *days, said]) + " |", flush=True)


if __name__ == "__main__":
    main()
