"""What a section of the page is made of. The template knows these kinds and nothing of retention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from churnrisk.messages import mark

LEADS_ON = mark("A click on a part of the chart, or on its name among the numbers, leads to the customers.")
"""The note of a chart whose rows have links."""


@dataclass(frozen=True)
class Words:
    """A paragraph; a note stands apart from the rest."""

    text: str
    is_note: bool = False
    kind: Literal["words"] = "words"


@dataclass(frozen=True)
class Card:
    """A figure in large type: what it is, its value, how it compares, and what it means."""

    title: str
    value: str
    change: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Cards:
    """Figures side by side."""

    cards: tuple[Card, ...]
    kind: Literal["cards"] = "cards"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    title : str
        The heading.
    is_number : bool
        Aligned to the right.
    is_foreign : bool
        The cells are text of the user's data: shown apart from our own, with every space.
    is_wide : bool
        Left out on a narrow screen.
    page : str
        Address that each cell leads to, with the cell as its ``id``; only where such pages are served.
    """

    title: str
    is_number: bool = True
    is_foreign: bool = False
    is_wide: bool = False
    page: str = ""


@dataclass(frozen=True)
class DataTable:
    """Rows of text; the first column names the row.

    Parameters
    ----------
    title : str
        Above the table.
    columns : tuple of Column
        From left to right.
    rows : tuple of tuple of str
        From top to bottom.
    links : tuple of str
        Address that the name of each row leads to; only where such pages are served.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    links: tuple[str, ...] = ()
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Chart:
    """A chart, what it shows in words, and the numbers that it was drawn from.

    Parameters
    ----------
    name : str
        Unique on the page; letters, digits and hyphens.
    title : str
        Above the chart.
    summary : str
        What a reader who cannot see it should know.
    option : dict
        For ECharts, see :mod:`churnrisk.report.charts`.
    table : DataTable
        Its numbers.
    height : int
        In CSS pixels.
    note : str
        Under the chart: what it takes for granted.
    """

    name: str
    title: str
    summary: str
    option: dict[str, Any]
    table: DataTable
    height: int = 300
    note: str = ""
    kind: Literal["chart"] = "chart"


@dataclass(frozen=True)
class Terms:
    """What names mean: each with its title on the page, its key in the JSON, and the meaning."""

    entries: tuple[tuple[str, str, str], ...]
    kind: Literal["terms"] = "terms"


Block: TypeAlias = Words | Cards | Chart | DataTable | Terms


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading, reached from the menu.

    Parameters
    ----------
    name : str
        Unique on the page; letters, digits and hyphens.
    title : str
        The heading.
    blocks : sequence of Block
        From top to bottom; neighbouring charts stand side by side where there is room.
    """

    name: str
    title: str
    blocks: Sequence[Block]
