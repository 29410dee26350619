"""A source on its way to orders: what its values are, and what was made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from churnrisk.orders.report import IntakeReport
from churnrisk.orders.rows import RowTable, TypedRows
from churnrisk.sources import ColumnMatch


@dataclass(frozen=True, kw_only=True)
class Intake:
    """A source whose values can be read, on the engine that reads them.

    Parameters
    ----------
    name, form : str
        What the source is called and what it is, for people.
    match : ColumnMatch
        Its columns.
    typed : TypedRows
        The query of its rows.
    source : str
        The rows as they came, with the columns ``c0``, ``c1``, ...
    currency : str, optional
        The one currency of its amounts, where it names one.
    notices : tuple of str
        What the user should know already.
    has_files : bool
        Whether there are several files, so that a place names one.
    may_overlap : bool
        Whether files may be exports of overlapping times; parts of one table, as Parquet files are, never overlap.
    rejects : str
        Query of what was no row at all; empty for nothing.
    unread : int
        How many of that there is.
    """

    name: str
    form: str
    match: ColumnMatch
    typed: TypedRows
    source: str
    currency: str | None = None
    notices: tuple[str, ...] = ()
    has_files: bool = False
    may_overlap: bool = False
    rejects: str = ""
    unread: int = 0


@dataclass(frozen=True)
class Made:
    """What intake makes on an engine: tables of rows, orders and lines, the account, and what the orders know."""

    rows: RowTable
    orders: str
    lines: str | None
    report: IntakeReport
    facts: dict[str, Any]
    is_view_of_rows: bool
