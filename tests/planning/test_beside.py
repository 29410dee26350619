"""Tables that look as if they knew the future are named, each beside an honest one of the same kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from churnrisk.dated import DatedSource
from churnrisk.orders import IntakeOptions, read_orders
from churnrisk.planning import beside, question_tables
from churnrisk.planning.beside import judge_tables
from churnrisk.timeline import day_number

CUSTOMERS, FIRST, LAST = 40, dt.date(2023, 1, 1), dt.date(2024, 12, 31)
Row = Callable[[int], tuple[object, ...]]


def day(offset: int) -> dt.date:
    return FIRST + dt.timedelta(days=offset)


def write(path: Path, head: str, *rows: Row) -> Path:
    lines = [",".join(map(str, row(k))) for row in rows for k in range(CUSTOMERS)]
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


def questioned(folder: Path, head: str, *rows: Row, as_of: dt.date | None = None, fixed: bool = False) -> str:
    log = write(folder / "log.csv", "customer_id,ordered_at", lambda k: (f"c{k}", day(k)), lambda k: (f"c{k}", LAST))
    family = "attributes" if "valid_from" in head else "events"
    path = write(folder / "t.csv", head, *rows)
    declared = DatedSource(source=str(path), family=family, is_fixed=fixed)
    with read_orders(log, IntakeOptions(tables={"t": declared})) as orders:
        return question_tables(orders, day_number(as_of or LAST) + 1).get("t", "")


def early(k: int) -> tuple[object, ...]:
    return f"c{k}", day(30 + k), "a"


def late(k: int) -> tuple[object, ...]:
    return f"c{k}", day(600 + k), "b"


EVENTS = "customer_id,happened_at,kind"


def test_rows_of_two_years_are_not_questioned(tmp_path: Path) -> None:
    assert questioned(tmp_path, EVENTS, early, late) == ""


def test_rows_that_begin_near_the_end_are_and_the_end_is_that_of_the_training(tmp_path: Path) -> None:
    assert questioned(tmp_path, EVENTS, late) == beside.BEGINS_LATE
    assert questioned(tmp_path, EVENTS, early, late, as_of=day(100)) == beside.BEGINS_LATE


def test_rows_of_one_day_are(tmp_path: Path) -> None:
    assert questioned(tmp_path, EVENTS, lambda k: (f"c{k}", day(30), "a")) == beside.ONE_DAY


@pytest.mark.parametrize("header", ["updated_at", "Last Modified", "Data aktualizacji", "Дата на промяна"])
def test_a_column_of_the_last_change_is_unless_it_says_when_a_row_was_known(tmp_path: Path, header: str) -> None:
    rows = [lambda k: (*early(k), day(700)), lambda k: (*late(k), day(700))]
    assert questioned(tmp_path, f"{EVENTS},{header}", *rows) == beside.CHANGED_SINCE
    known = [lambda k: (*early(k), day(700), day(31 + k)), lambda k: (*late(k), day(700), day(650))]
    assert questioned(tmp_path, f"{EVENTS},{header},recorded_at", *known) == ""


def test_check_names_the_column(tmp_path: Path) -> None:
    log = write(tmp_path / "log.csv", "customer_id,ordered_at", lambda k: (f"c{k}", day(k)), lambda k: (f"c{k}", LAST))
    table = write(tmp_path / "t.csv", f"{EVENTS},updated_at", lambda k: (*early(k), day(700)))
    with read_orders(log, IntakeOptions(tables={"t": DatedSource(source=str(table))})) as orders:
        [told] = judge_tables(orders)
    assert "updated_at" in told.reason


def test_attributes_without_history_are_unless_they_never_change(tmp_path: Path) -> None:
    def one(k: int) -> tuple[object, ...]:
        return f"c{k}", day(k), "gold"

    head = "customer_id,valid_from,tier"
    assert questioned(tmp_path, head, one) == beside.NO_HISTORY
    assert questioned(tmp_path, head, one, fixed=True) == ""
    assert questioned(tmp_path, head, one, lambda k: (f"c{k}", day(400), "basic")) == ""


def test_dates_written_over_since_are_and_dates_of_what_will_be_are_not(tmp_path: Path) -> None:
    def rows(told: Callable[[int, int], dt.date]) -> list[Row]:
        return [lambda k: (f"c{k}", day(k), told(k, k)), lambda k: (f"c{k}", day(400 + k), told(k, 400 + k))]

    head = "customer_id,valid_from,last_visit"
    assert questioned(tmp_path, head, *rows(lambda k, _: day(690 + k))) == beside.REFRESHED
    assert questioned(tmp_path, head, *rows(lambda _, valid: day(valid - 5))) == ""
    assert questioned(tmp_path, head, *rows(lambda _, valid: day(valid + 365))) == "", "as of a contract that ends"
