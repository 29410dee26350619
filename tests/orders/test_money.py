"""Currencies are converted or refused, never dropped; the change from the lev to the euro is noticed."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pytest

from churnrisk.engines import Database, collect_arrays
from churnrisk.errors import AmbiguousFormat
from churnrisk.orders import IntakeOptions, read_orders
from churnrisk.orders.money import currency_sql
from churnrisk.orders.numbers import decide_numbers
from churnrisk.sources import ColumnMatch, fill_value


def amounts(path: Path, **options: object) -> tuple[list[int], str | None]:
    with read_orders(path, IntakeOptions(**options)) as orders:  # type: ignore[arg-type]
        return collect_arrays(orders.frame(), sort_by=["customer_id"])["amount"].tolist(), orders.currency


def write(folder: Path, text: str) -> Path:
    path = folder / "log.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "customer;date;total;currency\na;2024-01-05;1,5;EUR\nb;2024-01-05;10,00;PLN\n",
        "customer;date;total\na;2024-01-05;€ 1,5\nb;2024-01-05;10,00 zł\n",
    ],
)
def test_other_currencies_need_a_rate(text: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(AmbiguousFormat, match=r"EUR \(1 rows\), PLN \(1 rows\).*--rate PLN="):
        amounts(path)
    assert amounts(path, rates={"PLN": "0.235"}) == ([15000, 23500], "EUR")


def test_a_rare_currency_is_not_lost_among_many_shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many shapes of values are kept; where there are more, every row is looked at."""
    monkeypatch.setattr("churnrisk.orders.load._SHAPES_KEPT", 1)
    common = "".join(f"c{k};2024-01-05;0.{'3' * (5 + k % 9)}\n" for k in range(90))
    path = write(tmp_path, f"customer;date;total\n{common}a;2024-01-05;€ 1.5\nb;2024-01-05;10.00 zł\n")
    with pytest.raises(AmbiguousFormat, match=r"EUR \(1 rows\), PLN \(1 rows\)"):
        amounts(path)


def test_one_currency_is_kept_and_named(tmp_path: Path) -> None:
    assert amounts(write(tmp_path, "customer;date;total\na;2024-01-05;1,50 лв.\n")) == ([15000], "BGN")


def test_conversion_comes_before_rounding(tmp_path: Path) -> None:
    path = write(tmp_path, "customer,date,total,currency\na,2024-01-05,0.01,PLN\nb,2024-01-05,1,EUR\n")
    assert amounts(path, rates={"PLN": "0.235"})[0] == [24, 10000]  # 23.5 ten-thousandths, to even


def make_log(folder: Path, *, change: dt.date | None) -> Path:
    chance = random.Random(1)
    lines = ["customer,date,total"]
    for number in range(3000):
        day = dt.date(2025, 8, 1) + dt.timedelta(days=number // 10)
        amount = chance.lognormvariate(3, 0.7) / (1.95583 if change and day >= change else 1)
        lines.append(f"c{number % 200},{day},{amount:.2f}")
    return write(folder, "\n".join(lines) + "\n")


def test_the_change_to_the_euro_is_an_error_that_names_its_day(tmp_path: Path) -> None:
    path = make_log(tmp_path, change=dt.date(2026, 1, 1))
    with pytest.raises(AmbiguousFormat, match=r"--rate-before 2026-01-01=0\.511292"):
        amounts(path)
    found, _ = amounts(path, rate_before={"2026-01-01": "0.511292"})
    plain, _ = amounts(path, rate_before={"2026-01-01": "1"})
    assert sum(found) < sum(plain)


def test_a_log_in_one_money_passes(tmp_path: Path) -> None:
    amounts(make_log(tmp_path, change=None))


def test_ids_that_differ_by_case_are_counted_and_folded(tmp_path: Path) -> None:
    path = write(tmp_path, "email,date\nA@x.bg,2024-01-05\na@x.bg,2024-01-06\n1.23E+15,2024-01-06\n")
    with read_orders(path) as orders:
        assert orders.report.customers == 3
        assert any("--fold-case" in notice for notice in orders.report.notices)
        assert any("1.23E+15" in notice for notice in orders.report.notices)
    with read_orders(path, IntakeOptions(fold_case=True)) as orders:
        assert orders.report.customers == 2


def test_copies_of_lines_are_dropped_on_demand(tmp_path: Path) -> None:
    path = write(tmp_path, "customer,date,total\na,2024-01-05,5\na,2024-01-05,5\n")
    assert amounts(path)[0] == [100000]
    assert amounts(path, drop_duplicates=True)[0] == [50000]


def test_further_lines_of_a_shopify_order_have_no_total(tmp_path: Path) -> None:
    head = "Name,Email,Financial Status,Created at,Currency,Total,Lineitem quantity,Lineitem sku\n"
    text = head + "#1,a@x,paid,2024-01-05 10:00:00 +0200,EUR,10.00,1,s\n#1,a@x,,2024-01-05 10:00:00 +0200,,,2,t\n"
    path = write(tmp_path, text)
    assert amounts(path) == ([100000], "EUR")


def test_the_currency_of_a_header_is_that_of_rows_that_name_none() -> None:
    with Database() as database:
        match = ColumnMatch(
            ("who", "when", "Total (PLN)"), {"customer_id": 0, "ordered_at": 1, "amount": 2}, currency="PLN"
        )
        plan = decide_numbers({"9 €": 1}, lambda _: [], decimal=".", share=0.05, what="amount")
        text = fill_value(plan.parts, "v")
        query = f"SELECT {currency_sql(match, plan, 'parts')} FROM (SELECT {text} AS parts FROM "
        found = database.rows_of(query + "(VALUES ('7 €'), ('8'), ('$9')) AS t(v))")
    assert [code for (code,) in found] == ["EUR", "PLN", "USD"]
