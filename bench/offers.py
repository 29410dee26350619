"""How near a list with several actions comes to the best one within a budget, and how long choosing it takes.

    python bench/offers.py [--most 1000000]

Customers have six actions each, with costs of their own; the value of a customer is lognormal. The budget is a
twentieth of what everybody's dearest action would cost. The gap is between the list and the bound that no list exceeds.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from churnrisk.decide.offers import NOBODY, choose_offers

ACTIONS = 6


def main() -> None:
    """Print a line for each number of customers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=100_000)
    print(f"{'customers':>10} {'chosen':>9} {'profit':>13} {'gap':>9} {'CPU s':>7}")
    for size in (100, 1_000, 10_000, 100_000, 1_000_000):
        if size > parser.parse_args().most:
            break
        chance = np.random.default_rng(0)
        value, cost = chance.lognormal(3, 1, (size, 1)), chance.uniform(0.5, 10, (size, ACTIONS))
        profit = value * chance.uniform(0, 0.5, (size, ACTIONS)) - cost
        began = time.process_time()
        actions, bound = choose_offers(profit, cost, budget=float(cost.max(axis=1).sum()) / 20)
        took, chosen = time.process_time() - began, np.flatnonzero(actions != NOBODY)
        brought = float(profit[chosen, actions[chosen]].sum())
        print(f"{size:>10,} {len(chosen):>9,} {brought:>13,.2f} {bound - brought:>9.2g} {took:>7.2f}")


if __name__ == "__main__":
    main()
