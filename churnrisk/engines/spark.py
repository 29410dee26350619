"""What runs where Spark keeps the data."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from churnrisk.engines.arrays import Arrays, from_arrow
from churnrisk.engines.batches import whole_customers


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
