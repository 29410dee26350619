"""Rows of tables are kept once, in the order in which they came, on each database."""

from __future__ import annotations

from churnrisk.dated import DatedSource
from churnrisk.orders import IntakeOptions
from churnrisk.shop.received_rows import last_row_seq, load_rows, receive_rows
from churnrisk.state import State, StatePlace, erase_customers, open_state

OPTIONS = IntakeOptions(tables={"visits": DatedSource(source="visits.csv")})


def row(who: str, day: str, **more: str) -> dict[str, str]:
    return {"customer_id": who, "happened_at": day, **more}


def test_each_once_and_durable(state: State, place: StatePlace) -> None:
    first, second = row("ž", "2026-01-02"), row("ž", "2026-01-02", kind="mail")
    assert last_row_seq(state) == 0
    assert receive_rows(state, "visits", [first, second, first], options=OPTIONS, key_id=None) == 2
    assert receive_rows(state, "visits", [second, first], options=OPTIONS, key_id=None) == 0
    assert receive_rows(state, "visits", [row("a", "2026-01-02")], options=OPTIONS, key_id=None) == 1
    with open_state(place) as another:
        found = load_rows(another)
        assert [one.texts for one in found] == [first, second, row("a", "2026-01-02")]
        assert load_rows(another, found[1].seq) == found[2:]
        assert last_row_seq(another) == found[-1].seq
    erased = erase_customers(state, {"ž": None})
    assert (erased.found, erased.rows) == ({"ž"}, 2)
    assert [one.customer_id for one in load_rows(state)] == ["a"]


def test_pseudonyms_alone_are_kept(state: State) -> None:
    options = IntakeOptions(tables=OPTIONS.tables, pseudonym_key=b"k" * 32)
    receive_rows(state, "visits", [row("ada", "2026-01-02")], options=options, key_id=None)
    assert [one.customer_id for one in load_rows(state)] == [options.own_id("ada")]
    assert "ada" not in repr(state.rows("SELECT * FROM received_rows"))
