"""Totals of an order that stand on each of its lines count once; what is not clear is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from churnrisk.engines import collect_arrays
from churnrisk.errors import AmbiguousFormat
from churnrisk.orders import IntakeOptions, read_orders

SAME = ("1,a,2024-01-01,p,50", "1,a,2024-01-01,q,50", "2,b,2024-01-02,p,40", "2,b,2024-01-02,q,40")


def amounts(
    tmp_path: Path, header: str, *rows: str, start: str = "order_id,customer_id,date,product,", **options: Any
) -> list[float]:
    path = tmp_path / "log.csv"
    path.write_text("\n".join([start + header, *rows, ""]), encoding="utf-8")
    with read_orders(path, IntakeOptions(**options)) as orders:
        found = collect_arrays(orders.frame(), sort_by=["customer_id", "order_day", "order_id"])
    return [amount / 10_000 for amount in found["amount"].tolist()]


@pytest.mark.parametrize(
    "header", ["order_total", "Wartość zamówienia", "Сумма заказа", "Bestellwert", "Сума на поръчката"]
)
def test_a_header_of_the_order_says_so(header: str, tmp_path: Path) -> None:
    assert amounts(tmp_path, header, *SAME) == [50, 40]


@pytest.mark.parametrize("header", ["line_total", "Cena", "item_total", "line amount"])
def test_a_header_of_the_line_says_so(header: str, tmp_path: Path) -> None:
    assert amounts(tmp_path, header, *SAME) == [100, 80]


@pytest.mark.parametrize("header", ["amount", "total", "total_price", "Kwota", "Сумма"])
def test_any_other_header_is_asked_about(header: str, tmp_path: Path) -> None:
    with pytest.raises(AmbiguousFormat, match=r"each of 2 orders.*order 1.*--amounts order, or --amounts line"):
        amounts(tmp_path, header, *SAME)
    assert amounts(tmp_path, header, *SAME, amounts="order") == [50, 40]
    assert amounts(tmp_path, header, *SAME, amounts="line") == [100, 80]


def test_one_order_whose_lines_differ_tells_that_amounts_are_of_lines(tmp_path: Path) -> None:
    assert amounts(tmp_path, "order_amount", *SAME, "3,b,2024-01-03,p,1", "3,b,2024-01-03,q,2") == [100, 80, 3]


def test_what_came_back_on_the_same_day_does_not_hide_that_totals_are_repeated(tmp_path: Path) -> None:
    assert amounts(tmp_path, "order_total", *SAME, "1,a,2024-01-01,r,-50", "2,b,2024-01-09,r,-40") == [0, 40, -40]


def test_lines_that_are_no_sale_do_not_speak(tmp_path: Path) -> None:
    rows = [f"{row},Paid" for row in SAME] + ["3,c,2024-01-03,p,1,Cancelled", "3,c,2024-01-03,q,2,Cancelled"]
    assert amounts(tmp_path, "order_total,status", *rows) == [50, 40]


def test_one_order_of_several_equal_lines_is_not_enough(tmp_path: Path) -> None:
    assert amounts(tmp_path, "amount", *SAME[:3]) == [100, 40]


def test_a_system_whose_amounts_are_of_lines_is_known(tmp_path: Path) -> None:
    rows = (
        "A,01.02.2024,Анна,Чай,1,100",
        "A,01.02.2024,Анна,Мед,1,100",
        "B,15.02.2024,Борис,Чай,1,7",
        "B,15.02.2024,Борис,Мед,1,7",
    )
    start = "Документ,Дата,Контрагент,Номенклатура,Количество,"
    assert amounts(tmp_path, "Сумма", *rows, start=start) == [200, 14]
    assert amounts(tmp_path, "Сумма документа", *rows, start=start) == [100, 7]
