"""What all functions that read purchases do first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.planning import Day
from churnrisk.timeline import day_number, parse_day

CATEGORY = "category"
"""By which rows are divided where no column of customers is named."""


@contextmanager
def opened(
    purchases: Any,
    columns: Mapping[str, str] | None,
    options: IntakeOptions | None,
    *,
    with_tables: bool = False,
    **more: Any,
) -> Iterator[Orders]:
    """Read purchases, and close them in the end; a model alone may need the tables beside them."""
    chosen = options or IntakeOptions(columns=dict(columns or {}))
    with read_orders(purchases, replace(chosen, tables=chosen.tables if with_tables else {}, **more)) as orders:
        yield orders


def day_of(day: Day, name: str) -> int | None:
    """Return the number of a day that an argument of this name gives."""
    if day is None:
        return None
    return parse_day(day, option=name) if isinstance(day, str) else day_number(day)


def days_of(start: Day, stop: Day) -> dict[str, Any]:
    """Return the numbers of the first day to cover and of the day after the last."""
    return {"start": day_of(start, "start"), "stop": day_of(stop, "stop")}


def is_attribute_of(name: str, options: IntakeOptions | None) -> bool:
    """Tell whether this is ``TABLE.attribute`` of a table of attributes that is named in the options."""
    table = None if options is None else options.tables.get(name.partition(".")[0])
    return table is not None and table.family == "attributes" and "." in name
