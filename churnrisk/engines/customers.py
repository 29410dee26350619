"""One step over all customers, a batch at a time, wherever the rows lie."""

from __future__ import annotations

import collections
import concurrent.futures
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import narwhals as nw
import numpy as np

from churnrisk.engines.arrays import Arrays, from_pandas, plain_arrays
from churnrisk.engines.batches import cut_at, whole_customers
from churnrisk.engines.collect import BATCH_ROWS, VECTOR_ROWS, iterate_batches
from churnrisk.engines.database import Database
from churnrisk.engines.ranges import cut_range, key_ranges
from churnrisk.engines.spark import SparkStep, unpack

Batch = TypeVar("Batch")
Result = TypeVar("Result")


def map_customers(
    frame: nw.LazyFrame[Any],
    step: Callable[[Arrays], Arrays],
    *,
    sort_by: Sequence[str],
    rows: int = BATCH_ROWS,
    database: Database | None = None,
    table: str | None = None,
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
    table : str, optional
        The table there that the rows come from. A long one is asked in ranges of customers, so that each sort stays
        in memory.
    """
    key = sort_by[0]
    if frame.implementation.is_spark_like():
        native = frame.to_native().repartition(key).sortWithinPartitions(*sort_by)
        with warnings.catch_warnings():  # Spark asks after the version of pandas even where Arrow passes it by
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
            packed = native.mapInArrow(SparkStep(step, key, rows), schema="packed binary")
        yield from (unpack(bytes(row.packed)) for row in packed.toLocalIterator())
    elif database is not None and frame.implementation is nw.Implementation.DUCKDB:
        yield from map_ahead(step, _ranged_batches(frame, sort_by, rows, database, table))
    else:
        yield from map(step, whole_customers(iterate_batches(frame, sort_by=sort_by, rows=rows), key, rows))


def map_ahead(
    step: Callable[[Batch], Result], batches: Iterator[Batch], *, workers: int | None = None
) -> Iterator[Result]:
    """Map in order, on threads: NumPy counts one batch while DuckDB hands out the next.

    One batch more is held than there are ``workers``, by default as many as processors, and four at most.
    """
    workers = workers or min(4, os.cpu_count() or 1)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        running: collections.deque[concurrent.futures.Future[Result]] = collections.deque()
        for batch in batches:
            running.append(pool.submit(step, batch))
            if len(running) > workers:  # no more batches in memory than are worked on
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def _ranged_batches(
    frame: nw.LazyFrame[Any], sort_by: Sequence[str], rows: int, database: Database, table: str | None
) -> Iterator[Arrays]:
    ranges = [(None, None)] if table is None else key_ranges(database, table=table, key=sort_by[0])
    for ends in ranges:
        yield from _numbered_batches(cut_range(frame, sort_by[0], ends), sort_by, rows, database)


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
        if len(ends) and ends[-1] <= rows:  # one batch needs no stream, whose library takes half a second to import
            yield from cut_at(ends, iter([plain_arrays(cursor.fetchnumpy())]))
            return
        vectors = max(1, rows // VECTOR_ROWS)
        chunks = iter(lambda: from_pandas(cursor.fetch_df_chunk(vectors)), None)
        yield from cut_at(ends, chunks)
    finally:
        cursor.close()
