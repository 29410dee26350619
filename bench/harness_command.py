"""One split of the accuracy harness through the command line: train on a history, score its customer base.

    python bench/harness_command.py HISTORY HORIZON CUTOFF OUT

HISTORY is a CSV of purchases before CUTOFF (YYYY-MM-DD), HORIZON the days that are asked for, OUT the CSV of
`customer_id, churn_probability` to write. The model and the signing key live in a folder that is removed afterwards.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CHURNRISK = [sys.executable, "-m", "churnrisk"]


def run(*arguments: object, config: Path) -> None:
    """Run a command, and let it speak where it fails."""
    environment = os.environ | {"CHURNRISK_CONFIG_DIR": str(config)}
    command = [*CHURNRISK, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command[2:])}: {done.stderr or done.stdout}")


def predict(history: str, horizon: str, cutoff: str, out: str) -> None:
    """Train and score as a user would, and write what the harness reads."""
    with tempfile.TemporaryDirectory() as folder:
        config, models, scores = Path(folder) / "config", Path(folder) / "models", Path(folder) / "scores.csv"
        # the truth of the harness counts a purchase that was taken back
        into = ("--as-of", cutoff, "--models-dir", models, "--reversals", "keep")
        run("train", history, "--horizon", horizon, *into, config=config)
        run("score", history, *into, "--output", scores, config=config)
        with scores.open(encoding="utf-8", newline="") as read, Path(out).open("w", encoding="utf-8") as written:
            writer = csv.writer(written, lineterminator="\n")
            writer.writerow(("customer_id", "churn_probability"))
            for row in csv.DictReader(read):
                if row["status"] == "scored":
                    writer.writerow((row["customer_id"], row["churn_probability"]))


if __name__ == "__main__":
    if len(sys.argv) == 5:
        predict(*sys.argv[1:])
    else:
        print(__doc__)
