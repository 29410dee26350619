"""Purchase rows as they came: text columns in the engine, whatever they were before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from churnrisk.engines import quote_text


@dataclass(frozen=True, kw_only=True)
class RawRows:
    """The rows of a source, all of them text, ready to be checked.

    Parameters
    ----------
    name, format : str
        What the source is called and what it is, for people.
    headers : tuple of str
        The user's names; column ``k`` of the rows is called ``ck``.
    sql : str
        What to select from, with the columns ``c0``, ``c1``, ... and, if ``has_lines``, ``line``.
    first_line : int
        Line of the first row where rows are numbered in order (``has_lines`` is False).
    expected_rows : int, optional
        How many rows there must be, counted apart; fewer or more mean that the reader has misread the file.
    typed : frozenset of int
        Columns whose numbers and dates were written by a program, so that a point is a decimal point.
    rejects : Path, optional
        CSV file of what was no row at all: line, text, reason.
    files : tuple of str
        Names of the files, where there are several; the rows have the column ``file`` then.
    texts : tuple of Path
        Where the text of these rows lies, one after the other, for text files and sheets; empty for other forms.
    many_rejects : tuple
        For several files, the number of each file and what ``rejects`` is for one.
    odd : tuple
        For each file that has cells which are no value: its number, a CSV file of them (line, place of the column,
        text, reason), and the place in these rows of each of the file's columns.
    fallback : callable, optional
        Reads the source again, more carefully, where these rows turn out to be misread.
    no_ids : frozenset of int
        Columns of truth values, lists or objects: what no id can be.
    floats : frozenset of int
        Columns that were of a float type and hold whole numbers only, which are written without ``.0``.
    aside : tuple of str
        Queries of rows that were set aside on the way here.
    is_escaped : bool
        Whether text may carry the apostrophe that our own CSV and xlsx put before a formula sign.
    is_plain : bool
        Whether no value is known to need trimming or unescaping, nor to hold a control character.
    """

    name: str
    format: str
    headers: tuple[str, ...]
    sql: str
    first_line: int = 1
    has_lines: bool = False
    expected_rows: int | None = None
    typed: frozenset[int] = frozenset()
    floats: frozenset[int] = frozenset()
    no_ids: frozenset[int] = frozenset()
    is_escaped: bool = False
    is_plain: bool = False
    notices: tuple[str, ...] = field(default=())
    rejects: Path | None = None
    files: tuple[str, ...] = ()
    texts: tuple[Path, ...] = ()
    many_rejects: tuple[tuple[int, Path], ...] = ()
    odd: tuple[tuple[int, Path, tuple[int, ...]], ...] = ()
    fallback: Callable[[], RawRows] | None = None
    aside: tuple[str, ...] = ()

    @property
    def columns_beside(self) -> str:
        """Return the columns that the rows have beside their fields, with commas before them."""
        return (", line" if self.has_lines else "") + (", file" if self.files else "")

    def without(self, query: str) -> RawRows:
        """The same rows, of which those of a query were set aside: file, line, column, value, reason and kind."""
        return replace(self, aside=(*self.aside, query))

    @property
    def line_sql(self) -> str:
        """Return SQL for the line of a row in a table made of these rows."""
        return "line" if self.has_lines else f"(rowid + {self.first_line})"

    @property
    def file_sql(self) -> str:
        """Return SQL for the name of the file of a row, empty where there is one file only."""
        return f"[{', '.join(quote_text(name) for name in self.files)}][file + 1]" if self.files else "''"

    @property
    def hash_sql(self) -> str:
        """Return SQL for a number that is equal for rows that are equal in every column."""
        return f"hash({', '.join(f'c{k}' for k in range(len(self.headers)))})"
