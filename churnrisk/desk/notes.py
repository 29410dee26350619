"""Notes on customers: one text for each, written by hand."""

from __future__ import annotations

from dataclasses import dataclass

from churnrisk.errors import StateError
from churnrisk.messages import wording
from churnrisk.state import State, now

LONGEST_NOTE = 2000
TOO_LONG = wording("A note has {most} characters at most; this one has {count}.")


@dataclass(frozen=True)
class Note:
    """A note: its text, the moment (UTC) it was written at, and the key that it was written with."""

    text: str
    made_at: str
    key_id: int | None


def find_note(state: State, customer_id: str) -> Note | None:
    """Return the note on a customer; None where there is none."""
    found = state.rows("SELECT text, made_at, key_id FROM notes WHERE customer_id = ?", (customer_id,))
    return Note(*found[0]) if found else None


def write_note(state: State, customer_id: str, text: str, *, key_id: int | None) -> None:
    """Keep a note in place of the one before; an empty text removes it.

    Raises
    ------
    StateError
        For a text that is too long.
    """
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if len(text) > LONGEST_NOTE:
        raise StateError(TOO_LONG.format(most=LONGEST_NOTE, count=len(text)))
    with state.transaction():
        state.run("DELETE FROM notes WHERE customer_id = ?", (customer_id,))
        if text:
            state.run("INSERT INTO notes VALUES (?, ?, ?, ?)", (customer_id, text, now(), key_id))
