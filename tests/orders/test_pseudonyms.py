"""Pseudonyms: the same keyed hash wherever an id is read, and no real id anywhere behind intake."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.engines import Database, collect_arrays
from churnrisk.errors import TooManyRejects
from churnrisk.orders import (
    IntakeOptions,
    PurchaseRow,
    build_few_orders,
    read_contacts,
    read_customers,
    read_list,
    read_orders,
)
from churnrisk.sources.pseudonyms import pseudonym_of, pseudonym_sql

KEY = bytes(range(32))
OPTIONS = IntakeOptions(pseudonym_key=KEY)
IDS = ["007", "é;\"'", "=cmd()", "a@shop.example", "İ", "p_x", "9" * 200]


def expected(customer_id: str) -> str:
    """By the standard library alone, as the documentation says it."""
    return "p_" + hmac.new(KEY, customer_id.encode(), hashlib.sha256).hexdigest()[:32]


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with Database() as opened:
        yield opened


@settings(max_examples=30)
@given(
    ids=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), min_size=1),
    key=st.binary(min_size=32, max_size=32),
)
def test_the_engine_and_python_agree_on_every_id(database: Database, ids: list[str], key: bytes) -> None:
    sql = pseudonym_sql("id", database, key)
    query = f"SELECT {sql} FROM (SELECT unnest(?::VARCHAR[]) AS id)"
    found = [row[0] for row in database.connection.execute(query, [ids]).fetchall()]
    plain = ["p_" + hmac.new(key, one.encode(), "sha256").hexdigest()[:32] for one in ids]
    assert found == [pseudonym_of(key, one) for one in ids] == plain


def test_a_pseudonym_stays_as_it_is_and_nothing_stays_nothing() -> None:
    once = pseudonym_of(KEY, "a")
    assert pseudonym_of(KEY, once) == once
    with Database() as database:
        sql = pseudonym_sql("id", database, KEY)
        found = database.connection.execute(f"SELECT {sql} FROM (VALUES (?), (NULL)) t(id)", [once]).fetchall()
    assert found == [(once,), (None,)]


def log(ids: list[str]) -> pd.DataFrame:
    days = ["2024-01-05", "2024-02-01"] * len(ids)
    customers = [one for one in ids for _ in range(2)]
    return pd.DataFrame({"customer_id": customers, "date": days, "total": "5.00", "order_id": range(len(days))})


def test_purchases_lists_contacts_and_requests_meet(tmp_path: Path) -> None:
    """Every way in gives the same pseudonyms, so that purchases, lists, opt-outs and requests still meet."""
    wanted = {expected(one) for one in IDS}
    log(IDS).to_csv(tmp_path / "log.csv", index=False)
    with read_orders(tmp_path / "log.csv", OPTIONS) as orders:
        found = collect_arrays(orders.frame().select("customer_id").unique(), sort_by=["customer_id"])
        assert set(found["customer_id"]) == wanted
        assert orders.report.customers == len(IDS)
    listed = pd.DataFrame({"customer_id": IDS, "email": "x@shop.example"})
    listed.to_csv(tmp_path / "list.csv", index=False)
    assert set(read_list(tmp_path / "list.csv", OPTIONS).customer_ids) == wanted
    assert set(read_contacts(tmp_path / "list.csv", OPTIONS).contacts) == wanted
    with read_customers(tmp_path / "list.csv", OPTIONS, as_kind="ids") as table:
        assert set(table.customer_ids) == wanted
    summary = listed.assign(order_count=2, days_since_last_order=3, tenure_days=9)
    with read_customers(summary, OPTIONS) as table:
        assert (table.kind, set(table.customer_ids)) == ("summary", wanted)
    rows = [PurchaseRow(customer_id=one, ordered_at="2024-01-05", amount="5") for one in IDS]
    assert {order[0] for order in build_few_orders(rows, OPTIONS).orders} == wanted
    assert {OPTIONS.own_id(one) for one in IDS} == wanted


def test_a_list_of_pseudonyms_reads_as_itself(tmp_path: Path) -> None:
    pd.DataFrame({"customer_id": [expected(one) for one in IDS]}).to_csv(tmp_path / "list.csv", index=False)
    assert read_list(tmp_path / "list.csv", OPTIONS).customer_ids == [expected(one) for one in IDS]


def test_case_is_folded_before() -> None:
    options = IntakeOptions(pseudonym_key=KEY, fold_case=True)
    assert options.own_id("ANNA") == options.own_id("anna") == expected("anna")
    with read_orders(log(["ANNA", "anna"]), options) as orders:
        assert orders.report.customers == 1


def test_rejects_and_errors_carry_no_value(tmp_path: Path) -> None:
    """Where columns are shifted, any value may be an id."""
    text = (
        "customer_id,date,total\n" + "a,2024-01-05,5\n" * 60 + "4711-secret,4711-secret,5\nb,2024-01-05,4711-secret\n"
    )
    (tmp_path / "log.csv").write_text(text)
    options = IntakeOptions(pseudonym_key=KEY, rejects=tmp_path / "rejects.csv")
    with read_orders(tmp_path / "log.csv", options) as orders:
        assert orders.report.rows_rejected == 2
        assert "4711-secret" not in repr(orders.report)
    assert (tmp_path / "rejects.csv").read_text().count("\n") == 3
    assert "4711-secret" not in (tmp_path / "rejects.csv").read_text()
    with pytest.raises(TooManyRejects) as caught:
        read_orders(tmp_path / "log.csv", IntakeOptions(pseudonym_key=KEY, reject_limit=0.01))
    assert "4711-secret" not in str(caught.value)
    assert repr(KEY) not in repr(options)
