"""Tables stored by customer: nothing of a row changes, customers stay whole and in order, and nothing is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import pytest

from churnrisk.engines import Database, cluster, count_rows, engine_error

EDGES = [edge for bits in (8, 16, 32, 64) for edge in (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)]
BEYOND = [edge for bits in (8, 16, 32) for edge in (-(2 ** (bits - 1)) - 1, 2 ** (bits - 1))]
WHO = ["é", "Z", "a", "10", "9", "a ", "\U0001f600", "漢"]


@pytest.fixture
def database() -> Iterator[Database]:
    with Database(threads=2) as made:
        made.connection.execute("CREATE TABLE orders (customer_id VARCHAR, day BIGINT, word VARCHAR, nothing BIGINT)")
        yield made


def _fill(database: Database, rows: list[tuple[str, int, str]]) -> None:
    database.connection.executemany("INSERT INTO orders VALUES (?, ?, ?, NULL)", rows)


def _sums(database: Database, *, part_rows: int) -> list[dict[str, Any]]:
    with cluster(database, {"orders": database.frame("orders")}, "customer_id") as clustered:
        query = clustered.frame("orders").group_by("customer_id")
        found = query.agg(n=nw.len(), low=nw.col("day").min(), high=nw.col("day").max(), empty=nw.col("nothing").min())
        return [
            {name: values.tolist() for name, values in batch.items()}
            for batch in clustered.iterate(found, rows=1_000, part_rows=part_rows)
        ]


@pytest.mark.parametrize("edge", sorted({*EDGES, *BEYOND}))
def test_whole_numbers_come_back_however_narrowly_they_are_stored(database: Database, edge: int) -> None:
    _fill(database, [("a", edge, "x"), ("b", 0, "y")])
    [found] = _sums(database, part_rows=10)
    assert found["low"] == [edge, 0]
    assert found["high"] == [edge, 0]


def test_customers_stay_whole_and_come_in_the_order_of_their_ids(database: Database) -> None:
    rows = [(who, day, "x") for day in range(30) for place, who in enumerate(WHO) if day % (place + 1) == 0]
    _fill(database, rows)
    assert count_rows(database, database.frame("orders")) == len(rows)
    expected = {who: sum(one == who for one, _, _ in rows) for who in sorted(WHO)}
    for part_rows in (1, 7, 25, 1_000):
        found = _sums(database, part_rows=part_rows)
        counts = [pair for one in found for pair in zip(one["customer_id"], one["n"], strict=True)]
        assert counts == list(expected.items()), part_rows
        assert (len(found) == 1) == (part_rows == 1_000)


def test_nothing_is_left_where_a_query_fails(database: Database) -> None:
    _fill(database, [("a", 1, "x"), ("b", 2, "y")])
    before = _tables(database)
    with cluster(database, {"orders": database.frame("orders")}, "customer_id") as clustered:
        assert _tables(database) != before
        wrong = clustered.frame("orders").with_columns(day=nw.col("word").cast(nw.Int64))
        with pytest.raises(engine_error()):
            list(clustered.iterate(wrong, rows=10, part_rows=10))
    assert _tables(database) == before
    with pytest.raises(KeyError), cluster(database, {"orders": database.frame("orders")}, "customer_id"):
        raise KeyError
    assert _tables(database) == before


def _tables(database: Database) -> list[tuple[str, ...]]:
    return sorted(database.rows_of("SELECT table_name FROM information_schema.tables"))
