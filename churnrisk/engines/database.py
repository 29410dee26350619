"""DuckDB in this process: a database in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import re
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
        Memory limit of the process, such as ``"2GB"``, of which a part is left to what is not the engine; by default
        the engine's own limit, four fifths of the machine's memory.
    """

    memory_bytes: int | None = None
    """What was set as the process's memory."""

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
            config["memory_limit"] = engine_share(memory)
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(
            str(self.folder / "orders.duckdb"), config=cast("dict[str, Any]", config)
        )
        self.kept_queries: dict[Any, Any] = {}  # by what they ask for; they go with the database
        self.memory_bytes = None if memory is None else parse_size(memory)
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

    def rows_of(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query of text and give its rows."""
        return self.connection.execute(query).fetchall()

    def make_room(self, taken: int | None = None) -> None:
        """Hold the engine to what is left when so many bytes of the process's memory are taken by others; None: all.

        What the engine keeps beyond that it drops or spills. Nothing happens where no memory was set, and what cannot
        be let go of just now is kept.
        """
        if self.memory_bytes is None or self.memory_bytes < _SPLIT_FROM:
            return
        left = 0 if taken is None else engine_bytes(self.memory_bytes) - taken
        limit = max(_LEAST_ENGINE, left)
        with contextlib.suppress(engine_error()):
            self.connection.execute(f"SET memory_limit = '{limit // 1000**2}MB'")

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


_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]i?B|B)\s*", re.IGNORECASE)
_UNITS = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}
_UNITS |= {"KIB": 1024, "MIB": 1024**2, "GIB": 1024**3, "TIB": 1024**4}
_OURS = 400 * 1000**2
_SPLIT_FROM = 10**9
_LEAST_ENGINE = 250 * 1000**2
"""With less the engine cannot even sort what it has spilled."""


def parse_size(memory: str) -> int | None:
    """Give a size such as ``"2GB"`` or ``"600MiB"`` in bytes; None for one that only the engine may understand."""
    match = _SIZE.fullmatch(memory)
    return int(float(match.group(1)) * _UNITS[match.group(2).upper()]) if match else None


def engine_share(memory: str) -> str:
    """Give the engine's part of a process's memory: less what Python, its libraries and batches take, from 1 GB on."""
    size = parse_size(memory)
    if size is None or size < _SPLIT_FROM:
        return memory
    return f"{engine_bytes(size) // 1000**2}MB"


def engine_bytes(memory: int) -> int:
    """Give the engine's part of so many bytes."""
    return int(0.9 * (memory - _OURS))


def quote_text(text: str) -> str:
    """Write a text as an SQL literal, for the few places where a parameter is not allowed."""
    return "'" + text.replace("'", "''") + "'"


def engine_error() -> type[Exception]:
    """Give the class of DuckDB's own errors, so that nobody else need import the driver to catch them."""
    import duckdb

    return duckdb.Error
