"""Parquet as other programs write it: the same purchases give the same orders as CSV does, to the last row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churnrisk.orders import IntakeOptions, read_orders

ROWS = [
    (f"00{k % 7}", f"o{k // 2}", dt.datetime(2025, 1, 1, 23, 30) + dt.timedelta(days=k), Decimal(f"{k}.{k % 10}5"))
    for k in range(40)
]
NAMES = ("customer_id", "order_id", "ordered_at", "amount")
DETAILS = [{"channel": "web", "tags": ["a", "b"]}] * len(ROWS)
"""A column of structures, as warehouses have them; it is none of ours and stays unread."""


def as_arrow() -> pa.Table:
    columns = dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True))
    money, time = pa.decimal128(12, 2), pa.timestamp("us")
    arrays = {name: pa.array(values) for name, values in columns.items()}
    arrays |= {"ordered_at": pa.array(columns["ordered_at"], time), "amount": pa.array(columns["amount"], money)}
    return pa.table({**arrays, "details": pa.array(DETAILS)})


def write_as_spark(place: Path) -> None:
    """Part files with INT96 times beside the marks that Spark leaves: _SUCCESS and a hidden checksum of each."""
    place.mkdir()
    table = as_arrow()
    for number, part in enumerate((table.slice(0, 15), table.slice(15))):
        name = f"part-0000{number}-0a1b-c000.snappy.parquet"
        pq.write_table(part, place / name, use_deprecated_int96_timestamps=True, compression="snappy")
        (place / f".{name}.crc").write_bytes(b"crc\x00\x00\x00\x02\x00")
    (place / "_SUCCESS").touch()
    (place / "._SUCCESS.crc").write_bytes(b"crc\x00")


def write_with_dictionary(place: Path) -> None:
    table = as_arrow()
    coded = table.set_column(0, "customer_id", table.column("customer_id").dictionary_encode())
    pq.write_table(coded, place, use_dictionary=True, data_page_version="2.0")


def write_with_duckdb(place: Path) -> None:
    with duckdb.connect() as connection:
        connection.register("log", as_arrow())
        connection.execute(f"COPY log TO '{place}' (FORMAT parquet, CODEC zstd, ROW_GROUP_SIZE 2048)")


WRITERS: dict[str, Callable[[Path], None]] = {
    "Spark": write_as_spark,
    "dictionary": write_with_dictionary,
    "DuckDB": write_with_duckdb,
    "Polars": lambda place: pl.from_arrow(as_arrow()).write_parquet(place),  # type: ignore[union-attr]
    "pandas": lambda place: as_arrow().to_pandas().to_parquet(place),
    "pandas, categories": lambda place: (
        as_arrow().to_pandas().astype({"customer_id": "category", "order_id": "category"}).to_parquet(place)
    ),
}


def orders_of(place: Path) -> tuple[str, int, int]:
    with read_orders(place, IntakeOptions()) as orders:
        return orders.fingerprint, orders.report.rows_used, orders.report.rows_rejected


@pytest.mark.parametrize("writer", WRITERS)
def test_parquet_of_any_writer_gives_the_orders_of_the_csv(writer: str, tmp_path: Path) -> None:
    pd.DataFrame(ROWS, columns=list(NAMES)).to_csv(tmp_path / "log.csv", index=False)
    WRITERS[writer](tmp_path / "log.parquet")
    found = orders_of(tmp_path / "log.parquet")
    assert found == orders_of(tmp_path / "log.csv")
    assert found[1:] == (len(ROWS), 0)
