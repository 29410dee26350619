"""Do the intervals of campaigns keep their promise? 1,000 simulated campaigns, with an effect and without.

    python bench/campaigns.py [--campaigns 1000] [--first-seed 0]

Each campaign has a shop of its own (churnrisk.simulate), a list of those at risk by a score that is off by chance, and
a control group of a tenth or a half drawn by churnrisk. The effect is known: a share of the contacted who would not
have bought stays, and buys once. The share of 95 % intervals that hold the true effect, and of those that exclude 0
without an effect, is printed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from churnrisk.campaigns.assignment import ListedCustomers, assign_control
from churnrisk.campaigns.effect import Outcomes, estimate_effect
from churnrisk.simulate import simulate_purchases
from churnrisk.timeline import Snapshot

FIRST_DAY, DAYS, WINDOW, CUSTOMERS = 14_000, 500, 60, 4000


@dataclass(frozen=True)
class Trial:
    """What one campaign showed, beside the truth."""

    covered: dict[str, bool]
    excluded_zero: dict[str, bool]


def run_campaign(seed: int, *, customers: int, holdout: float, acceptance: float) -> Trial:
    """Simulate a shop and a campaign in it, and measure that as churnrisk does."""
    start = FIRST_DAY + DAYS - WINDOW
    shop = simulate_purchases(customers, first_day=FIRST_DAY, days=DAYS, seed=seed)
    snapshot = Snapshot(start, lookback=365, horizon=WINDOW)
    chance = np.random.default_rng([seed, 1])
    truth = shop.true_churn_probability(snapshot)
    blurred = np.log(np.clip(truth, 0.01, 0.99) / (1 - np.clip(truth, 0.01, 0.99))) + chance.normal(0, 1, customers)
    score = 1 / (1 + np.exp(-blurred))
    place = {name: k for k, name in enumerate(shop.customer_ids)}
    who = np.array([place[name] for name in shop.orders["customer_id"]])
    day, bought = shop.orders["order_day"], shop.orders["is_purchase"] == 1
    in_base = np.bincount(who[bought & snapshot.in_base(day)], minlength=customers) > 0
    in_window = snapshot.in_outcome(day)
    orders = np.bincount(who[in_window & bought], minlength=customers).astype(float)
    revenue = np.bincount(who[in_window], shop.orders["amount"][in_window] / 10_000, customers)
    chosen = np.flatnonzero(in_base & (score > 0.4))
    listed = ListedCustomers.sort(shop.customer_ids[chosen].tolist(), score[chosen], np.zeros(len(chosen)))
    chosen = np.array([place[name] for name in listed.customer_ids])
    drawn = assign_control(listed, holdout=holdout, seed=seed)
    leaves = orders[chosen] == 0
    stays = drawn.is_treated & leaves & (chance.random(len(chosen)) < acceptance)
    spent = chance.lognormal(3.0, 0.6, len(chosen))
    outcomes = Outcomes(
        drawn.is_treated,
        drawn.stratum,
        np.column_stack([listed.churn_probability, listed.value]),
        ((orders[chosen] > 0) | stays).astype(float),
        orders[chosen] + stays,
        revenue[chosen] + stays * spent,
        listed.churn_probability,
        listed.value,
    )
    gained = acceptance * float(leaves.mean())
    true_effects = {"retained": gained, "orders": gained, "revenue": gained * float(np.exp(3.0 + 0.6**2 / 2))}
    return judge_trial(outcomes, true_effects)


def judge_trial(outcomes: Outcomes, truth: dict[str, float]) -> Trial:
    """Compare the intervals with the truth."""
    effects = {
        name: estimate_effect(
            getattr(outcomes, name),
            is_treated=outcomes.is_treated,
            stratum=outcomes.stratum,
            known_before=outcomes.known_before,
        )
        for name in truth
    }
    return Trial(
        {name: one.low <= truth[name] <= one.high for name, one in effects.items()},
        {name: not one.low <= 0 <= one.high for name, one in effects.items()},
    )


def shares(trials: Sequence[dict[str, bool]]) -> str:
    """Write the share of campaigns by outcome, in percent."""
    return "  ".join(f"{name} {100 * np.mean([one[name] for one in trials]):5.1f} %" for name in trials[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--campaigns", type=int, default=1000)
    parser.add_argument("--first-seed", type=int, default=0)
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.campaigns)
    for holdout in (0.5, 0.1):
        for acceptance in (0.2, 0.0):
            trials = [run_campaign(seed, customers=CUSTOMERS, holdout=holdout, acceptance=acceptance) for seed in seeds]
            print(f"holdout {holdout:.0%}, {acceptance:.0%} of would-be leavers stay, {len(trials):,} campaigns")
            print(f"  95 % interval holds the truth: {shares([one.covered for one in trials])}")
            if not acceptance:
                print(f"  seems to have an effect:       {shares([one.excluded_zero for one in trials])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
