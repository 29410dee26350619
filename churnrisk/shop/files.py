"""Where the service keeps what it has worked out: one folder, a file for each generation, and which one is current."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from churnrisk.decide import Plays
from churnrisk.forecast import Valuation
from churnrisk.orders import TRAIN_CUSTOMERS, IntakeOptions
from churnrisk.products import NO_CHOICE, ItemChoice
from churnrisk.retention import USUAL, Calendar
from churnrisk.state import StatePlace
from churnrisk.week_list import ListPlan
from churnrisk.writing import replacing, stamp_file

FORMAT = 8
"""Of generations: where it rises, those of another format are not looked at any more, and another one is made."""

POINTER = f"current-{FORMAT}"
ENDING = ".duckdb"
_PROGRESS = "progress.json"


@dataclass(frozen=True)
class ShopPlan:
    """What a shop is made of; the same for every process that serves it.

    Parameters
    ----------
    folder : Path
        Where generations are kept; for their owner's eyes only.
    models_dir : Path
        Folder of the stored models.
    state : Path or str
        Where things are remembered; orders received are there.
    purchases : str, optional
        The purchase history.
    options : IntakeOptions
        How to read it.
    valuation : Valuation
        Margin and discount rate.
    explained : int
        Reasons are worked out ahead for every customer of a base up to this size; in a larger one, on demand.
    train_customers : int
        Training takes so many customers at most, drawn.
    calendar : Calendar
        On which day years and weeks begin, where a question does not say.
    listing : ListPlan
        How the shop wants the list of this week.
    products : ItemChoice
        What the shop says of codes that are products, or none.
    """

    folder: Path
    models_dir: Path
    state: StatePlace
    purchases: str | None = None
    options: IntakeOptions = field(default_factory=IntakeOptions)
    valuation: Valuation = field(default_factory=Valuation)
    explained: int = 20_000
    train_customers: int = TRAIN_CUSTOMERS
    calendar: Calendar = USUAL
    listing: ListPlan = field(default_factory=ListPlan)
    products: ItemChoice = NO_CHOICE

    def plays(self, day: int) -> Plays:
        """Return what may be done for whom on a day."""
        return self.listing.playbook.on(day)


@dataclass(frozen=True)
class ShopFiles:
    """A generation: the orders as they were read, folded together with those received, and everybody's scores.

    Parameters
    ----------
    folder : Path
        Of the plan.
    name : str
        Of the generation; names rise.
    made_of : mapping
        What it was made of: ``seq`` of the last order and ``row_seq`` of the last row received, ``tables`` (a stamp of
        the file of each table beside the purchases), ``model``, ``model_files`` (a stamp of the files of the
        current one, usable or not), ``reasons``, ``source`` (a stamp of the file of purchases), ``erased_stamp`` (of
        the forgotten), ``lacks_erasure_key`` (so that they are not known), ``products_problem`` (the kind of the error
        that kept products from being told), and how many customers are ``scored``.
    """

    folder: Path
    name: str
    made_of: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The DuckDB file."""
        return self.folder / f"{self.name}{ENDING}"


def next_name(folder: Path) -> str:
    """Name the generation after all that are there."""
    numbers = [int(path.stem) for path in folder.glob(f"*{ENDING}") if path.stem.isdigit()]
    return f"{max(numbers, default=0) + 1:06d}"


def find_current(folder: Path) -> ShopFiles | None:
    """Return the current generation; None where none was made yet."""
    try:
        found = json.loads((folder / POINTER).read_text(encoding="utf-8"))
        return ShopFiles(folder, found["generation"], found["made_of"])
    except FileNotFoundError:
        return None


def stamp_of(folder: Path) -> tuple[int, int] | None:
    """Return what changes when another generation becomes current, without reading a file; None where there is none."""
    return stamp_file(folder, POINTER)


def tell_progress(folder: Path, what: str, done: int, total: int) -> None:
    """Write down how far the generation in the making is, for the processes that answer; no matter if that fails."""
    with contextlib.suppress(OSError):
        part = folder / f".{_PROGRESS}"
        part.write_text(json.dumps([what, done, total]), encoding="utf-8")
        part.replace(folder / _PROGRESS)


def end_progress(folder: Path) -> None:
    """Write down that no generation is in the making."""
    with contextlib.suppress(OSError):
        (folder / _PROGRESS).unlink(missing_ok=True)


def find_progress(folder: Path) -> tuple[str, int, int] | None:
    """Return what is being done, the steps done and all steps; None where no generation is in the making."""
    try:
        what, done, total = json.loads((folder / _PROGRESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return str(what), int(done), int(total)


def stamp_source(purchases: str | None) -> tuple[int, int] | None:
    """Return what changes when the file of purchases is replaced; None for anything but a single file."""
    if purchases is None or "://" in purchases or purchases == "-":
        return None
    try:
        found = Path(purchases).expanduser().stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def make_current(files: ShopFiles) -> None:
    """Make a generation the current one, and remove those before it, those of earlier formats included.

    A process that still has an older file open goes on reading it: on Linux a file lives until the last one lets go.
    """
    with replacing(files.folder / POINTER, holds=None) as temporary:
        temporary.write_text(json.dumps({"generation": files.name, "made_of": dict(files.made_of)}), encoding="utf-8")
    (files.folder / "current").unlink(missing_ok=True)  # the pointer of format 1
    for path in files.folder.glob(f"*{ENDING}*"):
        if path.name.split(".")[0].isdigit() and path.name.split(".")[0] < files.name:
            path.unlink(missing_ok=True)
