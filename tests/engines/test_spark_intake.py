"""Intake on Spark: the same orders and the same account as on DuckDB, or a refusal that says what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from churnrisk.errors import AmbiguousFormat, ChurnriskError, ColumnError, SettingsError, SourceError, TooManyRejects
from churnrisk.orders import IntakeOptions, IntakeReport, convert_purchases, read_orders
from churnrisk.products import read_pair_days
from churnrisk.schema import ITEM_UNITS
from churnrisk.sources import LeftOut
from support.products import assert_same_pairs, random_rows, table_of

pytestmark = pytest.mark.spark

SAME = (
    "rows_in", "rows_used", "rows_rejected", "duplicates_dropped", "rows_without_customer", "orders", "purchases",
    "returns", "return_rows", "zero_orders", "customers", "first_on", "last_on", "columns", "ignored_columns",
    "rows_no_sale", "no_sale", "pending", "other_types", "returned", "refunds", "undone", "orders_over_days",
    "longest_order_days",
)  # fmt: skip
TIMES = [
    "2024-01-05", "2024-01-05 23:59:59", "2024-02-29T10:15", "2024-03-01 24:00:00", "2024-03-01 10:15:00.123456",
    "1970-01-01", "2023-02-29", "2024-01-05 25:00", "1969-12-31", "2099-01-01", "soon", "", " 2024-05-06 ",
]  # fmt: skip
AMOUNTS = ["1", "2.50", "-3.25", "0", "12345678.1234", "0.0000", "", "free", "1.0050", "-0.01", "7", "8", "9"]


def messy_log() -> pd.DataFrame:
    """Everything that canonical text can get wrong, and ids that must stay as they are."""
    rows = []
    for number in range(130):
        rows.append(
            {
                "customer_id": ["007", " c1 ", "NA", "ż-ß", "", "-17", "c1"][number % 7],
                "order_id": f"o{number // 3}" if number % 5 else "",
                "ordered_at": TIMES[number % len(TIMES)] if number % 3 else f"2024-04-{number % 28 + 1:02d}",
                "amount": AMOUNTS[number % len(AMOUNTS)] if number % 2 else f"{number}.50",
                "quantity": ["1", "2", "", "x", "-1"][number % 5] if number % 11 == 0 else "3",
                "product_id": f"p{number % 4}" if number % 4 else " ",
                "note": "a,b" if number % 9 == 0 else "n",
            }
        )
    return pd.DataFrame([*rows, *rows[:4]])


def typed_log() -> pd.DataFrame:
    """Numbers and times as a program writes them; amounts that tie at the fifth decimal."""
    ties = [1.00005, 1.00015, 2.5, -3.00025, 0.1 + 0.2, 1e-7, float("nan"), float("inf"), 123456789.0, 2e15, 0.0]
    count = 66
    days = pd.date_range("2024-01-01 18:30", periods=count, freq="36h")
    frame = pd.DataFrame(
        {
            "customer_id": [number % 9 for number in range(count)],
            "order_id": [float(number // 2) for number in range(count)],
            "ordered_at": days,
            "amount": [ties[number % len(ties)] for number in range(count)],
        }
    )
    frame.loc[5, "ordered_at"] = pd.NaT
    return frame


def judged_log() -> pd.DataFrame:
    """Ids as people write them, statuses, refunds, guests, types of rows, and order ids that come again."""
    ids = ["007", " c1 ", "0", "guest", None, "c1", "ż-ß", "-17", "NULL"]
    states = ["Paid", "paid", "Cancelled", "pending", "Refunded", None, "Failed", "partially refunded"]
    kinds = ["sale", "sale", "refund", "sale", "payment"]
    rows = []
    for number in range(160):
        day = pd.Timestamp("2024-01-01 09:30") + pd.Timedelta(days=number * 7 % 90)
        rows.append(
            {
                "customer_id": ids[number % len(ids)],
                "email": f"Person{number % 11}@example.com" if number % 4 else None,
                "order_id": f"o{number // 3 % 40}",
                "ordered_at": day,
                "amount": float(number % 13) * 2.5 - (number % 29 == 0) * 40,
                "order_status": states[number % len(states)],
                "row_type": kinds[number % len(kinds)],
                "refunded_amount": 2.5 if number % 17 == 0 else 0.0,
                "refunded_at": day + pd.Timedelta(days=9) if number % 34 == 0 else pd.NaT,
                "product_id": f"p{number % 4}" if number % 4 else " ",
            }
        )
    return pd.DataFrame([*rows, *rows[:4]])


def reversed_log() -> pd.DataFrame:
    """Orders in parts, taken back in parts and whole, under their own order id and under others."""
    rows = []
    for number in range(400):
        customer = number % 23
        amount = [20.0, 35.0, -20.0, 50.0, -35.0, 5.0, -5.0][number * 5 % 7]
        order = f"r{number * 11 % 60}" if number % 6 else f"x{number}"
        day = pd.Timestamp("2023-05-01") + pd.Timedelta(days=number * 13 % 200)
        rows.append({"customer_id": f"c{customer}", "order_id": order, "ordered_at": day, "amount": amount})
    return pd.DataFrame(rows)


def settled_log() -> pd.DataFrame:
    """Lines with the total and the refund of their order, payments and statuses of their own, refunds without a day."""
    rows = []
    for number in range(90):
        order, line = divmod(number, 2)
        total, kind = 20.0 + order % 7, ["sale", "refund"][order % 9 == 0]
        rows.append(
            {
                "customer_id": ["c1", "Gość", "-1", "walk_in customer", "c2"][order % 5],
                "email": f"p{order % 4}@example.com" if order % 3 else None,
                "phone": "+48 600-100" if order % 2 else None,
                "order_id": f"o{order % 30}" if order % 8 else None,
                "ordered_at": pd.Timestamp("2024-01-01") + pd.Timedelta(days=order * 5 % 80),
                "order_total": total,
                "status": ["Paid", "Refunded", "Paid", None][order % 4],
                "payment_status": ["Paid", "Failed", "Paid", "Paid", "Refunded"][order % 5],
                "type": kind,
                "cancelled": ["no", "yes"][order % 11 == 0],
                "valid": order % 6 > 0,
                "refunded_amount": 5.0 if order % 7 == 0 else 0.0,
                "refunded_at": pd.Timestamp("2099-01-01") if order % 14 == 0 else pd.NaT,
                "note": f"line {line}",
            }
        )
    return pd.DataFrame([*rows, *rows[:6]])


@pytest.fixture(params=["converted", "judged", "settled", "reversed", "typed", "decimals and days"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same kinds of mistakes in several forms; folders of two files, and a pattern."""
    folder = tmp_path / "purchases"
    folder.mkdir()
    if request.param == "converted":
        messy_log().to_csv(tmp_path / "messy.csv", index=False)
        convert_purchases(tmp_path / "messy.csv", folder / "0.parquet", IntakeOptions(reject_limit=0.9))
        return str(folder)
    logs = {"judged": judged_log, "settled": settled_log, "reversed": reversed_log}
    if request.param in logs:
        log = logs[request.param]()
        for number, part in enumerate((log[:70], log[70:])):
            part.to_parquet(folder / f"{number}.parquet", index=False)
        return str(folder / "*.parquet")
    log = typed_log()
    if request.param == "decimals and days":
        log["ordered_at"] = log["ordered_at"].dt.date
        log["amount"] = pd.Series([Decimal(number * 7 - 50) / Decimal(8_000) for number in range(len(log))])
    log.to_parquet(folder / "0.parquet", index=False)
    return str(folder / "0.parquet")


def assert_same_reading(ours: IntakeReport, theirs: IntakeReport) -> None:
    assert {name: getattr(ours, name) for name in SAME} == {name: getattr(theirs, name) for name in SAME}
    assert ours.reasons == theirs.reasons
    assert ours.notices == theirs.notices


def test_orders_and_their_account_are_those_of_duckdb(spark: Any, source: str, tmp_path: Path) -> None:
    """The fingerprint is a digest of all orders and lines, so one comparison says it of every value."""
    options = IntakeOptions(reject_limit=0.9, rejects=tmp_path / "rejects.csv")
    with read_orders(source, options) as expected:
        known, report = expected.fingerprint, expected.report
    rejects = tmp_path / "rejects.csv"
    count = len(rejects.read_text(encoding="utf-8").splitlines()) if report.reasons else 0
    rejects.unlink(missing_ok=True)
    with read_orders(source, IntakeOptions(**{**vars(options), "engine": "spark"})) as orders:
        assert_same_reading(orders.report, report)
        assert orders.fingerprint == known
        assert (orders.has_amounts, orders.has_products) == (True, "product_id" in report.columns)
    assert (len(rejects.read_text(encoding="utf-8").splitlines()) if rejects.exists() else 0) == count


def test_prices_groups_zones_and_case(spark: Any, tmp_path: Path) -> None:
    log = pd.DataFrame(
        {
            "Customer": ["a", "A", "b", "b", "c"],
            "Date": pd.to_datetime([f"2024-01-0{day} 23:30" for day in range(1, 6)], utc=True),
            "unit_price": [0.3335, 2.0, -1.11115, 5.0, 0.00005],
            "quantity": [3, 1, 2.5, 0, 1],
            "currency": ["EUR", "€", "eur", "EUR.", "EUR"],
            "shop": ["x ", "y", "", "z", "x"],
        }
    )  # fmt: skip
    log.to_parquet(tmp_path / "log.parquet", index=False)
    options = {"timezone": "Europe/Sofia", "fold_case": True, "group_column": "shop"}
    read = [
        read_orders(tmp_path / "log.parquet", IntakeOptions(engine=engine, **options))  # type: ignore[arg-type]
        for engine in ("duckdb", "spark")
    ]
    with read[0] as expected, read[1] as orders:
        assert orders.fingerprint == expected.fingerprint
        assert (orders.currency, orders.first_day) == ("EUR", dt.date(2024, 1, 2).toordinal() - 719163)
        assert_same_reading(orders.report, expected.report)


def test_a_frame_of_pyspark_is_read_where_it_lies(spark: Any) -> None:
    log = typed_log()[["customer_id", "ordered_at", "amount"]].dropna()
    frame = spark.createDataFrame(pa.Table.from_pandas(log, preserve_index=False))
    options = IntakeOptions(reject_limit=0.9)
    with read_orders(log, options) as expected, read_orders(frame, options) as orders:
        assert orders.fingerprint == expected.fingerprint
        assert orders.database is None
    assert spark.sql("SELECT 1").count() == 1, "the caller's session is left running"


def test_what_was_converted_is_read_alike(spark: Any, tmp_path: Path) -> None:
    """A cp1251 file with decimal commas, two currencies and a return: more than Spark reads by itself."""
    export, plain = tmp_path / "износ.csv", tmp_path / "plain.parquet"
    text = (
        "Клиент;Поръчка;Дата;Сума;Валута\n1;a;31.01.2024;1 200,50;BGN\n1;a;31.01.2024;-0,50;EUR\n"
        "2;b;01.02.2024;9,99;EUR\n2;c;03.02.2024;-9,99;EUR\n3;d;04.02.2024;7;EUR\n3;e;няма;7;EUR\n"
    )
    export.write_text(text, encoding="cp1251")
    columns = {"customer_id": "Клиент", "order_id": "Поръчка", "ordered_at": "Дата", "amount": "Сума"}
    options = IntakeOptions(columns=columns | {"currency": "Валута"}, rates={"BGN": "0.511292"}, reject_limit=0.5)
    report = convert_purchases(export, plain, options)
    with read_orders(export, options) as expected:
        assert (report, expected.report.orders) == (expected.report, 4)
        for engine in ("duckdb", "spark"):
            with read_orders(plain, IntakeOptions(engine=engine)) as orders:
                assert (orders.fingerprint, orders.currency) == (expected.fingerprint, "EUR")


def write(folder: Path, **columns: list[Any]) -> Path:
    """A typed file of two purchases, with further columns or others in their place."""
    days = pd.to_datetime(["2024-01-01", "2024-01-02"])
    log = pd.DataFrame({"customer_id": ["a", "b"], "ordered_at": days, "amount": [1.0, 2.0], **columns})
    log.to_parquet(folder / "log.parquet", index=False)
    return folder / "log.parquet"


def write_text(folder: Path) -> Path:
    path = folder / "two words.csv"
    path.write_text("customer_id,ordered_at,amount\na,2024-01-01,1\n", encoding="utf-8")
    return path


REFUSED: dict[str, tuple[type[ChurnriskError], Callable[[Path], Any], dict[str, Any]]] = {
    "two words.csv' --output purchases.parquet": (SourceError, write_text, {}),
    "'amount' is of type string": (AmbiguousFormat, lambda folder: write(folder, amount=["1,50", "2,50"]), {}),
    "'ordered_at' is of type string": (
        AmbiguousFormat, lambda folder: write(folder, ordered_at=["05.01.2024", "06.01.2024"]), {},
    ),
    "several currencies": (AmbiguousFormat, lambda folder: write(folder, currency=["EUR", "PLN"]), {}),
    "--rate ": (SettingsError, write, {"rates": {"PLN": "0.2"}}),
    "--pseudonymise": (SettingsError, write, {"pseudonym_key": b"k" * 32}),
    "--fold-ids": (SettingsError, write, {"fold_ids": True}),
    "no files": (SourceError, lambda folder: folder / "none.parquet", {}),
    "no such column": (ColumnError, write, {"columns": {"amount": "x"}}),
    "customer_id holds truth values": (ColumnError, lambda folder: write(folder, customer_id=[True, False]), {}),
    "order_id holds truth values, lists": (ColumnError, lambda folder: write(folder, order_id=[["a"], ["b"]]), {}),
    "50.0%": (TooManyRejects, lambda folder: write(folder, amount=[1.0, float("inf")]), {}),
    "'S7' (1 rows)": (AmbiguousFormat, lambda folder: write(folder, order_status=["S7", "paid"]), {}),
}  # fmt: skip


@pytest.mark.parametrize("said", REFUSED)
def test_what_spark_does_not_read_is_refused(spark: Any, tmp_path: Path, said: str) -> None:
    error, make, options = REFUSED[said]
    with pytest.raises(error) as caught:
        read_orders(make(tmp_path), IntakeOptions(engine="spark", **options))
    assert said in str(caught.value)


def test_whose_an_order_is_is_told_alike(spark: Any, tmp_path: Path) -> None:
    ids = ["007", "7", "7.0", "Ann", "ann", "А-1", "A-1", "zoé", "zoe\u0301", "guest", "guest", None, "nan", "0"]
    emails = [None, "x@y.com", "X@y.com", *[None] * 6, "G@y.com", "g@y.com", "h@y.com", None, None]
    days = pd.to_datetime([f"2024-01-{k + 1:02}" for k in range(len(ids))]).date
    log = pd.DataFrame({"customer_id": ids, "ordered_at": days, "amount": 1, "email": emails})
    log.to_parquet(tmp_path / "log.parquet", index=False)
    read = [read_orders(tmp_path / "log.parquet", IntakeOptions(engine=engine)) for engine in ("duckdb", "spark")]
    with read[0] as expected, read[1] as orders:
        assert orders.fingerprint == expected.fingerprint
        assert_same_reading(orders.report, expected.report)
        assert orders.report.guests == expected.report.guests
        assert expected.report.guests["rows"] == 3
        told = [set(one.report.notices) for one in (expected, orders)]
        assert told[0] == told[1]
        assert any("--fold-ids" in notice for notice in told[0])
    log["customer_id"], log["member_id"] = [f"o{k}" for k in range(len(log))], [f"K{k % 3}" for k in range(len(log))]
    log.drop(columns="email").to_parquet(tmp_path / "log.parquet", index=False)
    for engine in ("duckdb", "spark"):
        with read_orders(tmp_path / "log.parquet", IntakeOptions(engine=engine)) as orders:
            assert any("while 'member_id' repeats" in notice for notice in orders.report.notices)


def test_a_customer_who_objects_stops_spark_and_nobody_else_does(tmp_path: Path) -> None:
    log = pd.DataFrame({"customer_id": ["a", "b"], "date": pd.to_datetime(["2024-01-05"] * 2), "total": [1.0, 2.0]})
    log.to_parquet(tmp_path / "log.parquet")
    options = IntakeOptions(engine="spark")
    with pytest.raises(SourceError, match=r"log\.parquet holds 1 customers who have objected.*churnrisk convert"):
        read_orders(tmp_path / "log.parquet", replace(options, left_out=LeftOut(str, frozenset("a"))))
    with read_orders(tmp_path / "log.parquet", replace(options, left_out=LeftOut(str, frozenset("c")))) as orders:
        assert orders.report.orders == 2


def test_names_and_orders_of_lines_are_those_of_this_machine(spark: Any, tmp_path: Path) -> None:
    rows = table_of(random_rows(5))
    rows["ordered_at"] = pd.to_datetime(rows["ordered_at"]).astype("datetime64[us]")
    rows.to_parquet(tmp_path / "log.parquet", index=False)
    for unit in ITEM_UNITS:
        made = []
        for name in ("duckdb", "spark"):
            with read_orders(tmp_path / "log.parquet", IntakeOptions(products=True, engine=name)) as orders:
                made.append(read_pair_days(orders, 10_150, unit=unit))
        assert_same_pairs(*made)


@pytest.mark.parametrize("time_type", ["INT96", "TIMESTAMP_MICROS"])
def test_a_folder_that_spark_wrote_is_read_as_its_csv_is(spark: Any, tmp_path: Path, time_type: str) -> None:
    log = pd.DataFrame({"customer_id": [f"00{k % 7}" for k in range(60)], "order_id": [f"o{k}" for k in range(60)]})
    log["ordered_at"] = pd.date_range("2024-03-30 23:30", periods=60, freq="25h")
    log["amount"] = [f"{k}.{k % 10}5" for k in range(60)]
    log.to_csv(tmp_path / "log.csv", index=False)
    spark.conf.set("spark.sql.parquet.outputTimestampType", time_type)
    frame = spark.read.csv(str(tmp_path / "log.csv"), header=True).selectExpr(
        *("customer_id", "order_id", "CAST(ordered_at AS TIMESTAMP)", "CAST(amount AS DECIMAL(12, 2)) amount"),
        "named_struct('channel', 'web', 'tags', array('a', 'b')) details",
    )
    frame.repartition(3).write.parquet(str(tmp_path / "log.parquet"))
    spark.conf.unset("spark.sql.parquet.outputTimestampType")
    names = {path.name for path in (tmp_path / "log.parquet").iterdir()}
    assert {"_SUCCESS", "._SUCCESS.crc"} <= names
    found = {}
    for name in ("log.csv", "log.parquet"):
        with read_orders(tmp_path / name, IntakeOptions()) as orders:
            found[name] = (orders.fingerprint, orders.report.rows_used, orders.report.rows_rejected)
    assert found["log.parquet"] == found["log.csv"]
