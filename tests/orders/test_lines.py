"""Rows that are no purchase rows by themselves: further lines of an order, sums, copies, cells without a value."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churnrisk.errors import ColumnError, SourceError
from churnrisk.orders import IntakeOptions, read_customers, read_list, read_opted_out, read_orders

HEADER = "order_id;customer_id;order_date;status;product;total"
Line = tuple[str, str, str, str, str, str]


def write(path: Path, lines: list[Line] | list[str], header: str = HEADER) -> Path:
    texts = [line if isinstance(line, str) else ";".join(line) for line in lines]
    path.write_text("\n".join([header, *texts]) + "\n", encoding="utf-8")
    return path


def fingerprint(path: Path, **options: object) -> str:
    with read_orders(path, IntakeOptions(**options)) as orders:  # type: ignore[arg-type]
        return orders.fingerprint


orders_of_lines = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(1, 28), st.lists(st.integers(-50, 5000), min_size=1, max_size=4)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=orders_of_lines, keeps_id=st.booleans(), keeps_day=st.booleans())
def test_lines_that_continue_an_order_belong_to_it(
    made: list[tuple[str, int, list[int]]], keeps_id: bool, keeps_day: bool, tmp_path: Path
) -> None:
    """With the order id on each line or without; with the day (which needs the id) or without."""
    whole: list[Line] = []
    cut: list[Line] = []
    for number, (customer, day, amounts) in enumerate(made):
        for place, amount in enumerate(amounts):
            full = (f"n{number}", f"c{customer}", f"2024-03-{day:02}", "paid", f"thing {place}", f"{amount}.50")
            whole.append(full)
            is_dated = keeps_id and keeps_day
            rest = (full[0] if keeps_id else "", "", full[2] if is_dated else "", "", full[4], full[5])
            cut.append(rest if place else full)
    assert fingerprint(write(tmp_path / "cut.csv", cut)) == fingerprint(write(tmp_path / "whole.csv", whole))


def test_a_line_without_an_amount_adds_nothing_and_all_are_counted(tmp_path: Path) -> None:
    lines = ["n1;ann;2024-03-01;paid;cup;10.50", ";;;;plate;", ";;;;bowl;", "n2;bob;2024-03-02;paid;cup;3.00"]
    with read_orders(write(tmp_path / "log.csv", lines)) as orders:
        report = orders.report
        assert (report.rows_in, report.rows_used, report.orders) == (4, 4, 2)
        assert any(notice.startswith("2 rows continue") for notice in report.notices)


def test_a_row_with_a_day_of_its_own_and_no_customer_stays_without_one(tmp_path: Path) -> None:
    lines = ["n1;ann;2024-03-01;paid;cup;10.50", "n2;;2024-03-02;paid;cup;3.00", "n1;ann;2024-03-01;paid;cup;1.00"]
    with read_orders(write(tmp_path / "log.csv", lines)) as orders:
        assert (orders.report.rows_without_customer, orders.report.rows_used) == (1, 2)
        assert not any("continue" in notice for notice in orders.report.notices)


def test_rows_without_a_day_that_continue_nothing_are_rejected(tmp_path: Path) -> None:
    first = [
        ";;;;cup;5.00",
        "n1;bob;;paid;cup;2.00",
        "n1;ann;2024-03-01;paid;cup;10.50",
        "n1;bob;;paid;cup;3.00",
        "n9;bob;;paid;cup;3.00",
        ";;;;;14.00",
    ]
    with read_orders(write(tmp_path / "log.csv", first), IntakeOptions(reject_limit=1)) as orders:
        assert (orders.report.rows_used, orders.report.orders) == (1, 1)


SUMS = {
    "total": "Total;;2024-03-31;;;150.00",
    "the customer": ";Razem;2024-03-31;;;150.00",
    "both": "Итого;Итого;;;;150.00",
    "a colon": ";Grand total:;2024-03-31;;;150.00",
    "in capitals": ";ОБЩО;;;;150.00",
    "in the place of the day": ";;Celkem;;;150.00",
    "between": ";Междинна сума:;;;;150.00",
}


@pytest.mark.parametrize("name", SUMS)
def test_a_row_of_totals_is_no_order_and_no_reject(name: str, tmp_path: Path) -> None:
    lines = [f"n{k};c{k % 3};2024-03-{k + 1:02};paid;cup;10.00" for k in range(6)]
    plain = fingerprint(write(tmp_path / "plain.csv", lines))
    path = write(tmp_path / "sums.csv", [*lines[:3], SUMS[name], *lines[3:], SUMS[name]])
    with read_orders(path, IntakeOptions(reject_limit=0)) as orders:
        assert orders.fingerprint == plain
        assert orders.report.rows_in == 6
        [notice] = [notice for notice in orders.report.notices if "totals" in notice]
        assert "2 rows" in notice
        assert "line 5; line 9" in notice


def test_a_customer_or_a_product_of_that_name_stays(tmp_path: Path) -> None:
    lines = [
        "n1;Total;2024-03-01;paid;cup;10.00",
        "n2;ann;2024-03-02;paid;total;5.00",
        "n3;Total;2024-03-04;paid;cup;1.00",
    ]
    with read_orders(write(tmp_path / "log.csv", lines)) as orders:
        assert orders.report.rows_used == 3
    path = write(tmp_path / "days.csv", ["Total;2024-03-01;5", "Total;2024-03-02;6"], "customer;date;amount")
    with read_orders(path) as orders:
        assert orders.report.rows_used == 2


def test_an_order_that_two_files_have_counts_once(tmp_path: Path) -> None:
    def order(number: int) -> list[str]:
        start = f"n{number};c{number % 3};2024-{number // 9 + 1:02}-11;paid"
        return [f"{start};cup;4.00", f"{start};cup;4.00", f"{start};pan;9.00"]

    folder = tmp_path / "exports"
    folder.mkdir()
    lines = [line for number in range(30) for line in order(number)]
    write(folder / "1.csv", lines[:60])
    write(folder / "2.csv", lines[45:])  # the last five orders of the first file are in the second, too
    with read_orders(folder) as orders:
        assert orders.fingerprint == fingerprint(write(tmp_path / "whole.csv", lines))
        assert (orders.report.rows_in, orders.report.duplicates_dropped) == (105, 15)
        assert any("2.csv" in notice and notice.startswith("15 rows") for notice in orders.report.notices)


def test_parts_of_an_order_in_two_files_are_kept_and_said(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", ["n1;ann;2024-03-01;paid;cup;10.00", "n2;bob;2024-03-01;paid;cup;10.00"])
    write(tmp_path / "2.csv", ["n1;ann;2024-04-01;paid;pan;10.00", "n2;ann;2024-03-01;paid;cup;10.00"])
    with read_orders(tmp_path) as orders:
        assert (orders.report.rows_used, orders.report.duplicates_dropped) == (4, 0)
        assert any(notice.startswith("1 orders stand in several files") for notice in orders.report.notices)


def make_book(path: Path, *, hidden: str = "") -> Path:
    book = xlsxwriter.Workbook(path)
    date = book.add_format({"num_format": "dd.mm.yyyy"})
    for year, rows in (("2023", 40), ("2024", 50), ("Notes", 0)):
        sheet = book.add_worksheet(year)
        if year == hidden:
            sheet.hide()
        if not rows:
            sheet.write_row(0, 0, ["who", "what"])
            continue
        sheet.write_row(0, 0, ["customer_id", "date", "amount", "remark"])
        for row in range(rows):
            sheet.write_row(row + 1, 0, [f"c{row % 7}", f"{year}-05-{row % 28 + 1:02}", row + 1])
    sheet.write_row(1, 0, ["a", "b"])
    last = book.get_worksheet_by_name("2024")
    last.write_formula(10, 2, "=NA()", None, "#N/A")
    last.write_formula(11, 0, "=A99/0", None, "#DIV/0!")
    last.write_formula(12, 3, "=NA()", None, "#N/A")  # nobody uses it
    last.write_number(13, 2, 45.0, date)
    book.worksheets_objs[0 if hidden != "2023" else 1].activate()
    book.close()
    return path


def test_sheets_with_one_header_are_read_together(tmp_path: Path) -> None:
    with read_orders(make_book(tmp_path / "log.xlsx")) as orders:
        report = orders.report
        assert (report.rows_in, report.rows_rejected) == (90, 3)
        assert any("'2023', '2024'" in notice for notice in report.notices)
        reasons = {(row.file, row.line): (row.column, row.value, row.reason) for row in report.rejected_rows}
        assert reasons["2024", 11] == ("amount", "#N/A", "an error of a formula in the workbook")
        assert reasons["2024", 12] == ("customer_id", "#DIV/0!", "an error of a formula in the workbook")
        assert reasons["2024", 14][2] == "a date and no amount; a cell of numbers may have a date's format"


def test_a_hidden_sheet_is_read_only_by_its_name(tmp_path: Path) -> None:
    path = make_book(tmp_path / "log.xlsx", hidden="2023")
    with read_orders(path, IntakeOptions(reject_limit=0.1)) as orders:
        assert (orders.report.rows_in, orders.report.first_on[:4]) == (50, "2024")
        assert any("2023" in notice and "idden" in notice for notice in orders.report.notices)
    with read_orders(path, IntakeOptions(table="2023")) as orders:
        assert orders.report.rows_in == 40


def test_a_book_without_a_visible_sheet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.xlsx"
    book = xlsxwriter.Workbook(path)
    book.add_worksheet("Front")
    sheet = book.add_worksheet("Old")
    sheet.write_row(0, 0, ["customer_id", "date", "amount"])
    sheet.write_row(1, 0, ["a", "2024-01-05", 5])
    sheet.hide()
    book.close()
    with pytest.raises(SourceError, match="hidden: Old"):
        read_orders(path)


def write_json(path: Path, records: list[object]) -> Path:
    path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    return path


@pytest.mark.parametrize("bad", [["c1"], {"id": "c1"}, True, [], {}])
@pytest.mark.parametrize("role", ["customer_id", "order_id"])
def test_an_id_that_is_no_text_sets_its_row_aside(role: str, bad: object, tmp_path: Path) -> None:
    good = [{"customer_id": f"c{k}", "order_id": k, "date": f"2024-01-0{k + 1}", "amount": 1.5} for k in range(5)]
    records = [*good[:2], good[0] | {role: bad}, *good[2:]]
    with read_orders(write_json(tmp_path / "log.jsonl", list(records)), IntakeOptions(reject_limit=0.5)) as orders:
        [row] = orders.report.rejected_rows
        assert (row.line, row.column, row.value) == (3, role, json.dumps(bad))
        assert orders.fingerprint == fingerprint(write_json(tmp_path / "good.jsonl", list(good)))


def test_parts_of_an_object_are_columns(tmp_path: Path) -> None:
    records = [
        {
            "id": k,
            "date": "2024-01-05",
            "total": 2,
            "customer": {"id": f"c{k}", "city": "Lom"},
            "tags": ["a"],
            "ok": True,
        }
        for k in range(3)
    ]
    with read_orders(write_json(tmp_path / "log.jsonl", list(records))) as orders:
        assert orders.report.columns["customer_id"] == "customer.id"
        assert orders.report.customers == 3
        assert "customer.city" in orders.report.ignored_columns


def test_objects_with_names_that_are_values_do_not_fill_the_columns(tmp_path: Path) -> None:
    records = [
        {"customer": "a", "date": "2024-01-05", "total": 2, "items": {f"s{k}": 1, f"t{k}": 2}} for k in range(300)
    ]
    with read_orders(write_json(tmp_path / "log.jsonl", list(records)), IntakeOptions(max_columns=110)) as orders:
        assert orders.report.rows_used == 300


TWINS = [
    '{"customer_id": "c9", "customer_id": "c1", "order_id": 9, "date": "2024-01-02", "amount": 1}',
    '{"customer_id": "c9", "order_id": 9, "date": "2024-01-02", "amount": 1, "amount": 1}',
    '{"customer_id": "c9", "order_id": 9, "date": "2024-01-02", "amount": 1, "more": {"a": 1, "a": 2}}',
    '{"customer_id": "c9", "order_id": 9, "date": "2024-01-02", "amount": 1, "x": [[{"x": {"a": 1, "\\u0061": 2}}]]}',
]


@pytest.mark.parametrize("twins", TWINS, ids=range(len(TWINS)))
@pytest.mark.parametrize("form", ["lines", "array"])
def test_a_name_that_stands_twice_in_an_object_sets_its_row_aside(form: str, twins: str, tmp_path: Path) -> None:
    good = [
        json.dumps({"customer_id": f"c{k}", "order_id": k, "date": f"2024-01-0{k + 1}", "amount": 1.5})
        for k in range(5)
    ]
    texts = {}
    for name, rows in (("log", [*good[:2], twins, *good[2:]]), ("good", good)):
        texts[name] = "\n".join(rows) if form == "lines" else f"[{', '.join(rows)}]"
        (tmp_path / f"{name}.json").write_text(texts[name], encoding="utf-8")
    with read_orders(tmp_path / "log.json", IntakeOptions(reject_limit=0.5)) as orders:
        [row] = orders.report.rejected_rows
        assert row.line == 3
        assert "twice" in row.reason
        assert orders.fingerprint == fingerprint(tmp_path / "good.json")


@pytest.mark.parametrize("bad", [True, ["a"], {"a": 1}])
@pytest.mark.parametrize("role", ["customer_id", "order_id"])
@pytest.mark.parametrize("form", ["frame", "parquet"])
def test_a_column_of_what_no_id_can_be_is_no_column_of_ids(form: str, role: str, bad: object, tmp_path: Path) -> None:
    frame = pd.DataFrame({"customer_id": list("abcde"), "order_id": range(5), "date": "2024-01-05", "amount": 1.5})
    for value in (bad, "c"):
        frame[role] = pd.Series([value] * 5, dtype=object)
        if form == "parquet":
            duckdb.from_df(frame).write_parquet(str(tmp_path / "log.parquet"))
        source = tmp_path / "log.parquet" if form == "parquet" else frame
        if value == bad:
            with pytest.raises(ColumnError, match=f"{role} holds truth values, lists or objects"):
                read_orders(source)
        else:
            with read_orders(source) as orders:
                assert orders.report.rows_used == 5


@pytest.mark.parametrize("bad", [True, ["a", "b"], {"id": "a"}])
@pytest.mark.parametrize("read", [read_list, read_opted_out, read_customers], ids=lambda one: one.__name__)
def test_no_row_of_a_list_whose_id_is_none_is_passed_over(
    read: Callable[[Path, IntakeOptions], object], bad: object, tmp_path: Path
) -> None:
    path = write_json(tmp_path / "list.jsonl", [{"customer_id": "c1"}, {"customer_id": bad}])
    with pytest.raises(ColumnError, match=r"line 2, customer_id.*must be a text or a number"):
        read(path, IntakeOptions())


@pytest.mark.parametrize("bad", ['{"customer_id": "b", "customer_id": "c"}', "{broken", '"b"'])
def test_no_row_of_a_list_that_cannot_be_read_is_passed_over(bad: str, tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    path.write_text(f'{{"customer_id": "a"}}\n{bad}\n{{"customer_id": "d"}}\n', encoding="utf-8")
    with pytest.raises(ColumnError, match=r"list\.jsonl, line 2: .*Mend the row"):
        read_list(path)
