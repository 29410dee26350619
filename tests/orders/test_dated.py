"""Tables beside the purchases: what is read of them does not depend on their form, and every row is accounted for."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnrisk.dated import DatedReport, DatedSource
from churnrisk.errors import ColumnError, TooManyRejects
from churnrisk.orders import IntakeOptions, KeepIn, Orders, read_orders
from churnrisk.sources import LeftOut

ROWS: list[tuple[str, ...]] = [
    ("0012", "2024-01-05", "2024-01-07", "2024-01-20", "complaint", "3"),
    ("0012", "2024-02-01", "2024-01-25", "", "=question", "7.5"),
    ("b", "2024-03-01", "2024-03-01", "2024-03-01", "", ""),
]
ROLES = ["customer_id", "happened_at", "known_at", "ended_at", "kind", "value"]
HEADERS = {
    "en": ROLES,
    "pl": ["ID klienta", "Data zdarzenia", "Data zapisu", "Data zamknięcia", "Rodzaj", "Ocena"],
    "bg": ["ID на клиент", "Дата на събитието", "Дата на записване", "Дата на затваряне", "Вид", "Оценка"],
    "be": ["ID кліента", "Дата падзеі", "Дата запісу", "Дата закрыцця", "Тып", "Ацэнка"],
}
DAY = pd.Timestamp("1970-01-01")


def read(folder: Path, table: Any, **options: Any) -> Orders:
    purchases = folder / "purchases.csv"
    purchases.write_text("customer_id,ordered_at,amount\n0012,2024-01-01,5\nb,2024-02-01,6\n", encoding="utf-8")
    declared = table if isinstance(table, DatedSource) else DatedSource(source=str(table))
    return read_orders(purchases, IntakeOptions(tables={"t": declared}, **options))


def rows_of(orders: Orders) -> Counter[tuple[Any, ...]]:
    beside = orders.tables.get("t") or orders.attributes["t"]
    listed = beside.frame().collect("pyarrow").rows()
    return Counter(tuple(row) for row in listed)


def account(orders: Orders) -> DatedReport:
    report = (orders.tables.get("t") or orders.attributes["t"]).report
    assert report is not None
    return report


def write(folder: Path, rows: Sequence[tuple[str, ...]], headers: list[str] = ROLES) -> Path:
    path = folder / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([headers, *rows])
    return path


def as_json(frame: pd.DataFrame, folder: Path) -> Path:
    lines = [json.dumps({key: one for key, one in row.items() if one}) for row in frame.to_dict("records")]
    (folder / "t.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder / "t.jsonl"


def as_parquet(frame: pd.DataFrame, folder: Path) -> Path:
    days = [one for one in frame.columns if one.endswith("_at")]
    typed = frame.assign(**{one: pd.to_datetime(frame[one]) for one in days}, value=pd.to_numeric(frame["value"]))
    typed.to_parquet(folder / "t.parquet")
    return folder / "t.parquet"


def as_xlsx(frame: pd.DataFrame, folder: Path) -> Path:
    book = folder / "t.xlsx"
    options = {"options": {"strings_to_formulas": False}}
    with pd.ExcelWriter(book, engine="xlsxwriter", engine_kwargs=options) as writer:
        frame.to_excel(writer, index=False)
    return book


def as_polish_csv(frame: pd.DataFrame, folder: Path) -> Path:
    days = [one for one in frame.columns if one.endswith("_at")]
    other = frame.assign(
        **{one: ["" if not day else pd.Timestamp(day).strftime("%d.%m.%Y") for day in frame[one]] for one in days},
        value=[one.replace(".", ",") for one in frame["value"]],
    ).set_axis(HEADERS["pl"], axis=1)
    other.to_csv(folder / "t.txt", sep=";", index=False, encoding="cp1250")
    return folder / "t.txt"


@pytest.mark.parametrize("form", [as_json, as_parquet, as_xlsx, as_polish_csv])
def test_the_form_of_a_table_does_not_change_what_is_read(
    form: Callable[[pd.DataFrame, Path], Path], tmp_path: Path
) -> None:
    with read(tmp_path, write(tmp_path, ROWS)) as orders:
        plain, mark = rows_of(orders), orders.fingerprint
    with read(tmp_path, form(pd.DataFrame(ROWS[::-1], columns=ROLES), tmp_path)) as orders:
        assert rows_of(orders) == plain
        assert orders.fingerprint == mark
        assert account(orders).rows_used == 3
    assert plain == Counter(
        [
            ("0012", 19727, 19729, 19742, "complaint", 30_000, 19729),
            ("0012", 19754, 19747, None, "=question", 75_000, 19747),
            ("b", 19783, 19783, 19783, "", None, 19783),
        ]
    )


@pytest.mark.parametrize("language", HEADERS)
def test_headers_of_four_languages_are_known(language: str, tmp_path: Path) -> None:
    with read(tmp_path, write(tmp_path, ROWS, HEADERS[language])) as orders:
        report = account(orders)
        assert dict(report.columns) == dict(zip(ROLES, HEADERS[language], strict=True))
        assert (report.rows_late, report.rows_ahead, report.rows_open, report.customers) == (1, 1, 1, 2)


CELLS = (
    ["0012", "b", "nobody", "", "'; DROP TABLE orders; --"],
    ["2024-01-05", "2024-02-30", "", "1960-01-01", "2924-01-01", "2024-03-01 10:00"],
    ["2024-01-05", "", "soon", "2924-01-01"],
    ["2024-01-04", "", "2024-06-01"],
    ["a", "", "<b>\"'", "ё"],
    ["1", "", "x", "2.5"],
)


def oracle(row: tuple[str, ...]) -> str:
    """What becomes of a row that is no copy, in plain Python."""
    customer, happened, known, ended, _, value = row
    if not customer:
        return "without"
    days: list[Any] = [pd.to_datetime(one, errors="coerce") if one else None for one in (happened, known, ended)]
    happened_day, known_day, ended_day = days
    if happened_day is None or any(one is pd.NaT for one in days) or value == "x":
        return "rejected"
    known_day = happened_day if known_day is None else known_day
    is_early = happened_day < DAY or (ended_day is not None and ended_day.date() < happened_day.date())
    return "rejected" if is_early or known_day > pd.Timestamp("2900-01-01") else "used"


@pytest.mark.parametrize("seed", [1, 2])
def test_every_row_is_accounted_for(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    rows = [tuple(draw.choice(cells) for cells in CELLS) for _ in range(400)]
    rows += rows[:50]
    whole = [("b", "2024-01-09", "2024-01-09", "2024-02-09", "whole", "4"), *rows]
    listed = tmp_path / "rejects.csv"
    with read(tmp_path, write(tmp_path, whole), reject_limit=1, rejects=listed) as orders:
        report, kept = account(orders), sum(rows_of(orders).values())
    wanted = Counter(oracle(row) for row in whole)
    copies = sum(count - 1 for row, count in Counter(whole).items() if oracle(row) == "used")
    assert report.rows_in == len(whole)
    assert (report.rows_rejected, report.rows_without_customer) == (wanted["rejected"], wanted["without"])
    assert (report.duplicates_dropped, report.rows_used, kept) == (copies, wanted["used"] - copies, report.rows_used)
    with listed.open(encoding="utf-8") as file:
        told = [row for row in csv.DictReader(file) if row.get("file") == "t"]
    assert len(told) == len(whole) - report.rows_used


def test_a_value_is_hidden_until_the_day_on_which_it_was_known(tmp_path: Path) -> None:
    source = DatedSource(source=str(write(tmp_path, ROWS)), columns={"value_at": "ended_at"})
    with read(tmp_path, source) as orders:
        assert {row[-2:] for row in rows_of(orders)} == {(30_000, 19742), (None, 19747), (None, 19783)}
        assert account(orders).values_unknown == 1


def test_an_error_names_the_table_its_file_the_line_and_the_column(tmp_path: Path) -> None:
    bad: list[tuple[str, ...]] = [("b", "2024-01-05", "", "2024-01-04", "", "")] * 2
    with pytest.raises(TooManyRejects, match=r"t \(t\.csv\).*line 2, ended_at '2024-01-04'"):
        read(tmp_path, write(tmp_path, bad))
    with pytest.raises(ColumnError, match=r"closed_on.*\[tables\.t\]"):
        read(tmp_path, DatedSource(source=str(write(tmp_path, ROWS)), columns={"ended_at": "closed_on"}))


def test_ids_are_those_of_the_purchases(tmp_path: Path) -> None:
    path = write(tmp_path, [("B", "2024-01-05", "", "", "", ""), ("0012", "2024-01-06", "", "", "", "")])
    gone = LeftOut(lambda one: one, frozenset(["0012"]))
    with read(tmp_path, path, fold_case=True, left_out=gone) as orders:
        assert [row[0] for row in rows_of(orders)] == ["b"]
        assert not rows_of(orders.of_customer("nobody"))
    with read(tmp_path, path, pseudonym_key=b"k" * 32) as orders:
        assert len(next(iter(rows_of(orders)))[0]) > 10


ATTRIBUTES: list[tuple[str, ...]] = [
    ("0012", "2024-01-05", "gold", "007", "1.5"),
    ("0012", "2024-01-05", "silver", "008", "2"),
]


@pytest.mark.parametrize("rows", [ATTRIBUTES, ATTRIBUTES[::-1]])
def test_of_one_customer_and_day_one_row_of_attributes_stands(rows: list[tuple[str, ...]], tmp_path: Path) -> None:
    path = write(tmp_path, rows, ["customer_id", "valid_from", 'Tier; "x"', "code", "points"])
    with read(tmp_path, DatedSource(source=str(path), family="attributes")) as orders:
        table = orders.attributes["t"]
        assert (table.texts, table.numbers, table.days) == (("tier_x", "code"), ("points",), ())
        assert list(rows_of(orders)) == [("0012", 19727, "silver", "008", 20_000)]
        assert (account(orders).rows_used, account(orders).rows_settled) == (2, 1)


def test_attributes_without_a_day_are_asked_about(tmp_path: Path) -> None:
    path = write(tmp_path, [("b", "1980")], ["customer_id", "born"])
    with pytest.raises(ColumnError, match="fixed = true"):
        read(tmp_path, DatedSource(source=str(path), family="attributes"))
    with read(tmp_path, DatedSource(source=str(path), family="attributes", is_fixed=True)) as orders:
        assert list(rows_of(orders)) == [("b", -1_000_000, 19_800_000)]


def test_a_kept_copy_of_the_purchases_never_brings_back_an_old_table(tmp_path: Path) -> None:
    keep = KeepIn(folder=tmp_path / "copies", least=0)
    for day in ("2024-01-05", "2024-01-06"):
        with read(tmp_path, write(tmp_path, [("b", day, "", "", "", "")]), keep=keep) as orders:
            assert account(orders).first_on == day


def test_polars_holds_the_same_rows(tmp_path: Path) -> None:
    with read(tmp_path, write(tmp_path, ROWS)) as here, read(tmp_path, write(tmp_path, ROWS), engine="polars") as there:
        assert rows_of(there) == rows_of(here)
        assert there.fingerprint == here.fingerprint
