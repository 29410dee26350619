"""Large tables stored by customer: what is too large for one query is asked in parts of whole customers.

A log lies in the order of its days, so a part of its customers lies everywhere, and each part would read all of it.
Stored once more in the order of its customers, which become whole numbers on the way, a part is read from one place,
and windows and groups over numbers are cheaper than over text. Numbers follow the order of the ids, so that what
comes of the parts, one after the other, is sorted.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import narwhals as nw

from churnrisk.engines.arrays import Arrays
from churnrisk.engines.collect import iterate_text
from churnrisk.engines.database import Database, engine_error

_copies = itertools.count()
_END = 2**31 - 1
_KINDS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32}


class Clustered:
    """Copies of tables by customer; queries over them are asked for some customers after the other.

    A query is written once, over views of the copies that show one part after the other: writing a hundred columns
    takes as long as running them over 100,000 rows.

    Parameters
    ----------
    database : Database
        The one that the tables lie in.
    key : str
        The column that names the customer, which is a number in the copies.
    names : iterable of str
        Names of the tables.
    """

    def __init__(self, database: Database, key: str, names: Iterable[str]) -> None:
        stamp = next(_copies)
        self._database, self._key = database, key
        self._numbers = f"customer_numbers_{stamp}"
        self._copies = {name: f"{name}_by_customer_{stamp}" for name in names}
        self._narrow: dict[str, dict[str, str]] = {}

    def make(self, frames: Mapping[str, nw.LazyFrame[Any]]) -> None:
        """Store the tables; the first holds every customer."""
        run, write = self._database.connection.execute, self._database.write_query
        key, told = self._key, write(next(iter(frames.values())))
        run(f"CREATE TABLE {self._numbers} AS SELECT DISTINCT {key} AS name FROM ({told}) ORDER BY name")
        self._show_numbers(0, _END)
        for name, frame in frames.items():
            text = write(frame)
            kinds = self._narrow[name] = self._narrowest_kinds(text)
            cast = "".join(f", CAST({column} AS {kind}) AS {column}" for column, kind in kinds.items())
            run(f"""CREATE TABLE {self._copies[name]} AS SELECT rows_in.* REPLACE (number AS {key}{cast})
                FROM ({text}) rows_in JOIN {self._numbers}_part ON name = {key} ORDER BY number""")
        self._show(0, 0)

    def frame(self, name: str) -> nw.LazyFrame[Any]:
        """Return the rows of a table that belong to the part that is shown when a query runs; the key is a number."""
        return self._database.frame(f"{self._copies[name]}_part")

    def iterate(self, query: nw.LazyFrame[Any], *, rows: int, part_rows: int) -> Iterator[Arrays]:
        """Run a query over the frames, part by part, and give its rows in batches, ids in place of numbers, sorted.

        Parameters
        ----------
        query : LazyFrame
            With the key, and one row a customer at most.
        rows, part_rows : int
            Rows of a batch, and of the first table in a part, about.
        """
        key = self._key
        text = f"""SELECT found.* REPLACE (name AS {key}) FROM ({self._database.write_query(query)}) found
            JOIN {self._numbers}_part ON number = {key} ORDER BY number"""
        for first, end in self._parts(part_rows):
            self._show(first, end)
            yield from iterate_text(self._database, text, rows=rows)

    def drop(self) -> None:
        """Remove the copies."""
        with contextlib.suppress(engine_error()):  # a database that was closed before has nothing to remove
            for copy in self._copies.values():
                self._database.connection.execute(f"DROP VIEW IF EXISTS {copy}_part")
                self._database.connection.execute(f"DROP TABLE IF EXISTS {copy}")
            self._database.connection.execute(f"DROP VIEW IF EXISTS {self._numbers}_part")
            self._database.connection.execute(f"DROP TABLE IF EXISTS {self._numbers}")

    def _narrowest_kinds(self, text: str) -> dict[str, str]:
        """The smallest types that the whole numbers of a query fit into: what is sorted may have to be spilled."""
        columns = [name for name, kind, *_ in self._database.rows_of(f"DESCRIBE {text}") if kind == "BIGINT"]
        if not columns:
            return {}
        ends = ", ".join(f"min({name}), max({name})" for name in columns)
        [found] = self._database.rows_of(f"SELECT {ends} FROM ({text})")
        kinds = {}
        for name, low, high in zip(columns, found[::2], found[1::2], strict=True):
            fitting = (kind for kind, bits in _KINDS.items() if -(2 ** (bits - 1)) <= low and high < 2 ** (bits - 1))
            kinds[name] = next(fitting, "BIGINT") if low is not None else "BIGINT"
        return kinds

    def _parts(self, rows: int) -> list[tuple[int, int]]:
        """Return ranges of numbers with about so many rows each: each begins so many rows after the one before."""
        copy = next(iter(self._copies.values()))
        firsts = self._database.rows_of(f"SELECT DISTINCT {self._key} FROM {copy} WHERE rowid % {rows} = 0 ORDER BY 1")
        return list(itertools.pairwise([*(int(first) for (first,) in firsts), _END]))

    def _show(self, first: int, end: int) -> None:
        """Let the views show the customers from one number on up to another."""
        self._show_numbers(first, end)
        for name, copy in self._copies.items():
            wide = ", ".join(f"CAST({column} AS BIGINT) AS {column}" for column in self._narrow[name])
            self._database.connection.execute(f"""CREATE OR REPLACE VIEW {copy}_part AS
                SELECT *{f" REPLACE ({wide})" if wide else ""} FROM {copy}
                WHERE {self._key} >= {first} AND {self._key} < {end}""")

    def _show_numbers(self, first: int, end: int) -> None:
        """Do so for ids with their numbers, which are their places in a table that is sorted."""
        self._database.connection.execute(f"""CREATE OR REPLACE VIEW {self._numbers}_part AS
            SELECT name, CAST(rowid AS INTEGER) AS number FROM {self._numbers}
            WHERE rowid >= {first} AND rowid < {end}""")


@contextlib.contextmanager
def cluster(database: Database, frames: Mapping[str, nw.LazyFrame[Any]], key: str) -> Iterator[Clustered]:
    """Store tables by customer while the context lasts.

    Parameters
    ----------
    database : Database
        The one that the tables lie in.
    frames : mapping of str to LazyFrame
        Tables with the key, by names of the caller's choice; the first holds every customer.
    key : str
        The column that names the customer.
    """
    clustered = Clustered(database, key, frames)
    try:
        clustered.make(frames)
        yield clustered
    finally:
        clustered.drop()


def count_rows(database: Database, frame: nw.LazyFrame[Any]) -> int:
    """Count the rows of a query."""
    [(count,)] = database.rows_of(f"SELECT count(*) FROM ({database.write_query(frame)})")
    return int(count)
