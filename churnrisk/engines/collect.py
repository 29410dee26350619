"""Lazy queries become arrays, whole or in sorted batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw

from churnrisk.engines.arrays import Arrays, from_arrow, from_pandas, from_polars, plain_arrays
from churnrisk.engines.database import Database

BATCH_ROWS = 100_000
VECTOR_ROWS = 2048  # rows of one DuckDB vector, the unit in which it hands out chunks


def collect_arrays(frame: nw.LazyFrame[Any], *, sort_by: Sequence[str]) -> Arrays:
    """Run a lazy query and give its columns as arrays, rows sorted by ``sort_by``; in any order where that is empty."""
    native = (frame.sort(*sort_by) if sort_by else frame).to_native()
    if frame.implementation is nw.Implementation.DUCKDB:
        return plain_arrays(native.fetchnumpy())
    if frame.implementation is nw.Implementation.POLARS:
        return from_polars(native.collect())
    if frame.implementation.is_spark_like():
        return from_arrow(native.toArrow())  # not by pandas: its major version runs ahead of what Spark allows
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
    yield from iterate_text(database, database.write_query(frame.sort(*sort_by)), rows=rows)


def iterate_text(database: Database, query: str, *, rows: int) -> Iterator[Arrays]:
    """Run a query of text and give its rows in batches of about ``rows``, in the order that it gives them."""
    cursor = database.connection.cursor()  # of its own, so that others may query while batches are taken
    try:
        cursor.execute(query)
        vectors = max(1, rows // VECTOR_ROWS)
        while len(chunk := cursor.fetch_df_chunk(vectors)):
            yield from_pandas(chunk)
    finally:
        cursor.close()
