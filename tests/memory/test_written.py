"""Files with customers in them: remembered when they are written, looked into, and rid of somebody, all or none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.errors import OutputError, StateError
from churnrisk.formulas import fuse
from churnrisk.memory.access import rows_in
from churnrisk.memory.written import holds_any, look_into_written, take_out
from churnrisk.orders import IntakeOptions, read_orders
from churnrisk.schema import CsvStyle
from churnrisk.state import State, list_written, open_state, remembering_files
from churnrisk.tables import Sheet, Table, write_table, write_workbook

IDS = ["a1", "=2+3", "'q", 'with "quotes", and\nlines', "0012", "źdźbło", "7", "a1;b"]


@pytest.fixture
def state(tmp_path: Path) -> Any:
    with open_state(tmp_path / "state.db") as opened:
        yield opened


def table(ids: list[str]) -> Table:
    return Table({"customer_id": ids, "value": [one / 8 for one in range(len(ids))], "other": ids[::-1]})


def write(path: Path, *, style: CsvStyle = "plain", ids: list[str] = IDS) -> Path:
    write_table(table(ids), path, holds="list", csv_style=style)
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.xlsx"])
def test_a_file_is_remembered_before_it_is_there(state: State, tmp_path: Path, name: str) -> None:
    with remembering_files(state):
        write(tmp_path / name)
        write_table(Table({"a": [1]}), tmp_path / "nobody.csv", holds=None)
        write_table(Table({"day": ["x"]}), tmp_path / "nobody.csv", holds=None)
    [file] = list_written(state)
    assert (file.path, file.holds, file.format, file.status) == (str(tmp_path / name), "list", name[2:], "as written")
    os.utime(tmp_path / name, ns=(0, 0))
    assert [one["status"] for one in look_into_written(state, {"a1"})] == ["changed"]
    (tmp_path / name).unlink()
    assert [(one["status"], one["names_a_customer"]) for one in look_into_written(state, {"a1"})] == [("missing", None)]
    write(tmp_path / name)  # outside: nobody is told
    assert len(list_written(state)) == 1


def test_a_customer_on_a_sheet_behind_the_first_is_found(state: State, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    sheets = [("To contact", ["b2"]), ("Orders due", []), ("A & B", ["b2", "=a1"])]
    with remembering_files(state):
        write_workbook([Sheet(title, table(ids), table(ids).names) for title, ids in sheets], path, holds="list")
    for who, is_there in (("=a1", True), ("b2", True), ("0.125", False), ("c3", False)):
        assert [one["names_a_customer"] for one in look_into_written(state, {who})] == [is_there]
    assert rows_in(path, {"=a1"}) == [{"customer_id": "=a1", "value": "0.125", "other": "b2"}]


def test_what_cannot_be_remembered_is_said_or_not_written(tmp_path: Path) -> None:
    nowhere, said = tmp_path / "none" / "state.db", list[str]()
    with remembering_files(nowhere, tell=said.append):
        write(tmp_path / "a.csv")
    assert "a.csv is whole but not remembered" in said[0]
    with pytest.raises(StateError), remembering_files(nowhere):
        write(tmp_path / "b.csv")
    assert not (tmp_path / "b.csv").exists()
    with remembering_files(lambda: None):
        write(tmp_path / "b.csv")


def test_rejected_rows_are_remembered(state: State, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("customer_id,date,total\na,2025-01-01,1\nb,2025-01-02,2\nc,never,3\n")
    with remembering_files(state):
        options = IntakeOptions(rejects=tmp_path / "rejects" / "log.csv", reject_limit=0.9)
        read_orders(tmp_path / "log.csv", options).close()
    assert [one.holds for one in list_written(state)] == ["rejected rows"]


@pytest.mark.parametrize("style", ["plain", "excel"])
@pytest.mark.parametrize("gone", IDS)
def test_csv_keeps_the_rows_of_others_byte_for_byte(state: State, tmp_path: Path, style: CsvStyle, gone: str) -> None:
    with remembering_files(state):
        path, other = write(tmp_path / "a.csv", style=style), tmp_path / "b.csv"
        write(other, ids=[one for one in IDS if one != gone], style=style)
    path.chmod(0o600)
    found = look_into_written(state, {gone, "nobody"})
    assert [one["names_a_customer"] for one in found] == [True, False]
    lines = path.read_bytes()
    told = take_out(state, found, {gone, "nobody"})
    assert [(one["done"], one["names_a_customer"]) for one in told] == [("rewritten", False), (None, False)]
    left = path.read_bytes()
    assert holds_any(path, {gone}) is False
    assert all(holds_any(path, {one}) for one in IDS if one != gone)
    went = len(lines) - len(left)
    assert left in {lines[:start] + lines[start + went :] for start in range(len(left) + 1)}, "one part, and no more"
    assert (path.stat().st_mode & 0o777, list_written(state)[0].status) == (0o600, "as written")


def test_parquet_keeps_others_and_a_workbook_goes(state: State, tmp_path: Path) -> None:
    import pandas as pd

    with remembering_files(state):
        parquet, book = write(tmp_path / "a.parquet"), write(tmp_path / "b.xlsx")
        changed = write(tmp_path / "c.xlsx")
    os.utime(changed, ns=(0, 0))
    before = pd.read_parquet(parquet)
    told = take_out(state, look_into_written(state, {"0012"}), {"0012"})
    assert [one["done"] for one in told] == ["rewritten", "removed", None]
    after = pd.read_parquet(parquet)
    pd.testing.assert_frame_equal(after, before[before["customer_id"] != "0012"].reset_index(drop=True))
    assert (book.exists(), changed.exists()) == (False, True), "what its owner has changed is for the owner to mend"
    assert [Path(one.path).name for one in list_written(state)] == ["a.parquet", "c.xlsx"]
    assert look_into_written(state, {"12"})[1]["names_a_customer"] is False


def test_where_one_cannot_be_written_none_is(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with remembering_files(state):
        paths = [write(tmp_path / name) for name in ("a.csv", "b.csv", "c.parquet", "d.xlsx")]
    before = [path.read_bytes() for path in paths]

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("churnrisk.memory.written._rewrite_parquet", fail)
    with pytest.raises(OutputError, match=r"c\.parquet: cannot be rid of the customers.*No space"):
        take_out(state, look_into_written(state, {"a1"}), {"a1"})
    assert [path.read_bytes() for path in paths] == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] != "s") == [path.name for path in paths]


def test_a_list_without_a_column_of_customers_is_looked_through_by_words(tmp_path: Path) -> None:
    rejects = tmp_path / "x.rejects.csv"
    rejects.write_text("line,column,value,reason\n3,date,0012,not a date\n4,date,12.05.0012,not a date\n")
    assert holds_any(rejects, {"0012"}) is True
    assert holds_any(rejects, {"12"}) is False
    assert holds_any(rejects, {"reason"}) is False


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=6), min_size=1, max_size=5, unique=True))
def test_whoever_is_written_is_found(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    ids = sorted({one.strip() for one in ids} - {""})
    for style in ("plain", "excel"):
        write(path, ids=ids, style=style)
        for one in ids:
            assert holds_any(path, {one}), one
        assert not holds_any(path, {"longer than any"})


@pytest.mark.parametrize("text", ["=1", "＝1", "＠x", "－a", "−a", "\t=1", "plain", "'=1", "''", "-17"])
def test_what_was_defused_comes_back(text: str) -> None:
    from churnrisk.formulas import defuse

    assert fuse(defuse(text)) == text
