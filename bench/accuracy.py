"""Accuracy on other people's purchase logs, beside what twelve peers reach on them.

    python bench/accuracy.py --harness FOLDER [--work FOLDER] [--logs a,b] [--splits a,b] [--table-only]

FOLDER holds the harness (`bench.py`, and `results.parquet` with the peers' figures); it is only read. The logs are
beside it in `../data`, or where BENCH_DATA says. Predictions and results go to `--work` (or BENCH_DIR), by default a
folder that is removed afterwards. Each split is one `churnrisk train` and one `churnrisk score` of a history that
ends at the cutoff. Without `--harness` nothing is run.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

OURS, STRONGEST, CONTROL = "churnrisk", "logit_25", "control"
COMMAND = [sys.executable, str(Path(__file__).resolve().with_name("harness_command.py"))]


def run_harness(harness: Path, work: Path, chosen: list[str]) -> None:
    """Run our command on the splits."""
    if not (work / "results.parquet").exists():
        shutil.copy(harness / "results.parquet", work / "results.parquet")
        (work / "results.parquet").chmod(0o644)
    command = shlex.join(COMMAND) + " {history} {horizon} {cutoff} {out}"
    environment = {"BENCH_DATA": str(harness.parent / "data"), **os.environ, "BENCH_DIR": str(work)}
    run = [sys.executable, str(harness / "bench.py"), "external", "--name", OURS, "--cmd", command, *chosen]
    subprocess.run(run, env=environment, check=True)


def compare(results: pd.DataFrame) -> pd.DataFrame:
    """Return one row per split: ours, the best peer, the strongest single peer."""
    ours = results[results["name"] == OURS].set_index("split")
    peers = results[results["name"] != OURS]
    table = ours[["role", "n", "base_rate", "auc", "log_loss", "bias", "ece", "missing", "cpu_seconds"]].copy()
    table["best_auc"] = peers.groupby("split")["auc"].max()
    table["best_log_loss"] = peers.groupby("split")["log_loss"].min()
    strongest = peers[peers["name"] == STRONGEST].set_index("split")
    table["peer_auc"], table["peer_log_loss"] = strongest["auc"], strongest["log_loss"]
    return table


def print_splits(table: pd.DataFrame) -> None:
    """Print ours and the best peer, split by split; bold where we are at or above the best."""
    print(
        f"| split | customers | churned | AUC | best peer | log loss | best peer | {STRONGEST} | bias | ECE | CPU s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for split, row in table.iterrows():
        auc, loss = f"{row.auc:.4f}", f"{row.log_loss:.4f}"
        cells = [
            str(split),
            f"{row.n:.0f}",
            f"{row.base_rate:.3f}",
            f"**{auc}**" if row.auc >= row.best_auc else auc,
            f"{row.best_auc:.4f}",
            f"**{loss}**" if row.log_loss <= row.best_log_loss else loss,
            f"{row.best_log_loss:.4f}",
            f"{row.peer_log_loss:.4f}",
            f"{row.bias:+.3f}",
            f"{row.ece:.3f}",
            f"{row.cpu_seconds:.0f}",
        ]
        print(f"| {' | '.join(cells)} |")


def print_figures(table: pd.DataFrame) -> None:
    """Print the figures over all splits but the control."""
    counted = table[table["role"] != CONTROL]
    n = len(counted)
    gain = (counted["log_loss"] / counted["peer_log_loss"] - 1).mean()
    print(f"\n| over {n} splits | |\n|---|---|")
    print(f"| AUC at or above the best peer | {(counted['auc'] >= counted['best_auc']).sum()} |")
    print(f"| log loss at or below the best peer | {(counted['log_loss'] <= counted['best_log_loss']).sum()} |")
    print(f"| mean AUC against {STRONGEST} | {(counted['auc'] - counted['peer_auc']).mean():+.4f} |")
    print(f"| mean log loss against {STRONGEST} | {gain:+.2%} |")
    print(f"| log loss above {STRONGEST} | {(counted['log_loss'] > counted['peer_log_loss']).sum()} |")
    print(f"| median absolute bias | {counted['bias'].abs().median():.4f} |")
    print(f"| median calibration error | {counted['ece'].median():.4f} |")
    print(f"| customers without a probability | {table['missing'].sum():.0f} |")


def main() -> None:
    """Run the splits that are asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harness", type=Path)
    parser.add_argument("--work", type=Path, default=os.environ.get("BENCH_DIR"))
    parser.add_argument("--logs")
    parser.add_argument("--splits")
    parser.add_argument("--table-only", action="store_true")
    options = parser.parse_args()
    if options.harness is None:
        print("No --harness: its logs are not part of this project. See bench/RESULTS.md for the figures.")
        return
    chosen = [part for name in ("logs", "splits") if (value := getattr(options, name)) for part in (f"--{name}", value)]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(options.work or folder).resolve()
        work.mkdir(parents=True, exist_ok=True)
        if not options.table_only:
            run_harness(options.harness.resolve(), work, chosen)
        results = pd.read_parquet(work / "results.parquet")
    if OURS not in set(results["name"]):
        sys.exit("no split of ours has results")
    table = compare(results)
    print_splits(table)
    print_figures(table)


if __name__ == "__main__":
    main()
