"""`churnrisk train` ended by kill -9 at random moments: the models folder is whole after each.

Usage: python bench/train_kills.py [--kills N] [--seed N]

A model of 300 customers of the sample is trained again and again over models that are there. Half of the kills come at
any moment, the others just after the folder of models has begun to change. After each of them every model that is
listed is verified, the current one is loaded, and it is the one from before or a newer one. At the end one more run
is left alone, and sweeps what the others left.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from churnrisk.store import list_models, load_model  # noqa: E402

LEFTOVER = ".churnrisk-temporary-*"
MOST_SECONDS = 300.0


def begin(folder: Path) -> subprocess.Popen[bytes]:
    """Start to train, in a group of processes that can be killed together."""
    command = [sys.executable, "-m", "churnrisk", "train", str(ROOT / "data" / "customers.csv"), "--horizon", "60"]
    places = {"CHURNRISK_CONFIG_DIR": str(folder / "conf"), "TMPDIR": str(folder / "tmp"), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*command, "--models-dir", str(folder / "models")],
        cwd=folder,
        env=os.environ | places,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_for_change(process: subprocess.Popen[bytes], models: Path) -> None:
    """Wait until something new is in the folder of models, or the process has ended."""
    names, until = set(models.iterdir()), time.monotonic() + MOST_SECONDS
    while process.poll() is None and set(models.iterdir()) == names and time.monotonic() < until:
        time.sleep(0.0005)


def look(models: Path, newest: str) -> str:
    """See that everything is whole, and give the current version; ends where it is not."""
    wrong = [entry for entry in list_models(models) if entry.status != "ok"]
    current = load_model(models, feature_fingerprint=None).version
    if wrong or current < newest:
        raise SystemExit(f"broken: {wrong}, current is {current} after {newest}")
    return current


def main() -> None:
    """Kill as often as asked, and look each time."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance, seen = random.Random(asked.seed), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("conf", "tmp"):
            (folder / part).mkdir(mode=0o700)
        os.environ["CHURNRISK_CONFIG_DIR"] = str(folder / "conf")
        began = time.monotonic()
        if begin(folder).wait() != 0:
            raise SystemExit("the first training failed")
        took, models = time.monotonic() - began, folder / "models"
        newest = look(models, "")
        for number in range(asked.kills):
            process = begin(folder)
            if number % 2:
                wait_for_change(process, models)
                time.sleep(chance.uniform(0.0, 0.004))
            else:
                time.sleep(chance.uniform(0.0, took))
            seen["killed while it ran"] += process.poll() is None
            os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
            process.wait()
            seen["left something behind"] += any(models.glob(LEFTOVER))
            current = look(models, newest)
            seen["had saved the new model"] += current > newest
            newest = current
        if begin(folder).wait() != 0 or any(models.glob(LEFTOVER)) or look(models, newest) == newest:
            raise SystemExit("the run that was left alone failed, or did not sweep")
    print(f"{asked.kills} times kill -9 of train: 0 broken; {dict(seen)}; the next run left nothing over")


if __name__ == "__main__":
    main()
