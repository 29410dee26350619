"""The file of customers to score: which kind it is, and what is taken from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from churnrisk.errors import ColumnError
from churnrisk.orders import IntakeOptions, read_customers


def write(folder: Path, text: str) -> Path:
    path = folder / "customers.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_a_history_is_told_by_its_dates(tmp_path: Path) -> None:
    text = "customer,date,total\nz,2024-01-05,1\na,2024-01-06,-2\nz,2024-01-07,3\n"
    with read_customers(write(tmp_path, text)) as table:
        assert (table.kind, table.customer_ids) == ("purchases", ["z", "a"])
        assert table.orders is not None
        assert table.report.orders == 3
        assert "taken for a purchase history" in table.report.notices[0]


def test_a_list_gives_each_id_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    with read_customers(write(tmp_path, "customer_id,city\nz,Varna\na,Minsk\nz,Varna\nz,Oslo\n")) as table:
        assert (table.kind, table.customer_ids) == ("ids", ["z", "a"])
        assert table.report.duplicates_dropped == 2


def test_a_summary_is_told_by_its_columns(tmp_path: Path) -> None:
    text = "customer_id,days_since_last_order,tenure_days,order_count,mean_order_amount\nz,3,10,2,5.25\na,4,9,1,\n"
    with read_customers(write(tmp_path, text)) as table:
        assert (table.kind, table.customer_ids) == ("summary", ["z", "a"])
        assert table.summary is not None
        assert table.summary["mean_order_amount"][0] == 5.25
        assert np.isnan(table.summary["mean_order_amount"][1])
        assert table.summary["order_count"].tolist() == [2.0, 1.0]


def test_a_summary_may_have_dates(tmp_path: Path) -> None:
    text = "customer;first_order_date;last_order_date;order_count;aov\nz;05.01.2024;31.01.2024;2;5,25\n"
    with read_customers(write(tmp_path, text)) as table:
        assert table.kind == "summary"
        assert table.summary is not None
        assert table.summary["first_order_day"].tolist() == [19727.0]
        assert table.summary["last_order_day"].tolist() == [19753.0]
        assert table.summary["mean_order_amount"].tolist() == [5.25]


def test_bad_rows_of_a_summary_are_rejected(tmp_path: Path) -> None:
    text = "customer_id,days_since_last_order,tenure_days,order_count\nz,3,10,2\nz,3,10,2\nz,4,10,2\nb,-1,2,3\n,1,2,3\n"
    with read_customers(write(tmp_path, text), IntakeOptions(reject_limit=0.9)) as table:
        assert table.customer_ids == ["z"]
        report = table.report
        assert (report.duplicates_dropped, report.rows_rejected, report.rows_without_customer) == (1, 2, 1)


def test_the_user_may_say_what_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, "customer,date\nz,2024-01-05\nz,2024-01-05\n")
    with read_customers(path, as_kind="ids") as table:
        assert (table.kind, table.customer_ids) == ("ids", ["z"])
    with pytest.raises(ColumnError, match="ordered_at"):
        read_customers(write(tmp_path, "customer\nz\n"), as_kind="purchases")


def test_choices_for_another_kind_of_file_are_passed_over(tmp_path: Path) -> None:
    options = IntakeOptions(columns={"customer_id": "Klient", "ordered_at": "Data"})
    with read_customers(write(tmp_path, "Klient\nz\n"), options) as table:
        assert table.kind == "ids"
