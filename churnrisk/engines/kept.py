"""Databases that outlive a single reading: a file that is kept, and a small one in memory, asked over and over."""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import narwhals as nw
import numpy as np

from churnrisk.engines.arrays import Arrays, plain_arrays
from churnrisk.engines.database import Database

if TYPE_CHECKING:
    import duckdb

_numbers = itertools.count()
_CONFIG: Mapping[str, str | bool | int] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}

FAR_AWAY = 7 * 20_000
"""A day for which queries are planned: the first day of a week so late that no day in a query lies before 1970."""


class FileDatabase(Database):
    """A DuckDB file that stays when it is closed; several processes may have it open for reading at a time.

    Parameters
    ----------
    path : Path
        The file; made where it is not there, unless it is opened for reading.
    is_read_only : bool
        Whether it is opened for reading.
    threads : int, optional
        Threads to use; by default as many as there are processors.
    """

    def __init__(self, path: Path, *, is_read_only: bool, threads: int | None = None) -> None:
        import duckdb

        config = {**_CONFIG, "temp_directory": str(path.with_name(f".{path.name}.{secrets.token_hex(6)}.spill"))}
        if threads is not None:
            config["threads"] = threads
        self.folder = path.parent
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(
            str(path), read_only=is_read_only, config=cast("dict[str, Any]", config)
        )
        self.kept_queries: dict[Any, Any] = {}
        self.threads = threads or os.cpu_count() or 1

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Return the rows of a query with parameters; safe to call on several threads at once."""
        cursor = self.connection.cursor()
        try:
            result = cursor.execute(query, list(values))
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        finally:
            cursor.close()

    def write_table(self, name: str, columns: Mapping[str, Any]) -> None:
        """Make a table of named columns of equal length: arrays, NaN or None where there is nothing."""
        self.connection.execute("SET pandas_analyze_sample = 0")  # objects are text, whatever the first of them are
        self.connection.register("columns_in", dict(columns))
        picked = ", ".join(
            f'nullif("{column}", CAST(\'nan\' AS DOUBLE)) AS "{column}"' if values.dtype.kind == "f" else f'"{column}"'
            for column, values in columns.items()
        )
        self.connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT {picked} FROM columns_in')  # noqa: S608 - names of ours
        self.connection.unregister("columns_in")

    def close(self) -> None:
        """Let go of the file, which stays; safe to call twice."""
        self.connection.close()


class MemoryDatabase(Database):
    """A small database in memory, filled anew for each question, whose queries are kept with their plans.

    For a few customers at a time, where planning a query takes longer than running it. One thread, so that it can
    run beside others; not safe to be used by two at once.

    A plan with a parameter is made anew whenever it runs, so plans have none: each is made for a day far away, one for
    each day of the week, and while it runs all rows are moved by whole weeks to meet that day.
    """

    def __init__(self) -> None:
        import duckdb

        config = {**_CONFIG, "threads": 1, "memory_limit": "512MiB", "temp_directory": ""}
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(":memory:", config=cast("dict[str, Any]", config))
        # with its optimizer a plan is made anew whenever the rows have changed, and for so few rows any plan will do
        self.connection.execute("PRAGMA disable_optimizer")
        self.connection.execute("SET pandas_analyze_sample = 0")  # objects are text, whatever the first of them are
        self.connection.execute("CREATE TABLE moved (by_days BIGINT)")
        self.connection.execute("INSERT INTO moved VALUES (0)")
        self.kept_queries: dict[Any, Any] = {}
        self._plans: dict[tuple[Hashable, int], str] = {}

    def make_table(self, name: str, columns: Mapping[str, str], *, day: str) -> None:
        """Make an empty table of columns and their types, one of which is a day."""
        described = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        self.connection.execute(f"CREATE TABLE {name}_filled ({described})")
        self.connection.execute(
            f"CREATE VIEW {name} AS SELECT * EXCLUDE (by_days) REPLACE ({day} + by_days AS {day}) "  # noqa: S608 - names of ours
            f"FROM {name}_filled CROSS JOIN moved"
        )

    def fill(self, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Put these rows into a table in place of those that it had."""
        self.connection.execute(f"DELETE FROM {name}_filled")  # noqa: S608 - names of ours
        if not rows:
            return
        kinds = (object if kind == "VARCHAR" else np.int64 for kind in columns.values())
        values = zip(columns, kinds, zip(*rows, strict=True), strict=True)
        self.connection.register("rows_in", {column: np.array(cells, dtype=kind) for column, kind, cells in values})
        self.connection.execute(f"INSERT INTO {name}_filled SELECT * FROM rows_in")  # noqa: S608 - names of ours
        self.connection.unregister("rows_in")

    def run_kept(self, asked: Hashable, write: Callable[[int], str | None], day: int) -> Arrays | None:
        """Run a query for a day by a plan that is made once for each day of the week.

        Parameters
        ----------
        asked : hashable
            What the query asks for, its day apart.
        write : callable
            Gives the query for a day; nothing but days may differ between one day and another so many weeks later.
        day : int
            The day asked for.

        Returns
        -------
        dict of str to ndarray or None
            Its columns as :func:`collect_arrays` gives them; those whose names end in ``_day`` are days. None where it
            cannot be written.
        """
        there = FAR_AWAY + day % 7
        if (asked, there) not in self._plans:
            text, name = write(there), f"kept_{len(self._plans)}"
            if text is None:
                return None
            self.connection.execute(f"PREPARE {name} AS {text}")
            self._plans[asked, there] = name
        self.connection.execute("UPDATE moved SET by_days = ?", [there - day])
        try:
            found = self.connection.execute(f"EXECUTE {self._plans[asked, there]}").fetchnumpy()
        finally:
            self.connection.execute("UPDATE moved SET by_days = 0")
        arrays = plain_arrays(found)
        return {name: values - (there - day) if name.endswith("_day") else values for name, values in arrays.items()}

    def close(self) -> None:
        """Forget everything; safe to call twice."""
        self.connection.close()


def fill_table(database: Database, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Make a temporary table of columns and their types, and put rows into it."""
    described = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    database.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({described})")
    insert_rows(database, name, columns, rows)


def keep_customers(database: Database, frame: nw.LazyFrame[Any], ids: Sequence[str]) -> nw.LazyFrame[Any]:
    """Put the rows of some customers into a temporary table, which goes with the database, and give its frame."""
    name = f"of_customers_{next(_numbers)}"
    fill_table(database, f"{name}_ids", {"customer_id": "VARCHAR"}, [(one,) for one in ids])
    rows = f"SELECT * FROM ({database.write_query(frame)}) SEMI JOIN {name}_ids USING (customer_id)"  # noqa: S608
    database.connection.execute(f"CREATE TEMP TABLE {name} AS {rows}")
    return database.frame(name)


def insert_rows(database: Database, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows, at once: a statement for each row would take far longer."""
    if not rows:
        return
    picked = ", ".join(f"unnest(CAST(? AS {kind}[]))" for kind in columns.values())
    values = [list(column) for column in zip(*rows, strict=True)]
    database.connection.execute(f"INSERT INTO {name} SELECT {picked}", values)
