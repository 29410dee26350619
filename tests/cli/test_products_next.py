"""``churnrisk products next``: lists for everybody, the same whatever the rows' order and whatever comes later."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from churnrisk.products.next_products import NEXT_COLUMNS
from churnrisk.timeline import date_of
from support.next_products import START, simulate
from support.shop import churnrisk, read_rows

TRIPLES = simulate(21, customers=200, items=25, days=200)
CUTOFF = START + 170
AS_OF = date_of(CUTOFF).isoformat()


def write_log(path: Path, triples: Sequence[tuple[int, int, int]]) -> Path:
    """Write purchases of products, a customer whose only purchase was given back, and one with a fee alone."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "date", "order_id", "sku", "description", "department", "line_total"])
        for customer, item, day in triples:
            order = (f"c{customer:03d}", date_of(day).isoformat(), f"o{customer}-{day}")
            writer.writerow([*order, f"0{item}", f"thing {item}", f"k{item % 12}", 1 + item])
        for amount in (5, -5):
            writer.writerow(["fee", date_of(START + 20).isoformat(), "fee", "SHIP", "Shipping", "", 4 + amount / 10])
            writer.writerow(["undone", date_of(START + 20).isoformat(), "gone", "01", "thing 1", "k1", amount])
    return path


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("next") / "log.csv", TRIPLES)


@pytest.fixture(scope="module")
def lists(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("lists") / "next.csv"
    answer = churnrisk("products", "next", log, "--as-of", AS_OF, "--output", output)
    assert (answer.code, answer.err) == (0, "")
    assert max(len(line) for line in answer.out.splitlines()) <= 80
    assert "hardly forecast by any method" in answer.words
    assert "Look-back from" in answer.words
    return output


def test_every_customer_has_a_list(lists: Path) -> None:
    rows = read_rows(lists)
    assert list(rows[0]) == [column.name for column in NEXT_COLUMNS]
    customers = {f"c{customer:03d}" for customer, _, day in TRIPLES if day < CUTOFF} | {"undone"}
    assert {row["customer_id"] for row in rows} == customers
    assert len(rows) == len({(row["customer_id"], row["product_id"]) for row in rows}) == 10 * len(customers)
    assert [row["rank"] for row in rows] == [str(rank) for rank in range(1, 11)] * len(customers)
    assert {row["is_new"] for row in rows if row["customer_id"] == "undone"} == {"1"}
    assert any(row["why"].startswith("bought about every ") for row in rows)


def test_neither_the_order_of_rows_nor_the_future_changes_a_byte(lists: Path, tmp_path: Path) -> None:
    mixed = [*TRIPLES, *((customer, 24, CUTOFF + customer % 20) for customer in range(200))]
    random.Random(4).shuffle(mixed)
    output = tmp_path / "again.csv"
    answer = churnrisk(
        *("products", "next", write_log(tmp_path / "mixed.csv", mixed), "--as-of", AS_OF),
        *("--output", output, "--threads", "1"),
    )
    assert answer.code == 0
    assert output.read_bytes() == lists.read_bytes()


def test_excluded_products_are_in_no_list_and_unknown_ids_are_said(log: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.txt"
    gone.write_text("00\n01\nnone\n'=none\n", encoding="utf-8")  # as our files write =none
    answer = churnrisk("products", "next", log, "--as-of", AS_OF, "--top", "4", "--exclude", gone, "--json").json
    assert not {"00", "01"} & {row["product_id"] for row in answer["next"]}
    assert answer["excluded_unknown"] == ["=none", "none"]
    assert answer["rows"] == len(answer["next"]) == 4 * answer["customers"]
    assert answer["look_back"]["method"] in answer["look_back"]["methods"]


def test_categories_are_items_too(log: Path) -> None:
    answer = churnrisk("products", "next", log, "--as-of", AS_OF, "--unit", "category", "--top", "3", "--json").json
    assert {row["product_id"] for row in answer["next"]} <= {f"k{number}" for number in range(12)}
    assert answer["unit"] == "category"


def test_a_short_history_is_refused_with_what_to_do(log: Path) -> None:
    answer = churnrisk("products", "next", log, "--as-of", date_of(START + 40).isoformat())
    assert answer.code == 2
    assert "needs 60: one to forecast from and one to learn from. Set a shorter --horizon." in answer.err
