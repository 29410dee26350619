"""A file that came over HTTP is scored as by the command, in a process of its own that ends with it."""

from __future__ import annotations

import contextlib
import gzip
import multiprocessing
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnrisk.errors import ColumnError, LimitExceeded, SourceError
from churnrisk.forecast import Valuation
from churnrisk.orders import IntakeOptions
from churnrisk.shop import score_upload
from churnrisk.shop.upload import CONTENT, Task
from churnrisk.tables import to_csv
from churnrisk.workflows import load, score_source
from support.shop import PURCHASES, read_rows, write_rows

COLUMNS = ("customer_id", "order_id", "ordered_at", "amount", "item_count")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("upload") / "rows.csv", read_rows(PURCHASES)[-300:], COLUMNS)


def upload(body: bytes, models: Path, **changes: Any) -> bytes:
    how: dict[str, Any] = {
        "options": IntakeOptions(),
        "valuation": Valuation(),
        "answer": "csv",
        "most_rows": 1000,
        "seconds": 60.0,
        **changes,
    }
    return score_upload(body, models_dir=models, reasons="listed", top=10, **how).content


@pytest.mark.parametrize("options", [IntakeOptions(), IntakeOptions(pseudonym_key=b"k" * 32)])
def test_it_is_scored_as_by_the_command(source: Path, models: Path, options: IntakeOptions) -> None:
    table = score_source(load(models_dir=models), source, options=options, reasons="listed", top=10).table
    assert upload(source.read_bytes(), models, options=options) == to_csv(table).encode()
    assert not multiprocessing.active_children()


def test_every_form_is_scored_alike_and_parquet_can_be_turned_off(source: Path, models: Path, tmp_path: Path) -> None:
    frame, body = pd.read_csv(source, dtype=str), source.read_bytes()
    frame.to_excel(tmp_path / "xlsx", index=False, engine="xlsxwriter")
    frame.to_parquet(tmp_path / "parquet")
    with contextlib.closing(sqlite3.connect(tmp_path / "sqlite")) as connection:
        frame.to_sql("purchases", connection, index=False)
    bodies = [(tmp_path / name).read_bytes() for name in ("parquet", "xlsx", "sqlite")]
    bodies += [frame.to_json(orient="records", lines=True).encode(), gzip.compress(bodies[0])]
    assert {upload(one, models) for one in bodies} == {upload(body, models)}
    for one in (bodies[0], bodies[-1]):
        with pytest.raises(SourceError, match="Parquet, which is turned off"):
            upload(one, models, options=IntakeOptions(parquet=False))
    assert upload(body, models, options=IntakeOptions(parquet=False)) == upload(body, models)


def test_no_link_is_followed_that_the_process_has_left(
    source: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")

    def leave(task: Task) -> int:
        (task.folder / CONTENT).symlink_to(secret)
        return 0

    monkeypatch.setattr("churnrisk.shop.upload._run", leave)
    with pytest.raises(OSError, match=CONTENT):
        upload(source.read_bytes(), models)


def test_what_is_wrong_is_said_as_by_the_command(source: Path, models: Path) -> None:
    with pytest.raises(ColumnError, match="customer_id"):
        upload(b"a,b\n1,2\n", models)
    with pytest.raises(LimitExceeded, match="has 300 rows"):
        upload(source.read_bytes(), models, most_rows=299)
    with pytest.raises(LimitExceeded, match="took more than"):
        upload(source.read_bytes(), models, seconds=0.01)
    assert not multiprocessing.active_children()
