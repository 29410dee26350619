"""The state on every database that it can be kept in: one suite for both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from churnrisk.state import State, StatePlace, open_state

POSTGRES = "postgresql"


@pytest.fixture(params=["sqlite", POSTGRES])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StatePlace:
    """Where a new state may be made: a file, or a database in which nothing was remembered yet."""
    if request.param == "sqlite":
        return tmp_path / "state.db"
    return str(request.getfixturevalue("empty_database"))


@pytest.fixture
def empty_database(postgres_server: str) -> Iterator[str]:
    """The URL of a database without our schema, before and after."""
    import psycopg

    yield postgres_server
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        connection.execute("DROP SCHEMA IF EXISTS churnrisk CASCADE")


@pytest.fixture
def state(place: StatePlace) -> Iterator[State]:
    """A state with nothing in it."""
    with open_state(place) as opened:
        yield opened
