"""Tables of a real PostgreSQL server, started by the test run and gone with it."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path

import pytest

from churnrisk.errors import ColumnError, OutputError, SettingsError, SourceError
from churnrisk.orders import IntakeOptions, read_orders
from churnrisk.sources.databases import write_database_table


@pytest.fixture(scope="module")
def server(postgres_server: str) -> str:
    """The URL of a database on a server of this test run."""
    return postgres_server


@pytest.fixture
def orders_table(server: str) -> str:
    import psycopg

    with psycopg.connect(server) as connection:
        connection.execute("DROP TABLE IF EXISTS orders")
        connection.execute(
            "CREATE TABLE orders "
            "(customer_id text, ordered_at timestamptz, amount numeric(12, 3), order_id bigint, note text)"
        )
        rows = [("007", "2024-01-05 23:30:00+00", "1.234", 1), ("é;\"'\n", "2024-02-01 10:00:00+02", "-5", 2)]
        for row in rows:
            connection.execute("INSERT INTO orders VALUES (%s, %s, %s, %s, 'a, \"b\"\nc')", row)
    return server


def test_a_table_reads_as_its_export_does(orders_table: str, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(
        'customer_id,ordered_at,amount,order_id\n007,2024-01-05 23:30:00,1.2340,1\n"é;""\'",2024-02-01 08:00:00,-5,2\n'
    )
    with read_orders(path) as wanted, read_orders(f"{orders_table}?table=orders") as found:
        assert found.fingerprint == wanted.fingerprint
        assert found.report.format == "PostgreSQL"
    query = "SELECT * FROM public.orders WHERE order_id = 1;"
    with read_orders(orders_table, IntakeOptions(query=query)) as found:
        assert found.report.rows_in == 1
    with read_orders(f"{orders_table}?table=public.orders", IntakeOptions(timezone="Europe/Sofia")) as found:
        assert found.report.first_on == "2024-01-06"


@pytest.mark.parametrize(("bad", "is_refused"), [("true", 1), ("ARRAY[1]", 1), ("'{}'::jsonb", 1), ("7", 0)])
def test_a_column_of_what_no_id_can_be_is_refused(orders_table: str, bad: str, is_refused: int) -> None:
    query = f"SELECT {bad} AS customer_id, ordered_at, amount FROM orders"
    with contextlib.ExitStack() as stack:
        if is_refused:
            stack.enter_context(pytest.raises(ColumnError, match="customer_id holds truth values, lists or objects"))
        read_orders(orders_table, IntakeOptions(query=query)).close()


def test_refusals_never_show_a_password(orders_table: str) -> None:
    with pytest.raises(SourceError, match="nowhere"):
        read_orders(f"{orders_table}?table=nowhere")
    with pytest.raises(SettingsError, match="table="):
        read_orders(orders_table)
    with pytest.raises(SourceError) as caught:
        read_orders("postgresql://shop:hunter2@127.0.0.1:1/db?table=orders")
    assert "hunter2" not in str(caught.value)
    with pytest.raises(SourceError):
        read_orders(orders_table, IntakeOptions(query="DELETE FROM orders RETURNING *"))
    with read_orders(f"{orders_table}?table=orders") as found:
        assert found.report.rows_in == 2


def scores(as_of: dt.date, *values: float | None) -> dict[str, list[object]]:
    ids = [f"c{k}" for k in range(len(values))]
    return {
        "customer_id": [*ids],
        "as_of": [as_of] * len(ids),
        "churn_probability": [*values],
        "order_count": [1] * len(ids),
    }


def test_written_rows_replace_those_of_their_day(server: str) -> None:
    import psycopg

    url = f"{server}?table=scores"
    write_database_table(url, scores(dt.date(2024, 1, 1), 0.5, 0.25))
    write_database_table(url, scores(dt.date(2024, 1, 2), 0.75))
    assert write_database_table(url, scores(dt.date(2024, 1, 1), 0.125, None)) == 2
    with psycopg.connect(server) as connection:
        found = connection.execute("SELECT * FROM scores ORDER BY as_of, customer_id").fetchall()
    assert found == [
        ("c0", dt.date(2024, 1, 1), 0.125, 1),
        ("c1", dt.date(2024, 1, 1), None, 1),
        ("c0", dt.date(2024, 1, 2), 0.75, 1),
    ]


def test_a_failed_write_leaves_what_was_there(server: str) -> None:
    import psycopg

    url = f"{server}?table=kept"
    write_database_table(url, scores(dt.date(2024, 1, 1), 0.5))
    broken = scores(dt.date(2024, 1, 1), 0.75) | {"order_count": ["many"]}
    with pytest.raises(OutputError, match="PostgreSQL says"):
        write_database_table(url, broken)
    with psycopg.connect(server) as connection:
        assert connection.execute("SELECT churn_probability FROM kept").fetchall() == [(0.5,)]


def test_a_table_is_given_the_columns_that_it_lacks(server: str) -> None:
    """A column comes with an option, such as the reasons or the change since the last run; earlier rows have none."""
    import psycopg

    url = f"{server}?table=grown"
    write_database_table(url, scores(dt.date(2024, 1, 1), 0.5))
    write_database_table(url, scores(dt.date(2024, 1, 2), 0.75) | {'why "so"': ["silent"]})
    write_database_table(url, scores(dt.date(2024, 1, 3), 0.25))
    with psycopg.connect(server) as connection:
        found = connection.execute('SELECT churn_probability, "why ""so""" FROM grown ORDER BY as_of').fetchall()
    assert found == [(0.5, None), (0.75, "silent"), (0.25, None)]
