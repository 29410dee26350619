"""What only a server can get wrong: passwords, text that it cannot keep, a line that breaks."""

from __future__ import annotations

import pytest

from churnrisk.errors import StateError
from churnrisk.state import FORMAT, ReceivedOrder, add_received, list_audit, note_audit, open_state, parse_place


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop:hunter2@db/churnrisk",
        "postgres://shop:@db/churnrisk",
        "postgresql://shop@db/churnrisk?sslmode=require&password=hunter2",
    ],
)
def test_a_password_in_the_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(StateError, match="PGPASSWORD") as caught:
        open_state(url)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(StateError, match="PGPASSWORD"):
        parse_place(url)


@pytest.mark.parametrize("url", ["mysql://shop@db/x", "https://db/x", "sqlite:///state.db", "postgresql://[::1/x"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(StateError, match="postgresql://user@host/database"):
        open_state(url)


def test_a_server_that_is_not_there_says_so() -> None:
    with pytest.raises(StateError, match="PostgreSQL says"):
        open_state("postgresql://shop@127.0.0.1:1/nowhere")


def test_a_newer_format_is_refused(empty_database: str) -> None:
    with open_state(empty_database) as state:
        state.run("UPDATE state_format SET format = format + 1")
    with pytest.raises(StateError, match=rf"its format is {FORMAT + 1}"):
        open_state(empty_database)


def test_after_the_server_hangs_up_the_state_finds_its_way_back(empty_database: str) -> None:
    with open_state(empty_database) as state, open_state(empty_database) as other:
        note_audit(state, "before")
        for _ in range(8):  # often enough that the driver prepares its statements
            with state.transaction():
                note_audit(state, "within")
        other.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        with pytest.raises(StateError, match="PostgreSQL says"):
            list_audit(state)
        assert len(list_audit(state)) == 9
        with pytest.raises(StateError, match="PostgreSQL says"):
            state.version()
        assert state.version() == state.version()


def test_text_that_a_server_cannot_keep_is_an_error_of_the_sender(empty_database: str) -> None:
    with open_state(empty_database) as state:
        with pytest.raises(StateError, match="NUL"):
            add_received(state, [ReceivedOrder("a\0b", "1", ())])
        assert add_received(state, [ReceivedOrder("a", "%s", ({"product_id": "%(x)s ?"},))]) == ["accepted"]
