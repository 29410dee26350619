"""The same purchases in any form give the same orders; a broken line harms no other."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import io
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churnrisk.engines import collect_arrays
from churnrisk.errors import SourceError
from churnrisk.orders import IntakeOptions, read_orders

Row = tuple[str, dt.datetime, int, str]
HEADERS = {
    "en": ("customer_id", "order date", "Total", "Order No"),
    "bg": ("Клиент", "Дата", "Сума", "Номер на поръчка"),
    "pl": ("ID klienta", "Data zamówienia", "Kwota", "Nr zamówienia"),
    "be": ("Кліент", "Дата замовы", "Сума", "Нумар замовы"),
    "ru": ("Клиент", "Дата заказа", "Сумма", "Номер заказа"),
    "de": ("Kundennummer", "Bestelldatum", "Betrag", "Bestellnummer"),
}
ENCODINGS = {
    "en": ["utf-8", "utf-8-sig", "utf-16", "ascii"],
    "bg": ["utf-8", "cp1251", "iso-8859-5", "utf-16-le"],
    "pl": ["utf-8", "cp1250", "iso-8859-2", "utf-8-sig"],
    "be": ["utf-8", "cp1251", "iso-8859-5", "utf-16-be"],
    "ru": ["utf-8", "cp1251", "iso-8859-5"],
    "de": ["utf-8", "cp1252", "cp1250"],
}
DATES = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y%m%d"]
DATES += ["%d %b %Y %H:%M", "epoch", "excel"]

ids = st.text("abcXYZ0129-_@.", min_size=1, max_size=12).filter(lambda one: one[0] not in "-@")
rows = st.lists(
    st.tuples(
        ids,
        st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2025, 12, 31)).map(
            lambda t: t.replace(microsecond=0, second=0)
        ),
        st.integers(-(10**7), 10**7),
    ),
    min_size=1,
    max_size=12,
)


def number_rows(found: list[tuple[str, dt.datetime, int]]) -> list[Row]:
    # a day beyond the twelfth and a fraction tell every format; each order has an id of its own
    first = ("zz", dt.datetime(2024, 3, 31, 12), 1234)
    return [(*row, f"n{number}") for number, row in enumerate([first, *found])]


def write_date(when: dt.datetime, form: str) -> str:
    if form == "epoch":
        return str(int(when.replace(tzinfo=dt.UTC).timestamp()))
    if form == "excel":
        return str((when - dt.datetime(1899, 12, 30)).days)
    return when.strftime(form)


def write_amount(cents: int, decimal: str, thousands: str, currency: str) -> str:
    text = f"{abs(cents) / 100:,.2f}".replace(",", "~").replace(".", decimal).replace("~", thousands)
    return ("-" if cents < 0 else "") + text + currency


@st.composite
def text_files(draw: st.DrawFn) -> tuple[list[Row], bytes]:
    found = number_rows(draw(rows))
    language = draw(st.sampled_from(sorted(HEADERS)))
    mark = draw(st.sampled_from([",", ";", "\t", "|"]))
    decimal = draw(st.sampled_from([".", ","])) if mark != "," else "."
    spaces = ["", " ", "'", "." if decimal == "," else ","] if mark != "," else ["", " "]
    thousands, currency = draw(st.sampled_from(spaces)), draw(st.sampled_from(["", " EUR"]))
    form, ending = draw(st.sampled_from(DATES)), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    quote = draw(st.sampled_from(["", '"']))
    lines = [mark.join(HEADERS[language])]
    for customer, when, cents, order in found:
        cells = [customer, write_date(when, form), write_amount(cents, decimal, thousands, currency), order]
        lines.append(mark.join(f"{quote}{cell}{quote}" for cell in cells))
    preamble = draw(st.sampled_from(["", f"Export{ending}{ending}"]))
    text = preamble + ending.join(lines) + draw(st.sampled_from(["", ending, ending * 3]))
    return found, text.encode(draw(st.sampled_from(ENCODINGS[language])))


def fingerprint(source: object, **options: object) -> str:
    with read_orders(source, IntakeOptions(**options)) as orders:  # type: ignore[arg-type]
        assert orders.report.rows_rejected == 0
        return orders.fingerprint


def as_frame(found: list[Row]) -> pd.DataFrame:
    names = ["customer_id", "ordered_at", "amount", "order_id"]
    frame = pd.DataFrame(found, columns=names)
    return frame.assign(amount=frame["amount"] / 100)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=text_files())
def test_text_of_any_dialect_gives_the_same_orders(made: tuple[list[Row], bytes], tmp_path: Path) -> None:
    found, data = made
    path = tmp_path / "log.csv"
    path.write_bytes(data)
    assert fingerprint(path) == fingerprint(as_frame(found))


def to_json(frame: pd.DataFrame) -> bytes:
    frame = frame.assign(ordered_at=frame["ordered_at"].astype(str))
    return "\n".join(json.dumps(record) for record in frame.to_dict("records")).encode()


def to_bytes(write: Callable[[io.BytesIO], object]) -> bytes:
    target = io.BytesIO()
    write(target)
    return target.getvalue()


FORMS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "json lines": to_json,
    "gzip": lambda frame: gzip.compress(frame.to_csv(index=False).encode()),
    "parquet": lambda frame: to_bytes(lambda target: frame.to_parquet(target, write_page_checksum=True)),
    "xlsx": lambda frame: to_bytes(lambda target: frame.to_excel(target, index=False, engine="xlsxwriter")),
}


@pytest.mark.parametrize("form", FORMS)
def test_files_of_other_formats_give_the_same_orders(form: str, tmp_path: Path) -> None:
    frame = as_frame(number_rows([("007", dt.datetime(2024, 5, 1, 8), 999), ("007", dt.datetime(2024, 6, 2), -100)]))
    path = tmp_path / "log.csv"
    path.write_bytes(FORMS[form](frame))
    assert fingerprint(path) == fingerprint(frame.sample(frac=1, random_state=3))


def test_parquet_with_gaps_and_padding_is_read_as_text_with_them_is(tmp_path: Path) -> None:
    """Text columns are trimmed there as anywhere; in those of other types what is missing is set aside."""
    days = [dt.date(2024, 1, day) for day in range(1, 9)]
    frame = pd.DataFrame({
        "customer_id": ["a", " a", "b\u00a0", "", None, "c", "c", "d"],
        "order_id": ["1", "2 ", "3", "4", "5", "6", "7", None],
        "ordered_at": [*days[:5], None, *days[6:]],
        "amount": [1.0, -2.0, 3.25, 4.0, 5.0, 6.0, None, 8.0],
    })  # fmt: skip
    frame.to_parquet(tmp_path / "log.parquet")
    frame.to_csv(tmp_path / "log.csv", index=False)
    found = {}
    for name in ("log.parquet", "log.csv"):
        with read_orders(tmp_path / name, IntakeOptions(reject_limit=0.9)) as orders:
            table = collect_arrays(orders.frame(), sort_by=["customer_id", "order_id"])
            rows = [(row.reason, row.value) for row in orders.report.rejected_rows]
            found[name] = {name: values.tolist() for name, values in table.items()}, rows
    assert found["log.parquet"][0]["customer_id"] == ["a", "a", "b", "d"]
    assert found["log.parquet"] == found["log.csv"]


def test_zstd_and_sqlite_and_folders_give_the_same_orders(tmp_path: Path) -> None:
    import pyarrow as pa

    frame = as_frame(number_rows([("007", dt.datetime(2024, 5, 1, 8), 999)]))
    (tmp_path / "log.zst").write_bytes(pa.compress(frame.to_csv(index=False).encode(), codec="zstd", asbytes=True))
    connection = sqlite3.connect(tmp_path / "log.db")
    frame.assign(ordered_at=frame["ordered_at"].astype(str)).to_sql("orders", connection, index=False)
    connection.close()
    parts = tmp_path / "parts"
    parts.mkdir()
    frame[:1].to_csv(parts / "1.csv", index=False)
    frame[1:][["amount", "customer_id", "order_id", "ordered_at"]].to_csv(parts / "2.csv", index=False, sep=";")
    wanted = fingerprint(frame)
    assert fingerprint(tmp_path / "log.zst") == wanted
    assert fingerprint(tmp_path / "log.db") == wanted
    assert fingerprint(f"sqlite:///{tmp_path}/log.db?table=orders") == wanted
    assert fingerprint(f"sqlite:///{tmp_path}/log.db", query="SELECT * FROM orders") == wanted
    assert fingerprint(parts) == wanted
    assert fingerprint(str(parts / "*.csv")) == wanted


def test_a_sqlite_file_with_a_log_of_writes_is_read_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    frame = as_frame(number_rows([("007", dt.datetime(2024, 5, 1, 8), 999)]))
    rows, names = frame.assign(ordered_at=frame["ordered_at"].astype(str)), ("", "-wal", "-shm")
    live, states = tmp_path / "live.db", {"closed": ("",), "cut off": ("", "-wal"), "stale": names}
    with contextlib.closing(sqlite3.connect(live)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        rows.to_sql("orders", connection, index=False)
        assert Path(f"{live}-wal").stat().st_size > 0  # the rows are there alone
        assert fingerprint(live) == fingerprint(frame)
        for state, parts in list(states.items())[1:]:
            (tmp_path / state).mkdir()
            for name in parts:
                shutil.copy(f"{live}{name}", tmp_path / state / f"log.db{name}")
    (tmp_path / "closed").mkdir()
    shutil.copy(live, tmp_path / "closed" / "log.db")
    for state, parts in states.items():
        assert fingerprint(tmp_path / state / "log.db") == fingerprint(frame), state
        assert {path.name for path in (tmp_path / state).iterdir()} == {f"log.db{name}" for name in parts}, state


BROKEN = {
    "unclosed quote": '"x;2024-01-05;5;N',
    "quote inside": '"x"y;2024-01-05;5;N',
    "too few fields": "x;2024-01-05",
    "too many fields": "x;2024-01-05;5;N;1",
    "zero byte": "x\0;2024-01-05;5;N",
    "repeated header": "customer_id;ordered_at;amount;order_id",
    "impossible date": "x;2024-02-30;5;N",
    "another format": "x;05.02.2024;5;N",
    "no number": "x;2024-02-03;five;N",
    "not finite": "x;2024-02-03;inf;N",
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_broken_line_is_named_and_changes_no_other(broken: str, ending: str, tmp_path: Path) -> None:
    good = ["customer_id;ordered_at;amount;order_id", *(f"c{k};2024-01-{k + 10};{k}.5;o{k}" for k in range(9))]
    path, clean = tmp_path / "broken.csv", tmp_path / "clean.csv"
    clean.write_text(ending.join(good) + ending, newline="")
    path.write_text(ending.join([*good[:5], BROKEN[broken], *good[5:]]) + ending, newline="")
    with read_orders(path, IntakeOptions(reject_limit=0.2)) as orders:
        assert [row.line for row in orders.report.rejected_rows] == [6]
        assert (orders.report.rows_in, orders.report.rows_rejected) == (10, 1)
        assert orders.fingerprint == fingerprint(clean)


def test_bytes_that_do_not_decode_reject_their_row(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    lines = ["клиент;дата;сума", *(f"Жоро{k};2024-01-05;5" for k in range(30))]
    path.write_bytes("\n".join(lines).encode() + b"\n\xd0;2024-01-05;5\n")
    with read_orders(path, IntakeOptions(reject_limit=0.2)) as orders:
        assert [(row.line, row.reason) for row in orders.report.rejected_rows] == [
            (32, "bytes that are not of the file's encoding")
        ]


def test_fields_may_span_lines_and_be_long(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f'customer_id,ordered_at,note\n"a\nb",2024-01-05,"{"x" * 5_000_000}"\nc,never,y\nd,2024-01-06,z\n')
    with read_orders(path, IntakeOptions(reject_limit=0.5)) as orders:
        assert orders.report.customers == 2
        assert [row.line for row in orders.report.rejected_rows] == [4]


def test_several_files_are_named_in_the_rejects(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "a.csv").write_text("customer,date\nx,2024-01-05\n")
    (folder / "b.csv").write_text("customer,date\nx,never\ny,2024-01-06\n")
    options = IntakeOptions(reject_limit=0.5, rejects=tmp_path / "rejects.csv")
    with read_orders(folder, options) as orders:
        assert [(row.file, row.line) for row in orders.report.rejected_rows] == [("b.csv", 2)]
    assert (tmp_path / "rejects.csv").read_text().splitlines()[1].startswith("b.csv,2,date,never,")


QUERIES = ("SELECT * FROM orders", "SELECT * FROM (WITH few AS (SELECT * FROM orders) SELECT * FROM few)")
WRITING = ("DELETE FROM orders", "CREATE TABLE x (y)", "PRAGMA journal_mode = DELETE", "VACUUM INTO 'copy.db'")


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@pytest.mark.parametrize("query", [*QUERIES, *WRITING, "ATTACH 'other.db' AS other"])
def test_a_database_file_is_only_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, query: str) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "shop.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(f"PRAGMA journal_mode = {mode}")
        database.execute("CREATE TABLE orders (customer_id TEXT, date TEXT, total REAL)")
        database.executemany("INSERT INTO orders VALUES (?, ?, ?)", [("a", "2025-01-01", 1), ("b", "2025-01-02", 2)])
    os.utime(path, ns=(10**18, 10**18))
    before, names = path.read_bytes(), sorted(one.name for one in tmp_path.iterdir())
    if query in QUERIES:
        with read_orders(f"sqlite:///{path}", IntakeOptions(query=query)) as orders:
            assert orders.report.orders == 2
    else:
        with pytest.raises(SourceError, match="write a SELECT"):
            read_orders(path, IntakeOptions(query=query))
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, 10**18)
    assert sorted(one.name for one in tmp_path.iterdir()) == names == ["shop.db"]


def test_a_database_that_somebody_writes_to_is_read_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with contextlib.closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE orders (customer_id TEXT, date TEXT, total REAL)")
        for customer in ("a", "b", "c"):
            writer.execute("INSERT INTO orders VALUES (?, '2025-01-01', 1)", (customer,))
            writer.commit()
        with read_orders(path) as orders:
            assert orders.report.orders == 3


def test_a_duckdb_file_is_named_and_left_alone(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE TABLE orders AS SELECT 'a' AS customer_id, DATE '2025-01-01' AS date, 1 AS total")
    before = path.read_bytes()
    with pytest.raises(SourceError, match=r"shop\.duckdb is a DuckDB database; export the purchases"):
        read_orders(path, IntakeOptions(query="SELECT * FROM orders"))
    assert (path.read_bytes(), [one.name for one in tmp_path.iterdir()]) == (before, ["shop.duckdb"])
