"""Saved filters and notes: kept, replaced, refused, and forgotten with the customer."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnrisk.desk import LONGEST_NOTE, delete_filter, find_note, list_filters, save_filter, write_note
from churnrisk.desk.filters import MOST_FILTERS
from churnrisk.errors import StateError
from churnrisk.state import State, erase_customers, find_held, iterate_customers, open_state

WHO, OTHER = "cust-0042", "cust-0043"


def test_a_filter_is_kept_under_its_name_until_it_is_deleted(state: State) -> None:
    save_filter(state, "quiet", "risk=high", key_id=3)
    save_filter(state, "Bought", "last_bought=tea", key_id=None)
    save_filter(state, "quiet", "risk=low", key_id=4)
    assert [(one.name, one.address, one.key_id) for one in list_filters(state)] == [
        ("Bought", "last_bought=tea", None),
        ("quiet", "risk=low", 4),
    ]
    assert delete_filter(state, "quiet")
    assert not delete_filter(state, "quiet")
    assert [one.name for one in list_filters(state)] == ["Bought"]


@pytest.mark.parametrize("name", ["", "x" * 61, "two\nlines", "\x1b[31m"])
def test_a_name_must_be_one_that_can_be_shown(state: State, name: str) -> None:
    with pytest.raises(StateError, match="1 to 60"):
        save_filter(state, name, "risk=high", key_id=None)


def test_there_is_an_end_to_filters_but_one_can_always_be_replaced(state: State) -> None:
    for k in range(MOST_FILTERS):
        save_filter(state, f"f{k}", "risk=high", key_id=None)
    with pytest.raises(StateError, match="delete one first"):
        save_filter(state, "one more", "risk=high", key_id=None)
    save_filter(state, "f0", "risk=low", key_id=None)
    assert len(list_filters(state)) == MOST_FILTERS


def test_a_note_is_replaced_emptied_and_bounded(state: State) -> None:
    assert find_note(state, WHO) is None
    write_note(state, WHO, " called\r\non Monday ", key_id=1)
    write_note(state, OTHER, "<b>", key_id=None)
    note = find_note(state, WHO)
    assert note is not None
    assert (note.text, note.key_id) == ("called\non Monday", 1)
    with pytest.raises(StateError, match=f"{LONGEST_NOTE} characters at most; this one has {LONGEST_NOTE + 1}"):
        write_note(state, WHO, "x" * (LONGEST_NOTE + 1), key_id=1)
    assert find_note(state, WHO) == note
    write_note(state, WHO, "  ", key_id=1)
    assert find_note(state, WHO) is None
    assert find_note(state, OTHER) is not None


def test_who_is_forgotten_leaves_no_note_and_no_name_of_a_filter(state: State) -> None:
    write_note(state, WHO, "called", key_id=1)
    write_note(state, OTHER, "called", key_id=1)
    save_filter(state, f"like {WHO}", "risk=high", key_id=1)
    assert set(find_held(state, {WHO})) == {"notes", "saved_filters"}
    assert {WHO, OTHER} <= set(iterate_customers(state))
    looked = erase_customers(state, {WHO: None}, is_dry=True)
    assert find_note(state, WHO) is not None
    erased = erase_customers(state, {WHO: None})
    assert looked.documents == erased.documents == 2
    assert erased.found == {WHO}
    assert find_held(state, {WHO}) == {}
    assert find_note(state, OTHER) is not None
    assert [one.name for one in list_filters(state)] == ["erased"]


def test_a_note_of_somebody_who_came_back_stays(state: State) -> None:
    write_note(state, WHO, "is back", key_id=1)
    erase_customers(state, {WHO: "2020-01-01T00:00:00.000000+00:00"})
    assert find_note(state, WHO) is not None


def test_nothing_of_a_note_is_left_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with open_state(path) as state:
        write_note(state, WHO, "prefers peppermint", key_id=1)
        erase_customers(state, {WHO: None})
        assert state.scrub()
    left = b"".join(one.read_bytes() for one in path.parent.glob(path.name + "*"))
    assert b"peppermint" not in left
