"""Rows are read at once where they are written as a clean log has them; what they mean is what their texts mean."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churnrisk.engines import Database
from churnrisk.errors import ChurnriskError
from churnrisk.orders import IntakeOptions, load, read_orders
from churnrisk.sources import match_source, open_source

Row = dict[str, str]
OPTIONS = IntakeOptions(reject_limit=1.0, no_customer_limit=1.0, drop_duplicates=True)

IDS = st.sampled_from(["K1", "K2", "k1", " K3 ", "", "guest", "0", "1", "2", "'=x", "1E+05", "żółw", '"K4"', "007"])
CLEAN_DAYS = st.integers(1, 28).map(lambda day: f"2024-01-{day:02} 10:30:00")
ODD_DAYS = st.sampled_from(
    (
        *(
            "",
            "2024-01-05",
            "2024-1-5",
            "2024-01-05T10:00:00",
            "2024-01-05\t10:30:00",
            "2024-02-30 10:00:00",
            "2024-01-05Z",
        ),
        *("05.01.2024", "03/04/2024", "1969-12-31 10:00:00", "2090-01-01 10:00:00", "n/a", "20240105"),
    )
)
CLEAN_NUMBERS = st.decimals(-2000, 2000, places=2, allow_nan=False).map(str)
ODD_NUMBERS = st.sampled_from(
    (
        *(
            "",
            "5",
            "1.2345",
            "1.234",
            "1,234",
            "12,50",
            "1_000",
            "1e3",
            "-0.00",
            "(5.00)",
            "+5",
            "1.00005",
            "7 EUR",
            "n/a",
        ),
        *("12345678901.00", "99999999999999", "1 000", "#REF!", ".5", "5.", " 7 ", "2024-01-05", "123456.78"),
    )
)


def days(*, is_clean: bool) -> st.SearchStrategy[str]:
    return CLEAN_DAYS if is_clean else st.one_of(CLEAN_DAYS, CLEAN_DAYS, ODD_DAYS)


def numbers(*, is_clean: bool) -> st.SearchStrategy[str]:
    return CLEAN_NUMBERS if is_clean else st.one_of(CLEAN_NUMBERS, CLEAN_NUMBERS, ODD_NUMBERS)


@st.composite
def logs(draw: st.DrawFn) -> str:
    """A file of some of the columns that logs have, clean or with some odd values, in some layout."""
    is_clean = draw(st.booleans())
    beside = ["order_id", "quantity", "order_status", "email", "product_id", "refunded_amount", "refunded_at", "note"]
    money = draw(st.sampled_from([["amount"], ["amount", "currency"], ["unit_price", "quantity", "discount"], []]))
    columns = ["customer_id", "ordered_at", *money, *draw(st.lists(st.sampled_from(beside), unique=True))]
    numeric = {"amount", "unit_price", "quantity", "refunded_amount"}
    of_column: dict[str, st.SearchStrategy[str]] = {
        "customer_id": st.sampled_from(["K1", "K2", "K3"]) if is_clean else IDS,
        "order_id": st.integers(1, 9).map(lambda number: f"O{number}"),
        "order_status": st.sampled_from(["paid", "cancelled", "refunded", ""]),
        "email": st.sampled_from(["", "a@b.pl", "A@b.pl", "c@d.bg"]),
        "product_id": st.sampled_from(["p", "q ", ""]),
        "currency": st.sampled_from(["EUR", "EUR", "EUR", ""]),
        "discount": st.sampled_from(["", "0", "10%", "5 %"]),
        "note": st.sampled_from(["", "1.234", "x, y", 'say "so"', " z"]),
    }
    of_column |= {name: days(is_clean=is_clean) for name in ("ordered_at", "refunded_at")}
    of_column |= {name: numbers(is_clean=is_clean) for name in numeric}
    names = list(dict.fromkeys(columns))
    rows = draw(st.lists(st.tuples(*(of_column[name] for name in names)), min_size=1, max_size=12))
    rows += draw(st.lists(st.sampled_from(rows), max_size=2))
    lines = [names, *rows]
    if not is_clean:
        lines.insert(len(lines) // 2, draw(st.sampled_from([[], names, ["Total", *[""] * (len(names) - 1)], rows[0]])))
    mark, end = draw(st.sampled_from([(",", "\n"), (";", "\r\n"), ("\t", "\n")]))
    text = end.join(mark.join(_quote(cell, mark) for cell in line) for line in lines)
    return draw(st.sampled_from(["", "\ufeff"])) + text + draw(st.sampled_from(["", end]))


def _quote(cell: str, mark: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if {mark, '"'} & set(cell) else cell


def read(path: Path, options: IntakeOptions = OPTIONS) -> dict[str, Any]:
    """Everything that is made of a file: its account, its orders and lines, and the rows that were set aside."""
    rejects = path.with_suffix(".rejects")
    rejects.unlink(missing_ok=True)
    try:
        with read_orders(path, replace(options, rejects=rejects)) as orders:
            assert orders.database is not None
            names = [name for name in ("orders", "order_lines") if name == "orders" or orders.lines() is not None]
            tables = {name: orders.database.rows_of(f"SELECT * FROM {name} ORDER BY ALL") for name in names}
            found = {"report": orders.report.to_dict(), "currency": orders.currency, **tables}
    except ChurnriskError as error:
        return {"error": str(error)}
    return found | {"rejects": rejects.read_text(encoding="utf-8") if rejects.exists() else ""}


def read_as_text(path: Path, options: IntakeOptions = OPTIONS) -> dict[str, Any]:
    """The same, where every date and number is read by what all of its column say, and every row has its hash."""
    by_text = functools.partial(load.load_rows, as_text=True)
    with (
        patch("churnrisk.orders.read.load_rows", by_text),
        patch("churnrisk.orders.load._seem_own", return_value=False),
        patch("churnrisk.sources.text._is_plain", return_value=False),
    ):
        return read(path, options)


@given(text=logs())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_read_at_once_is_what_its_texts_say(text: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode())
    assert read(path) == read_as_text(path)


HEAD = "customer_id,order_id,ordered_at,amount,quantity"
CLEAN = [f"K{k % 3},O{k},2024-01-{k + 1:02} 10:00:00,{k}.50,{k}" for k in range(1, 9)]
NEARLY = {
    "an odd amount": "K1,O9,2024-02-01 10:00:00,12.345,1",
    "a decimal comma": 'K1,O9,2024-02-01 10:00:00,"12,50",1',
    "five decimals": "K1,O9,2024-02-01 10:00:00,1.00005,1",
    "an underscore": "K1,O9,2024-02-01 10:00:00,1_000.00,1",
    "a day without a time": "K1,O9,2024-02-01,12.50,1",
    "a tab in a time": "K1,O9,2024-02-01\t10:00:00,12.50,1",
    "an impossible day": "K1,O9,2024-02-30 10:00:00,12.50,1",
    "a day before 1970": "K1,O9,1969-02-01 10:00:00,12.50,1",
    "a day to come": "K1,O9,2999-02-01 10:00:00,12.50,1",
    "no day": "K1,O9,,12.50,1",
    "no amount": "K1,O9,2024-02-01 10:00:00,,1",
    "no customer": ",O9,2024-02-01 10:00:00,12.50,1",
    "no order": "K1,,2024-02-01 10:00:00,12.50,1",
    "an odd quantity": "K1,O9,2024-02-01 10:00:00,12.50,x",
    "a return": "K1,O8,2024-02-01 10:00:00,-8.50,-8",
    "a quoted field": '"K1",O9,2024-02-01 10:00:00,12.50,1',
    "spaces around an id": " K1 ,O9,2024-02-01 10:00:00,12.50,1",
    "an apostrophe": "'=K1,O9,2024-02-01 10:00:00,12.50,1",
    "an id in capitals": "k1,O9,2024-02-01 10:00:00,12.50,1",
    "a shortened id": "1.2E+05,O9,2024-02-01 10:00:00,12.50,1",
    "a guest": "guest,O9,2024-02-01 10:00:00,12.50,1",
    "a header again": HEAD,
    "a row of totals": "Total,,,36.00,36",
    "a blank line": "",
    "a copy": CLEAN[0],
    "an order of two rows": "K1,O1,2024-01-02 10:00:00,9.00,1",
    "too many fields": "K1,O9,2024-02-01 10:00:00,12.50,1,2",
    "a large amount": "K1,O9,2024-02-01 10:00:00,99999999999.00,1",
}


@pytest.mark.parametrize("last", NEARLY.values(), ids=NEARLY.keys())
def test_one_odd_row_at_the_end_changes_nothing_about_the_others(last: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("\n".join([HEAD, *CLEAN, last, ""]), encoding="utf-8")
    found = read(path)
    assert found == read_as_text(path)
    assert found["report"]["rows_in"] >= len(CLEAN)


@pytest.mark.parametrize(
    "options",
    [
        {"decimal": ","},
        {"date_format": "dd.mm.yyyy"},
        {"timezone": "Europe/Sofia"},
        {"fold_case": True},
        {"rates": {"PLN": "0.235"}},
        {"rate_before": {"2024-01-05": "0.511292"}},
        {"pseudonym_key": b"k" * 32},
        {"group_column": "quantity"},
        {"no_amounts": True},
    ],
)
def test_options_mean_the_same_for_what_is_read_at_once(options: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("\n".join([HEAD, *CLEAN, CLEAN[0], "k1,O1,2024-01-02 10:00:00,9.00,1"]), encoding="utf-8")
    chosen = replace(OPTIONS, **options)
    assert read(path, chosen) == read_as_text(path, chosen)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_blank_before_the_end_of_a_line_is_trimmed(end: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(end.join(["ordered_at,amount,customer_id", "2024-01-02,5,K1 ", "2024-01-03,6,K1", ""]).encode())
    found = read(path)
    assert found == read_as_text(path)
    assert found["report"]["customers"] == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1250"])
def test_encodings_are_read_by_the_same_rules(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes("\r\n".join([HEAD, *CLEAN, "żółw,O9,2024-02-01 10:00:00,12.50,1", ""]).encode(encoding))
    found = read(path)
    assert found == read_as_text(path)
    assert found["report"]["orders"] == 9


@pytest.mark.parametrize(
    ("last", "texts", "has_own_ids"),
    [
        ("K1,O9,2024-02-01 10:00:00,12.50,1", set(), True),
        ("K1,O1,2024-02-01 10:00:00,12.50,1", set(), False),
        ("K1,O9,2024-02-01 10:00:00,12.345,1", {"amount"}, True),
        ("K1,O9,1.2.2024,12.50,?", {"ordered", "quantity"}, True),
        ("K1,,2024-02-01 10:00:00,,", set(), False),
    ],
)
def test_only_what_no_clean_log_has_stays_text(last: str, texts: set[str], has_own_ids: bool, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("\n".join([HEAD, *CLEAN, last]), encoding="utf-8")
    with Database() as database:
        raw = open_source(path, database, OPTIONS)
        loaded = load.load_rows(database, raw, match_source(raw, database, OPTIONS), OPTIONS)
        shapes = loaded.profile.shapes
        assert (set(loaded.texts), loaded.has_own_ids, loaded.profile.rows) == (texts, has_own_ids, len(CLEAN) + 1)
        assert sum(shapes["ordered_at"].values()) == len(CLEAN) + 1
        [(hashes,)] = database.rows_of(f"SELECT count(h) FROM {loaded.source}")
        assert hashes == (0 if has_own_ids else len(CLEAN) + 1)


def test_order_ids_of_their_own_are_found_in_any_order(tmp_path: Path) -> None:
    ids = {"up": ["O9", "O10", "O11"], "down": ["11", "10", "9"], "mixed": ["b", "c", "a"], "same": ["a", "b", "a"]}
    found = {}
    with Database() as database:
        for name, listed in ids.items():
            values = ", ".join(f"('K', '{one}')" for one in listed)
            found[name] = load._are_own(database, f"(VALUES {values}) AS t(who, own_id)", ("who", "own_id"))
    assert found == {"up": True, "down": True, "mixed": True, "same": False}


def test_a_missing_quantity_is_no_large_amount(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = ["a,2024-01-05,2.50,2", "b,2024-01-06,3.50,", "c,2024-01-07,4.50,x", "d,2024-01-07,99999999999999,3"]
    path.write_text("\n".join(["customer_id,ordered_at,unit_price,quantity", *rows]), encoding="utf-8")
    with read_orders(path, OPTIONS) as orders:
        found = [(row.column, row.value, row.reason[:12]) for row in orders.report.rejected_rows]
    assert found == [
        ("quantity", "", "not a number"),
        ("quantity", "x", "not a number"),
        ("unit_price", "99999999999999", "an amount be"),
    ]
