"""Tables beside the purchases in the shop: scored as by the command, with rows that came, and without the forgotten."""

from __future__ import annotations

import csv
import itertools
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from churnrisk.dated import DatedSource
from churnrisk.errors import ChurnriskError, NoModel, SourceError
from churnrisk.features import customer_features
from churnrisk.forecast import Valuation
from churnrisk.memory import find_all_held, forget_customers, object_customers
from churnrisk.orders import IntakeOptions, Orders, PurchaseRow
from churnrisk.shop import (
    CustomerQuery,
    Shop,
    ShopPlan,
    choose_reasons,
    find_current,
    prepare_shop,
    score_upload,
    train_on_history,
)
from churnrisk.state import open_state
from churnrisk.timeline import Snapshot, date_of
from churnrisk.workflows import TrainPlan, load, make_report, score_source
from support.beside_shop import DAYS, HORIZON, train_on_tables, write
from support.simulated import FIRST_DAY

LAST = date_of(FIRST_DAY + DAYS - 1).isoformat()
WHO = "customer-000010"
SNAPSHOT = Snapshot(FIRST_DAY + DAYS - 100, 365, HORIZON)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files and a model that has learned from tickets and from tiers."""
    return train_on_tables(tmp_path_factory)


def plan_in(place: Path, folder: Path) -> ShopPlan:
    tables = {name: DatedSource(source=str(folder / f"{name}.csv")) for name in ("tickets", "visits")}
    options = IntakeOptions(tables=tables)
    return ShopPlan(place / "shop", folder / "models", place / "state.db", str(folder / "log.csv"), options=options)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Path:
    """A generation, for reading only."""
    plan = plan_in(tmp_path_factory.mktemp("prepared"), folder)
    prepare_shop(plan)
    return plan.folder


@pytest.fixture
def plan(folder: Path, tmp_path: Path) -> ShopPlan:
    return plan_in(tmp_path, folder)


@pytest.fixture
def shop(plan: ShopPlan, prepared: Path) -> Iterator[Shop]:
    shutil.copytree(prepared, plan.folder)
    with open_state(plan.state) as state:
        opened = Shop.open(plan, state)
        yield opened
        opened.close()


def by_command(folder: Path, tickets: Path | None = None) -> dict[str, dict[str, Any]]:
    """What `churnrisk score` writes, by customer."""
    tables = {} if tickets is None else {"tickets": DatedSource(source=str(tickets))}
    model = load(models_dir=folder / "models")
    how: dict[str, Any] = {"options": IntakeOptions(tables=tables), "as_kind": "purchases", "reasons": "all"}
    result = score_source(model, str(folder / "log.csv"), **how)
    return {str(row["customer_id"]): row for row in result.table.records()}


def everybody(shop: Shop) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = shop.customers(CustomerQuery(limit=500, cursor=cursor))
        rows, cursor = [*rows, *page.rows], page.next_cursor
        if cursor is None:
            return rows


def assert_same(row: dict[str, Any], expected: dict[str, Any]) -> None:
    assert {name: row[name] for name in expected if not name.startswith("reason")} == {
        name: cell for name, cell in expected.items() if not name.startswith("reason")
    }


def test_the_list_and_each_customer_are_as_by_the_command(shop: Shop, folder: Path) -> None:
    expected, listed = by_command(folder), everybody(shop)
    assert [row["customer_id"] for row in listed] == list(expected)
    for row in listed:
        assert_same(row, expected[row["customer_id"]])
    for who in [*itertools.islice(expected, 12), *list(expected)[-3:]]:  # most of them are explained only now
        found = shop.customer(who)
        assert_same({**found.score, "risk_rank": expected[who]["risk_rank"]}, expected[who])
        assert found.reasons == [text for k in (1, 2, 3) if (text := expected[who][f"reason_{k}"])]
    assert {one["table"] for one in shop.customer(WHO).rows} == {"tickets", "visits"}, "also what no model needs"
    families = shop.explain(next(iter(expected)))["families"]
    assert families


def test_rows_of_tables_are_shown_to_who_asks_what_is_held(plan: ShopPlan, prepared: Path) -> None:
    [held] = find_all_held(plan.state, WHO, models_dir=plan.models_dir, files=prepared.glob("*.duckdb")).files
    assert {row["table"] for row in held["rows"]} >= {"dated_tickets", "dated_visits"}
    assert all(row["happened_day"] >= "2008" for row in held["rows"] if row["table"] == "dated_visits")


def test_the_list_of_the_week_is_that_of_the_report(shop: Shop, folder: Path, tmp_path: Path) -> None:
    plan = shop.plan
    how: dict[str, Any] = {"models_dir": plan.models_dir, "state": tmp_path / "other.db", "options": plan.options}
    expected, listed = make_report(str(folder / "log.csv"), plan=plan.listing, **how).data.week_list, shop.week_list()
    assert expected is not None
    assert listed is not None
    assert listed.to_dict() == expected.to_dict()
    assert any(
        "tickets" in reason for row in everybody(shop) for reason in (row["reason_1"], row["reason_2"]) if reason
    )


def test_what_is_sent_alone_has_no_tables_and_is_refused(shop: Shop, folder: Path) -> None:
    with pytest.raises(NoModel, match="beside the purchases"):
        shop.score_rows([PurchaseRow("a", LAST, "1")])
    how: dict[str, Any] = {"options": IntakeOptions(), "valuation": Valuation(), "answer": "csv"}
    with pytest.raises(NoModel, match="beside the purchases"):
        score_upload(b"customer_id,date\na,2009-01-02\n", models_dir=folder / "models", most_rows=9, seconds=60, **how)


def test_rows_that_came_are_in_the_next_answer_and_then_in_the_list(shop: Shop, folder: Path, tmp_path: Path) -> None:
    before = shop.customer(WHO)
    row = {"customer_id": f" {WHO} ", "happened_at": LAST, "kind": "complaint"}
    version = shop.customer_version(WHO)
    assert shop.receive_rows("tickets", [row, row], key_id=None) == 1
    assert shop.receive_rows("tickets", [row], key_id=None) == 0, "an exact copy"
    assert shop.customer_version(WHO) != version
    after = shop.customer(WHO)
    assert (after.is_fresh, after.row_total, after.as_of) == (True, before.row_total + 1, before.as_of)
    assert after.rows[0] == {
        **dict.fromkeys(("ended_on", "value")),
        **{"table": "tickets", "kind": "complaint", "happened_on": LAST, "known_on": LAST},
    }
    assert after.score["churn_probability"] > before.score["churn_probability"], "a complaint comes before the end"

    more = tmp_path / "more.csv"
    more.write_text((folder / "tickets.csv").read_text() + f"{WHO},{LAST},complaint\n")
    expected = by_command(folder, more)
    assert_same({**after.score, "risk_rank": expected[WHO]["risk_rank"]}, expected[WHO])
    for source in (folder / "tickets.csv", more):  # in the state alone, then in the file as well
        tables = {**shop.plan.options.tables, "tickets": DatedSource(source=str(source))}
        prepare_shop(replace(shop.plan, options=replace(shop.plan.options, tables=tables)))
        for one in everybody(shop):
            assert_same(one, expected[one["customer_id"]])
        found = shop.customer(WHO)
        assert (found.is_fresh, found.rows) == (False, after.rows)


def test_a_row_that_is_sent_again_with_an_end_is_one_row(shop: Shop) -> None:
    row = {"customer_id": WHO, "happened_at": f"{LAST}T09:00", "kind": "question"}
    before = shop.customer(WHO).row_total
    shop.receive_rows("tickets", [row, row | {"happened_at": f"{LAST}T10:00"}], key_id=None)
    shop.receive_rows("tickets", [row | {"ended_at": LAST}, row | {"ended_at": LAST, "value": "4.5"}], key_id=None)
    assert shop.receive_rows("tickets", [row], key_id=None) == 0
    found = shop.customer(WHO)
    assert found.row_total == before + 2
    assert {(one["ended_on"], one["value"]) for one in found.rows[:2]} == {(None, None), (LAST, 4.5)}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"customer_id": "  "}, "row 2, customer_id"),
        ({"happened_at": "2008-02-30"}, "row 2, happened_at '2008-02-30'"),
        ({"happened_at": "2999-01-01"}, "row 2, happened_at '2999-01-01'"),
        ({"known_at": "2999-01-01"}, "row 2, known_at '2999-01-01'"),
        ({"ended_at": "2001-01-01"}, "row 2, ended_at '2001-01-01'"),
        ({"value": "much"}, "row 2, value 'much'"),
    ],
)
def test_a_row_that_is_not_right_keeps_nothing(shop: Shop, wrong: dict[str, str], said: str) -> None:
    good = {"customer_id": WHO, "happened_at": LAST}
    with pytest.raises(SourceError, match=said):
        shop.receive_rows("tickets", [good, good | wrong], key_id=None)
    assert shop.receive_rows("tickets", [good], key_id=None) == 1, "nothing of it was kept before"


def test_what_is_announced_may_happen_later(shop: Shop) -> None:
    booked = {"customer_id": WHO, "happened_at": "2999-01-01", "known_at": LAST, "ended_at": "2999-01-02"}
    assert shop.receive_rows("visits", [booked], key_id=None) == 1
    assert shop.customer(WHO).rows[0]["happened_on"] == "2999-01-01"


def test_forgotten_customers_and_objectors_have_no_rows(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(tmp_path / "configuration"))
    other = "customer-000020"
    for who in (WHO, other):
        shop.receive_rows("tickets", [{"customer_id": who, "happened_at": LAST}], key_id=None)
    models_dir = shop.plan.models_dir
    assert forget_customers(shop.plan.state, [WHO], models_dir=models_dir).received_rows == 1
    object_customers(shop.plan.state, [other], models_dir=models_dir)
    prepare_shop(shop.plan)
    generation = shop.now().generation
    assert {name for who in (WHO, other) for name, rows in generation.table_rows(who).items() if rows} == set()
    assert [len(rows) for rows in generation.table_rows("customer-000030").values()] != [0, 0, 0]
    assert shop.now().ask(WHO).rows == shop.now().ask(other).rows == ()


def test_a_table_that_cannot_be_read_is_named_and_the_list_before_stays(
    shop: Shop, folder: Path, tmp_path: Path
) -> None:
    moved = {**shop.plan.options.tables, "visits": DatedSource(source=str(tmp_path / "nowhere.csv"))}
    with pytest.raises(ChurnriskError, match=r"\[tables.visits\].*nowhere.csv"):
        prepare_shop(replace(shop.plan, options=replace(shop.plan.options, tables=moved)))
    assert shop.customer(WHO).row_total


def test_another_file_of_a_table_is_read(shop: Shop, tmp_path: Path, folder: Path) -> None:
    own = tmp_path / "tickets.csv"
    own.write_bytes((folder / "tickets.csv").read_bytes())
    tables = {**shop.plan.options.tables, "tickets": DatedSource(source=str(own))}
    plan = replace(shop.plan, options=replace(shop.plan.options, tables=tables))
    prepare_shop(plan, reasons="all")
    assert choose_reasons(plan, find_current(plan.folder), shop.state, age=0) is None
    with own.open("a", newline="") as file:
        csv.writer(file).writerow((WHO, LAST, "question"))
    assert choose_reasons(plan, find_current(plan.folder), shop.state, age=0) == "listed"


def test_training_here_has_the_tables(plan: ShopPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    class SeenError(Exception):
        """Ends the training, of which the command has tests."""

    def look(orders: Orders, _: TrainPlan, *, recipe: Mapping[str, Any], **__: Any) -> None:
        assert set(orders.tables) == set(recipe["options"]["tables"]) == set(orders.describe_beside()["tables"])
        assert [len(customer_features(orders, SNAPSHOT, names=["visits.row_count"]).customer_ids) > 100] == [True]
        raise SeenError(*orders.tables)

    monkeypatch.setattr("churnrisk.shop.scores.train_orders", look)
    with pytest.raises(SeenError, match=r"tickets.*visits"):
        train_on_history(plan, TrainPlan(), progress=lambda *_: None)


def test_tables_that_are_there_no_longer_leave_everybody_unscored(plan: ShopPlan, folder: Path, tmp_path: Path) -> None:
    """A table without the column that the model needs."""
    bare = tmp_path / "bare.csv"
    write(bare, ("customer_id", "happened_at"), [(WHO, LAST)])
    options = replace(plan.options, tables={"tickets": DatedSource(source=str(bare))})
    with open_state(plan.state) as state:
        prepare_shop(replace(plan, options=options))
        shop = Shop.open(replace(plan, options=options), state)
        assert "column kind" in shop.freshness()["model_problem"]
        assert shop.customer(WHO).score["churn_probability"] is None
        shop.close()
