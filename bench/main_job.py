"""The main job on the sample: how long it takes, and what it gains over the baselines at 30, 60 and 90 days.

    python bench/main_job.py [REPEATS]

Times are of whole processes, start included, median of REPEATS (3 unless given).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PURCHASES, CUSTOMERS = ROOT / "data" / "purchases.csv", ROOT / "data" / "customers.csv"
CHURNRISK = [sys.executable, "-m", "churnrisk"]
HORIZONS = (30, 60, 90)


def seconds(command: list[str], repeats: int) -> float:
    """Return the median wall time of a command."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def train(horizon: int, models: Path) -> dict[str, Any]:
    """Train and give the card."""
    command = [*CHURNRISK, "train", str(PURCHASES), "--horizon", str(horizon), "--models-dir", str(models), "--json"]
    card: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return card


def main() -> None:
    """Print the figures as tables."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        into = ["--models-dir", str(models)]
        times = {
            "python -c 'import typer'": seconds([sys.executable, "-c", "import typer"], 2 * repeats + 1),
            "churnrisk --help": seconds([*CHURNRISK, "--help"], 2 * repeats + 1),
            "python -c 'import churnrisk'": seconds([sys.executable, "-c", "import churnrisk"], 2 * repeats + 1),
            "churnrisk train data/purchases.csv": seconds([*CHURNRISK, "train", str(PURCHASES), *into], repeats),
            "churnrisk score data/customers.csv": seconds([*CHURNRISK, "score", str(CUSTOMERS), *into], repeats),
        }
        print("| what | seconds |\n|---|---|")
        print("\n".join(f"| `{name}` | {value:.2f} |" for name, value in times.items()))
        print("\n| horizon | model | AUC | log loss | AUC gained | log loss gained |\n|---|---|---|---|---|---|")
        for horizon in HORIZONS:
            show(horizon, train(horizon, models)["test"])


def show(horizon: int, test: dict[str, Any]) -> None:
    """Print the rows of one horizon."""
    for name, measures in test["measures"].items():
        gains = test["gains"].get(name, {})
        print(
            f"| {horizon} | {name} | {interval(measures['auc'])} | {interval(measures['log_loss'])} "
            f"| {interval(gains.get('auc'))} | {interval(gains.get('log_loss'))} |"
        )


def interval(figure: dict[str, float] | None) -> str:
    """Write a figure with its 95 % interval."""
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]" if figure else ""


if __name__ == "__main__":
    main()
