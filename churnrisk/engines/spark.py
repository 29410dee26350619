"""What runs where Spark keeps the data."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import narwhals as nw
import numpy as np

from churnrisk.engines.arrays import Arrays, from_arrow
from churnrisk.engines.batches import whole_customers
from churnrisk.engines.spark_session import spark_errors


class SparkStep:
    """What a Spark worker runs; results travel as the bytes of an uncompressed npz file, never as pickles."""

    def __init__(self, step: Callable[[Arrays], Arrays], key: str, rows: int) -> None:
        self.step, self.key, self.rows = step, key, rows

    def __call__(self, tables: Iterable[Any]) -> Iterator[Any]:
        """Take the record batches of one partition, and give one record for each batch of customers."""
        import pyarrow as pa

        arrays = (from_arrow(pa.Table.from_batches([table])) for table in tables)
        for batch in whole_customers(arrays, self.key, self.rows):
            buffer = io.BytesIO()
            np.savez(buffer, allow_pickle=False, **self.step(batch))
            yield pa.RecordBatch.from_pydict({"packed": pa.array([buffer.getvalue()], pa.binary())})


def unpack(packed: bytes) -> Arrays:
    """Read arrays back from the bytes in which they came from a worker."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        return dict(arrays)


class SparkMap:
    """What a Spark worker runs over record batches: arrays in, arrays of known types out."""

    def __init__(self, step: Callable[[Arrays], Arrays], columns: Mapping[str, str]) -> None:
        self.step, self.columns = step, dict(columns)

    def __call__(self, tables: Iterable[Any]) -> Iterator[Any]:
        """Take the record batches of one partition, and give one for each."""
        import pyarrow as pa

        types = {"text": pa.string(), "int64": pa.int64(), "float64": pa.float64()}
        for table in tables:
            if not table.num_rows:
                continue
            made = self.step(from_arrow(pa.Table.from_batches([table])))
            arrays = {
                name: pa.array(made[name], from_pandas=True).cast(types[kind]) for name, kind in self.columns.items()
            }
            yield pa.RecordBatch.from_pydict(arrays)


def map_rows(frame: nw.LazyFrame[Any], step: Callable[[Arrays], Arrays], columns: Mapping[str, str]) -> Any:
    """Run ``step`` over the rows of a query, some thousands at a time, where they lie; give a frame of Spark.

    Parameters
    ----------
    frame : LazyFrame
        The rows, on Spark.
    step : callable
        An object of an importable module that gives named arrays of the length of those it gets; NaN and None are
        nothing.
    columns : mapping of str to str
        Name and type, ``text``, ``int64`` or ``float64``, of what the step gives.
    """
    types = {"text": "string", "int64": "bigint", "float64": "double"}
    schema = ", ".join(f"{name} {types[kind]}" for name, kind in columns.items())
    with spark_errors():
        return frame.to_native().mapInArrow(SparkMap(step, columns), schema=schema)
