"""Terminal tables that fit the screen, numbers aligned, and progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from churnrisk.types import Progress

WIDTH, WIDEST = 80, 100
"""Columns of what is printed: where it is no terminal, and at most on one."""

SCREEN = 23
"""Lines that fit a screen of 24 with the prompt that follows."""

MOST_NOTES = 2


def console() -> Console:
    """Return the console for results: at most 100 columns, and plain text of 80 when it is no terminal."""
    from rich.console import Console

    plain = Console(highlight=False, soft_wrap=False)
    return Console(highlight=False, soft_wrap=False, width=min(WIDEST, plain.width) if plain.is_terminal else WIDTH)


HAS_ANSWERED: ContextVar[bool] = ContextVar("has_answered", default=False)
"""Whether this command has printed its JSON document: what fails afterwards is no second one."""


def print_json(value: object) -> None:
    """Print one JSON document; what is undefined is null."""
    HAS_ANSWERED.set(True)
    print(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))  # noqa: T201 - this is the output


def say(text: str = "") -> None:
    """Print a paragraph, wrapped; text from data is never taken for markup."""
    console().print(text, markup=False)


def lines_of(text: str) -> list[str]:
    """Return the lines in which :func:`say` prints a paragraph."""
    from rich.text import Text

    screen = console()
    return [line.plain for line in Text(text).wrap(screen, screen.width)]


def cut_notes(notices: Sequence[str], *, most: int = MOST_NOTES) -> list[str]:
    """Return a line for each of the first notices: its first sentence where that fits, else as much as fits."""
    room, lines = console().width, []
    for notice in notices[:most]:
        text = f"Note: {printable(notice)}"
        first = text.partition(". ")[0].rstrip(".") + "."
        lines.append(first if len(first) <= room else text[: room - 1].rpartition(" ")[0] + "…")
    more = len(notices) - most
    return [*lines, f"{counted(more, 'more note')}: --details."] if more > 0 else lines


def counted(count: int, thing: str) -> str:
    """Write how many there are of something that takes an s.

    >>> counted(1, "row"), counted(17343, "row")
    ('1 row', '17,343 rows')
    """
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def show_table(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    formats: Mapping[str, Callable[[Any], str]] | None = None,
    caption: str | None = None,
    right: Set[str] = frozenset(),
) -> None:
    """Print rows as a table: numbers to the right, words to the left, a dash where there is nothing."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", title_style="bold", caption=caption, box=box.SIMPLE_HEAD)
    table.caption_justify = "left"
    names = list(rows[0]) if rows else []
    cells = {name: [_cell(row[name], (formats or {}).get(name)) for row in rows] for name in names}
    numbers = {name for name in names if name in right or name in (formats or {}) or _has_number(rows, name)}
    for name, width in zip(names, _choose_widths(cells, numbers), strict=True):
        is_number = name in numbers
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold", width=width)
    for values in zip(*cells.values(), strict=True):
        table.add_row(*map(Text, values))
    console().print(table)


def _has_number(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    return any(isinstance(row[name], int | float) for row in rows)


def _choose_widths(cells: Mapping[str, Sequence[str]], numbers: set[str]) -> list[int | None]:
    """Return the width of each column: headers are broken before words in cells are, and numbers never are."""
    whole = [max((len(line) for cell in column for line in cell.split("\n")), default=1) for column in cells.values()]
    words = [max((len(word) for cell in column for word in cell.split()), default=1) for column in cells.values()]
    heads = [max((len(word) for word in name.split()), default=1) for name in cells]
    room = console().width - 3 * len(cells) - 1
    widths = list(map(max, whole, heads))
    if sum(widths) > room:
        least = [full if name in numbers else word for name, full, word in zip(cells, whole, words, strict=True)]
        widths = list(map(max, least, heads))
    if sum(widths) > room:
        return [None] * len(widths)  # too much for the screen; the library shortens what it can
    for position, name in enumerate(cells):
        wanted = max(whole[position], len(name))
        widths[position] += max(0, min(wanted - widths[position], room - sum(widths)))
    return list(widths)


def _cell(value: Any, formatter: Callable[[Any], str] | None) -> str:
    if value is None or value != value:
        return "–"
    if formatter is not None and not isinstance(value, str):
        return formatter(value)
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else printable(str(value))


def printable(text: str) -> str:
    """Replace control characters of data, which could move the cursor or hide text; our own line ends stay."""
    return "".join(
        character if character.isprintable() or character == "\n" else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def percent(value: float) -> str:
    """Write a share as a percentage with one decimal."""
    return f"{value:.1%}"


@contextmanager
def progress_bar(*, is_quiet: bool) -> Iterator[Progress]:
    """Show progress on standard error while somebody looks; write nothing into pipes and log files."""
    if is_quiet or not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def update(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total if total > 1 else None)

        yield update
