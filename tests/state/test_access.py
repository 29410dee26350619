"""What is held of a customer is found in every table, also in one that is new, and nobody else is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from churnrisk.errors import StateError
from churnrisk.state import State, find_held, open_state
from churnrisk.state.copying import TABLES

from .test_copies import fill

WHO, OTHER, DIGEST = "cust-0042", "neighbour-7", "f" * 64
DOCUMENT = {"rows": [{"customer_id": WHO, "amount": 1, "more": [{"note": "x"}]}, {"customer_id": OTHER}], WHO: 3}
NAMES_NOBODY = {"erased_members"}
"""Tables of numbers alone."""


class UndoError(Exception):
    """Ends a transaction without a trace."""


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[State]:
    with open_state(tmp_path / "state.db") as state:
        fill(state)
        for (trigger,) in state.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            state.run(f"DROP TRIGGER {trigger}")
        yield state


def planted(state: State, table: str, column: str, value: str) -> dict[str, list[dict[str, Any]]] | None:
    """Find what is held when a value stands in a column of a row; None where none can stand there."""
    found = None
    try:
        with state.transaction():
            state.run(f"UPDATE {table} SET {column} = ? WHERE rowid IN (SELECT rowid FROM {table} LIMIT 1)", (value,))
            found = find_held(state, {WHO}, {DIGEST})
            raise UndoError
    except StateError as error:
        if not any(why in str(error) for why in ("CHECK", "FOREIGN", "cannot store TEXT")):
            raise
    except UndoError:
        pass
    return found


@pytest.mark.parametrize("table", TABLES)
def test_an_id_in_any_column_of_any_table_is_found(filled: State, table: str) -> None:
    names = filled.columns(table)
    row = dict(zip(names, filled.rows(f"SELECT * FROM {table} LIMIT 1")[0], strict=True))
    texts = [name for name in names if isinstance(row[name], str) or row[name] is None]
    if "customer_id" in names:
        filled.run(f"UPDATE {table} SET customer_id = '{WHO}' WHERE customer_id = ?", (row["customer_id"],))
        assert [one["customer_id"] for one in find_held(filled, {WHO})[table]] == [WHO]
        return
    tried = 0
    for column in texts:
        for value in (WHO, f"of {WHO}, who", json.dumps(DOCUMENT)):
            found = planted(filled, table, column, value)
            tried += found is not None
            assert found is None or len(found[table]) == 1, column
            assert OTHER not in json.dumps(found), column
    assert bool(tried) != (table in NAMES_NOBODY)
    assert find_held(filled, {WHO}) == {}


def test_a_table_that_is_new_needs_no_rule(filled: State, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.run("CREATE TABLE invented (number INTEGER, remark TEXT)")
    filled.run("INSERT INTO invented VALUES (1, ?), (2, 'nobody')", (f"{WHO} has called",))
    monkeypatch.setattr("churnrisk.state.access.TABLES", (*TABLES, "invented"))
    assert find_held(filled, {WHO}) == {"invented": [{"number": 1, "remark": f"{WHO} has called"}]}


def test_only_what_names_the_customer_is_shown_and_no_hash(filled: State) -> None:
    found = planted(filled, "jobs", "request", json.dumps(DOCUMENT))
    assert found is not None
    [job] = found["jobs"]
    assert {"customer_id": WHO, "amount": 1} in job["request"]
    found = planted(filled, "keys", "name", WHO)
    assert found is not None
    assert "key_hash" not in found["keys"][0]
    erased = planted(filled, "tombstones", "digest", DIGEST)
    assert erased == {"tombstones": [{"made_at": "2026-01-01"}]}
