"""Whatever kind of file holds a customer, `access` finds the rows, and those of nobody else."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from churnrisk.memory import find_all_held, results_folder
from churnrisk.orders import IntakeOptions, KeepIn, read_orders
from churnrisk.state import open_state, remembering_files
from churnrisk.tables import Table, write_table
from churnrisk.writing import note_file, replacing
from support.shop import churnrisk

WHO, OTHER = "=cust 0042", "neighbour-7"
TABLE = Table({"customer_id": [OTHER, WHO], "churn_probability": [0.25, 0.5]})
KINDS = {"a.csv": "scores", "excel.csv": "list", "b.parquet": "scores", "c.xlsx": "list"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A state, with every kind of file that is written beside it."""
    state = tmp_path / "state.db"
    log = tmp_path / "log.csv"
    log.write_text(f"customer_id,date,total\n{WHO},2025-01-01,1\nb,2025-01-02,2\nc,{WHO},3\n")
    with remembering_files(state):
        for name, holds in KINDS.items():
            style = "excel" if name == "excel.csv" else "plain"
            write_table(TABLE, tmp_path / name, holds=holds, csv_style=style)  # type: ignore[arg-type]
        with replacing(tmp_path / "page.html", holds="report") as page:
            page.write_text(f"<td>{WHO}</td><td>{OTHER}</td>")
        with replacing(tmp_path / "nobody.html", holds="report") as page:
            page.write_text(f"<td>{OTHER}</td>")
        keep = KeepIn(folder=tmp_path / "elsewhere", least=0)
        options = IntakeOptions(keep=keep, reject_limit=0.9, rejects=tmp_path / "x.rejects.csv")
        read_orders(log, options).close()
    with open_state(state) as opened:
        results = results_folder(tmp_path / "models", opened)
    results.mkdir()
    write_table(TABLE, results / "token.csv", holds=None)
    return state


def test_each_kind_of_file_is_looked_into(place: Path, tmp_path: Path) -> None:
    held = find_all_held(place, WHO, models_dir=tmp_path / "models", files=[tmp_path / "log.csv"])
    rows = {Path(one["file"]).name: one["rows"] for one in held.files}
    scored = {"customer_id": WHO, "churn_probability": "0.5"}
    assert rows.pop("page.html") is None
    assert rows.pop("a.csv") == rows.pop("token.csv") == [scored]
    assert [row["customer_id"] for row in (*rows.pop("excel.csv"), *rows.pop("c.xlsx"))] == [WHO, WHO]
    assert rows.pop("b.parquet") == [scored | {"churn_probability": 0.5}]
    assert [row["value"] for row in rows.pop("x.rejects.csv")] == ["=cust 0042"]
    assert [row["date"] for row in rows.pop("log.csv")] == ["2025-01-01"]
    [kept] = rows.pop("orders.parquet")
    assert (kept["customer_id"], kept["order_day"], kept["undone_day"]) == (WHO, "2025-01-01", None), "no day numbers"
    assert [row["value"] for row in rows.pop("set_aside.csv")] == [WHO]
    assert rows == {}
    assert OTHER not in json.dumps(held.files)


def test_the_command_gives_both_forms_and_changes_nothing(place: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*") if "state.db" not in path.name}
    ask = ("access", WHO, "--state", place, "--models-dir", tmp_path / "models")
    told = churnrisk(*ask, "--json")
    assert told.code == 0, told.err
    assert {Path(one["file"]).name for one in told.json["files"]} >= {"a.csv", "b.parquet", "c.xlsx", "page.html"}
    shown = churnrisk(*ask)
    assert "churn_probability: 0.5" in shown.words
    assert OTHER not in told.out + shown.out
    assert "Nothing is held" in churnrisk("access", "never seen", "--state", place).words
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_days_of_a_parquet_file_can_be_shown(place: Path, tmp_path: Path) -> None:
    import pandas as pd

    path = tmp_path / "converted.parquet"
    day = dt.date(2025, 1, 1)
    pd.DataFrame({"customer_id": [WHO], "ordered_at": [day]}).to_parquet(path)
    with remembering_files(place):
        note_file(path, "purchases", path)
    told = churnrisk("access", WHO, "--state", place, "--json")
    assert told.code == 0, told.err
    [rows] = [one["rows"] for one in told.json["files"] if one["file"] == str(path)]
    assert rows == [{"customer_id": WHO, "ordered_at": "2025-01-01"}]
