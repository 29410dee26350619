"""How many customers a second are explained, beside brute force over the same 256 coalitions and the same sample.

    python bench/explain.py [--purchases data/purchases.csv] [--horizon 90] [--customers 500] [--models-dir DIR]

One core; processor seconds, since machines are shared. Trains a model, unless DIR has one. Brute force puts together
every mixed row (256 coalitions times the sample) and predicts it, which the fast way must equal.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

import churnrisk
from churnrisk.explain import Explainer
from churnrisk.explain.game import is_in, share_out
from churnrisk.explain.shares import Sharer, mix
from churnrisk.features import customer_features
from churnrisk.learning import Blend, FittedModel, ForestModel

ROOT = Path(__file__).parents[1]


def shares_by_brute_force(sharer: Sharer, row: np.ndarray) -> np.ndarray:
    """Share out one customer's log-odds the slow way."""
    ranking, coalitions = sharer.learner.ranking, is_in(len(sharer.families))
    worth = np.empty((len(coalitions), 1))
    for coalition, members in enumerate(coalitions):
        rows = mix(row, sharer.background, members[sharer.players])
        if not isinstance(ranking, Blend):
            worth[coalition] = ranking.log_odds(rows).mean()
            continue
        worth[coalition] = ranking.weights[-1] * rows[:, ranking.silence_place].mean()
        for part, weight in zip(ranking.parts, ranking.weights, strict=False):
            if isinstance(part, ForestModel):
                worth[coalition] += weight * part.rate_to_log_odds(part.trees.mean(part.fill(rows)).mean())
            else:
                worth[coalition] += weight * part.log_odds(rows).mean()
    shares: np.ndarray = share_out(worth)[0]
    return shares


def seconds_of(work: Callable[[], object]) -> float:
    """Return the processor seconds that something takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def load_or_train(options: argparse.Namespace) -> FittedModel:
    """Take the current model of the folder that is named, or train one."""
    if options.models_dir:
        return churnrisk.load(models_dir=options.models_dir).model
    return churnrisk.train(options.purchases, horizon=options.horizon).model


def main() -> None:
    """Print the figures as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", default=str(ROOT / "data" / "purchases.csv"))
    parser.add_argument("--horizon", type=int, default=90)
    parser.add_argument("--customers", type=int, default=500)
    parser.add_argument("--brute", type=int, default=3)
    parser.add_argument("--models-dir")
    options = parser.parse_args()
    model = load_or_train(options)
    with churnrisk.read_orders(options.purchases) as orders:
        values = customer_features(orders, model.snapshot, names=model.names).values
    drawn = values[np.random.default_rng(0).permutation(len(values))[: options.customers]]
    with threadpool_limits(limits=1):
        report(model, drawn, brute=options.brute)


def report(model: FittedModel, values: np.ndarray, *, brute: int) -> None:
    """Time both ways on the same customers."""
    explainer, sharer = Explainer(model), Sharer(model)
    columns = sharer.columns_of(values)
    shares = sharer.share_columns(columns)
    start = time.process_time()
    slow = [shares_by_brute_force(sharer, columns[k : k + 1]) for k in range(brute)]
    slow_seconds = time.process_time() - start
    gap = np.abs(np.array(slow) - shares.values[:brute]).max()
    figures = {
        "prepared once, seconds": f"{seconds_of(lambda: Explainer(model)):.2f}",
        "shares, customers a second": f"{len(values) / seconds_of(lambda: sharer.share_columns(columns)):.0f}",
        "shares and sentences": f"{len(values) / seconds_of(lambda: explainer.explain(values)):.0f}",
        "one customer, milliseconds": f"{1000 * seconds_of(lambda: explainer.explain(values[:1])):.0f}",
        "brute force, customers a second": f"{brute / slow_seconds:.2f}",
        "largest difference": f"{gap:.1e}",
        "largest gap of a sum": f"{np.abs(shares.base + shares.values.sum(axis=1) - shares.log_odds).max():.1e}",
    }
    if isinstance(model.learner.ranking, Blend):
        for part in model.learner.ranking.parts:
            if isinstance(part, ForestModel):
                leaves = int((part.trees.left == np.arange(len(part.trees.left))).sum())
                figures["forest"] = f"{len(part.trees.roots)} trees, {leaves:,} leaves"
    print(f"{model.kind}, {len(values)} customers, sample of {len(sharer.background)}\n")
    print("| what | figure |\n|---|---|")
    print("\n".join(f"| {name} | {figure} |" for name, figure in figures.items()))


if __name__ == "__main__":
    main()
