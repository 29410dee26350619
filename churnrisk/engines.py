"""Where queries run: DuckDB in this process (the default), Polars, or Spark. The only home of their drivers.

Stages write lazy Narwhals expressions and never ask which engine runs them. Arrays leave an engine through
:func:`collect_arrays` or :func:`iterate_batches` and nowhere else, sorted, so that everything after is the same
whatever the engine. Relations and frames of DuckDB are kept inside functions: alive at the end of the interpreter
they print pages of warnings.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import io
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import narwhals as nw
import numpy as np

from churnrisk.errors import MissingExtra

if TYPE_CHECKING:
    import duckdb

Arrays = dict[str, np.ndarray]
"""Columns by name: int64 where nothing is missing, float64 with NaN where something is, objects for text."""

BATCH_ROWS = 100_000
_VECTOR_ROWS = 2048  # rows of one DuckDB vector, the unit in which it hands out chunks


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

    def run(self, query: str) -> Arrays:
        """Run a query of text and give its columns as :func:`collect_arrays` does; it sorts by itself."""
        return {name: _plain_array(values) for name, values in self.connection.execute(query).fetchnumpy().items()}

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


def int_sum(expression: nw.Expr) -> nw.Expr:
    """Sum whole numbers to an int64 that is 0 over no rows, in every engine (DuckDB's own sum is 128 bits wide)."""
    return expression.sum().cast(nw.Int64)


def as_int(condition: nw.Expr) -> nw.Expr:
    """Turn a condition into 0 or 1, since Spark cannot sum booleans."""
    return nw.when(condition).then(nw.lit(1, dtype=nw.Int64)).otherwise(nw.lit(0, dtype=nw.Int64))


def collect_arrays(frame: nw.LazyFrame[Any], *, sort_by: Sequence[str]) -> Arrays:
    """Run a lazy query and give its columns as arrays, rows sorted by ``sort_by``."""
    native = frame.sort(*sort_by).to_native()
    if frame.implementation is nw.Implementation.DUCKDB:
        return {name: _plain_array(values) for name, values in native.fetchnumpy().items()}
    if frame.implementation is nw.Implementation.POLARS:
        return _from_polars(native.collect())
    if frame.implementation.is_spark_like():
        return _from_arrow(native.toArrow())  # not by pandas: its major version runs ahead of what Spark allows
    raise TypeError(f"no way to collect from {frame.implementation}")


def iterate_batches(
    frame: nw.LazyFrame[Any], *, sort_by: Sequence[str], rows: int = BATCH_ROWS, database: Database | None = None
) -> Iterator[Arrays]:
    """Run a lazy query and give its rows in sorted batches of about ``rows``, each as :func:`collect_arrays` does.

    A query over a :class:`Database` that is named streams: no more than a batch is held. Any other is collected
    whole and cut.
    """
    if database is None or frame.implementation is not nw.Implementation.DUCKDB:
        whole = collect_arrays(frame, sort_by=sort_by)
        length = len(next(iter(whole.values())))
        for start in range(0, length, rows):
            yield {name: values[start : start + rows] for name, values in whole.items()}
        return
    cursor = database.connection.cursor()  # of its own, so that others may query while batches are taken
    try:
        cursor.execute(frame.sort(*sort_by).to_native().sql_query())
        vectors = max(1, rows // _VECTOR_ROWS)
        while len(chunk := cursor.fetch_df_chunk(vectors)):
            yield _from_pandas(chunk)
    finally:
        cursor.close()


def map_customers(
    frame: nw.LazyFrame[Any],
    step: Callable[[Arrays], Arrays],
    *,
    sort_by: Sequence[str],
    rows: int = BATCH_ROWS,
    database: Database | None = None,
) -> Iterator[Arrays]:
    """Run ``step`` over sorted batches that hold every customer whole, and give what it makes of each.

    For figures over the whole log whose windows overlap so much that a query would have to write every purchase
    many times: one sort and one pass do. On Spark the step runs where the data lies, and only its results travel,
    so it must be a function of an importable module (or a partial of one) and return arrays of numbers or text.

    Parameters
    ----------
    frame : LazyFrame
        The rows, with the columns that the step needs.
    step : callable
        Gets columns by name, sorted; gives named arrays, as a rule small ones to be summed over the batches. In
        place of the customer's id stands ``customer``, which counts 0, 1, 2, ... within the batch.
    sort_by : sequence of str
        The customer's column first; rows of one customer are never split.
    rows : int
        Rows of a batch, about.
    database : Database, optional
        Where the query runs, if it runs there; batches then stream, and no id becomes a Python object.
    """
    key = sort_by[0]
    if frame.implementation.is_spark_like():
        native = frame.to_native().repartition(key).sortWithinPartitions(*sort_by)
        with warnings.catch_warnings():  # Spark asks after the version of pandas even where Arrow passes it by
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
            packed = native.mapInArrow(_SparkStep(step, key, rows), schema="packed binary")
        yield from (_unpack(bytes(row.packed)) for row in packed.toLocalIterator())
    elif database is not None and frame.implementation is nw.Implementation.DUCKDB:
        yield from _map_ahead(step, _numbered_batches(frame, sort_by, rows, database))
    else:
        yield from map(step, _whole_customers(iterate_batches(frame, sort_by=sort_by, rows=rows), key, rows))


def _map_ahead(step: Callable[[Arrays], Arrays], batches: Iterator[Arrays]) -> Iterator[Arrays]:
    """Map in order, on threads: NumPy counts one batch while DuckDB hands out the next."""
    workers = min(4, os.cpu_count() or 1)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        running: collections.deque[concurrent.futures.Future[Arrays]] = collections.deque()
        for batch in batches:
            running.append(pool.submit(step, batch))
            if len(running) > workers:  # no more batches in memory than are worked on
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def _numbered_batches(
    frame: nw.LazyFrame[Any], sort_by: Sequence[str], rows: int, database: Database
) -> Iterator[Arrays]:
    """Stream sorted rows; where a customer ends is told by a count of rows per customer, since ids cost most."""
    key = sort_by[0]
    sizes = frame.group_by(key).agg(n=nw.len()).sort(key).select("n").to_native().sql_query()
    sorted_rows = frame.sort(*sort_by).drop(key).to_native().sql_query()
    cursor = database.connection.cursor()
    try:
        ends = np.cumsum(cursor.execute(sizes).fetchnumpy()["n"], dtype=np.int64)
        cursor.execute(sorted_rows)
        vectors = max(1, rows // _VECTOR_ROWS)
        chunks = iter(lambda: _from_pandas(cursor.fetch_df_chunk(vectors)), None)
        yield from _cut_at(ends, chunks)
    finally:
        cursor.close()


def _cut_at(ends: np.ndarray, chunks: Iterator[Arrays]) -> Iterator[Arrays]:
    """Cut chunks anew at the places where customers end."""
    waiting: list[Arrays] = []
    done = customers = read = 0
    while customers < len(ends):
        waiting.append(next(chunks))
        read += len(next(iter(waiting[-1].values())))
        known = int(np.searchsorted(ends, read, side="right"))
        if known == customers:  # the first customer waiting is not complete yet
            continue
        joined, last = _join(waiting), int(ends[known - 1])
        bounds = np.diff(ends[customers:known], prepend=done)
        batch = {name: values[: last - done] for name, values in joined.items()}
        yield batch | {"customer": np.repeat(np.arange(known - customers), bounds)}
        waiting = [{name: values[last - done :] for name, values in joined.items()}]
        done, customers = last, known


def _whole_customers(batches: Iterable[Arrays], key: str, rows: int) -> Iterator[Arrays]:
    """Cut sorted batches anew, so that each has at least ``rows`` rows and no customer is split between two."""
    waiting: list[Arrays] = []
    for batch in batches:
        waiting.append(batch)
        if sum(len(part[key]) for part in waiting) < rows:
            continue
        joined = _join(waiting)
        ids = joined[key]
        last = len(ids) - int(np.argmax(ids[::-1] != ids[-1]))
        waiting = [joined]
        if ids[0] != ids[-1]:  # one customer who fills the batch may go on in the next
            yield _number_customers({name: values[:last] for name, values in joined.items()}, key)
            waiting = [{name: values[last:] for name, values in joined.items()}]
    joined = _join(waiting) if waiting else {key: np.zeros(0)}
    if len(joined[key]):
        yield _number_customers(joined, key)


def _number_customers(batch: Arrays, key: str) -> Arrays:
    ids = batch[key]
    numbers = np.concatenate([[0], np.cumsum(ids[1:] != ids[:-1], dtype=np.int64)])
    return {name: values for name, values in batch.items() if name != key} | {"customer": numbers}


def _join(parts: Sequence[Arrays]) -> Arrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class _SparkStep:
    """What a Spark worker runs; results travel as the bytes of an uncompressed npz file, never as pickles."""

    def __init__(self, step: Callable[[Arrays], Arrays], key: str, rows: int) -> None:
        self.step, self.key, self.rows = step, key, rows

    def __call__(self, tables: Iterable[Any]) -> Iterator[Any]:
        import pyarrow as pa

        arrays = (_from_arrow(pa.Table.from_batches([table])) for table in tables)
        for batch in _whole_customers(arrays, self.key, self.rows):
            buffer = io.BytesIO()
            np.savez(buffer, allow_pickle=False, **self.step(batch))
            yield pa.RecordBatch.from_pydict({"packed": pa.array([buffer.getvalue()], pa.binary())})


def _unpack(packed: bytes) -> Arrays:
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        return dict(arrays)


def _plain_array(values: Any) -> np.ndarray:
    """Replace a masked array by floats with NaN (numbers) or objects with None (text)."""
    if not isinstance(values, np.ma.MaskedArray):
        return np.asarray(values)
    mask = np.ma.getmaskarray(values)
    if values.dtype == object:
        text = np.asarray(values.data).copy()
        text[mask] = None
        return text
    if not mask.any():
        return np.asarray(values.data)
    return np.where(mask, np.nan, values.data.astype(np.float64))


def _from_pandas(table: Any) -> Arrays:
    columns: Arrays = {}
    for name in table.columns:
        column = table[name]
        if column.dtype.kind in "iub":
            columns[name] = column.to_numpy()
        elif column.dtype.kind == "f":
            columns[name] = column.to_numpy(dtype=np.float64)
        else:
            columns[name] = column.to_numpy(dtype=object)
    return columns


def _from_arrow(table: Any) -> Arrays:
    columns: Arrays = {}
    for name in table.column_names:
        column = table.column(name)
        values = column.to_numpy(zero_copy_only=False)  # floats with NaN where a number is missing
        columns[name] = values if values.dtype.kind in "iuf" else np.array(column.to_pylist(), dtype=object)
    return columns


def _from_polars(table: Any) -> Arrays:
    columns: Arrays = {}
    for column in table.iter_columns():
        if column.dtype.is_numeric():
            columns[column.name] = column.to_numpy()  # floats with NaN where something is missing
        else:
            columns[column.name] = np.array(column.to_list(), dtype=object)
    return columns


def write_parquet(columns: Mapping[str, Sequence[Any]], path: Path) -> None:
    """Write named columns of text, whole numbers or floats (None where there is nothing) as a Parquet file."""
    import duckdb
    import pandas as pd

    frame = pd.DataFrame({name: _parquet_column(values) for name, values in columns.items()})
    connection = duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False})
    try:
        connection.register("result", frame)
        connection.execute(f"copy (from result) to {quote_text(str(path))} (format parquet, compression zstd)")
    except duckdb.IOException as error:
        raise OSError(str(error).splitlines()[0]) from None
    finally:
        connection.close()


def quote_text(text: str) -> str:
    """Write a text as an SQL literal, for the few places where a parameter is not allowed."""
    return "'" + text.replace("'", "''") + "'"


def _parquet_column(values: Sequence[Any]) -> Any:
    import pandas as pd

    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int} and kinds:
        return pd.array(list(values), dtype="Int64")
    if kinds <= {int, float} and kinds:
        return pd.array([None if v is None else float(v) for v in values], dtype="Float64")
    return pd.array(list(values), dtype="string")


def engine_error() -> type[Exception]:
    """Give the class of DuckDB's own errors, so that nobody else need import the driver to catch them."""
    import duckdb

    return duckdb.Error


@contextlib.contextmanager
def connect_postgres(url: str, *, error: type[Exception]) -> Iterator[Any]:
    """Open one transaction on a PostgreSQL server; it is committed at the end, or nothing of it is.

    Parameters
    ----------
    url : str
        ``postgresql://user@host/database``; the password comes from the environment or ``~/.pgpass``.
    error : type
        Raised, without any password, where the server refuses.
    """
    try:
        import psycopg
    except ImportError:
        raise MissingExtra("PostgreSQL needs an extra part: pip install 'churnrisk[postgres]'.") from None
    try:
        with psycopg.connect(url, connect_timeout=30) as connection:
            yield connection
    except psycopg.Error as failure:
        said = str(failure).strip().splitlines() or [type(failure).__name__]
        secret = urlsplit(url).password
        raise error(f"PostgreSQL says: {said[0].replace(secret, '***') if secret else said[0]}.") from None
