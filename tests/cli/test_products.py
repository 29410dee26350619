"""``churnrisk products``: what is due, and what first buyers begin with."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from churnrisk.timeline import date_of
from support.products import repeat_buyers
from support.shop import PURCHASES, churnrisk, read_rows

START = 19_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 300 customers with a fee on every tenth order, and a name that a spreadsheet would run."""
    path = tmp_path_factory.mktemp("products") / "log.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "date", "order_id", "sku", "description", "department", "line_total"])
        for number, (customer, item, day) in enumerate(repeat_buyers(2, customers=300, items=8, days=420, give_up=0.1)):
            order = (f"c{customer:03d}", date_of(START + day).isoformat(), f"o{customer}-{day}")
            name = "=A very long name of a product that goes on" if item == 0 else f"product {item}"
            writer.writerow([*order, f"0{item}", name, f"k{item % 2}", 1 + item])
            if number % 10 == 0:
                writer.writerow([*order, "SHIP", "Shipping", "", 4.5])
    return path


def test_due_writes_a_row_for_each_pair(log: Path, tmp_path: Path) -> None:
    output = tmp_path / "due.csv"
    answer = churnrisk("products", "due", log, "--output", output)
    assert (answer.code, answer.err) == (0, "")
    assert max(len(line) for line in answer.out.splitlines()) <= 80
    assert "SHIP (Shipping) was left out as no product" in answer.words
    assert "Look back: as of" in answer.words
    rows = read_rows(output)
    keys = [(row["customer_id"], row["product_id"]) for row in rows]
    assert keys == sorted(set(keys))
    assert {row["product_id"] for row in rows} <= {f"0{item}" for item in range(8)}, "leading zeros stay"
    assert any(row["name"].startswith("'=A very long") for row in rows)
    for row in rows:
        assert row["last_bought_on"] < row["from_on"] <= row["due_on"] <= row["to_on"]
        assert 0 <= float(row["comes_again_probability"]) <= 1
    again = tmp_path / "again.csv"
    churnrisk("products", "due", log, "--output", again, "--threads", "1")
    assert again.read_bytes() == output.read_bytes()


def test_json_and_python_say_the_same(log: Path) -> None:
    from churnrisk import IntakeOptions, read_orders
    from churnrisk.products import ItemChoice, forecast_due

    answer = churnrisk("products", "due", log, "--unit", "category", "--not-product", "k1", "--json").json
    with read_orders(log, IntakeOptions(products=True)) as orders:
        found = forecast_due(orders, unit="category", choice=ItemChoice(("k1",)))
    assert [row for table in found.tables() for row in table.records()] == answer["due"]
    assert {row["product_id"] for row in answer["due"]} == {"k0"}
    assert answer["look_back"] == found.to_dict()["look_back"]
    assert [one["evidence"] for one in answer["left_out"]["no_products"]] == [["named"], ["told"]]


def test_a_setting_says_what_is_no_product_and_an_option_beats_it(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("churnrisk.toml").write_text('not_products = ["01"]\nare_products = ["SHIP"]\n')

    def items(*options: str) -> set[str]:
        due = churnrisk("products", "due", log, "--json", *options).json["due"]
        return {row["product_id"] for row in due} & {"01", "SHIP"}

    assert items() == {"SHIP"}
    assert items("--is-product", "01", "--not-product", "SHIP") == {"01"}


def test_first_compares_and_says_what_could_be_seen(log: Path, tmp_path: Path) -> None:
    output = tmp_path / "first.csv"
    answer = churnrisk("products", "first", log, "--horizon", "60", "--burn-in", "5", "--output", output)
    assert (answer.code, answer.err) == (0, "")
    assert max(len(line) for line in answer.out.splitlines()) <= 80
    assert "are not told apart" in answer.words
    assert "of 100 cases" in answer.words
    assert "The log is too short to compare who stops with a year ago" in answer.words
    said = churnrisk("products", "first", log, "--horizon", "60", "--burn-in", "5", "--json").json
    assert [row["product_id"] for row in read_rows(output)] == [row["product_id"] for row in said["items"]]
    assert {row["category"] for row in said["categories"]} == {"k0", "k1"}


@pytest.mark.parametrize("command", ["due", "first"])
def test_what_cannot_be_told_is_said_with_the_way_to_mend_it(command: str, log: Path, tmp_path: Path) -> None:
    without = churnrisk("products", command, PURCHASES)
    assert (without.code, without.out) == (2, "")
    assert "--column product_id=NAME" in without.err
    early = churnrisk("products", command, log, "--as-of", date_of(START + 20).isoformat())
    assert (early.code, early.out) == (2, "")
    assert "are needed" in early.err
    bad = churnrisk("products", command, log, "--output", tmp_path / "list.txt")
    assert bad.code == 2
    assert ".csv" in bad.err
