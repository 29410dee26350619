"""``churnrisk keys``: a key is shown once, kept as a hash, and ended by its number."""

from __future__ import annotations

import json
from pathlib import Path

from churnrisk.state import find_key, list_audit, open_state
from support.shop import churnrisk


def test_a_key_is_printed_once_works_and_ends(tmp_path: Path) -> None:
    made = churnrisk(
        "keys", "create", "--role", "scorer", "--name", "CRM [bold]import", "--state", "state.db", "--json"
    )
    assert made.code == 0, made.err
    key = json.loads(made.out)
    assert (key["key_id"], key["role"], key["name"], key["revoked_at"]) == (1, "scorer", "CRM [bold]import", None)
    with open_state(tmp_path / "state.db") as state:
        found = find_key(state, key["key"])
        assert found is not None
        assert (found.key_id, found.role) == (1, "scorer")
    assert key["key"].encode() not in Path("state.db").read_bytes()

    listed = churnrisk("keys", "list", "--state", "state.db")
    assert listed.code == 0, listed.err
    assert "CRM [bold]import" in listed.out
    assert key["key"] not in listed.out

    ended = churnrisk("keys", "revoke", 1, "--state", "state.db")
    assert (ended.code, ended.out.strip()) == (0, "Key 1 (CRM [bold]import) is revoked.")
    with open_state(tmp_path / "state.db") as state:
        assert find_key(state, key["key"]) is None
        assert [one.action for one in list_audit(state)] == ["revoke key", "create key"]
    [shown] = json.loads(churnrisk("keys", "list", "--state", "state.db", "--json").out)
    assert shown["revoked_at"]
    assert "key" not in shown


def test_the_key_stands_on_a_line_of_its_own() -> None:
    made = churnrisk("keys", "create", "--role", "reader", "--name", "x", "--state", "state.db")
    [line] = [line for line in made.out.splitlines() if line.startswith("crk_")]
    assert line == line.strip()
    assert len(line) == 47


def test_what_cannot_be_is_said_and_makes_no_file(tmp_path: Path) -> None:
    none = churnrisk("keys", "list", "--state", "state.db")
    assert (none.code, "There is no key" in none.out) == (0, True)
    assert churnrisk("keys", "revoke", 1, "--state", "state.db").code == 2
    assert churnrisk("keys", "create", "--role", "owner", "--name", "x", "--state", "state.db").code == 2
    assert list(tmp_path.iterdir()) == []
    unnamed = churnrisk("keys", "create", "--role", "reader", "--name", " ", "--state", "state.db")
    assert (unnamed.code, "needs a name" in unnamed.err) == (2, True)
