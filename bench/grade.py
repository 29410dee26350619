"""Is the letter for calibration given by chance? Simulated models whose probabilities are right, and others.

    python bench/grade.py [--simulations 1000]

Each simulation draws customers with a churn probability of their own and lets chance decide. A model says these
probabilities, or something else; the table has the share of simulations in which it gets C or worse for calibration.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from churnrisk.learning import Scored, calibration_beyond_chance
from churnrisk.learning.grade import THRESHOLDS
from churnrisk.regression import to_probability
from churnrisk.regression.linear import to_log_odds

Floats = np.ndarray

SIZES = (150, 300, 600, 3000)
SHOPS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "any rate from .05 to .85": lambda chance, n: chance.uniform(0.05, 0.85, n),
    "few churn (.11)": lambda chance, n: chance.beta(1.5, 12, n),
    "most churn (.89)": lambda chance, n: np.minimum(chance.beta(12, 1.5, n), 0.999),
    "all alike (.4)": lambda chance, n: chance.beta(20, 30, n),
}
MODELS: dict[str, Callable[[Floats], Floats]] = {
    "right": lambda p: p,
    "a tenth too high": lambda p: np.minimum(p + 0.1, 0.999),
    "too sure: twice the log-odds": lambda p: to_probability(2 * to_log_odds(p)),
    "not sure enough: half the log-odds": lambda p: to_probability(to_log_odds(p) / 2),
}


def share_of_bad_letters(
    draw: Callable[[np.random.Generator, int], Floats], say: Callable[[Floats], Floats], size: int, simulations: int
) -> float:
    """Return the share of simulations in which calibration gets C or worse."""
    chance, at_most = np.random.default_rng(0), THRESHOLDS["calibration"][1]
    found = 0
    for _ in range(simulations):
        p = draw(chance, size)
        churned = (chance.random(size) < p).astype(float)
        found += calibration_beyond_chance([Scored(churned, say(p))]) > at_most
    return found / simulations


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=1000)
    simulations = parser.parse_args().simulations
    print("| probabilities | shop | " + " | ".join(f"{size:,} customers" for size in SIZES) + " |")
    print("|---|---|" + "---|" * len(SIZES))
    for model, say in MODELS.items():
        for shop, draw in list(SHOPS.items())[: None if model == "right" else 1]:
            shares = [share_of_bad_letters(draw, say, size, simulations) for size in SIZES]
            print(f"| {model} | {shop} | " + " | ".join(f"{share:.1%}" for share in shares) + " |")


if __name__ == "__main__":
    main()
