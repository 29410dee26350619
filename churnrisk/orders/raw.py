"""Purchase rows as they came: text columns in the engine, whatever they were before."""

from __future__ import annotations

from dataclasses import dataclass, field


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
    is_escaped : bool
        Whether text may carry the apostrophe that our own CSV and xlsx put before a formula sign.
    """

    name: str
    format: str
    headers: tuple[str, ...]
    sql: str
    first_line: int = 1
    has_lines: bool = False
    expected_rows: int | None = None
    typed: frozenset[int] = frozenset()
    is_escaped: bool = False
    notices: tuple[str, ...] = field(default=())

    @property
    def hash_sql(self) -> str:
        """Give SQL for a number that is equal for rows that are equal in every column."""
        return f"hash({', '.join(f'c{k}' for k in range(len(self.headers)))})"
