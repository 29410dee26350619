"""Result files: the same content in each format, whole or absent, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import stat
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from churnrisk.errors import OutputError
from churnrisk.formulas import defuse
from churnrisk.orders import read_list
from churnrisk.tables import Kind, Table, to_csv, write_table, write_tables

SCORES: dict[str, list[Any]] = {
    "customer_id": ["=cmd|' /c'!A1", "00123", "12345678901234567890", "NA", 'Ж\'ш, "quoted"\nline'],
    "churn_probability": [0.123456789, None, 1e-9, 1.0, float("nan")],
    "risk_rank": [2, None, 3, 1, None],
    "risk": ["medium", None, "low", "high", None],
}


def slowly_written(value: float | None) -> str:
    """A float as each is to be written: at most nine decimals, at least one, and no exponent."""
    if value is None or value != value:
        return ""
    text = f"{value:.9f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.none()
        | st.floats(allow_infinity=False)
        | st.floats(-1, 1).map(lambda one: round(one, 9))
        | st.integers(-(10**17), 10**17).map(lambda one: one / 10**9)
        | st.integers(-(10**9), 10**9).map(lambda one: one / 100)
        | st.integers(-(2**53), 2**53).map(float),
        min_size=1,
    )
)
def test_every_float_is_written_in_one_way(values: list[float | None]) -> None:
    expected = [slowly_written(one) for one in values]
    found = list(csv.reader(io.StringIO(to_csv(Table({"a": ["x"] * len(values), "b": values})), newline="")))[1:]
    assert [row[1] for row in found] == expected
    excel = to_csv(Table({"a": ["x"] * len(values), "b": values}), csv_style="excel")
    assert [line.partition(";")[2] for line in excel.splitlines()[1:]] == [one.replace(".", ",") for one in expected]


def test_csv_reads_back_as_it_was() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(Table(SCORES)), newline="")))
    assert [row["customer_id"] for row in rows] == ["'" + SCORES["customer_id"][0], *SCORES["customer_id"][1:]]
    assert [row["churn_probability"] for row in rows] == ["0.123456789", "", "0.000000001", "1.0", ""]
    assert [row["risk_rank"] for row in rows] == ["2", "", "3", "1", ""]


def test_the_excel_style_opens_in_columns_where_the_decimal_is_a_comma(tmp_path: Path) -> None:
    assert write_table(Table(SCORES), tmp_path / "list.csv", holds=None, csv_style="excel") == 1
    raw = (tmp_path / "list.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfcustomer_id;churn_probability;")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert [row[1] for row in rows[1:]] == ["0,123456789", "", "0,000000001", "1,0", ""]


def test_parquet_carries_ids_raw_and_types(tmp_path: Path) -> None:
    assert write_table(Table(SCORES), tmp_path / "list.parquet", holds=None) == 0
    read = duckdb.connect().execute(f"from '{tmp_path / 'list.parquet'}'")
    assert [column[1] for column in read.description or []] == ["VARCHAR", "DOUBLE", "BIGINT", "VARCHAR"]
    rows = read.fetchall()
    assert [row[0] for row in rows] == SCORES["customer_id"]
    assert [row[1] for row in rows] == [0.123456789, None, 1e-9, 1.0, None]


def test_xlsx_keeps_ids_as_text(tmp_path: Path) -> None:
    assert write_table(Table(SCORES), tmp_path / "list.xlsx", holds=None) == 1
    rows = CalamineWorkbook.from_path(str(tmp_path / "list.xlsx")).get_sheet_by_index(0).to_python()
    assert rows[0] == list(SCORES)
    assert [row[0] for row in rows[1:]] == ["'" + str(SCORES["customer_id"][0]), *SCORES["customer_id"][1:]]
    assert [row[1] for row in rows[1:]] == [0.123456789, "", 1e-9, 1, ""]


def test_days_are_days_in_a_workbook_and_text_elsewhere(tmp_path: Path) -> None:
    days = Table({"as_of": ["2024-03-01", None], "next_order_on": ["2024-04-01", "soon"], "note": ["2024-03-01", "x"]})
    write_table(days, tmp_path / "list.xlsx", holds=None)
    rows = CalamineWorkbook.from_path(str(tmp_path / "list.xlsx")).get_sheet_by_index(0).to_python()
    assert rows[1:] == [[dt.date(2024, 3, 1), dt.date(2024, 4, 1), "2024-03-01"], ["", "soon", "x"]]
    write_table(days, tmp_path / "list.csv", holds=None)
    assert (tmp_path / "list.csv").read_text().splitlines()[1] == "2024-03-01,2024-04-01,2024-03-01"


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".xlsx"])
def test_the_same_table_gives_the_same_bytes(tmp_path: Path, ending: str) -> None:
    contents = set()
    for name in ("a", "b"):
        write_table(Table(SCORES), tmp_path / (name + ending), holds=None)
        contents.add((tmp_path / (name + ending)).read_bytes())
    assert len(contents) == 1


@given(st.text(max_size=12))
def test_no_text_starts_a_formula_and_the_apostrophe_can_be_taken_off(text: str) -> None:
    safe = defuse(text)
    assert safe in (text, "'" + text)
    if safe[:1] in ("=", "@", "\t", "\r") or unicodedata.normalize("NFKC", safe[:1])[:1] in ("=", "@"):
        pytest.fail(f"{safe!r} would run")
    if text.startswith("'") and text.lstrip("'")[:1] in "=+-@" and text.lstrip("'"):
        assert safe == "'" + text  # one more, so that taking one off gives the text back


@pytest.mark.parametrize("sign", "＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋−")
@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_signs_that_look_alike_are_defused_and_come_back(tmp_path: Path, sign: str, ending: str) -> None:
    ids = [f"{sign}1+1", f"'{sign}2", f"a{sign}3"]
    assert write_table(Table({"customer_id": ids}), tmp_path / f"list{ending}", holds=None) == 2
    assert read_list(tmp_path / f"list{ending}").customer_ids == ids


@pytest.mark.parametrize("harmless", ["-17", "+359 2 123 456", "-3,5", "A=1", "", "12-34"])
def test_numbers_and_phone_numbers_stay(harmless: str) -> None:
    assert defuse(harmless) == harmless


def test_an_unknown_ending_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"ending \.pdf is not known; use \.csv, \.parquet, \.xlsx"):
        write_table(Table(SCORES), tmp_path / "list.pdf", holds=None)
    for ending in (".csv", ".parquet", ".xlsx"):
        with pytest.raises(OutputError, match="there is no folder"):
            write_table(Table(SCORES), tmp_path / "none" / f"list{ending}", holds=None)


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".xlsx"])
def test_a_failed_write_leaves_what_stood_there(tmp_path: Path, ending: str) -> None:
    """A file-size limit stops the writing halfway; the old file is whole and nothing else is left."""
    path = tmp_path / f"list{ending}"
    path.write_text("old")
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from churnrisk.tables import Table, write_table; from churnrisk.errors import OutputError\n"
        "table = Table({'customer_id': [f'{k * 7919 % 1000003}-{k}' for k in range(60000)]})\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "try: write_table(table, Path(sys.argv[1]), holds=None)\n"
        "except OutputError as error: sys.exit(str(error))\n"
    )
    run = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert "cannot be written" in run.stderr
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
def test_results_have_the_usual_mode(tmp_path: Path) -> None:
    write_table(Table({"a": [1]}), tmp_path / "a.csv", holds=None)
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("rows", [1, 3])
def test_parts_are_the_same_bytes_as_the_whole(tmp_path: Path, ending: str, rows: int) -> None:
    columns = {**SCORES, "empty": [None] * 5}
    kinds: dict[str, Kind] = {
        "customer_id": "text",
        "churn_probability": "float",
        "risk_rank": "whole",
        "risk": "text",
        "empty": "float",
    }
    cut = range(0, 5, rows)
    parts = (Table({name: values[at : at + rows] for name, values in columns.items()}) for at in cut)
    written = [
        write_table(Table(columns), tmp_path / f"whole{ending}", holds=None),
        write_tables(parts, tmp_path / f"parts{ending}", kinds=kinds, holds=None),
    ]
    assert (tmp_path / f"whole{ending}").read_bytes() == (tmp_path / f"parts{ending}").read_bytes()
    assert written[0] == written[1]
