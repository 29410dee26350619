"""Same data and seed, same bytes: whatever the threads, the time zone, the hash seed, and the order of the rows."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from support.shop import CUSTOMERS, read_rows, write_rows

COMMANDS = """
import sys
from churnrisk.cli import run
log, folder = sys.argv[1:]
assert run(["train", log, "--horizon", "60", "--models-dir", folder + "/models", "--json"]) == 0
for name in ("scores.csv", "scores.parquet", "scores.xlsx"):
    assert run(["score", log, "--models-dir", folder + "/models", "--output", f"{folder}/{name}"]) == 0
"""

SURROUNDINGS = {
    "one thread, Tokyo, hash seed 1": {
        "CHURNRISK_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "TZ": "Asia/Tokyo",
        "PYTHONHASHSEED": "1",
    },
    "two threads, hash seed 0, C locale": {
        "CHURNRISK_THREADS": "2",
        "OMP_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "2",
        "PYTHONHASHSEED": "0",
        "LC_ALL": "C",
    },
    "rows shuffled": {},
}


def train_and_score(log: Path, folder: Path, variables: dict[str, str]) -> dict[str, bytes]:
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, str(log), str(folder)],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")  # quiet: no library's warnings leak through
    return {path.name: path.read_bytes() for path in sorted(folder.glob("scores.*"))}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return train_and_score(CUSTOMERS, tmp_path_factory.mktemp("plain") / "shop", {})


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_scores_are_the_same_bytes(plain: dict[str, bytes], tmp_path: Path, surroundings: str) -> None:
    log = CUSTOMERS
    if surroundings == "rows shuffled":
        rows = read_rows(CUSTOMERS)
        random.Random(3).shuffle(rows)
        log = write_rows(tmp_path / "shuffled.csv", rows, rows[0].keys())
    assert len(plain) == 3
    assert train_and_score(log, tmp_path / "shop", SURROUNDINGS[surroundings]) == plain
