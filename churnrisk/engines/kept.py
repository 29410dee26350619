"""Databases that outlive a single reading: a file that is kept, and a small one in memory, asked over and over."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from churnrisk.engines.arrays import Arrays, plain_array
from churnrisk.engines.database import Database

if TYPE_CHECKING:
    import duckdb

_CONFIG: Mapping[str, str | bool | int] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}


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

        config = {**_CONFIG, "temp_directory": str(Path(tempfile.gettempdir()) / f"churnrisk-spill-{os.getpid()}")}
        if threads is not None:
            config["threads"] = threads
        self.folder = path.parent
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(
            str(path), read_only=is_read_only, config=cast("dict[str, Any]", config)
        )
        self.kept_queries: dict[Any, Any] = {}

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Give the rows of a query with parameters; safe to call on several threads at once."""
        cursor = self.connection.cursor()
        try:
            result = cursor.execute(query, list(values))
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        finally:
            cursor.close()

    def write_table(self, name: str, columns: Mapping[str, Any]) -> None:
        """Make a table of named columns of equal length: arrays, NaN or None where there is nothing."""
        import pandas as pd

        self.connection.execute("SET pandas_analyze_sample = 0")  # objects are text, whatever the first of them are
        self.connection.register("columns_in", pd.DataFrame(dict(columns)))
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
    """

    def __init__(self) -> None:
        import duckdb

        config = {**_CONFIG, "threads": 1, "memory_limit": "512MiB", "temp_directory": ""}
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(":memory:", config=cast("dict[str, Any]", config))
        # with its optimizer a plan is made anew whenever the rows have changed, and for so few rows any plan will do
        self.connection.execute("PRAGMA disable_optimizer")
        self.kept_queries: dict[Any, Any] = {}

    def make_table(self, name: str, columns: Mapping[str, str]) -> None:
        """Make an empty table of columns and their types."""
        described = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        self.connection.execute(f"CREATE TABLE {name} ({described})")

    def fill(self, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Put these rows into a table in place of those that it had."""
        self.connection.execute(f"DELETE FROM {name}")  # noqa: S608 - names of ours
        insert_rows(self, name, columns, rows)

    def prepare(self, name: str, query: str) -> None:
        """Keep a query with its plan; it has one parameter, a day."""
        self.connection.execute(f"PREPARE {name} AS {query}")

    def run_prepared(self, name: str, day: int) -> Arrays:
        """Run a kept query for a day, and give its columns as :func:`collect_arrays` does; it sorts by itself."""
        found = self.connection.execute(f"EXECUTE {name}({int(day)})").fetchnumpy()
        return {column: plain_array(values) for column, values in found.items()}

    def close(self) -> None:
        """Forget everything; safe to call twice."""
        self.connection.close()


def fill_table(database: Database, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Make a temporary table of columns and their types, and put rows into it."""
    described = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    database.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({described})")
    insert_rows(database, name, columns, rows)


def insert_rows(database: Database, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows, at once: a statement for each row would take far longer."""
    if not rows:
        return
    picked = ", ".join(f"unnest(CAST(? AS {kind}[]))" for kind in columns.values())
    values = [list(column) for column in zip(*rows, strict=True)]
    database.connection.execute(f"INSERT INTO {name} SELECT {picked}", values)
