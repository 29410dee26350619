"""Lists of customers that churnrisk or somebody else has written: ids, and some columns of numbers beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from churnrisk.engines import Database
from churnrisk.errors import ColumnError
from churnrisk.messages import known_headings
from churnrisk.orders.load import id_sql
from churnrisk.orders.read import refuse_beyond_memory
from churnrisk.orders.rows import load_rejects
from churnrisk.sources import (
    IntakeOptions,
    RawRows,
    find_chosen_in,
    match_columns,
    open_source,
    own_sql,
    refuse_odd_list,
    settle_rows,
)


@dataclass(frozen=True)
class CustomerList:
    """A list of customers as it stands in a file, each once.

    Parameters
    ----------
    source : str
        Name of the file.
    customer_ids : list of str
        In the order of the file.
    columns : dict of str to list of str
        Every other column by its header, as text; empty where a cell is empty.
    first_line : int
        Line of the first customer.
    """

    source: str
    customer_ids: list[str]
    columns: dict[str, list[str]]
    first_line: int = 2

    def numbers(self, name: str) -> np.ndarray:
        """Return a column as numbers, NaN where a cell is empty or the column is missing.

        A decimal comma is understood.

        Raises
        ------
        ColumnError
            For a cell that is no number.
        """
        values = np.full(len(self.customer_ids), np.nan)
        for place, cell in enumerate(self.columns.get(name, [])):
            try:
                values[place] = float(cell.replace(",", ".")) if cell else np.nan
            except ValueError:
                line = self.first_line + place
                raise ColumnError(
                    f"{self.source}, line {line}, {name}: {cell!r} is not a number.", code="list.not_a_number"
                ) from None
        return values


def read_list(source: Any, options: IntakeOptions = IntakeOptions()) -> CustomerList:  # noqa: B008 - frozen
    """Read a list of customers, such as ``churnrisk target`` or ``churnrisk score`` writes.

    Parameters
    ----------
    source : str, Path or frame
        A file of delimited text, Parquet or xlsx.
    options : IntakeOptions
        How to read it; where the ids of purchases are folded to one case, those of the list are.

    Raises
    ------
    ColumnError
        Without a column of customer ids, for a customer who stands in the list twice, or a row without an id.
    """
    database = Database(threads=options.threads, memory=options.memory)
    try:
        raw = settle_rows(open_source(source, database, replace(options, is_list=True)), database)
        chosen = find_chosen_in(raw.headers, options.columns, keep=("customer_id",))
        match = match_columns(raw.headers, chosen, roles=("customer_id",), needed=("customer_id",))
        refuse_odd_list(raw, match)
        _refuse_unread(raw, database)
        place = match.positions["customer_id"]
        cells = [id_sql(f"c{k}", raw.is_escaped) for k in range(len(raw.headers))]
        cells[place] = own_sql(cells[place], database, options)
        rows = database.connection.execute(f"SELECT {', '.join(cells)} FROM {raw.sql}").fetchall()
    except BaseException as error:
        refuse_beyond_memory(error, options)
        raise
    finally:
        database.close()
    ids = _check_ids(raw.name, [row[place] for row in rows], first_line=raw.first_line)
    others = [k for k in range(len(raw.headers)) if k != place]
    names = [known_headings().get(header, header) for header in raw.headers]  # ours, of a sheet in any language
    columns = {names[k]: ["" if row[k] is None else str(row[k]) for row in rows] for k in others}
    return CustomerList(raw.name, ids, columns, raw.first_line)


def _refuse_unread(raw: RawRows, database: Database) -> None:
    """Refuse a list with a row that cannot be read: the customer in it would be passed over."""
    if unread := load_rejects(raw):
        for file, line, _, value, reason, _ in database.rows_of(f"{unread} ORDER BY file, line LIMIT 1"):
            place = f"{raw.name}{f' ({file})' if file else ''}, line {line}"
            raise ColumnError(
                f"{place}: {value!r}: {reason}. Mend the row, or take it off the list.", code="list.wrong_id"
            )


def _check_ids(source: str, ids: Sequence[str | None], *, first_line: int) -> list[str]:
    seen: dict[str, int] = {}
    for line, one in enumerate(ids, start=first_line):
        if one is None:
            raise ColumnError(f"{source}, line {line}: no customer id. Take the row off the list.", code="list.no_id")
        if one in seen:
            raise ColumnError(
                f"{source}, line {line}: customer {one} stands in the list already, on line {seen[one]}. A list for a "
                "campaign has each customer once.",
                code="list.repeated_id",
            )
        seen[one] = line
    return list(seen)
