"""Hostile and damaged files end in an error that names the bound or the damage, and leave this process alone."""

from __future__ import annotations

import gzip
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from churnrisk.errors import ChurnriskError, LimitExceeded, SourceError
from churnrisk.orders import IntakeOptions, read_orders

SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "xl/workbook.xml": "<workbook/>",
}


def make_workbook(sheet: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (PARTS | {"xl/worksheets/sheet1.xml": sheet}).items():
            archive.writestr(name, text)
    return target.getvalue()


def make_parquet(*, flip: bool = False, cut: int = 0) -> bytes:
    target = io.BytesIO()
    frame = pd.DataFrame({"customer": [f"c{k}" for k in range(500)], "date": ["2024-01-05"] * 500})
    frame.to_parquet(target, write_page_checksum=True, compression=None, use_dictionary=False)
    data = bytearray(target.getvalue())
    if flip:
        data[data.index(b"c400") + 1] ^= 1
    return bytes(data[: len(data) - cut])


def make_parquet_bomb() -> bytes:
    """Nine million rows that are all alike fit into a few thousand bytes."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder, "bomb.parquet")
        rows = "SELECT 'a' AS customer, '2024-01-05' AS date FROM range(9_000_000)"
        connection.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
        return path.read_bytes()


def refuse(folder: Path, data: bytes, error: type[ChurnriskError], words: str, **options: object) -> None:
    path = folder / "log.csv"
    path.write_bytes(data)
    with pytest.raises(error) as caught:
        read_orders(path, IntakeOptions(**options))  # type: ignore[arg-type]
    assert words in str(caught.value)


@pytest.mark.parametrize("left", ["a link", "a name that leads out"])
def test_results_that_lead_out_of_their_folder_are_refused(
    left: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(task: dict[str, str], *_: object, **__: object) -> tuple[int, str]:
        folder, secret = Path(task["folder"]), tmp_path / "secret.csv"
        secret.write_text("customer,date\na,2024-01-05\n")
        if left == "a link":
            (folder / "unpacked").symlink_to(secret)
        name = "unpacked" if left == "a link" else os.path.relpath(secret, folder)
        (folder / "meta.json").write_text(json.dumps({"file": name}))
        return 0, ""

    monkeypatch.setattr("churnrisk.sources.limited._run", leave)
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(AssertionError, match="the process that reads files has"):
        read_orders(tmp_path / "log.csv.gz")


# harmless by themselves: the guards are tried with bounds that are low
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "gzip": (lambda: gzip.compress(b"a" * 20_000_000), "--max-ratio"),
    "cells": (lambda: make_workbook(SHEET.format('<c r="A1"/><c r="CV2000"/>')), "--max-cells"),
    "member": (lambda: make_workbook(SHEET.format(" " * 20_000_000)), "--max-ratio"),
    "alike rows": (make_parquet_bomb, "--max-ratio"),
    "nested": (lambda: b"[" * 200, "--max-depth"),
    "long line": (lambda: b"customer,date\n" + b"x" * 17_000_000, "--max-field-size"),
    "columns": (lambda: ",".join(["customer", "date", *map(str, range(5000))]).encode() + b"\n", "--max-columns"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bounds_are_kept_and_named(name: str, tmp_path: Path) -> None:
    make, option = BOMBS[name]
    refuse(tmp_path, make(), LimitExceeded, option, max_cells=100_000)


def test_memory_and_time_are_bounded(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps({"customer": f"c{k}", "date": "2024-01-05"}) for k in range(300_000))
    refuse(
        tmp_path, f"[{','.join(lines.splitlines())}]".encode(), LimitExceeded, "--max-memory", max_memory=60 * 1024**2
    )
    refuse(tmp_path, lines.encode(), LimitExceeded, "--max-seconds", max_seconds=0)
    refuse(tmp_path, gzip.compress(os.urandom(9_000_000)), LimitExceeded, "--max-size", max_size=1_000_000)


DAMAGED: dict[str, tuple[Callable[[], bytes], str]] = {
    "cut gzip": (lambda: gzip.compress(os.urandom(9999))[:-20], "damaged or cut off"),
    "no gzip": (lambda: b"\x1f\x8b" + bytes(range(99)), "damaged or cut off"),
    "cut zstd": (lambda: b"\x28\xb5\x2f\xfd\x04", "zstd data are"),
    "cut parquet": (lambda: make_parquet(cut=60), "damaged or cut off"),
    "flipped parquet": (lambda: make_parquet(flip=True), "checksum"),
    "cut workbook": (lambda: make_workbook(SHEET)[:-50], "damaged"),
    "other zip": (lambda: b"PK\x03\x04" + bytes(50), "damaged"),
    "old workbook": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "old Excel workbook"),
    "html": (lambda: b"<html><table></table></html>", "is HTML"),
    "pdf": (lambda: b"%PDF-1.7", "PDF"),
    "blank": (lambda: b" \n\n", "no text"),
    "cut database": (lambda: b"SQLite format 3\0" + bytes(50), "SQLite says"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_named(name: str, tmp_path: Path) -> None:
    make, words = DAMAGED[name]
    refuse(tmp_path, make(), SourceError, words)
