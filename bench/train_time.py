"""How long `churnrisk train` takes beside another build of the program, in turns within one run.

    python bench/train_time.py --against FOLDER [--repeats 3] [LOG [OPTION ...]]

FOLDER is a checkout of the other build; both run with this interpreter. LOG is `data/purchases.csv` unless given;
options are those of `train`. Told are medians of wall and processor seconds of whole processes, and their ratios. Wall
times mean something on an otherwise idle machine only.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def spend(build: Path, command: list[str], folder: str) -> tuple[float, float]:
    """Run a command of a build in a folder, and give wall and processor seconds."""
    environment = os.environ | {"PYTHONPATH": str(build), "CHURNRISK_CONFIG_DIR": folder}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "churnrisk", *command], env=environment, cwd=folder, check=True, capture_output=True
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def train_once(build: Path, arguments: list[str]) -> tuple[float, float]:
    """Train once in an empty folder, so that no copy of the log is there, and give wall and processor seconds."""
    with tempfile.TemporaryDirectory() as folder:
        return spend(build, ["train", *arguments, "--models-dir", f"{folder}/models"], folder)


def main() -> None:
    """Run both builds in turns and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    options, arguments = parser.parse_known_args()
    arguments = arguments or [str(ROOT / "data" / "purchases.csv")]
    builds = {"other build": options.against.resolve(), "this build": ROOT}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in builds}
    for _ in range(options.repeats):
        for name, build in builds.items():
            times[name].append(train_once(build, arguments))
    print("| build | wall s | CPU s |\n|---|---|---|")
    medians = {name: [statistics.median(column) for column in zip(*seen, strict=True)] for name, seen in times.items()}
    for name, (wall, cpu) in medians.items():
        print(f"| {name} | {wall:.1f} | {cpu:.1f} |")
    ratios = (this / other for this, other in zip(medians["this build"], medians["other build"], strict=True))
    print(f"| ratio | {' | '.join(f'{one:.2f}' for one in ratios)} |")


if __name__ == "__main__":
    main()
