"""No later row changes an earlier day: what a log says of a day is what it said when that day began.

Part deliveries, refunds, reversals and receipt numbers used again are rows of their own days, and a purchase that is
taken back whole stands until the day of the return. On Spark the same is asked in ``engines/test_known.py``.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churnrisk.engines import Database, collect_arrays
from churnrisk.orders import Draw, IntakeOptions, mark_undone, read_orders
from churnrisk.orders.drawing import draw_customers
from churnrisk.schema import NEVER, ORDERS, column_names
from churnrisk.timeline import date_of
from support.known import LOOKS, both_sides, same
from support.logs import EngineLog, PlainLog, duckdb_log, logs_with_returns, polars_log


def days_of(log: PlainLog) -> st.SearchStrategy[tuple[PlainLog, int]]:
    """Draw a day to look at: right after a row, or when a window that the row lies in is over."""
    last = sorted({row.day for row in log.rows})
    return st.tuples(st.just(log), st.builds(int.__add__, st.sampled_from(last), st.sampled_from([1, 1, 1, 24, 100])))


LOGS_AND_DAYS = logs_with_returns().flatmap(days_of)
MakeLog = Callable[[PlainLog], EngineLog]


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with Database(threads=1) as opened:
        yield opened


@pytest.fixture(params=["polars", "duckdb"])
def make_log(request: pytest.FixtureRequest, database: Database) -> MakeLog:
    return polars_log if request.param == "polars" else lambda log: duckdb_log(log, database)


@pytest.mark.parametrize("name", LOOKS)
@given(looked=LOGS_AND_DAYS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_said_of_a_day_is_what_was_known_then(
    name: str, looked: tuple[PlainLog, int], make_log: MakeLog
) -> None:
    log, day = looked
    whole, then = both_sides(make_log, log, day, name)
    assert same(whole, then), (whole, then)


@given(looked=logs_with_returns(customers=6).flatmap(days_of), most=st.integers(1, 4))
@settings(max_examples=30)
def test_who_is_drawn_is_drawn_by_what_was_known(looked: tuple[PlainLog, int], most: int, database: Database) -> None:
    log, day = looked
    draw, drawn = Draw(most, before=day, lookback=40, seed=1), []
    for each in (log, log.keep(lambda row: row.day < day)):
        duckdb_log(each, database).frame()
        drawn.append(draw_customers(database.rows_of, "orders", draw))
    assert drawn[0] == drawn[1]


@given(log=logs_with_returns(), reversals=st.sampled_from(["undo", "undo", "keep"]), days=st.sampled_from([0, 7, 30]))
@settings(max_examples=200)
def test_few_orders_are_undone_as_the_definition_says(log: PlainLog, reversals: str, days: int) -> None:
    orders = log.orders(reversals=reversals, reversal_days=days)
    expected = [tuple(getattr(one, name) for name in column_names(ORDERS)) for one in orders]
    bare = [(*order[:7], 0, order[8], NEVER) for order in expected]
    how: dict[str, Any] = {"reversals": reversals, "reversal_days": days}
    assert mark_undone(bare, has_amounts=log.has_amounts, **how) == expected
    assert mark_undone(expected, has_amounts=log.has_amounts, **how) == expected


def write_log(log: PlainLog, path: Path) -> Path:
    """Write the rows of a log as a shop's export."""
    names = ["customer_id", "order_id", "ordered_at", *(["amount"] if log.has_amounts else []), "quantity"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        for row in log.rows:
            told = {"amount": row.amount / 10_000, "quantity": row.quantity / 10_000}
            where = {"customer_id": row.customer, "order_id": row.order, "ordered_at": date_of(row.day).isoformat()}
            writer.writerow(where | told)
    return path


def with_ids(log: PlainLog) -> PlainLog:
    """Fill in an order id for every row: a cell left empty has another meaning where others are filled."""
    return log.each(lambda row: replace(row, order=row.order or "4"))


@given(looked=logs_with_returns().map(with_ids).flatmap(days_of))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_so_it_is_of_a_file(looked: tuple[PlainLog, int], tmp_path: Path) -> None:
    """The same through intake, which finds what is undone itself."""
    log, day = looked
    first, last = min(row.day for row in log.rows), max(row.day for row in log.rows)
    then = log.keep(lambda row: row.day < day)
    told: list[dict[str, Any]] = []
    for each, until in ((log, max(last, day - 1)), (then, day - 1)):
        with read_orders(str(write_log(each, tmp_path / "log.csv")), IntakeOptions()) as orders:
            orders.first_day, orders.last_day = first, until
            told.append({name: look(orders, day) for name, look in LOOKS.items()})
    for name in LOOKS:
        assert same(told[0][name], told[1][name]), (name, told[0][name], told[1][name])


@given(log=logs_with_returns().map(with_ids))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_intake_undoes_what_the_definition_says(log: PlainLog, tmp_path: Path) -> None:
    names = column_names(ORDERS)
    with read_orders(str(write_log(log, tmp_path / "log.csv")), IntakeOptions()) as orders:
        found = collect_arrays(orders.frame(), sort_by=["customer_id", "order_id", "order_day"])
    rows = sorted(zip(*(found[name].tolist() for name in names), strict=True))
    assert rows == sorted(tuple(getattr(one, name) for name in names) for one in log.orders())
