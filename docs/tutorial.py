"""Run the tutorial, paste what its commands print, and make the notebook of it.

    python docs/tutorial.py

In ``docs/tutorial.md`` a block of ``sh`` with the block of ``text`` behind it is a step: its commands are run in a
folder with the sample, and what they print is pasted. A block of ``toml`` is written to churnrisk.toml there. All else,
such as blocks of ``bash``, stays as it is. The notebook has the same cells, and its code is what is run. A test fails
while page or notebook are behind.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tutorial.md"
NOTEBOOK = ROOT / "docs" / "notebooks" / "tutorial.ipynb"
SAMPLE = ROOT / "data" / "purchases.csv"

TODAY = 1_323_507_600.0
"""Seconds since 1970: the morning of 2011-12-10, the day after the last of the sample, on which the lesson is."""

STEP = re.compile(r"^```sh\n(.*?)^```\n\n```text\n(.*?)^```\n|^```toml\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
VERSION = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-[0-9a-f]{8}")
SHOWN_VERSION = "20111210T090000.000Z-1a2b3c4d"
"""Stands for the version of a model, which has the moment of its making in it."""

BEGIN = '''\
import shlex

from churnrisk.cli import run


def churnrisk(line):
    """Run a command as a shell does."""
    if run(shlex.split(line)) != 0:
        raise SystemExit(f"churnrisk {line}: failed")'''
"""The first cell of the notebook."""


@dataclass(frozen=True)
class Cell:
    """A piece of the page: prose, or code with what it prints."""

    text: str
    is_code: bool = False
    printed: str = ""


def read_cells(page: str) -> list[Cell]:
    """Cut the page into prose and code, as the notebook has them."""
    cells, end = [], 0
    for step in STEP.finditer(page):
        cells.append(Cell(page[end : step.start()].strip()))
        if step[3] is None:
            cells.append(Cell(_code_of(step[1]), is_code=True, printed=step[2]))
        else:
            cells += [Cell(f"```toml\n{step[3]}```"), Cell(_code_of_file(step[3]), is_code=True)]
        end = step.end()
    cells.append(Cell(page[end:].strip()))
    first = next(k for k, cell in enumerate(cells) if cell.is_code)
    return [*cells[:first], Cell(BEGIN, is_code=True), *cells[first:]]


def _code_of(commands: str) -> str:
    lines = commands.replace("\\\n", " ").splitlines()
    return "\n".join(f"churnrisk({' '.join(line.split()).removeprefix('churnrisk ')!r})" for line in lines)


def _code_of_file(text: str) -> str:
    return f"from pathlib import Path\n\nPath('churnrisk.toml').write_text({text!r});"


def run_cells(cells: list[Cell]) -> list[str]:
    """Run the code of all cells in the current folder, and return what each prints."""
    names: dict[str, Any] = {}
    printed = []
    with patch("churnrisk.clock.time", _Clock()):
        for cell in cells:
            said = io.StringIO()
            if cell.is_code:
                with contextlib.redirect_stdout(said):
                    exec(compile(cell.text, "cell", "exec"), names)
            printed.append(_tidy(said.getvalue()))
    return printed


class _Clock:
    """Stands for the module ``time`` in ``churnrisk.clock``: a clock that is set to the day of the tutorial."""

    def __init__(self) -> None:
        self.set_back = time.time() - TODAY

    def time(self) -> float:
        return time.time() - self.set_back

    def monotonic(self) -> float:
        return time.monotonic()


def _tidy(printed: str) -> str:
    lines = [line.rstrip() for line in VERSION.sub(SHOWN_VERSION, printed).strip("\n").splitlines()]
    return "".join(f"{line}\n" for line in lines)


def paste(page: str, printed: Iterator[str]) -> str:
    """Return the page with what the commands of its steps print."""

    def renew(step: re.Match[str]) -> str:
        said = next(printed)
        return step[0] if step[3] is not None else f"```sh\n{step[1]}```\n\n```text\n{said}```\n"

    return STEP.sub(renew, page)


def make_notebook(cells: list[Cell], printed: list[str]) -> str:
    """Return the notebook, in the format of Jupyter (nbformat 4.5), with what its cells print."""
    made = []
    for place, (cell, said) in enumerate(zip(cells, printed, strict=True)):
        common = {"id": f"cell-{place}", "metadata": {}, "source": cell.text.splitlines(keepends=True)}
        if cell.is_code:
            stream = {"name": "stdout", "output_type": "stream", "text": said.splitlines(keepends=True)}
            common |= {"cell_type": "code", "execution_count": None, "outputs": [stream] if said else []}
        else:
            common |= {"cell_type": "markdown"}
        made.append(dict(sorted(common.items())))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, ensure_ascii=False, indent=1) + "\n"


def build(folder: Path) -> dict[Path, str]:
    """Run the tutorial in an empty folder; return page and notebook as they should be."""
    shutil.copy(SAMPLE, folder)
    page = PAGE.read_text(encoding="utf-8")
    cells = [cell for cell in read_cells(page) if cell.text]
    with contextlib.chdir(folder):
        printed = run_cells(cells)
    said = [text for cell, text in zip(cells, printed, strict=True) if cell.is_code][1:]
    return {PAGE: paste(page, iter(said)), NOTEBOOK: make_notebook(cells, printed)}


def main() -> None:
    """Write page and notebook."""
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CHURNRISK_CONFIG_DIR"] = f"{folder}/configuration"
        for path, text in build(Path(folder)).items():
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
