"""Whose an order is: ids of nobody, the next identifier of the row, and what is said about ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from churnrisk.engines import collect_arrays
from churnrisk.errors import TooManyRejects
from churnrisk.orders import IntakeOptions, IntakeReport, read_orders

GUESTS = [
    "0", "-1", "0.0", "guest", "GUEST", "Guest Customer", "Walk-in", "walk_in customer", "Гост", "клиент на дребно",
    "Gość", "Klient detaliczny", "госць", "Рознічны пакупнік", "Розничный покупатель", "гость", "Gastkunde", "NULL",
    "None", "nan",
]  # fmt: skip


def read(path: Path, header: str, *rows: str, **options: Any) -> tuple[list[str], IntakeReport]:
    """Return the customer of each order, sorted, and the account."""
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    with read_orders(path, IntakeOptions(**options)) as orders:
        found = collect_arrays(orders.frame(), sort_by=["customer_id", "order_day"])["customer_id"].tolist()
        return found, orders.report


HEADER = "order_id,customer_id,email,phone,date,amount"


@pytest.mark.parametrize("guest", GUESTS)
def test_guests_are_told_apart_by_what_else_the_row_has(guest: str, tmp_path: Path) -> None:
    rows = (
        f"1,{guest},Ann@example.com ,,2024-01-01,10",
        f"2,{guest},ann@example.com,600,2024-01-02,10",
        f"3,{guest},nan,+48 600-100-200,2024-01-03,10",
        f"4,{guest},,,2024-01-04,10",
        "5,7,ann@example.com,,2024-01-05,10",
    )
    found, report = read(tmp_path / "log.csv", HEADER, *rows)
    assert found == ["+48600100200", "7", "ann@example.com", "ann@example.com"]
    assert report.rows_without_customer == 1
    assert any(f"{guest!r} 4" in notice for notice in report.notices)


def test_an_empty_id_is_a_guest_as_well_and_its_row_is_checked_like_others(tmp_path: Path) -> None:
    rows = (
        ",a@example.com,,2024-01-01,10",
        ",b@example.com,,soon,10",
        ",c@example.com,,2024-01-03,abc",
        ",,,2024-01-04,10",
        ",,,soon,10",
        "7,d@example.com,,2024-01-05,10",
    )
    found, report = read(tmp_path / "log.csv", HEADER, *(f"{n},{row}" for n, row in enumerate(rows)), reject_limit=0.6)
    assert found == ["7", "a@example.com"]
    assert (report.rows_rejected, report.rows_without_customer, report.rows_used) == (2, 2, 2)
    assert {row.line for row in report.rejected_rows} == {3, 4}


def test_a_word_for_guests_is_found_among_many_customers(tmp_path: Path) -> None:
    rows = [f"{n},c{n % 80},,,2024-01-{n % 28 + 1:02},10" for n in range(240)]
    words = [*GUESTS, "WALK-IN"]
    rows += [f"g{n},{word},,,2024-01-05,10" for n, word in enumerate(words)]
    _, report = read(tmp_path / "log.csv", HEADER, *rows, reject_limit=0.2)
    assert (report.customers, report.rows_without_customer) == (80, len(words))


def test_zero_is_a_customer_where_ids_count_from_it(tmp_path: Path) -> None:
    rows = [f"{n},{n % 3},2024-01-{n + 1:02},10" for n in range(9)]
    _, report = read(tmp_path / "log.csv", "order_id,customer_id,date,amount", *rows)
    assert (report.customers, report.rows_without_customer) == (3, 0)
    many = [f"1{n},0,2024-02-{n + 1:02},10" for n in range(9)]
    with pytest.raises(TooManyRejects, match="Ids that stand for nobody: '0'"):
        read(tmp_path / "log.csv", "order_id,customer_id,date,amount", *rows, *many)


def test_names_that_look_like_words_of_programs_are_customers(tmp_path: Path) -> None:
    rows = [f"{n},{name},2024-01-01,10" for n, name in enumerate(["Nan", "Nat", "NA", "Walker", "Guestrow"])]
    _, report = read(tmp_path / "log.csv", "order_id,customer_id,date,amount", *rows)
    assert report.customers == 5


def test_too_many_rows_of_nobody_stop_with_the_option(tmp_path: Path) -> None:
    rows = ["1,guest,2024-01-01,10", "2,guest,2024-01-02,10", "3,a,2024-01-03,10"]
    with pytest.raises(TooManyRejects, match=r"2 of 3 rows name no customer.*--no-customer-limit"):
        read(tmp_path / "log.csv", "order_id,customer_id,date,amount", *rows)
    found, _ = read(tmp_path / "log.csv", "order_id,customer_id,date,amount", *rows, no_customer_limit=0.7)
    assert found == ["a"]


def test_what_ids_look_like_is_said(tmp_path: Path) -> None:
    rows = [f"{n},big,2024-01-{n + 1:02},10" for n in range(9)] + ["20,Ann,2024-01-01,5", "21,ann,2024-01-01,5"]
    rows += [f"3{n},{name},2024-01-01,5" for n, name in enumerate(["b", "c", "1.2E+15"])]
    _, report = read(tmp_path / "log.csv", "order_id,customer_id,date,amount", *rows)
    said = " ".join(report.notices)
    assert "64% of all orders are of one customer id, 'big'" in said
    assert "1 customer ids differ from others by upper and lower case" in said
    assert "1.2E+15" in said
