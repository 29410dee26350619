"""The list of rejected rows: bounded, with the count said, and without anything that a spreadsheet would run."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from churnrisk.errors import OutputError
from churnrisk.orders.rejects import escape_value, write_reject_rows

ROW = ("", 2, "date", "never", "not a date")


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_rows_beyond_the_bound_are_counted_and_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "made" / "x.rejects.csv"
    assert write_reject_rows([ROW] * 3, path, has_files=False) == 3
    assert len(read(path)) == 4
    monkeypatch.setattr("churnrisk.orders.rejects.MOST_ROWS", 2)
    assert write_reject_rows(([ROW] * 1500), path, has_files=True) == 1500
    assert read(path)[3:] == [["", "", "", "", "1,498 further rows were set aside and are not listed here."]]
    monkeypatch.setattr("churnrisk.orders.rejects.MOST_ROWS", 1000)
    monkeypatch.setattr("churnrisk.orders.rejects.MOST_BYTES", 100)
    assert write_reject_rows([ROW] * 9, path, has_files=False) == 9
    lines = read(path)
    assert path.stat().st_size < 250
    assert lines[-1] == ["", "", "", f"{9 - (len(lines) - 2)} further rows were set aside and are not listed here."]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file/deeper: cannot be made.*"):
        write_reject_rows([ROW], tmp_path / "file" / "deeper" / "x.csv", has_files=False)


@pytest.mark.parametrize("sign", "=+-@＝＋－＠﹢⁻−")
def test_a_value_that_looks_like_a_formula_is_defused(sign: str) -> None:
    assert escape_value(f"{sign}A1") == f"'{sign}A1"
    assert escape_value("-12.5") == "-12.5"
