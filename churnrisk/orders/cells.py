"""A column of dates or numbers of a file beside the purchases: its form is found in all rows, as of purchases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from churnrisk.dated import DatedSource
from churnrisk.engines import Database
from churnrisk.orders import dates, numbers
from churnrisk.orders.load import count_shapes
from churnrisk.sources import IntakeOptions, RawRows, fill_value


@dataclass(frozen=True)
class Cells:
    """How the days or numbers of a column are read.

    Parameters
    ----------
    value : str
        SQL of the day, in days since 1970-01-01, or of ten-thousandths; NULL where the text is none.
    parts : str
        SQL of the parts of the text, which the value names; empty for none.
    notices : tuple of str
        What the user should know.
    """

    value: str
    parts: str = ""
    notices: tuple[str, ...] = ()


def plan_day(
    text: str, raw: RawRows, database: Database, options: IntakeOptions, *, column: str | None = None
) -> Cells:
    """Decide on all rows how the days of a column are written.

    Parameters
    ----------
    text : str
        SQL of the trimmed text.
    raw, database, options
        The rows, where they are, and how they are read.
    column : str, optional
        A column that has the text when the value is asked for; its parts are then in ``COLUMN_parts``, cut once.

    Raises
    ------
    AmbiguousFormat
        Where no row decides.
    """
    source = f"(SELECT {text} AS v FROM {raw.sql})"
    shapes, _ = count_shapes(database, "ordered_at", source)
    plan = dates.decide_dates(
        shapes,
        lambda what: database.rows_of(f"SELECT {what} FROM {source}"),
        date_format=options.date_format,
        timezone=options.timezone,
        share=options.reject_limit,
    )
    value, parts = (column, f"{column}_parts") if column else (text, plan.parts)
    day, matches = (fill_value(one, value, parts) for one in (plan.stamp, plan.matches))
    read = f"CASE WHEN {matches} THEN CAST({day} AS DATE) - DATE '1970-01-01' END"
    return Cells(read, fill_value(plan.parts, value), plan.notices)


def plan_number(
    text: str,
    raw: RawRows,
    database: Database,
    options: IntakeOptions,
    *,
    what: str,
    is_typed: bool,
    column: str | None = None,
) -> Cells:
    """Decide on all rows how the numbers of a column are written; as :func:`plan_day`.

    Raises
    ------
    AmbiguousFormat
        Where no row decides.
    """
    source = f"(SELECT {text} AS v FROM {raw.sql})"
    shapes, _ = count_shapes(database, "amount", source)
    number = numbers.decide_numbers(
        shapes,
        lambda asked: database.rows_of(f"SELECT {asked} FROM {source}"),
        decimal="." if is_typed else options.decimal,
        share=options.reject_limit,
        what=what,
    )
    value, parts = (column, f"{column}_parts") if column else (text, number.parts)
    return Cells(fill_value(number.units, value, parts), fill_value(number.parts, value))


def read_as(options: IntakeOptions, declared: DatedSource) -> IntakeOptions:
    """Return the options of a file beside the purchases: its own form, and the purchases' ids, zone and limits."""
    as_found: dict[str, Any] = dict.fromkeys(
        ("rejects", "encoding", "delimiter", "decimal", "date_format", "group_column")
    )
    own = {**as_found, **declared.reading, "query": declared.query, "table": declared.table}
    return replace(options, **own, columns={}, tables={}, is_list=True)
