"""The last generation of a run is there in the next one, and goes where kept copies of purchases go."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from churnrisk.memory import find_all_held, forget_customers
from churnrisk.orders import IntakeOptions, KeepIn
from churnrisk.service import ServiceConfig
from churnrisk.service.jobs import Keeper
from churnrisk.service.pages.frame import View
from churnrisk.shop import (
    CustomerQuery,
    Shop,
    ShopPlan,
    end_progress,
    keep_generation,
    prepare_shop,
    take_kept,
    tell_progress,
)
from churnrisk.state import State, copies_folder, open_state
from support.shop import write_rows

NAMES = ("customer_id", "order_id", "ordered_at", "amount")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with open_state(tmp_path / "state.db") as opened:
        yield opened


@pytest.fixture
def plan(tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch) -> ShopPlan:
    """A shop of two customers without a model, whose generation is made and kept."""
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(tmp_path / "configuration"))
    rows = [
        {"customer_id": name, "order_id": f"{name}{day}", "ordered_at": f"2024-01-{day}", "amount": "10"}
        for name in ("a", "b")
        for day in (10, 20)
    ]
    log, models = write_rows(tmp_path / "purchases.csv", rows, NAMES), tmp_path / "models"
    options = IntakeOptions(keep=KeepIn(folder=copies_folder(state.path, models), least=10**9))
    made = ShopPlan(tmp_path / "shop", models, state.path, str(log), options)
    keep_generation(made, prepare_shop(made), state)
    return made


def next_run(plan: ShopPlan, **changes: object) -> ShopPlan:
    """The plan of another run, whose folder is empty."""
    return dataclasses.replace(plan, folder=plan.folder.with_name("next"), **changes)  # type: ignore[arg-type]


def kept_in(plan: ShopPlan) -> list[Path]:
    assert plan.options.keep is not None
    return sorted(plan.options.keep.folder.rglob("*.duckdb"))


def list_customers(plan: ShopPlan, state: State) -> list[str]:
    shop = Shop.open(plan, state)
    try:
        return [row["customer_id"] for row in shop.customers(CustomerQuery(sort="id")).rows]
    finally:
        shop.close()


def test_the_next_run_begins_with_it(plan: ShopPlan, state: State) -> None:
    later = next_run(plan)
    assert take_kept(later, state)
    assert list_customers(later, state) == ["a", "b"]
    made = prepare_shop(later)
    assert made.name > "000001", "what comes after it is newer"
    keep_generation(later, made, state)
    assert len(kept_in(plan)) == 1, "one is kept, and not each"
    for path in (*kept_in(plan), *(one.parent for one in kept_in(plan))):
        assert path.stat().st_mode & 0o077 == 0


def test_the_service_begins_with_it_and_reads_anew(plan: ShopPlan, state: State) -> None:
    config = ServiceConfig(
        models_dir=plan.models_dir,
        state=plan.state,
        purchases=plan.purchases,
        options=plan.options,
        shop_dir=plan.folder.with_name("service"),
    )
    keeper = Keeper(config, state)
    keeper.begin()
    assert list_customers(config.shop_plan, state) == ["a", "b"]
    assert keeper._is_asked


def test_it_is_none_of_another_plan(plan: ShopPlan, state: State) -> None:
    options = plan.options
    others: list[dict[str, object]] = [
        {"options": dataclasses.replace(options, pseudonym_key=b"k" * 32)},
        {"options": dataclasses.replace(options, fold_case=True)},
        {"options": dataclasses.replace(options, keep=None)},
        {"purchases": "others.csv"},
        {"models_dir": plan.models_dir.with_name("others")},
    ]
    assert [take_kept(next_run(plan, **other), state) for other in others] == [False] * len(others)
    assert take_kept(next_run(plan), state)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def lose_account(path: Path) -> None:
    (path.parent / "account.json").unlink()


def spoil_account(path: Path) -> None:
    (path.parent / "account.json").write_text("[]", encoding="utf-8")


def shorten_account(path: Path) -> None:
    (path.parent / "account.json").write_text('{"seq": 0, "model": null}', encoding="utf-8")


@pytest.mark.parametrize("damage", [cut, lose_account, spoil_account, shorten_account, Path.unlink])
def test_a_damaged_one_goes(plan: ShopPlan, state: State, damage: Callable[[Path], None]) -> None:
    [path] = kept_in(plan)
    damage(path)
    later = next_run(plan)
    assert not take_kept(later, state)
    assert kept_in(plan) == []
    with pytest.raises(Exception, match="still being read"):
        list_customers(later, state)


def test_it_goes_with_the_forgotten_and_none_is_kept_that_was_made_before(plan: ShopPlan, state: State) -> None:
    made = prepare_shop(plan)
    held = find_all_held(plan.state, "a", models_dir=plan.models_dir).files
    assert {(row["table"], row["customer_id"]) for one in held for row in one["rows"]} == {
        ("scored", "a"),
        ("orders", "a"),
    }
    forget_customers(plan.state, ["a"], models_dir=plan.models_dir)
    assert kept_in(plan) == []
    keep_generation(plan, made, state)
    assert kept_in(plan) == []
    keep_generation(plan, prepare_shop(plan), state)
    later = next_run(plan)
    assert take_kept(later, state)
    assert list_customers(later, state) == ["b"]


def test_how_far_the_next_one_is(plan: ShopPlan, state: State) -> None:
    shop, steps = Shop.open(plan, state), []
    assert shop.progress is None

    def tell(what: str, done: int, total: int) -> None:
        tell_progress(plan.folder, what, done, total)
        steps.append(shop.progress)

    prepare_shop(plan, progress=tell)
    end_progress(plan.folder)
    assert [one[0] for one in steps if one] == ["reading purchases", "scoring", "writing", "done"]
    assert shop.progress is None
    shop.close()


def test_pages_say_how_far_it_is_and_of_when_the_figures_are(plan: ShopPlan, state: State) -> None:
    shop = Shop.open(plan, state)
    served: Any = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(shop=shop)))
    caller: Any = SimpleNamespace()
    view = View(served, caller, "en")
    assert view.reading == ""
    tell_progress(plan.folder, "scoring", 2, 5)
    assert "40 %" in view.reading
    assert shop.freshness()["made_at"][:10] in view.reading
    assert View(served, None, "en").reading == "", "nobody is told who has not logged in"
    end_progress(plan.folder)
    assert view.reading == ""
    shop.close()
