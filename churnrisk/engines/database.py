"""DuckDB in this process: a database in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import narwhals as nw

from churnrisk.engines.arrays import Arrays, plain_arrays
from churnrisk.engines.quantiles import share_quantiles
from churnrisk.errors import MissingExtra

if TYPE_CHECKING:
    import duckdb


SPACES = "".join(chr(c) for c in [*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)])
SPACES += "\u2028\u2029\u202f\u205f\u3000\ufeff"
"""What is trimmed from the ends of every value."""

_SPACE_CLASS = r"[\x09-\x0d\x1c-\x20\x{85}\x{feff}\pZ]"


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
        try:
            self.connection: duckdb.DuckDBPyConnection = duckdb.connect(
                str(self.folder / "orders.duckdb"), config=cast("dict[str, Any]", config)
            )
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self.kept_queries: dict[Any, Any] = {}  # by what they ask for; they go with the database
        self.memory_bytes = None if memory is None else parse_size(memory)
        self.threads = threads or os.cpu_count() or 1
        self._owner = os.getpid()

    def frame(self, table: str) -> nw.LazyFrame[Any]:
        """Return a fresh lazy frame over a table of this database."""
        return nw.from_native(self.connection.table(table)).lazy()

    def write_query(self, frame: nw.LazyFrame[Any]) -> str:
        """Write a lazy query over this database as the text that :meth:`run` takes."""
        return share_quantiles(str(frame.to_native().sql_query()))

    def to_polars(self, table: str) -> nw.LazyFrame[Any]:
        """Return a lazy frame of Polars over a table, which is kept as a file where it is long."""
        try:
            import polars as pl
        except ImportError:
            raise MissingExtra("Polars is an extra part: pip install 'churnrisk[polars]'.") from None
        path = self.folder / f"{table}.parquet"
        self.connection.execute(f"COPY (FROM {table}) TO {quote_text(str(path))} (FORMAT parquet)")
        return nw.from_native(pl.scan_parquet(path)).lazy()

    def run(self, query: str) -> Arrays:
        """Run a query of text and give its columns as :func:`collect_arrays` does; it sorts by itself."""
        return plain_arrays(self.connection.execute(query).fetchnumpy())

    def rows_of(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query of text and give its rows."""
        return self.connection.execute(query).fetchall()

    def iterate_rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Run a query and give its rows some thousands at a time."""
        result = self.connection.execute(query)
        while rows := result.fetchmany(10_000):
            yield from rows

    def lazy_frame(self, query: str) -> nw.LazyFrame[Any]:
        """Return a lazy frame of a query."""
        return nw.from_native(self.connection.sql(query)).lazy()

    def fill_table(self, name: str, columns: Arrays) -> str:
        """Keep columns of arrays as a table, and give the name."""
        arrays = {key: values.astype(object) if values.dtype.kind == "U" else values for key, values in columns.items()}
        self.connection.register("filled", arrays)
        made = self.create_table(name, "SELECT * FROM filled")
        self.connection.unregister("filled")
        return made

    def create_table(self, name: str, query: str, *, is_view: bool = False) -> str:
        """Keep the rows of a query under a name, in place of what had it, and give the name; a view keeps no rows."""
        self.drop_table(name)
        self.connection.execute(f"CREATE {'VIEW' if is_view else 'TABLE'} {name} AS {query}")
        return name

    def drop_table(self, name: str) -> None:
        """Remove a table or a view, if there is one of this name."""
        import duckdb

        if not name:
            return
        try:  # to ask first takes five times as long
            self.connection.execute(f"DROP TABLE IF EXISTS {name}")
        except duckdb.CatalogException:  # a view has the name
            self.connection.execute(f"DROP VIEW {name}")

    def quote_text(self, value: str) -> str:
        """Write a text as a literal."""
        return quote_text(value)

    def trim_sql(self, column: str) -> str:
        """Return SQL for a text without the spaces around it; NULL for one that is empty then."""
        return trim_sql(column)

    def matches_sql(self, value: str, pattern: str) -> str:
        """Return SQL that tells whether a part of a text matches a pattern."""
        return f"regexp_matches({value}, {quote_text(pattern)})"

    def month_sql(self, day: str) -> str:
        """Return SQL for the first day of the month of a day, both counted since 1970-01-01."""
        return f"{day} - day(DATE '1970-01-01' + CAST({day} AS INT)) + 1"

    def hash_sql(self, columns: str) -> str:
        """Return SQL for a number that is equal for rows that are equal in all of some columns."""
        return f"hash({columns})"

    def add_function(self, name: str, function: Callable[[str], str]) -> None:
        """Let queries call a function of one text by a name; a second time nothing happens."""
        known = self.connection.execute("SELECT 1 FROM duckdb_functions() WHERE function_name = ?", [name]).fetchall()
        if not known:
            self.connection.create_function(name, function, ["VARCHAR"], "VARCHAR")

    @property
    def bounds_process(self) -> bool:
        """Whether the memory that was set is that of the whole process, and not of the engine alone: from 1 GB on."""
        return self.memory_bytes is not None and self.memory_bytes >= _SPLIT_FROM

    def make_room(self, taken: int | None = None) -> None:
        """Hold the engine to what is left when so many bytes of the process's memory are taken by others; None: all.

        What the engine keeps beyond that it drops or spills. Nothing happens where no memory was set, and what cannot
        be let go of just now is kept.
        """
        if self.memory_bytes is None or not self.bounds_process:
            return
        left = 0 if taken is None else engine_bytes(self.memory_bytes) - taken
        limit = max(_LEAST_ENGINE, left)
        with contextlib.suppress(engine_error()):
            self.connection.execute(f"SET memory_limit = '{limit // 1000**2}MB'")

    def count_workers(self, taken: int, *, each: int) -> int:
        """Return how many threads may work beside the engine, each with so many bytes, when so many are taken."""
        if self.memory_bytes is None or not self.bounds_process:
            return self.threads
        left = self.memory_bytes - _OURS - _LEAST_ENGINE - taken
        return max(1, min(self.threads, left // each))

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
    """Return a size such as ``"2GB"`` or ``"600MiB"`` in bytes; None for one that only the engine may understand."""
    match = _SIZE.fullmatch(memory)
    return int(float(match.group(1)) * _UNITS[match.group(2).upper()]) if match else None


def engine_share(memory: str) -> str:
    """The engine's part of a process's memory: less what Python, its libraries and batches take, from 1 GB on."""
    size = parse_size(memory)
    if size is None or size < _SPLIT_FROM:
        return memory
    return f"{engine_bytes(size) // 1000**2}MB"


def engine_bytes(memory: int) -> int:
    """Return the engine's part of so many bytes."""
    return int(0.9 * (memory - _OURS))


def quote_text(value: str) -> str:
    """Write a text as an SQL literal, for the few places where a parameter is not allowed."""
    parts = value.replace("'", "''").split("\0")
    return " || chr(0) || ".join(f"'{part}'" for part in parts)


def trim_sql(column: str) -> str:
    """Trim a text column; what is empty then is NULL."""
    is_padded = f"regexp_matches({column}, '^{_SPACE_CLASS}|{_SPACE_CLASS}$')"  # the trim itself costs 15 times as much
    return f"nullif(CASE WHEN {is_padded} THEN trim({column}, {quote_text(SPACES)}) ELSE {column} END, '')"


def engine_error() -> type[Exception]:
    """Return the class of DuckDB's own errors, so that nobody else need import the driver to catch them."""
    import duckdb

    return duckdb.Error
