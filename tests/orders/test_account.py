"""The account: every row has one fate, and what was left out is said with its word and its number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from churnrisk.orders import IntakeOptions, IntakeReport, read_orders

HEADER = "order_id,customer_id,email,date,amount,status,type"
ROWS = (
    "1,a,,2024-01-01,10,Paid,sale",
    "2,a,,2024-01-02,20,Cancelled,sale",
    "2,a,,2024-01-02,25,Cancelled,sale",
    "3,b,,2024-01-03,30,Pending,sale",
    "4,b,,2024-01-04,40,Refunded,sale",
    "5,guest,C@example.com,2024-01-05,50,Paid,sale",
    "6,guest,,2024-01-06,60,Paid,sale",
    "7,guest,,2024-01-06,60,Failed,sale",
    "8,b,,soon,70,Paid,sale",
    "9,b,,soon,70,Cancelled,sale",
    "10,a,,2024-01-07,10,Paid,payment",
    "11,a,,2024-02-07,10,Paid,refund",
    "1,a,,2024-03-08,15,Paid,sale",
    "1,a,,2024-03-08,15,Paid,sale",
)


def account(tmp_path: Path, *rows: str, **options: Any) -> IntakeReport:
    path = tmp_path / "log.csv"
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    with read_orders(path, IntakeOptions(reject_limit=0.5, **options)) as orders:
        return orders.report


def test_every_row_has_one_fate(tmp_path: Path) -> None:
    report = account(tmp_path, *ROWS)
    fates = (report.rows_used, report.rows_rejected, report.duplicates_dropped)
    assert fates == (5, 1, 1)
    assert (report.rows_without_customer, report.rows_no_sale) == (1, 6)
    assert report.rows_in == len(ROWS) == sum(fates) + 7
    assert report.no_sale == {"Cancelled": 2, "Failed": 1}
    assert (report.pending, report.returned) == ({"Pending": 1}, {"Refunded": 1})
    assert report.other_types == {"type payment": 1}
    assert (report.orders_over_days, report.longest_order_days) == (1, 67)


def test_each_word_is_said_with_its_number(tmp_path: Path) -> None:
    report = account(tmp_path, *ROWS)
    said = "\n".join(report.notices)
    for words in ("Cancelled 2, Failed 1", "Pending 1", "Refunded 1", "type payment 1", "'guest' 3", "--count-pending"):
        assert words in said
    assert "1 order ids have rows on several days, over 67 days at most" in said
    counted = account(tmp_path, *ROWS, count_pending=True)
    assert (counted.pending, counted.rows_no_sale, counted.purchases) == ({}, 5, report.purchases + 1)
    assert "count as sales, as asked" in "\n".join(counted.notices)


def test_a_refund_in_part_without_its_amount_is_said(tmp_path: Path) -> None:
    rows = ("1,a,,2024-01-01,10,Partially refunded,", "2,b,,2024-01-02,20,Paid,", "3,c,,2024-01-02,30,Paid,")
    report = account(tmp_path, *rows)
    assert (report.purchases, report.undone, report.refunds) == (3, 0, 0)
    assert any("Partially refunded 1" in notice for notice in report.notices)


def test_what_is_undone_is_said_and_kept_where_that_is_asked(tmp_path: Path) -> None:
    rows = ("1,a,,2024-01-01,10,,", "2,b,,2024-01-02,20,,", "3,b,,2024-01-09,-20,,", "4,b,,2024-02-09,5,,")
    report = account(tmp_path, *rows)
    assert (report.purchases, report.undone, report.returns) == (2, 1, 1)
    assert any(notice.startswith("1 purchases were undone") for notice in report.notices)
    kept = account(tmp_path, *rows, reversals="keep")
    assert (kept.purchases, kept.undone) == (3, 0)


def test_more_than_twelve_words_are_counted_and_not_listed(tmp_path: Path) -> None:
    words = ["Cancelled", "Canceled", "failed", "void", "voided", "declined", "denied", "rejected", "expired", "draft"]
    words += ["test", "error", "spam", "fraud"]
    rows = [f"{place},a,,2024-01-01,5,{word},sale" for place, word in enumerate(words)]
    report = account(tmp_path, *rows, "99,a,,2024-01-01,5,Paid,sale")
    assert sum(report.no_sale.values()) == len(words)
    assert any("and 2 more words" in notice for notice in report.notices)


def test_what_is_shown_has_no_list_of_notices_that_name_customers_and_rejected_rows_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("customer,date,amount\nann,2024-01-05,1\n ann,2024-02-05,x\n", encoding="utf-8")
    with read_orders(path, IntakeOptions(reject_limit=0.9)) as orders:
        report = orders.report
    assert set(report.to_dict()) - set(report.describe()) == {"naming", "rejected_rows"}
    assert set(report.to_dict()) - set(report.describe(has_rows=True)) == {"naming"}
    assert type(report).from_dict(report.to_dict()) == report
