"""The sample is what its data sheet says."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "data"
COLUMNS = ["order_id", "customer_id", "ordered_at", "amount", "item_count", "country"]
PATTERNS = {
    "order_id": r"C?\d{6}",
    "customer_id": r"\d{5}",
    "ordered_at": r"20(09|10|11)-\d\d-\d\dT\d\d:\d\d:00",
    "amount": r"-?\d+\.\d\d",
    "item_count": r"-?\d+",
    "country": r"[A-Z][A-Za-z ]+",
}
AS_OF = dt.date(2011, 12, 10)


def read_rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="", encoding="ascii") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def purchases() -> list[dict[str, str]]:
    return read_rows("purchases.csv")


@pytest.fixture(scope="module")
def customers() -> list[dict[str, str]]:
    return read_rows("customers.csv")


@pytest.mark.parametrize("name", ["purchases.csv", "customers.csv"])
def test_every_value_has_its_form(name: str) -> None:
    rows = read_rows(name)
    assert list(rows[0]) == COLUMNS
    for column, pattern in PATTERNS.items():
        odd = [row[column] for row in rows if not re.fullmatch(pattern, row[column])]
        assert odd == [], column


@pytest.mark.parametrize("name", ["purchases.csv", "customers.csv"])
def test_rows_are_sorted_by_time(name: str) -> None:
    keys = [(row["ordered_at"], row["order_id"]) for row in read_rows(name)]
    assert keys == sorted(set(keys))


def test_purchases_have_the_counts_of_the_data_sheet(purchases: list[dict[str, str]]) -> None:
    amounts = [Decimal(row["amount"]) for row in purchases]
    assert len(purchases) == 44_876
    assert len({row["customer_id"] for row in purchases}) == 5_942
    assert sum(amount < 0 for amount in amounts) == 7_901
    assert sum(amount == 0 for amount in amounts) == 6
    assert sum(amounts) == Decimal("16343651.02")
    assert (purchases[0]["ordered_at"], purchases[-1]["ordered_at"]) == ("2009-12-01T07:45:00", "2011-12-09T12:50:00")


def test_the_data_sheet_tells_the_counts(purchases: list[dict[str, str]], customers: list[dict[str, str]]) -> None:
    sheet = (DATA / "README.md").read_text()
    for count in (len(purchases), 5_942, 7_901, len(customers), 300, 1_044_847, 235_287, 809_560):
        assert f"{count:,}" in sheet


def test_customers_are_whole_histories_of_300(purchases: list[dict[str, str]], customers: list[dict[str, str]]) -> None:
    chosen = {row["customer_id"] for row in customers}
    assert len(chosen) == 300
    assert customers == [row for row in purchases if row["customer_id"] in chosen]


def test_customers_are_of_every_kind(customers: list[dict[str, str]]) -> None:
    purchase_days: defaultdict[str, set[dt.date]] = defaultdict(set)
    for row in customers:
        days = purchase_days[row["customer_id"]]  # an entry also for those with returns only
        if Decimal(row["amount"]) > 0:
            days.add(dt.date.fromisoformat(row["ordered_at"][:10]))
    kinds = [kind_of(days) for days in purchase_days.values()]
    counts = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
    assert counts == {"lapsed": 60, "one-time": 70, "regular": 160, "returns only": 10}


def kind_of(purchase_days: set[dt.date]) -> str:
    if not purchase_days:
        return "returns only"
    if max(purchase_days) < AS_OF - dt.timedelta(days=365):
        return "lapsed"
    return "one-time" if len(purchase_days) == 1 else "regular"
