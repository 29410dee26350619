"""Customers who have objected to being scored: a keyed hash of each, and the moment of the last word.

A word is the moment (UTC) at which it was said, and has a sign behind it where it withdraws the objection: so the later
of two words is the one that sorts last, and an older copy of a state never brings back what was withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from churnrisk.state.clock import now
from churnrisk.state.database import State

_WITHDRAWN = " withdrawn"


def say_objections(digests: Sequence[str], *, is_withdrawn: bool = False) -> dict[str, str]:
    """Return words of this moment."""
    return dict.fromkeys(digests, now("microseconds") + (_WITHDRAWN if is_withdrawn else ""))


def standing(words: Mapping[str, str]) -> dict[str, str]:
    """Return those that have not been withdrawn."""
    return {digest: word for digest, word in words.items() if not word.endswith(_WITHDRAWN)}


def list_objections(state: State) -> dict[str, str]:
    """Return the last word of everybody who has ever objected, by keyed hash."""
    return {str(digest): str(word) for digest, word in state.rows("SELECT digest, last_word FROM objections")}


def add_objections(state: State, words: Mapping[str, str]) -> None:
    """Keep what customers have said; of two words of one customer the later counts."""
    statement = (
        "INSERT INTO objections (digest, last_word) VALUES (?, ?) ON CONFLICT (digest) DO UPDATE SET "
        "last_word = excluded.last_word WHERE excluded.last_word > objections.last_word"
    )
    with state.transaction():
        for pair in sorted(words.items()):
            state.run(statement, pair)
