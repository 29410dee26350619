"""The tables beside the purchases in a generation: read with rows that were received, written, and opened again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnrisk.dated import (
    EVENT_TYPES,
    AttributeTable,
    CameRow,
    DatedReport,
    DatedTable,
    TablesBeside,
    join_rows,
    table_of,
)
from churnrisk.engines import Database, fill_table, quote_text
from churnrisk.messages import wording
from churnrisk.orders import IntakeOptions, read_tables
from churnrisk.schema import MONEY_SCALE
from churnrisk.shop.received_rows import StoredRow, read_received
from churnrisk.timeline import date_of

if TYPE_CHECKING:
    import narwhals as nw

    from churnrisk.shop.erasures import Erasures

Described = Mapping[str, Mapping[str, Any]]
"""Tables as a generation describes them: ``tables`` and ``attributes``, each by name."""

NOTHING: Described = {"tables": {}, "attributes": {}}
RECEIVED = wording("{number} rows received over HTTP were added.")
_LEFT = ("name", "frame", "report")


def write_tables(
    path: Path, options: IntakeOptions, received: Iterable[StoredRow], erasures: Erasures
) -> dict[str, dict[str, Any]]:
    """Read the tables that the options declare, and write them to the file of a generation, sorted by customer.

    Parameters
    ----------
    path : Path
        The file.
    options : IntakeOptions
        What is declared, and how it is read.
    received : iterable of StoredRow
        Rows that came over HTTP; one that a source has too counts once.
    erasures : Erasures
        The customers who were forgotten: what was known up to that day is left out.

    Returns
    -------
    dict
        The tables as :func:`open_tables` takes them.
    """
    described: dict[str, dict[str, Any]] = {group: {} for group in NOTHING}
    if not options.tables:
        return described
    came = read_received(received, options)
    with Database(threads=options.threads, memory=options.memory) as database:
        made = read_tables(database, options)
        _note_gone(database, [*made.tables, *made.attributes], erasures)
        database.connection.execute(f"ATTACH {quote_text(str(path))} AS shop")
        for name, one in made.tables.items():
            new = came.get(name, [])
            last = _write(database, name, "known_day", _join(database, name, new))
            described["tables"][name] = _describe(one, said=len(new)) | {"last_day": last}
        for name, attributes in made.attributes.items():
            _write(database, name, "valid_day", table_of(name))
            described["attributes"][name] = _describe(attributes)
        database.connection.execute("DETACH shop")
    return described


def _note_gone(database: Database, names: Iterable[str], erasures: Erasures) -> None:
    """Keep the customers to be left out, each with the day up to which."""
    tables = " UNION ".join(f"FROM (SELECT customer_id FROM {table_of(name)})" for name in names)  # noqa: S608 - names of ours
    found = database.rows_of(tables) if erasures.moments else []
    gone = erasures.last_days(one for (one,) in found)
    fill_table(database, "gone", {"customer_id": "VARCHAR", "until_day": "BIGINT"}, gone)


def _join(database: Database, name: str, came: Sequence[CameRow]) -> str:
    """Return SQL for the rows of a table and those that came."""
    table, names = table_of(name), ", ".join(EVENT_TYPES)
    if not came:
        return table
    fill_table(database, "came", {"customer_id": "VARCHAR"}, [(one,) for one in sorted({o.customer_id for o in came})])
    theirs = database.rows_of(f"SELECT {names} FROM {table} SEMI JOIN came USING (customer_id)")  # noqa: S608 - names of ours
    fill_table(database, "joined_rows", EVENT_TYPES, join_rows(theirs, came))
    others = f"SELECT {names} FROM {table} ANTI JOIN came USING (customer_id)"  # noqa: S608 - names of ours
    return f"({others} UNION ALL SELECT {names} FROM joined_rows)"  # noqa: S608 - names of ours


def _write(database: Database, name: str, day: str, rows: str) -> int:
    """Write rows but those of customers who were forgotten; give the last day on which any was known, 0 for none."""
    table = f"shop.{table_of(name)}"
    is_gone = f"SELECT 1 FROM gone WHERE gone.customer_id = one.customer_id AND one.{day} <= gone.until_day"  # noqa: S608 - names of ours
    kept = f"SELECT one.* FROM {rows} one WHERE NOT EXISTS ({is_gone}) ORDER BY customer_id, {day}"  # noqa: S608 - names of ours
    database.connection.execute(f"CREATE TABLE {table} AS {kept}")
    [(last,)] = database.rows_of(f"SELECT coalesce(max({day}), 0) FROM {table}")  # noqa: S608 - names of ours
    return int(last)


def _describe(table: DatedTable | AttributeTable, *, said: int = 0) -> dict[str, Any]:
    told = {one.name: getattr(table, one.name) for one in fields(table) if one.name not in _LEFT}
    report = {} if table.report is None else table.report.describe()
    notices = [*report.get("notices", ()), *([RECEIVED.format(number=said)] if said else [])]
    return told | {"report": report | {"notices": notices}}


def open_tables(described: Described, frame: Callable[[str], nw.LazyFrame[Any]]) -> TablesBeside:
    """Return described tables; ``frame`` gives a fresh frame of a table in an engine by its name there."""

    def made(name: str, kept: Mapping[str, Any]) -> dict[str, Any]:
        report = DatedReport(**kept["report"])
        return {**kept, "name": name, "frame": partial(frame, table_of(name)), "report": report}

    return TablesBeside(
        tables={name: DatedTable(**made(name, one)) for name, one in described["tables"].items()},
        attributes={name: AttributeTable(**made(name, one)) for name, one in described["attributes"].items()},
    )


@dataclass(frozen=True)
class FewTables:
    """The rows of a few customers in the tables beside the purchases.

    Parameters
    ----------
    described : mapping
        As of :func:`write_tables`.
    rows : mapping of str to sequence of tuple
        By table, those of the customers, in the order of its columns.
    news : mapping of str to int
        By table that has rows which came after the generation was made, the last day on which one was known.
    """

    described: Described = field(default_factory=lambda: NOTHING)
    rows: Mapping[str, Sequence[tuple[Any, ...]]] = field(default_factory=dict)
    news: Mapping[str, int] = field(default_factory=dict)

    def open(self, database: Database, names: Iterable[str]) -> TablesBeside:
        """Put the rows of some tables into a small database, in place of those that were in it."""
        wanted = set(names)
        few = {group: {name: one for name, one in self.described[group].items() if name in wanted} for group in NOTHING}
        for group, tables in few.items():
            for name, one in tables.items():
                types = EVENT_TYPES if group == "tables" else attribute_types(one)
                fill_table(database, table_of(name), types, self.rows.get(name, ()))
        return open_tables(few, database.frame)

    def show(self) -> list[dict[str, Any]]:
        """Return the rows of dated tables as plain values, what happened last first."""
        every = [(name, row) for name in sorted(self.described["tables"]) for row in self.rows.get(name, ())]
        every.sort(key=lambda one: (-one[1][1], one[0], one[1][4]))
        return [_show(name, row) for name, row in every]


def attribute_types(described: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns of a table of attributes, quoted, with their types."""
    types = {"customer_id": "VARCHAR", "valid_day": "BIGINT"}
    types |= {f'"{name}"': "VARCHAR" for name in described["texts"]}
    return types | {f'"{name}"': "BIGINT" for name in (*described["numbers"], *described["days"])}


def _show(table: str, row: Sequence[Any]) -> dict[str, Any]:
    _, happened, known, ended, kind, value, _ = row
    return {
        "table": table,
        "kind": kind,
        "happened_on": date_of(happened).isoformat(),
        "known_on": date_of(known).isoformat(),
        "ended_on": None if ended is None else date_of(ended).isoformat(),
        "value": None if value is None else value / MONEY_SCALE,
    }


def tables_of_model(names: Iterable[str]) -> frozenset[str]:
    """Return the tables that features of such names are made of: the names have a point."""
    return frozenset(name.partition(".")[0] for name in names if "." in name)
