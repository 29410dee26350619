"""Tables that fill while a stream runs, and lie in the engine instead of in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw

from churnrisk.engines.arrays import Arrays, from_pandas
from churnrisk.engines.collect import BATCH_ROWS, VECTOR_ROWS
from churnrisk.engines.database import Database


class StoredTable:
    """A table of a database: filled by a query or in batches, read back in the order in which it was filled.

    Parameters
    ----------
    database : Database
        Where it lies; it goes with the database.
    name : str
        Of ours, never a user's.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database, self.name = database, name
        self._database.connection.execute(f"DROP TABLE IF EXISTS {name}")
        self.exists = False
        """Whether anything was put in."""

    def fill(self, frame: nw.LazyFrame[Any]) -> None:
        """Run a query over the same database into the table, in place of what is in it."""
        query = self._database.write_query(frame)
        self._database.connection.execute(f"CREATE OR REPLACE TABLE {self.name} AS {query}")
        self.exists = True

    def append(self, columns: Arrays) -> None:
        """Put rows below the others; the first ones name the columns. Text comes as objects, and NaN is nothing."""
        import pandas as pd

        connection = self._database.connection
        connection.register("appended", pd.DataFrame(columns))
        try:
            rows = "SELECT * FROM appended"
            connection.execute(
                f"INSERT INTO {self.name} {rows}" if self.exists else f"CREATE TABLE {self.name} AS {rows}"
            )
        finally:
            connection.unregister("appended")
        self.exists = True

    def frame(self) -> nw.LazyFrame[Any]:
        """Return a fresh lazy frame over it."""
        return self._database.frame(self.name)

    def batches(self, *, rows: int = BATCH_ROWS, columns: Sequence[str] = ("*",)) -> Iterator[Arrays]:
        """Read the rows in the order in which they were put in, or some of their columns."""
        cursor = self._database.connection.cursor()
        try:
            cursor.execute(f"SELECT {', '.join(columns)} FROM {self.name}")  # noqa: S608 - names of ours
            while len(chunk := cursor.fetch_df_chunk(max(1, rows // VECTOR_ROWS))):
                yield from_pandas(chunk)
        finally:
            cursor.close()

    def __len__(self) -> int:
        [(count,)] = self._database.connection.execute(f"SELECT count(*) FROM {self.name}").fetchall()  # noqa: S608
        return int(count)
