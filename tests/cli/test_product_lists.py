"""What customers miss and buy next, on the lists of score, target and weekly, and the actions that it chooses."""

from __future__ import annotations

import csv
import zlib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnrisk.messages import say_heading
from churnrisk.orders import IntakeOptions, read_orders
from churnrisk.products import Habits, ItemChoice, find_habits
from churnrisk.products.habits import HABIT_COLUMNS
from support.shop import PURCHASES, churnrisk, read_rows

NAMES = [column.name for column in HABIT_COLUMNS]
TERMS = ("--contact-cost", 1, "--incentive-cost", 10, "--acceptance-rate", 0.2, "--margin", 0.3)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with a product in each order: mostly one of the customer's own, which is left out of some."""
    path = tmp_path_factory.mktemp("log") / "lines.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        kept = ("order_id", "customer_id", "ordered_at", "amount", "item_count")
        writer.writerow([*kept, "product_id", "description"])
        for number, row in enumerate(read_rows(PURCHASES)):
            own, other = zlib.crc32(row["customer_id"].encode()) % 30, number % 50
            code, name = (f"p{own}", f"own {own}") if number % 3 else (f"x{other}", f"=other {other}")
            writer.writerow([*(row[key] for key in kept), code, name])
    return path


@pytest.fixture(scope="module")
def told(log: Path) -> dict[str, tuple[Any, ...]]:
    """What the stage of products says of everybody: the columns, and the kind."""
    with read_orders(log, IntakeOptions(products=True)) as orders:
        ids = sorted({row["customer_id"] for row in read_rows(log)})
        habits = find_habits(orders, ids, as_of=orders.last_day + 1, choice=ItemChoice(("x7",)))
    assert isinstance(habits, Habits)
    rows = zip(*(habits.columns[name] for name in NAMES), habits.kinds, strict=True)
    return dict(zip(ids, rows, strict=True))


def settings(log: Path, models: Path, more: str = "") -> None:
    lines = [f"purchases = '{log}'", f"models_dir = '{models}'", 'state = "state.db"', 'not_products = ["x7"]', more]
    Path("churnrisk.toml").write_text("\n".join(lines), encoding="utf-8")


def test_every_list_says_the_same_of_a_customer(log: Path, models: Path, told: dict[str, tuple[Any, ...]]) -> None:
    settings(log, models)
    scores = churnrisk("score", log, "--products", "--top", 50, "--json").json["customers"]
    listed = churnrisk("target", log, *TERMS, "--capacity", 300, "--json").json["list"]
    assert churnrisk("weekly").code == 0
    book = pd.read_excel("weekly/list.xlsx", sheet_name="All customers", engine="calamine", dtype=str)
    sheet = book.rename(columns={say_heading(name): name for name in ("customer_id", *NAMES)}).to_dict("records")
    assert len(sheet) > 1000
    said = 0
    for rows in (scores, listed, sheet):
        for row in rows:
            own = [None if row[name] != row[name] else row[name] for name in NAMES]  # NaN is not itself
            expected = [one if one is None else one.removeprefix("'") for one in told[row["customer_id"]][:-1]]
            assert [one if one is None else one.removeprefix("'") for one in own] == expected
            said += own[0] is not None
    assert said > 300
    cells = {str(one).lstrip("'=") for row in sheet for one in row.values()}
    assert "other 7" not in cells, "the settings say that it is no product"


def test_without_being_asked_scores_say_nothing_of_products(log: Path, models: Path) -> None:
    settings(log, models)
    answer = churnrisk("score", log, "--json").json
    assert not set(NAMES) & set(answer["customers"][0])


def test_products_choose_actions_where_the_playbook_names_them(
    log: Path, models: Path, told: dict[str, tuple[Any, ...]]
) -> None:
    settings(log, models, '[playbook]\nproduct_due = "remind"\nproduct_stopped = "replace"')
    rows = churnrisk("target", log, *TERMS, "--capacity", 300, "--json").json["list"]
    kinds = {row["customer_id"]: told[row["customer_id"]][-1] for row in rows}
    assert {"product_due", "product_stopped"} <= set(kinds.values())
    for row in rows:
        if not row["action_reason"].startswith("reason "):  # the main reason of the score goes first
            wanted = {"product_due": "remind", "product_stopped": "replace"}.get(kinds[row["customer_id"]])
            assert row["action"] == wanted or wanted is None
            assert row["action_reason"].startswith("products:") == (wanted is not None)


def test_names_that_a_spreadsheet_would_run_are_escaped(log: Path, models: Path) -> None:
    settings(log, models)
    assert churnrisk("target", log, *TERMS, "--capacity", 300, "-o", "list.csv").code == 0
    cells = [row[name] for row in read_rows(Path("list.csv")) for name in NAMES]
    assert any("other" in cell for cell in cells)
    assert not any(cell.startswith("=") for cell in cells)


def test_a_log_without_products_has_no_such_columns(models: Path) -> None:
    settings(PURCHASES, models)
    row = churnrisk("target", PURCHASES, *TERMS, "--capacity", 5, "--json").json["list"][0]
    assert not set(NAMES) & set(row)
