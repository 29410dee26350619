"""A shop without the customers who were forgotten: their orders up to that day are as if they had never been."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from churnrisk.errors import NoHistory, UnknownCustomer
from churnrisk.memory import forget_customers
from churnrisk.orders import PurchaseRow
from churnrisk.shop import CustomerQuery, Shop, ShopPlan, prepare_shop
from churnrisk.state import State, list_tombstones, open_state
from support.shop import write_rows

NAMES = ("customer_id", "order_id", "ordered_at", "amount", "product_id")
TODAY = dt.datetime.now(dt.UTC).date()


def row(customer: str, day: dt.date, order: str = "") -> dict[str, str]:
    return {
        "customer_id": customer,
        "order_id": order or f"{customer}-{day}",
        "ordered_at": day.isoformat(),
        "amount": "10",
        "product_id": "p",
    }


def before(days: int) -> dt.date:
    return TODAY - dt.timedelta(days=days)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Four customers; the one called ``back`` has ordered before today and will after it."""
    rows = [row(name, before(days)) for name in ("gone", "stays", "too", "back") for days in (40, 20, 3)]
    return write_rows(tmp_path / "purchases.csv", rows, NAMES)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with open_state(tmp_path / "state.db") as opened:
        yield opened


@pytest.fixture
def shop(tmp_path: Path, log: Path, state: State, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(tmp_path / "configuration"))
    plan = ShopPlan(tmp_path / "shop", tmp_path / "models", state.path, str(log))
    prepare_shop(plan)
    opened = Shop.open(plan, state)
    yield opened
    opened.close()


def listed(shop: Shop, **how: object) -> set[str]:
    page = shop.customers(CustomerQuery(**how))  # type: ignore[arg-type]
    assert page.total == len(page.rows)
    return {one["customer_id"] for one in page.rows}


def forget(shop: Shop, *customers: str) -> None:
    forget_customers(shop.plan.state, customers, models_dir=shop.plan.models_dir)


def test_at_once_and_in_every_later_generation(shop: Shop) -> None:
    assert listed(shop) == {"gone", "stays", "too", "back"}
    kept = shop.customer_version("stays"), shop.customer_version("gone")
    forget(shop, "gone", "too")
    for _ in range(2):
        assert listed(shop) == {"stays", "back"}
        assert listed(shop, prefix="g") == set()
        assert [shop.knows(one) for one in ("gone", "stays")] == [False, True]
        with pytest.raises(UnknownCustomer):
            shop.customer("gone")
        assert shop.customer_version("gone") != kept[1], "a finished answer is not given again"
        prepare_shop(shop.plan)
    assert shop.summary()["customers"] == sum(one["customers"] for one in shop.segments()["segments"]) == 2
    notices = shop.freshness()["intake"]["notices"]
    assert "6 orders of customers who were forgotten were left out." in notices


def test_a_customer_who_comes_back_is_a_new_one(shop: Shop, log: Path, tmp_path: Path) -> None:
    forget(shop, "gone", "back")
    old = PurchaseRow("gone", before(3).isoformat(), "10", f"gone-{before(3)}", None, "p")
    assert [one[2] for one in shop.receive([old], key_id=None)] == ["accepted"], "nothing of before is known"
    assert shop.customer("gone").order_total == 1
    later = [row(name, TODAY + dt.timedelta(days=1), "new") for name in ("back", "stays")]
    rows = [row(name, before(days)) for name in ("gone", "stays", "too", "back") for days in (40, 20, 3)]
    write_rows(log, [*rows, *later], NAMES)
    prepare_shop(shop.plan)
    assert [shop.customer(one).order_total for one in ("gone", "back", "stays")] == [1, 1, 4]


def test_a_shop_of_which_nobody_is_left(shop: Shop) -> None:
    forget(shop, "gone", "stays", "too", "back")
    assert listed(shop) == set()
    with pytest.raises(NoHistory, match="forgotten"):
        prepare_shop(shop.plan)


def test_without_the_key_nobody_can_be_known_again(
    shop: Shop, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(shop, "gone")
    assert len(list_tombstones(state)) == 1
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(tmp_path / "another"))
    made = prepare_shop(shop.plan)
    assert made.made_of["lacks_erasure_key"], "so that the log can say so"
    assert not (tmp_path / "another").exists(), "reading makes no key"


def test_no_file_with_the_forgotten_stays_open(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in a shop that nobody asks anything: the disk is rid of a file when the last who has it open lets go."""
    shop.keep_up()
    old = open_files(shop)
    assert len(old) == 1
    forget(shop, "gone")
    prepare_shop(shop.plan)
    shop.keep_up()
    assert len(open_files(shop)) == 2, "questions that came before may still be answered"
    monkeypatch.setattr("churnrisk.shop.shop.RETIRED_SECONDS", 0.0)
    shop.keep_up()
    assert len(open_files(shop)) == 1
    assert not open_files(shop) & old


def open_files(shop: Shop) -> set[str]:
    """Files of the shop that this process has open, those that are deleted included."""
    paths = set()
    for one in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            paths.add(str(one.readlink()).partition(" (deleted)")[0])
    return {path for path in paths if path.startswith(str(shop.plan.folder)) and path.endswith(".duckdb")}
