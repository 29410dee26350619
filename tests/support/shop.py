"""A shop's folder with a purchase history and a trained model, and a way to run commands in it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.cli import run

ROOT = Path(__file__).parents[2]
PURCHASES = ROOT / "data" / "purchases.csv"
CUSTOMERS = ROOT / "data" / "customers.csv"


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)

    @property
    def words(self) -> str:
        """Standard output with line breaks taken out, since the terminal decides where they fall."""
        return " ".join(self.out.split())


def churnrisk(*arguments: object) -> Answer:
    """Run a command in this process, as the shell would."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(one) for one in arguments])
    return Answer(code, out.getvalue(), err.getvalue())


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: Iterable[Mapping[str, object]], names: Iterable[str]) -> Path:
    """Write a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(names), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path
