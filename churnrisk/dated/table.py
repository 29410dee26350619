"""Dated tables: tickets, visits, deliveries, answers to surveys, coupons, attributes.

A row is about one customer and counts from the day on which the shop knew it. That is the one rule of time here: as of
a day ``t`` a row exists only where ``known_day < t``, whenever it happened; an end or a value that was known at ``t``
or later is hidden, and the row is open; of a customer's attributes those of the latest ``valid_day`` before ``t`` hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import narwhals as nw

    from churnrisk.dated.report import DatedReport

FAMILIES = ("events", "tickets", "service", "surveys", "contacts")
"""What a table may tell of: what customers do, ask, get, answer, and how they are reached."""


def table_of(name: str) -> str:
    """Return the name in an engine of a table beside the purchases; names of other tables do not begin so."""
    return f"dated_{name}"


@dataclass(frozen=True, kw_only=True)
class DatedSource:
    """A table that a user declares, under ``[tables.NAME]`` or ``[attributes.NAME]``, or by an option.

    Parameters
    ----------
    source : str
        A file, folder or database, as for purchases.
    family : str
        One of :data:`FAMILIES`, or ``"attributes"``.
    columns : mapping of str to str
        The user's header of each role: ``customer_id``, ``happened_at``, ``known_at``, ``ended_at``, ``kind``,
        ``value``, ``value_at``; of attributes ``customer_id`` and ``valid_from``. Others are found by their headers.
    attributes : tuple of str
        Headers of the attributes that count; empty for all columns.
    is_fixed : bool
        Whether attributes never change, so that they need no day.
    is_trusted : bool
        Whether it is learned from though it looks as if it knew the future.
    query, table : str, optional
        What to read from a database.
    reading : mapping of str to str
        How its text is written, where that is not found in it: ``encoding``, ``delimiter``, ``decimal``,
        ``date_format``, as of :class:`churnrisk.IntakeOptions`.
    """

    source: str
    family: str = "events"
    columns: Mapping[str, str] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    is_fixed: bool = False
    is_trusted: bool = False
    query: str | None = None
    table: str | None = None
    reading: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DatedTable:
    """Rows that happened on a day, as they are after reading.

    Parameters
    ----------
    name : str
        Of letters, digits and underscores, in lower case; names of features begin with it and a point.
    family : str
        One of :data:`FAMILIES`.
    frame : callable
        Gives a fresh lazy frame with the columns ``customer_id`` (text), ``happened_day``, ``known_day`` (int64 days
        since 1970-01-01, both always there: a row without a day of its own that says when it was known was known on
        the day on which it happened), ``ended_day`` (int64 or null), ``kind`` (text, empty for none), ``value`` (int64
        ten-thousandths, or null) and ``value_day`` (int64, the day from which the value is known; always there).
    has_ends, has_kinds, has_values : bool
        Whether the source has such a column.
    first_day, last_day : int
        The first and the last ``known_day``. Before the first the table did not exist: what it says is missing then,
        and not zero.
    is_trusted : bool
        Whether it is learned from though it looks as if it knew the future.
    report : DatedReport, optional
        The account of its rows; None where it was made elsewhere.
    """

    name: str
    family: str
    frame: Callable[[], nw.LazyFrame[Any]]
    has_ends: bool = False
    has_kinds: bool = False
    has_values: bool = False
    first_day: int = 0
    last_day: int = 0
    is_trusted: bool = False
    report: DatedReport | None = None


@dataclass(frozen=True, kw_only=True)
class AttributeTable:
    """What customers are, each row from its day on.

    Parameters
    ----------
    name : str
        As of a :class:`DatedTable`.
    frame : callable
        Gives a fresh lazy frame with ``customer_id``, ``valid_day`` (int64; of fixed attributes a day before all
        others), and a column for each attribute: text (empty for none), int64 ten-thousandths or int64 days (null for
        none). Rows of one customer and one day are settled when read: one stands.
    texts, numbers, days : tuple of str
        The attributes of each type.
    is_fixed : bool
        Whether they were said never to change.
    is_trusted : bool
        Whether it is learned from though it looks as if it knew the future.
    report : DatedReport, optional
        As of a :class:`DatedTable`.
    """

    name: str
    frame: Callable[[], nw.LazyFrame[Any]]
    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    is_fixed: bool = False
    is_trusted: bool = False
    report: DatedReport | None = None


@dataclass(frozen=True, kw_only=True)
class TablesBeside:
    """All tables beside the purchases of a log, by their names.

    Parameters
    ----------
    tables : mapping of str to DatedTable
        Rows that happened.
    attributes : mapping of str to AttributeTable
        What customers are.
    """

    tables: Mapping[str, DatedTable] = field(default_factory=dict)
    attributes: Mapping[str, AttributeTable] = field(default_factory=dict)

    def change(self, made: Callable[[str, nw.LazyFrame[Any]], nw.LazyFrame[Any]]) -> TablesBeside:
        """Return the same tables with the frames that ``made`` gives for a name and a frame."""

        def new(name: str, frame: nw.LazyFrame[Any]) -> Callable[[], nw.LazyFrame[Any]]:
            changed = made(name, frame)
            return lambda: changed

        return TablesBeside(
            tables={name: replace(one, frame=new(name, one.frame())) for name, one in self.tables.items()},
            attributes={name: replace(one, frame=new(name, one.frame())) for name, one in self.attributes.items()},
        )
