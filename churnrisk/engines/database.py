"""DuckDB in this process: a database in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import narwhals as nw

from churnrisk.engines.arrays import Arrays, plain_array
from churnrisk.engines.quantiles import share_quantiles
from churnrisk.errors import MissingExtra

if TYPE_CHECKING:
    import duckdb


class Database:
    """A DuckDB database in a folder of its own, gone when it is closed.

    It lives in a file and not in memory, so that tables larger than the memory limit are spilled to disk.

    Parameters
    ----------
    threads : int, optional
        Threads to use; by default as many as there are processors.
    memory : str, optional
        Memory limit such as ``"2GB"``; by default DuckDB's own, four fifths of the machine's.
    """

    def __init__(self, *, threads: int | None = None, memory: str | None = None) -> None:
        import duckdb

        self.folder = Path(tempfile.mkdtemp(prefix="churnrisk-"))
        config: dict[str, str | bool | int] = {
            "temp_directory": str(self.folder / "spill"),
            # anything beyond the built-in extensions would be fetched from the network
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": True,
        }
        if threads is not None:
            config["threads"] = threads
        if memory is not None:
            config["memory_limit"] = memory
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(
            str(self.folder / "orders.duckdb"), config=cast("dict[str, Any]", config)
        )
        self.kept_queries: dict[Any, Any] = {}  # by what they ask for; they go with the database
        self._owner = os.getpid()

    def frame(self, table: str) -> nw.LazyFrame[Any]:
        """Give a fresh lazy frame over a table of this database."""
        return nw.from_native(self.connection.table(table)).lazy()

    def write_query(self, frame: nw.LazyFrame[Any]) -> str:
        """Write a lazy query over this database as the text that :meth:`run` takes."""
        return share_quantiles(str(frame.to_native().sql_query()))

    def to_polars(self, table: str) -> nw.LazyFrame[Any]:
        """Give a lazy frame of Polars over a table, which is kept as a file where it is long."""
        try:
            import polars as pl
        except ImportError:
            raise MissingExtra("Polars is an extra part: pip install 'churnrisk[polars]'.") from None
        path = self.folder / f"{table}.parquet"
        self.connection.execute(f"COPY (FROM {table}) TO {quote_text(str(path))} (FORMAT parquet)")
        return nw.from_native(pl.scan_parquet(path)).lazy()

    def run(self, query: str) -> Arrays:
        """Run a query of text and give its columns as :func:`collect_arrays` does; it sorts by itself."""
        return {name: plain_array(values) for name, values in self.connection.execute(query).fetchnumpy().items()}

    def close(self) -> None:
        """Close the connection and remove the folder; safe to call twice."""
        self.connection.close()
        if os.getpid() == self._owner:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


def quote_text(text: str) -> str:
    """Write a text as an SQL literal, for the few places where a parameter is not allowed."""
    return "'" + text.replace("'", "''") + "'"


def engine_error() -> type[Exception]:
    """Give the class of DuckDB's own errors, so that nobody else need import the driver to catch them."""
    import duckdb

    return duckdb.Error
