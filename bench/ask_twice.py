"""How long a question takes that is asked again of the same file, whose copy was kept.

    python bench/ask_twice.py [--against FOLDER] [--repeats 3] LOG CUSTOMER

FOLDER is a checkout of another build, asked in turns; both run with this interpreter. LOG is a purchase history with
amounts of 16 MB or more, and CUSTOMER an id of it. Told are medians of wall and processor seconds of whole processes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.train_time import ROOT, spend

TERMS = ("--contact-cost", "1", "--incentive-cost", "0", "--margin", "0.3", "--acceptance-rate", "0.1")


def questions(log: str, customer: str) -> dict[str, list[str]]:
    """Each question as a command."""
    return {
        "explain": ["explain", customer, log],
        "score": ["score", log],
        "metrics": ["metrics", log],
        "target": ["target", log, *TERMS, "--output", "list.csv"],
    }


def main() -> None:
    """Train once with each build, ask everything once, and then so many times in turns; print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("log", type=Path)
    parser.add_argument("customer")
    given = parser.parse_args()
    builds = {"this build": ROOT, **({"other build": given.against.resolve()} if given.against else {})}
    asked = questions(str(given.log.resolve()), given.customer)
    with tempfile.TemporaryDirectory() as temporary:
        folders = {name: str(Path(temporary, name)) for name in builds}
        for name, build in builds.items():
            Path(folders[name]).mkdir()
            for command in (["train", str(given.log.resolve()), "--horizon", "90"], *asked.values()):
                spend(build, command, folders[name])
        print("| question | build | wall s | CPU s |\n|---|---|---|---|")
        for question, command in asked.items():
            times: dict[str, list[tuple[float, float]]] = {name: [] for name in builds}
            for _ in range(given.repeats):
                for name, build in builds.items():
                    times[name].append(spend(build, command, folders[name]))
            for name, seen in times.items():
                wall, cpu = (statistics.median(column) for column in zip(*seen, strict=True))
                print(f"| {question} | {name} | {wall:.2f} | {cpu:.2f} |", flush=True)


if __name__ == "__main__":
    main()
