"""Objections to being scored: their customers are left out of whatever is read, also when a backup comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from churnrisk.errors import NoScore, SigningKeyError, StateError
from churnrisk.orders import IntakeOptions, PurchaseRow
from churnrisk.sources import LeftOut
from churnrisk.state import State, StatePlace, add_objections, find_state, identify, list_objections, standing
from churnrisk.store import ErasedCustomers, find_erased, has_objected


def leave_out(options: IntakeOptions, place: StatePlace | None) -> IntakeOptions:
    """Return options that leave out customers who have objected, as the state and the configuration folder know by now.

    Raises
    ------
    SigningKeyError
        Where somebody has objected and the key is missing by which they are known: nobody could be left out.
    StateError
        Where the state cannot be read, and somebody may have objected.
    """
    try:
        state = None if place is None else find_state(place)
    except StateError:
        if isinstance(place, str) or has_objected():
            raise
        state = None  # the file is damaged, and nobody has ever objected here: scores do not depend on it
    if state is None:
        return replace(options, left_out=None)
    with state:
        return replace(options, left_out=read_left_out(state))


def read_left_out(state: State) -> LeftOut | None:
    """Return the customers of a state who have objected, by keyed hash; None where nobody has."""
    erased, state_id = find_erased(), identify(state)
    words = merge(list_objections(state), {} if erased is None else erased.objections(state_id=state_id))
    digests = frozenset(standing(words))
    if not digests:
        return None
    if erased is None:
        raise SigningKeyError(
            "customers have objected to being scored, and the key by which they are known (erasure_key in the "
            "configuration folder) is missing; bring it back, or set CHURNRISK_CONFIG_DIR to the folder that has it."
        )
    return LeftOut(partial(erased.digest, state_id=state_id), digests)


def keep_others(rows: Sequence[PurchaseRow], options: IntakeOptions, state: State) -> Sequence[PurchaseRow]:
    """Return purchase rows without those of customers who have objected.

    Raises
    ------
    NoScore
        Where that leaves none.
    """
    left_out = read_left_out(state)
    if left_out is None:
        return rows
    gone = left_out.among({options.own_id(row.customer_id) for row in rows})
    kept = [row for row in rows if options.own_id(row.customer_id) not in gone]
    if rows and not kept:
        raise NoScore("every customer of these rows has objected to being scored.")
    return kept


def settle(state: State, erased: ErasedCustomers) -> None:
    """Bring the words that the state and the configuration folder have of customers together, in both."""
    state_id = identify(state)
    words = merge(list_objections(state), erased.objections(state_id=state_id))
    add_objections(state, words)
    erased.add_objections(words, state_id=state_id)


def merge(words: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """Return the later of two words of each customer."""
    return {digest: max(words.get(digest, ""), others.get(digest, "")) for digest in words.keys() | others.keys()}
