"""Filters of the list of customers that are kept under a name, for everybody who sees the list."""

from __future__ import annotations

from dataclasses import dataclass

from churnrisk.errors import StateError
from churnrisk.messages import mark, wording
from churnrisk.state import State, now

MOST_FILTERS = 200
LONGEST_NAME = 60
TOO_MANY = wording("There are {count} saved filters already; delete one first.")
NO_NAME = mark("A saved filter needs a name of 1 to 60 characters, all of them printable.")


@dataclass(frozen=True)
class SavedFilter:
    """A filter: its name, the address that it is written as, the moment (UTC), and the key that saved it."""

    name: str
    address: str
    made_at: str
    key_id: int | None


def save_filter(state: State, name: str, address: str, *, key_id: int | None) -> None:
    """Keep a filter, in place of one of the same name.

    Raises
    ------
    StateError
        For a name that is empty, too long or not printable, and where there are too many.
    """
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise StateError(NO_NAME)
    with state.transaction():
        delete_filter(state, name)
        if state.rows("SELECT count(*) FROM saved_filters")[0][0] >= MOST_FILTERS:
            raise StateError(TOO_MANY.format(count=MOST_FILTERS))
        statement = "INSERT INTO saved_filters (name, address, made_at, key_id) VALUES (?, ?, ?, ?)"
        state.run(statement, (name, address, now(), key_id))


def delete_filter(state: State, name: str) -> bool:
    """Delete a filter; tell whether there was one."""
    return state.run("DELETE FROM saved_filters WHERE name = ?", (name,)) > 0


def list_filters(state: State) -> list[SavedFilter]:
    """Return all filters by name."""
    query = "SELECT name, address, made_at, key_id FROM saved_filters"
    return sorted((SavedFilter(*row) for row in state.rows(query)), key=lambda one: (one.name.casefold(), one.name))
