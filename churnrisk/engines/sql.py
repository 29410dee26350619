"""What the rules of orders need of an engine that takes SQL, and the few words in which the engines differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import narwhals as nw

from churnrisk.engines.arrays import Arrays
from churnrisk.engines.customers import map_customers
from churnrisk.engines.database import Database


class SqlEngine(Protocol):
    """An engine that runs SQL of the part that DuckDB and Spark share, over tables that it keeps."""

    def rows_of(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query and give its rows."""

    def iterate_rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Run a query and give its rows some thousands at a time."""

    def lazy_frame(self, query: str) -> nw.LazyFrame[Any]:
        """Return a lazy frame of a query."""

    def fill_table(self, name: str, columns: Arrays) -> str:
        """Keep columns of arrays as a table, and give the name by which queries know it."""

    def create_table(self, name: str, query: str, *, is_view: bool = False) -> str:
        """Keep the rows of a query, or only the query itself, and give the name by which other queries know it."""

    def drop_table(self, name: str) -> None:
        """Let go of a table that :meth:`create_table` has made; of one that is not there, too."""

    def quote_text(self, value: str) -> str:
        """Write a text as a literal."""

    def trim_sql(self, column: str) -> str:
        """Return SQL for a text without the spaces around it; NULL for one that is empty then."""

    def matches_sql(self, value: str, pattern: str) -> str:
        """Return SQL that tells whether a part of a text matches a pattern."""

    def month_sql(self, day: str) -> str:
        """Return SQL for the first day of the month of a day, both counted since 1970-01-01."""

    def hash_sql(self, columns: str) -> str:
        """Return SQL for a number that is equal for rows that are equal in all of some columns."""


def map_over_customers(
    engine: SqlEngine, query: str, step: Callable[[Arrays], Arrays], *, sort_by: Sequence[str]
) -> Iterator[Arrays]:
    """Run a step over the rows of a query, in sorted batches of whole customers, where they lie.

    As :func:`churnrisk.engines.map_customers` does over a frame.
    """
    database = engine if isinstance(engine, Database) else None
    return map_customers(engine.lazy_frame(query), step, sort_by=sort_by, database=database)
