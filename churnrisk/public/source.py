"""What all functions that read purchases do first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from churnrisk.memory import leave_out
from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.planning import Day
from churnrisk.state import parse_place
from churnrisk.timeline import parse_day

CATEGORY = "category"
"""By which rows are divided where no column of customers is named."""


def choose_options(
    columns: Mapping[str, str] | None, options: IntakeOptions | None, state: str | Path | None
) -> IntakeOptions:
    """Return how purchases are read; customers who have objected in a state are left out."""
    chosen = IntakeOptions.of(columns, options)
    return chosen if state is None else leave_out(chosen, parse_place(str(state)))


@contextmanager
def opened(
    purchases: Any,
    columns: Mapping[str, str] | None,
    options: IntakeOptions | None,
    state: str | Path | None,
    *,
    with_tables: bool = False,
    **more: Any,
) -> Iterator[Orders]:
    """Read purchases, and close them in the end; a model alone may need the tables beside them."""
    chosen = choose_options(columns, options, state)
    with read_orders(purchases, replace(chosen, tables=chosen.tables if with_tables else {}, **more)) as orders:
        yield orders


def day_of(day: Day, name: str) -> int | None:
    """Return the number of a day that an argument of this name gives."""
    return None if day is None else parse_day(day, option=name)


def days_of(start: Day, stop: Day) -> dict[str, Any]:
    """Return the numbers of the first day to cover and of the day after the last."""
    return {"start": day_of(start, "start"), "stop": day_of(stop, "stop")}


def is_attribute_of(name: str, options: IntakeOptions | None) -> bool:
    """Tell whether this is ``TABLE.attribute`` of a table of attributes that is named in the options."""
    table = None if options is None else options.tables.get(name.partition(".")[0])
    return table is not None and table.family == "attributes" and "." in name
