"""How much of what tables beside the purchases can tell does a model learn, and which tables does it keep?

    python bench/dated_tables.py SHOP [SHOP ...] [--without]

SHOP is a folder of a simulated shop: `purchases.csv`; a CSV for each table (with `happened_at`) and for attributes
(with `valid_from`); `oracle.parquet` with `customer_id, cutoff, horizon, p, churned`, where p is the best probability
for anyone who knows the simulation. Each shop is trained twice as of the oracle's day, on purchases alone and with
all its tables, and scored, by the command line. Of the oracle's gain over purchases alone, the share that the tables
bring is printed, in AUC and log loss; and how often each table was kept. With `--without` there is no oracle to
compare with: only what was kept is counted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score

ROOT = Path(__file__).parents[1]


def options_of(shop: Path) -> list[str]:
    """Declare every table of a shop."""
    options = []
    for path in sorted(shop.glob("*.csv")):
        columns = path.open().readline().strip().split(",")
        if "happened_at" in columns:
            options += ["--table", f"{path.stem}={path.resolve()}"]
        elif "valid_from" in columns:
            options += ["--attributes", f"{path.stem}={path.resolve()}"]
    return options


def run(folder: Path, *arguments: str) -> str:
    """Run a command of churnrisk with a configuration of its own, and return what it prints."""
    environment = os.environ | {"CHURNRISK_CONFIG_DIR": str(folder / "configuration"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "churnrisk", *arguments]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def judge(shop: Path, oracle: pd.DataFrame | None, as_of: str, horizon: str) -> dict[str, object]:
    """Train and score one shop with and without its tables."""
    log, found = str((shop / "purchases.csv").resolve()), dict[str, object]()
    with tempfile.TemporaryDirectory() as name:
        folder, tables = Path(name), options_of(shop)
        for kind, options in (("alone", []), ("beside", tables)):
            if kind == "alone" and oracle is None:
                continue
            run(folder, "train", log, "--horizon", horizon, "--as-of", as_of, "--models-dir", kind, *options)
            if oracle is not None:
                run(
                    folder,
                    "score",
                    log,
                    "--models-dir",
                    kind,
                    "--as-of",
                    as_of,
                    "--reasons",
                    "none",
                    "-o",
                    f"{kind}.csv",
                )
        shown = json.loads(run(folder, "models", "show", "--models-dir", "beside", "--json"))
        found["kept"] = {one["table"]: one["kept"] for one in shown["tables"]}
        if oracle is not None:
            found |= compare(oracle, *(pd.read_csv(folder / f"{kind}.csv") for kind in ("alone", "beside")))
    return found


def compare(oracle: pd.DataFrame, alone: pd.DataFrame, beside: pd.DataFrame) -> dict[str, object]:
    """Return AUC and log loss of the two and of the oracle, for customers whom both score."""
    columns = ["customer_id", "churn_probability"]
    both = alone[columns].merge(beside[columns], on="customer_id", suffixes=("_alone", "_beside")).dropna()
    rows = oracle.merge(both, on="customer_id")
    given = (rows["churn_probability_alone"], rows["churn_probability_beside"], rows["p"])
    auc = [float(roc_auc_score(rows["churned"], one)) for one in given]
    loss = [float(log_loss(rows["churned"], np.clip(one, 1e-6, 1 - 1e-6))) for one in given]
    share = {"auc": (auc[1] - auc[0]) / (auc[2] - auc[0]), "log_loss": (loss[0] - loss[1]) / (loss[0] - loss[2])}
    return {"customers": len(rows), "auc": auc, "log_loss": loss, "share": share}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shops", type=Path, nargs="+", metavar="SHOP")
    parser.add_argument("--without", action="store_true", help="only count what is kept; train with the tables alone")
    parser.add_argument("--as-of", help="by default the oracle's day")
    parser.add_argument("--horizon", help="by default the oracle's")
    given = parser.parse_args()
    kept, shares = Counter[str](), list[dict[str, float]]()
    for shop in given.shops:
        oracle = pd.read_parquet(shop / "oracle.parquet")
        as_of = given.as_of or str(oracle["cutoff"].iloc[0])[:10]
        horizon = given.horizon or str(oracle["horizon"].iloc[0])
        found = judge(shop, None if given.without else oracle, as_of, horizon)
        kept.update({name: int(is_kept) for name, is_kept in found["kept"].items()})  # type: ignore[attr-defined]
        print(shop.name, json.dumps(found), flush=True)
        if not given.without:
            shares.append(found["share"])  # type: ignore[arg-type]
    print(f"kept in shops of {len(given.shops)}:", json.dumps(dict(kept)))
    if shares:
        print("mean share of the oracle's gain:", json.dumps(pd.DataFrame(shares).mean().round(3).to_dict()))


if __name__ == "__main__":
    main()
