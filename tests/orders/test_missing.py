"""Words for nothing and the errors of spreadsheets are no values, and say nothing about how a column is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnrisk.engines import collect_arrays
from churnrisk.errors import ColumnError
from churnrisk.orders import IntakeOptions, read_orders
from churnrisk.orders.missing import MISSING_WORDS

ERRORS = ("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#WERT!", "#ARG!", "#ДЕЛ/0!")


def reasons(folder: Path, rows: list[str], header: str = "customer;date;total") -> dict[int, tuple[str, str, str]]:
    path = folder / "log.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    with read_orders(path, IntakeOptions(reject_limit=0.9)) as orders:
        return {one.line: (one.column, one.value, one.reason) for one in orders.report.rejected_rows}


@pytest.mark.parametrize("good", [("2024-01-05", "1.5"), ("13.01.2024", "1,5"), ("5 stycznia 2024", "1,50 zł")])
def test_words_for_nothing_are_no_amount_and_no_date(good: tuple[str, str], tmp_path: Path) -> None:
    date, amount = good
    for words in (MISSING_WORDS[:5], MISSING_WORDS[5:10], MISSING_WORDS[10:]):
        rows = [f"a;{date};{amount}"] * 3
        rows += [line for word in words for line in (f"b;{word};{amount}", f"b;{date};{word}")]
        found = reasons(tmp_path, rows)
        wanted = [one for word in words for one in (("date", word, "no date"), ("total", word, "no amount"))]
        assert [found[line] for line in sorted(found)] == wanted


@pytest.mark.parametrize("good", [("2024-01-05", "1.5"), ("13.01.2024", "1,5")])
@pytest.mark.parametrize("error", ERRORS)
def test_errors_of_spreadsheets_are_named(error: str, good: tuple[str, str], tmp_path: Path) -> None:
    date, amount = good
    rows = [f"a;{date};{amount};2", f"a;{error};{amount};2", f"a;{date};{error};2", f"a;{date};{amount};{error}"]
    found = reasons(tmp_path, rows, "customer;date;total;quantity")
    assert found == {
        line: (column, error, "an error of a spreadsheet")
        for line, column in ((3, "date"), (4, "total"), (5, "quantity"))
    }


def test_a_number_under_a_format_of_dates_is_named(tmp_path: Path) -> None:
    [(column, value, reason)] = reasons(tmp_path, ["a;2024-01-05;1.5", "a;2024-01-06;1900-02-14 12:00:00"]).values()
    assert (column, value) == ("total", "1900-02-14 12:00:00")
    assert reason.startswith("a date and no amount")


def test_a_column_of_such_words_is_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("customer,date,total,quantity\na,2024-01-05,NULL,\nb,2024-01-06,NULL,NULL\n")
    with pytest.raises(ColumnError, match="total is there and is empty"):
        read_orders(path)
    with read_orders(path, IntakeOptions(no_amounts=True)) as orders:
        assert not orders.has_amounts
        assert orders.report.rows_used == 2


def test_a_quantity_that_is_missing_counts_as_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("customer,date,total,quantity\na,2024-01-05,1.5,2\nb,2024-01-06,1.5,NULL\nc,2024-01-06,1.5,\n")
    with read_orders(path) as orders:
        assert collect_arrays(orders.frame(), sort_by=["customer_id"])["quantity"].tolist() == [20_000, 0, 0]


def test_names_of_people_are_no_words_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("customer,date,total\nNat,2024-01-05,1.5\nNan,2024-01-06,1.5\nNA,2024-01-06,1.5\n")
    with read_orders(path) as orders:
        assert orders.report.customers == 3
    assert not {"Nat", "Nan", "NA"} & set(MISSING_WORDS)
