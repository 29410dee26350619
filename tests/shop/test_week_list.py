"""The list of this week of a running shop: whatever came, it is the one that a shop opened just now would make."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from churnrisk import explain
from churnrisk.campaigns import Campaign, CampaignList, create_campaign
from churnrisk.memory import forget_customers, remember_week_list
from churnrisk.orders import ContactList, IntakeOptions, PurchaseRow, read_contacts
from churnrisk.shop import Shop, ShopPlan, prepare_shop
from churnrisk.shop.present import Present
from churnrisk.shop.week_list import list_present
from churnrisk.state import State, note_audit, open_state
from churnrisk.week_list import ListPlan
from support.shop import PURCHASES, read_rows, write_rows

COLUMNS = ("customer_id", "order_id", "ordered_at", "amount", "item_count")


@pytest.fixture
def plan(tmp_path: Path, models: Path) -> ShopPlan:
    """A shop of two hundred customers."""
    rows = read_rows(PURCHASES)
    chosen = set(random.Random(1).sample(sorted({row["customer_id"] for row in rows}), 200))
    log = write_rows(tmp_path / "log.csv", [row for row in rows if row["customer_id"] in chosen], COLUMNS)
    made = ShopPlan(tmp_path / "shop", models, tmp_path / "state.db", str(log), listing=ListPlan(15, 4, 4))
    prepare_shop(made)
    return made


@pytest.fixture
def state(plan: ShopPlan) -> Iterator[State]:
    with open_state(plan.state) as opened:
        yield opened


def ask(shop: Shop, contacts: ContactList | None = None) -> dict[str, Any]:
    listed = shop.week_list(contacts)
    assert listed is not None
    return listed.to_dict()


def ask_anew(shop: Shop, contacts: ContactList | None = None) -> dict[str, Any]:
    """The list that is made when nothing has been read yet."""
    fresh = Present(shop.now().generation, shop.state, stamp=None, plan=shop.plan)
    fresh.refresh()
    listed = list_present(fresh, shop.current, shop.plan.listing, shop.state, contacts)
    assert listed is not None
    return listed.to_dict()


def buy(shop: Shop, customer: str, number: int) -> None:
    day = shop.freshness()["last_order_on"]
    row = PurchaseRow(customer_id=customer, order_id=f"new-{number}", ordered_at=f"{day}T10:00:00", amount="9.50")
    shop.receive([row], key_id=None)


def test_after_each_event_the_list_is_that_of_a_shop_opened_just_now(
    plan: ShopPlan, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    tell = explain.tell_reasons

    def count(*given: Any, **how: Any) -> Any:
        asked.append(len(given[3]))
        return tell(*given, **how)

    monkeypatch.setattr("churnrisk.week_list.week_list.tell_reasons", count)
    shop = Shop.open(plan, state)
    first = shop.week_list()
    assert first is not None
    names = [one.customer_id for one in first.contact]
    assert sum(asked) >= len(names) == 15

    asked.clear()
    note_audit(state, "list exported", key_id=None)
    assert shop.week_list() is first, "what the list does not depend on makes no other one"
    buy(shop, first.lapsed[0].customer_id, 1)
    assert ask(shop)["left_out"]["bought"] == 0
    assert sum(asked) == 0, "nothing is read again for an order of a customer who is not to be contacted"
    buy(shop, names[0], 2)
    told = ask(shop)
    assert told["left_out"]["bought"] == 1
    assert [one["customer_id"] for one in told["contact"]][:14] == names[1:]
    assert sum(asked) == 1, "only the customer who moved up is looked at"
    assert told == ask_anew(shop)

    remember_week_list(state, first.as_of - 7, names[3:6])
    assert ask(shop)["since_last_list"]["customers"] == 3
    listed = CampaignList("some", names[1:5], {"as_of": ["2011-12-10"] * 4})
    create_campaign(state, listed, Campaign("monday", first.as_of, 30, "retained", 0.5, 0), output=None)
    assert ask(shop) == ask_anew(shop)
    assert ask(shop)["left_out"]["in_campaign"] == 4
    forget_customers(plan.state, [names[7]], models_dir=plan.models_dir)
    assert names[7] not in {one["customer_id"] for one in ask(shop)["contact"]}
    assert ask(shop) == ask_anew(shop)
    shop.close()


def test_a_consent_that_is_withdrawn_counts_at_once(plan: ShopPlan, state: State, tmp_path: Path) -> None:
    shop = Shop.open(plan, state)
    names = [one["customer_id"] for part in ("contact", "lapsed", "due") for one in ask(shop)[part]]

    def consents(withdrawn: str) -> ContactList:
        path = tmp_path / "contacts.csv"
        lines = [f"{one},{'no' if one == withdrawn else 'yes'}" for one in names]
        path.write_text("\n".join(["customer_id,consent", *lines]), encoding="utf-8")
        return read_contacts(path, IntakeOptions(), needs_email=False)

    everybody = consents("")
    assert names[0] in {one["customer_id"] for one in ask(shop, everybody)["contact"]}
    assert {one["customer_id"] for one in ask(shop, everybody)["contact"]} <= set(names)
    withdrawn = consents(names[0])
    assert names[0] not in {one["customer_id"] for one in ask(shop, withdrawn)["contact"]}
    assert ask(shop, withdrawn) == ask_anew(shop, withdrawn)
    shop.close()
