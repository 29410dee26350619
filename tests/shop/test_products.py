"""What a generation tells of products: as the lists do, without the forgotten, and never in the way of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from churnrisk.memory import forget_customers
from churnrisk.orders import IntakeOptions, PurchaseRow
from churnrisk.products import HABIT_COLUMNS, ItemChoice, find_habits, find_pair_days, sum_up_products
from churnrisk.shop import CustomerQuery, Shop, ShopPlan, prepare_shop
from churnrisk.state import open_state
from churnrisk.timeline import date_of
from support.products import END, Row, open_rows, regular_shop, table_of, with_hostile_names
from support.reports import EVIL_IDS
from support.shop import PURCHASES

READING = IntakeOptions(amounts="line")


@contextmanager
def opened(plan: ShopPlan) -> Iterator[Shop]:
    """A shop of a new generation."""
    prepare_shop(plan)
    with open_state(plan.state) as state:
        shop = Shop.open(plan, state)
        try:
            yield shop
        finally:
            shop.close()


def plan_of(folder: Path, rows: list[Row]) -> ShopPlan:
    table_of(rows).to_csv(folder / "log.csv", index=False)
    return ShopPlan(folder / "shop", folder / "models", folder / "state.db", str(folder / "log.csv"), READING)


def test_it_is_what_the_lists_say_and_orders_that_come_silence_it(tmp_path: Path) -> None:
    rows = with_hostile_names(regular_shop())
    ids = sorted({row[0].strip() for row in rows})
    with open_rows(rows) as orders:
        pairs = find_pair_days(orders, END)
        habits = find_habits(orders, ids, as_of=END)
    assert pairs is not None
    assert habits is not None
    with opened(plan_of(tmp_path, rows)) as shop:
        assert shop.products() == sum_up_products(pairs)
        columns = [habits.columns[column.name].tolist() for column in HABIT_COLUMNS]
        for one, missed, due, *following in zip(ids, *columns, strict=True):
            view = shop.customer(one)
            assert (view.observation, view.due_product) == (missed, due)
            assert view.next_products == [name for name in following if name is not None]
        someone = EVIL_IDS[0]
        assert shop.customer(someone).observation is not None
        row = PurchaseRow(someone, "2024-10-06", "4.0", "new", "1", "p0", "basics")
        shop.receive([row], key_id=None)
        fresh = shop.customer(someone)
        assert (fresh.is_fresh, fresh.observation, fresh.due_product, fresh.next_products) == (True, None, None, [])


def test_who_bought_what_last_is_found_by_id_category_and_name_whatever_the_capitals(tmp_path: Path) -> None:
    rows = [row for row in with_hostile_names(regular_shop()) if row[6] > 0]
    last = {who: max(row[1] for row in rows if row[0].strip() == who) for who in {row[0].strip() for row in rows}}
    newest = [row for row in rows if row[1] == last[row[0].strip()]]
    with opened(plan_of(tmp_path, rows)) as shop:
        for text in ("p3", "P3", "basics", "basic 3", "BASIC", EVIL_IDS[0], "%", "' OR 1=1 --", "nothing at all"):
            low = text.casefold()
            expected = {
                row[0].strip()
                for row in newest
                if low in (row[3].casefold(), row[5].casefold()) or low in row[4].casefold()
            }
            found = shop.customers(CustomerQuery(limit=500, last_bought=text))
            assert {one["customer_id"] for one in found.rows} == expected, text
        assert shop.customers(CustomerQuery(last_bought="basics")).total > 0


def test_what_was_bought_has_names_and_orders_the_newest_first(tmp_path: Path) -> None:
    rows = regular_shop()
    with opened(plan_of(tmp_path, rows)) as shop:
        mine = [row for row in rows if row[0] == "c003"]
        shop.receive([PurchaseRow("c003", "2024-10-06", "7.5", "new", "2", "p0", "basics")], key_id=None)
        newest, *others = shop.bought("c003")
        assert (newest["ordered_on"], newest["name"], newest["amount"]) == ("2024-10-06", "basic 0", 7.5)
        told = [(one["ordered_on"], one["order_id"], one["product_id"], one["name"], one["amount"]) for one in others]
        assert sorted(told) == sorted((date_of(row[1]).isoformat(), *row[2:5], row[6]) for row in mine)
        assert [one[0] for one in told] == sorted((one[0] for one in told), reverse=True)
        assert shop.customer("c003").first_order_on == date_of(min(row[1] for row in mine)).isoformat()


def test_the_forgotten_are_in_no_list_from_then_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(tmp_path / "configuration"))
    plan = plan_of(tmp_path, regular_shop())
    with opened(plan) as shop:
        before = told_due(shop)
        gone = before["rows"][0]["customer_id"]
        forget_customers(plan.state, [gone], models_dir=plan.models_dir)
        after = told_due(shop)
        mine = [row for row in before["rows"] if row["customer_id"] == gone]
        assert after["count"] == before["count"] - len(mine)
        assert after["rows"] == [row for row in before["rows"] if row["customer_id"] != gone]
    with opened(plan) as shop:
        assert gone not in {row["customer_id"] for row in told_due(shop)["rows"]}


def told_due(shop: Shop) -> dict[str, Any]:
    told = shop.products()
    assert told is not None
    return told["due"]["soon"]  # type: ignore[no-any-return]


def test_a_failure_there_keeps_nothing_else_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(tmp_path, regular_shop(60))

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    for name in ("find_pair_days", "sum_up_products", "tell_habits"):
        with monkeypatch.context() as patch:
            patch.setattr(f"churnrisk.shop.products.{name}", fail)
            assert prepare_shop(plan).made_of["products_problem"] == "ZeroDivisionError"
            with opened(plan) as shop:
                assert shop.products() is None
                assert shop.has_products
                assert shop.customers(CustomerQuery()).total == 60
                assert shop.customer("c001").next_products == []


def test_what_the_settings_say_of_codes_holds(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, regular_shop())
    with opened(plan) as shop:
        assert "basic 3" in (shop.customer("c003").observation or "")
    with opened(replace(plan, products=ItemChoice(("p3",)))) as shop:
        told = shop.products()
        assert told is not None
        assert "p3" not in {row["product_id"] for row in told["due"]["soon"]["rows"] + told["due"]["late"]["rows"]}
        assert "basic 3" not in (shop.customer("c003").observation or "")


def test_a_log_without_products_has_none_and_its_list_no_columns_for_them(tmp_path: Path) -> None:
    with opened(ShopPlan(tmp_path / "shop", tmp_path / "models", tmp_path / "state.db", str(PURCHASES))) as shop:
        assert shop.products() is None
        assert not shop.has_products
        [row] = shop.customers(CustomerQuery(limit=1)).rows
        assert not {column.name for column in HABIT_COLUMNS} & set(row)
        assert shop.customer(row["customer_id"]).next_products == []


def test_a_shop_that_only_received_orders_tells_products_by_their_ids(tmp_path: Path) -> None:
    rows = regular_shop(60)
    plan = replace(plan_of(tmp_path, []), purchases=None)
    with open_state(plan.state) as state:
        shop = Shop.open(plan, state)
        sent = [
            PurchaseRow(who, date_of(day).isoformat(), str(amount), order, str(count), code, category)
            for who, day, order, code, _, category, amount, count in rows
        ]
        shop.receive(sent, key_id=None)
        shop.close()
    unnamed = [
        (who, day, order, code, "", category, amount, n) for who, day, order, code, _, category, amount, n in rows
    ]
    with open_rows(unnamed) as orders:
        pairs = find_pair_days(orders, END)
    assert pairs is not None
    with opened(plan) as shop:
        assert shop.products() == sum_up_products(pairs)
