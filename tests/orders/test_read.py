"""Reading purchases: rows, orders, refusals, and one account for all of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from churnrisk.engines import collect_arrays
from churnrisk.errors import AmbiguousFormat, ChurnriskError, ColumnError, SourceError, TooManyRejects
from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.schema import LINES, NEVER, ORDERS, column_names

LOG = """customer_id,ordered_at,amount,order_id,quantity
007,2024-01-05 10:00:00,10.50,A,1
007,2024-01-05 09:00:00,4.5,A,2
b,2024-02-01 00:00:00,3,B,1
b,2024-02-03 23:59:59,-3,C,-1
c,2024-03-01 12:00:00,0,D,1
"""


def write(folder: Path, text: str, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def rows_of(orders: Orders) -> list[tuple[object, ...]]:
    arrays = collect_arrays(orders.frame(), sort_by=["customer_id", "order_id", "order_day"])
    return list(zip(*(arrays[name].tolist() for name in column_names(ORDERS)), strict=True))


def test_rows_become_orders(tmp_path: Path) -> None:
    with read_orders(write(tmp_path, LOG)) as orders:
        assert rows_of(orders) == [
            ("007", "A", 19727, 150000, 0, 30000, 2, 1, 0, NEVER),
            ("b", "B", 19754, 30000, 0, 10000, 1, 1, 0, 19756),
            ("b", "C", 19756, -30000, 30000, -10000, 1, 0, 1, NEVER),
            ("c", "D", 19783, 0, 0, 10000, 1, 0, 0, NEVER),
        ]
        report = orders.report
        assert (report.rows_in, report.rows_used, report.orders, report.purchases) == (5, 5, 4, 1)
        assert (report.returns, report.return_rows, report.zero_orders, report.customers) == (1, 1, 1, 3)
        assert report.undone == 1, "what C takes back is all of B"
        assert (report.first_on, report.last_on) == ("2024-01-05", "2024-03-01")
        assert (orders.first_day, orders.last_day) == (19727, 19783)
        assert orders.has_amounts
        assert orders.has_quantities
        assert not orders.has_products
        assert orders.lines() is None


def test_without_order_ids_a_day_is_an_order(tmp_path: Path) -> None:
    text = "customer,date,total\na,2024-01-05,1\na,2024-01-05,2\na,2024-01-06,3\n"
    with read_orders(write(tmp_path, text)) as orders:
        assert [row[:4] for row in rows_of(orders)] == [("a", "", 19727, 30000), ("a", "", 19728, 30000)]


def test_without_amounts_every_order_is_a_purchase(tmp_path: Path) -> None:
    text = "customer,date,qty\na,2024-01-05,1\nb,2024-01-05,-1\n"
    with read_orders(write(tmp_path, text)) as orders:
        assert not orders.has_amounts
        assert [row[-3:] for row in rows_of(orders)] == [(1, 0, NEVER), (0, 1, NEVER)]
        assert any("no amounts" in notice for notice in orders.report.notices)


def test_every_row_is_accounted_for_with_its_line(tmp_path: Path) -> None:
    text = (
        LOG + ",2024-03-01 12:00:00,5,E,1\nd,2024-02-31,5,F,1\nd,never,5,G,1\nd,2024-03-01,,H,1\nd,2024-03-01,x,I,1\n"
    )
    text += "d,2024-03-01,nan,J,1\nd,2024-03-01,1e15,K,1\nd,2999-03-01,1,L,1\n"
    text += "d,0001-01-01,1,M,1\nd,2024-03-01,1,N,?\nd,,1,O,1\n"
    text += "customer_id,ordered_at,amount,order_id,quantity\n"
    rejects = tmp_path / "rejects.csv"
    with read_orders(write(tmp_path, text), IntakeOptions(reject_limit=0.9, rejects=rejects)) as orders:
        report = orders.report
    assert (report.rows_in, report.rows_used, report.rows_without_customer, report.rows_rejected) == (17, 5, 1, 11)
    assert [(row.line, row.column) for row in report.rejected_rows] == [
        (8, "ordered_at"),
        (9, "ordered_at"),
        (10, "amount"),
        (11, "amount"),
        (12, "amount"),
        (13, "amount"),
        (14, "ordered_at"),
        (15, "ordered_at"),
        (16, "quantity"),
        (17, "ordered_at"),
        (18, "customer_id"),
    ]
    assert sum(report.reasons.values()) == 12
    lines = rejects.read_text().splitlines()
    assert lines[0] == "line,column,value,reason"
    assert lines[1] == "7,customer_id,,no customer id"
    assert len(lines) == 13


def test_too_many_rejects_stop_the_run(tmp_path: Path) -> None:
    with pytest.raises(TooManyRejects, match=r"1 of 6 rows.*line 7, ordered_at 'never'.*--reject-limit"):
        read_orders(write(tmp_path, LOG + "d,never,5,G,1\n"))


def test_too_many_rejects_are_listed_all_the_same(tmp_path: Path) -> None:
    """Who has to mend the rows needs to know which."""
    rejects = tmp_path / "rejects.csv"
    broken = "d,never,5,G,1\n" * 3 + ",2024-03-01,5,E,1\n"
    with pytest.raises(TooManyRejects, match=r"All 4 rows that were set aside: .*rejects\.csv"):
        read_orders(write(tmp_path, LOG + broken), IntakeOptions(rejects=rejects))
    lines = rejects.read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [
        *([str(line), "ordered_at"] for line in (7, 8, 9)),
        ["10", "customer_id"],
    ]


def test_rows_without_a_customer_do_not_count_towards_the_limit(tmp_path: Path) -> None:
    text = LOG + "".join(f",2024-03-01,5,E{number},1\n" for number in range(20))
    with read_orders(write(tmp_path, text), IntakeOptions(no_customer_limit=0.8)) as orders:
        assert orders.report.rows_without_customer == 20
    with pytest.raises(TooManyRejects, match=r"20 of 25 rows name no customer.*80\.0%.*--no-customer-limit"):
        read_orders(write(tmp_path, text), IntakeOptions(no_customer_limit=0.79))


def test_copies_are_dropped_only_where_an_order_is_one_row(tmp_path: Path) -> None:
    text = "customer,date,total,order\na,2024-01-05,1,X\nb,2024-01-06,2,Y\na,2024-01-05,1,X\n"
    with read_orders(write(tmp_path, text)) as orders:
        assert orders.report.duplicates_dropped == 1
        assert [row[3] for row in rows_of(orders)] == [10000, 20000]
        assert orders.report.reasons == {"an exact copy of the row at line 2": 1}
    with read_orders(write(tmp_path, text + "b,2024-01-06,3,Y\n")) as orders:
        assert orders.report.duplicates_dropped == 0
        assert [row[3] for row in rows_of(orders)] == [20000, 50000]
        assert any("1 rows are exact copies" in notice for notice in orders.report.notices)


def test_lines_are_kept_where_products_are_named(tmp_path: Path) -> None:
    text = "customer,date,total,order,sku,category\na,2024-01-06,1,X,p1,toys\na,2024-01-05,2,X,p2,\n"
    with read_orders(write(tmp_path, text)) as orders:
        lines = orders.lines()
        assert lines is not None
        arrays = collect_arrays(lines, sort_by=["product_id"])
        assert tuple(arrays) == column_names(LINES)
        assert arrays["order_day"].tolist() == [19728, 19727], "each on its own day"
        assert arrays["category"].tolist() == ["toys", ""]


def test_every_form_gives_the_same_orders(tmp_path: Path) -> None:
    frame = pd.read_csv(write(tmp_path, LOG), dtype={"customer_id": str})
    frame["ordered_at"] = pd.to_datetime(frame["ordered_at"])
    frame.to_parquet(tmp_path / "log.parquet")
    forms = [tmp_path / "log.csv", tmp_path / "log.parquet", frame, frame.sample(frac=1, random_state=1)]
    forms += [pl.from_pandas(frame), pl.from_pandas(frame).lazy(), write(tmp_path, LOG.replace(",", ";"), "semi.csv")]
    forms += [write(tmp_path, LOG.replace(",", "\t").replace("\n", "\r\n"), "log.tsv")]
    seen = set()
    for form in forms:
        with read_orders(form) as orders:
            seen.add((tuple(rows_of(orders)), orders.fingerprint))
    assert len(seen) == 1


def test_ids_are_text_byte_for_byte(tmp_path: Path) -> None:
    ids = ["007", "18446744073709551617", "123.0", "NA", "Nullah", "1e5", "😀", "مرحبا", "x" * 10_000, "'=cmd", "a b"]
    text = "customer,date\n" + "".join(f" {one} ,2024-01-05\n" for one in ids)
    with read_orders(write(tmp_path, text)) as orders:
        found = {row[0] for row in rows_of(orders)}
    assert found == {one.removeprefix("'") for one in ids}


def test_floats_as_ids_keep_their_digits() -> None:
    frame = pd.DataFrame({"customer": [123.0, None, 7.0], "date": ["2024-01-05"] * 3})
    with read_orders(frame) as orders:
        assert [row[0] for row in rows_of(orders)] == ["123", "7"]
        assert orders.report.rows_without_customer == 1
        assert any("float" in notice for notice in orders.report.notices)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", SourceError, "empty"),
        ("customer,date\n", SourceError, "no rows"),
        ("who,date\na,2024-01-01\n", ColumnError, "--column customer_id=NAME"),
        ("custmer,date\na,2024-01-01\n", ColumnError, "'custmer'"),
        ("customer,client_id,date\na,b,2024-01-01\n", ColumnError, "two columns could be the customer_id"),
        ("customer,date\n,2024-01-01\n", TooManyRejects, "--no-customer-limit"),
        ("customer,date\na,03/04/2025\n", AmbiguousFormat, "--date-format"),
        ('customer,date,total\na,2024-01-01,"1,234"\n', AmbiguousFormat, "--decimal"),
    ],
)
def test_refusals_name_the_way_out(tmp_path: Path, text: str, error: type[ChurnriskError], words: str) -> None:
    with pytest.raises(error) as caught:
        read_orders(write(tmp_path, text))
    assert words in str(caught.value)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no file"):
        read_orders(tmp_path / "none.csv")
    with pytest.raises(SourceError):
        read_orders(tmp_path)
    with pytest.raises(SourceError, match="dict"):
        read_orders({"a": 1})


def test_a_chosen_column_wins_over_the_headers(tmp_path: Path) -> None:
    path = write(tmp_path, "customer,Klient,date\na,b,2024-01-05\n")
    with read_orders(path, IntakeOptions(columns={"customer_id": "Klient"})) as orders:
        assert rows_of(orders)[0][0] == "b"
        assert orders.report.columns["customer_id"] == "Klient"
    with pytest.raises(ColumnError, match="no such column"):
        read_orders(path, IntakeOptions(columns={"customer_id": "Kunde"}))


def test_orders_of_another_engine_are_taken_as_they_are(tmp_path: Path) -> None:
    with read_orders(write(tmp_path, LOG)) as orders:
        arrays = collect_arrays(orders.frame(), sort_by=["customer_id", "order_id"])
    made = Orders.from_frame(pl.DataFrame(arrays), has_amounts=True)
    assert (made.first_day, made.last_day) == (19727, 19783)
    assert rows_of(made)[0][0] == "007"


def test_a_log_whose_amounts_are_all_zero_is_told_what_to_do(tmp_path: Path) -> None:
    text = "customer,date,total\na,2024-01-05,0\nb,2024-01-06,0\n"
    with read_orders(write(tmp_path, text)) as orders:
        assert any("--no-amounts" in notice for notice in orders.report.notices)
        assert orders.report.purchases == 0
    with read_orders(write(tmp_path, text), IntakeOptions(no_amounts=True)) as orders:
        assert orders.report.purchases == 2
