"""A database gives memory back while others need it."""

from __future__ import annotations

from churnrisk.engines import Database


def limit_of(database: Database) -> str:
    [(limit,)] = database.rows_of("SELECT current_setting('memory_limit')")
    return str(limit)


def test_room_is_made_of_the_engines_part() -> None:
    with Database(memory="2GB") as database:
        database.connection.execute(
            "CREATE TEMP TABLE numbers AS SELECT range AS n, hash(range) AS h FROM range(300000)"
        )
        before, whole = database.rows_of("SELECT sum(n), sum(h) FROM numbers"), limit_of(database)
        database.make_room(0)
        assert limit_of(database) == whole, "nothing is taken"
        database.make_room(500_000_000)
        assert limit_of(database) == "896.4 MiB"
        database.make_room()
        assert limit_of(database) == "238.4 MiB"
        assert database.rows_of("SELECT sum(n), sum(h) FROM numbers") == before


def test_where_no_memory_was_set_the_limit_stays() -> None:
    with Database() as database:
        before = limit_of(database)
        database.make_room()
        assert limit_of(database) == before


def test_as_many_workers_as_threads_and_memory_allow() -> None:
    with Database(threads=3) as database:
        assert database.count_workers(10**12, each=10**9) == 3  # no memory was set
    with Database(threads=3, memory="600MiB") as database:
        assert database.count_workers(10**12, each=10**9) == 3  # that is the engine's own
    with Database(threads=3, memory="2GB") as database:
        counts = [database.count_workers(700_000_000, each=each) for each in (10**6, 300 * 10**6, 600 * 10**6, 10**9)]
        assert counts == [3, 2, 1, 1]
        assert database.count_workers(10**10, each=1) == 1
