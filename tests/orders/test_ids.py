"""Ids that differ in writing only, rows without an id of their own, and columns that are not used."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from churnrisk.engines import Database, collect_arrays
from churnrisk.errors import TooManyRejects
from churnrisk.orders import IntakeOptions, Orders, PurchaseRow, read_orders
from churnrisk.orders.contacts import read_opted_out
from churnrisk.orders.few import build_few_orders
from churnrisk.orders.lists import read_list
from churnrisk.sources import fold_id, fold_sql

FOLDED = IntakeOptions(fold_ids=True)
WRITINGS = {
    "ann": ["ann", "Ann", "a\u200bnn", "\ufeffANN", "аnn"],  # the last with a Cyrillic a
    "123": ["123", "00123", "123.0", "0123.00"],
    "zoé 1": ["Zoé 1", "Zoe\u0301 1", "zoé\u00a01"],
    "abc-7": ["ABC-7", "АВС-7", "abc\u20117"],
    "марта": ["Марта", "Mарта", "МАРТА"],
    "0": ["0", "000", "0.0"],
}
DIFFERENT = ["ann", "anna", "1.5", "15", "1-5", "марта", "marta", "zoe", "zoé", "10", "100", "1e5"]


@pytest.mark.parametrize("form", WRITINGS)
def test_writings_of_one_id_have_one_form(form: str) -> None:
    assert {fold_id(one) for one in WRITINGS[form]} == {form}


def test_ids_that_differ_in_more_than_writing_stay_apart() -> None:
    assert len({fold_id(one) for one in DIFFERENT}) == len(DIFFERENT)
    assert fold_id("\u200b") == "\u200b"  # nothing else is left of it


ALPHABETS = st.text(
    st.one_of(
        st.sampled_from("aBcехорАВСηΝος019.0 -_\u200b\u00a0\u0301\u00ad\ufeffİıßñ"),
        st.characters(exclude_categories=["Cs", "Cc"]),
    ),
    min_size=1,
    max_size=8,
).map(str.strip)


@given(st.lists(ALPHABETS.filter(bool), min_size=1, max_size=30))
@example(["İ", "ΑΣ", "0.0", "00", "1а", "1ж", "ıа", "éа", "Ӂ", "ǅ"])
def test_the_engine_folds_as_python_does(ids: list[str]) -> None:
    with Database(threads=1) as database:
        database.connection.execute("CREATE TABLE t AS SELECT unnest(?) AS id", [ids])
        found = database.rows_of(f"SELECT id, {fold_sql('id', database, FOLDED)} FROM t")
    assert [form for _, form in found] == [fold_id(one) for one, _ in found]


@given(ALPHABETS)
def test_a_form_is_its_own_form_and_one_whatever_the_unicode_form(text: str) -> None:
    form = fold_id(text)
    assert fold_id(form) == form or not form.strip()
    assert {fold_id(unicodedata.normalize(kind, text)) for kind in ("NFC", "NFD")} == {form} or form == text


def log_of(path: Path, *rows: str, header: str = "customer_id,date,amount") -> Path:
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def customers(orders: Orders) -> set[str]:
    return set(collect_arrays(orders.frame(), sort_by=["customer_id"])["customer_id"].tolist())


def notices(orders: Orders) -> str:
    return " ".join(orders.report.notices)


def test_ids_that_differ_in_writing_are_said_and_joined(tmp_path: Path) -> None:
    ids = [one for writings in WRITINGS.values() for one in writings if fold_id(one) != "0"]
    path = log_of(tmp_path / "log.csv", *(f"{one},2024-01-{k + 1:02},5" for k, one in enumerate(ids)))
    with read_orders(path) as orders:
        apart = orders.report.customers  # what is invisible around an id is trimmed in any case
        told = next(notice for notice in orders.report.notices if "--fold-ids" in notice)
        assert told.startswith(f"{apart - 5} customer ids")
        assert "'00123'" in told
    with read_orders(path, FOLDED) as orders:
        assert customers(orders) == {fold_id(one) for one in ids}
        assert "--fold" not in notices(orders)


def test_ids_that_differ_by_case_only_are_said_as_such(tmp_path: Path) -> None:
    with read_orders(log_of(tmp_path / "log.csv", "Ян,2024-01-05,1", "ЯН,2024-01-06,1", "007,2024-01-06,1")) as orders:
        assert "1 customer ids differ from others by upper and lower case only" in notices(orders)
        assert "--fold-ids" not in notices(orders)


def test_lists_and_few_rows_are_folded_as_purchases_are(tmp_path: Path) -> None:
    rows = [PurchaseRow("00123.0", "2024-01-05", "5"), PurchaseRow("123", "2024-02-05", "5")]
    few = build_few_orders(rows, FOLDED)
    assert {order[0] for order in few.orders} == {FOLDED.own_id("0123")} == {"123"}
    for one in WRITINGS["abc-7"]:
        path = log_of(tmp_path / "out.csv", one, header="customer_id")
        assert set(read_opted_out(path, FOLDED).contacts) == {"abc-7"}
        assert read_list(path, FOLDED).customer_ids == ["abc-7"]


def test_guests_by_address_have_the_form_of_a_list(tmp_path: Path) -> None:
    path = log_of(tmp_path / "log.csv", "guest,2024-01-05,1,Аnn@x.com", header="customer_id,date,amount,email")
    with read_orders(path, FOLDED) as orders:
        assert customers(orders) == {FOLDED.own_id("ann@X.com")}


GUESTS = (
    *("guest,2024-01-05,1,a@x.com", "guest,2024-01-06,1,A@X.com", ",2024-01-07,1,b@x.com", "guest,2024-01-08,1,"),
    *("nan,2024-01-09,1,", "7,2024-01-10,1,c@x.com", "8,2024-01-11,1,c@x.com", "9,2024-01-12,1,"),
)


def test_rows_that_an_address_tells_apart_are_counted(tmp_path: Path) -> None:
    with read_orders(log_of(tmp_path / "log.csv", *GUESTS, header="customer,date,total,email")) as orders:
        guests = {"rows": 3, "customers": 2, "by": "email", "set_aside": {"guest": 1, "nan": 1}}
        assert orders.report.guests == guests
        assert orders.report.rows_without_customer == 2
        assert "3 rows without an id of their own count for 2 customers by 'email'" in notices(orders)
        assert "'guest' 3, 'nan' 1" in notices(orders)
        assert "1 addresses in 'email' stand beside several customer ids, 2 in all, such as '7' and '8'" in notices(
            orders
        )


def test_rows_with_ids_of_their_own_have_no_guests(tmp_path: Path) -> None:
    with read_orders(log_of(tmp_path / "log.csv", "a,2024-01-05,1", "b,2024-01-05,1")) as orders:
        assert orders.report.guests == {}


def test_the_limit_names_the_column_that_tells_customers_apart(tmp_path: Path) -> None:
    header = "customer_id,date,total,Loyalty card no,city"
    rows = [f",2024-01-{k + 1:02},1,L{k % 4},Sofia" for k in range(12)]
    with pytest.raises(TooManyRejects, match=r"100% of them: --column 'customer_id=Loyalty card no'"):
        read_orders(log_of(tmp_path / "log.csv", *rows, header=header))
    rows = [f",2024-01-{k + 1:02},1,,Sofia" for k in range(12)]
    with pytest.raises(TooManyRejects, match="customer_id=NAME"):
        read_orders(log_of(tmp_path / "log.csv", *rows, header=header))


def test_ids_made_anew_for_each_order_are_said_with_the_column_that_repeats(tmp_path: Path) -> None:
    header = "customer_id,date,total,customer_unique_id"
    rows = [f"o{k},2024-01-{k + 1:02},1,u{k % 3}" for k in range(9)]
    with read_orders(log_of(tmp_path / "log.csv", *rows, header=header)) as orders:
        assert "while 'customer_unique_id' repeats" in notices(orders)
        assert "--column customer_id=customer_unique_id" in notices(orders)
    rows = [f"o{k},2024-01-{k + 1:02},1,u{k}" for k in range(9)]
    with read_orders(log_of(tmp_path / "log.csv", *rows, header=header)) as orders:
        assert "(9 ids in 'customer_id'): they may be made anew" in notices(orders)
    rows.append("o1,2024-02-01,1,u1")
    with read_orders(log_of(tmp_path / "log.csv", *rows, header=header)) as orders:
        assert "made anew" not in notices(orders)


def test_amounts_that_are_not_used_are_named(tmp_path: Path) -> None:
    header = "customer_id,date,Order Total,Adjusted Order Total,Discount Amount,Rabat zł,Podatek,Discount Code,city"
    with read_orders(log_of(tmp_path / "log.csv", "a,2024-01-05,1,1,1,1,1,x,y", header=header)) as orders:
        told = [notice for notice in orders.report.notices if "not used" in notice]
        assert [one.partition(": ")[2] for one in told] == [
            "Discount Amount, Rabat zł.",
            "Adjusted Order Total, Podatek.",
        ]
