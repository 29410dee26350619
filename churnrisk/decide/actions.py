"""The actions that a shop declares, each with terms of its own, and what may be done for a customer."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from churnrisk.decide.offers import Offers
from churnrisk.decide.playbook import (
    ACTIONS,
    DEFAULT_PLAYBOOK,
    OTHERWISE,
    SITUATIONS,
    Action,
    check_playbook,
    choose_action,
    say_situation,
)
from churnrisk.decide.profit import ContactTerms
from churnrisk.errors import SettingsError
from churnrisk.features import TOLD_FAMILIES
from churnrisk.products import HABITS
from churnrisk.retention import SEGMENTS
from churnrisk.timeline import day_number

EVERYBODY = "everybody"
_KINDS: tuple[Mapping[str, str], ...] = (SEGMENTS, TOLD_FAMILIES, HABITS)
_KEYS = ("text", "channel", "contact_cost", "incentive_cost", "acceptance_rate", "until", "for")
_AMOUNTS = ("contact_cost", "incentive_cost", "acceptance_rate")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class ShopAction:
    """An action that the shop has declared.

    Parameters
    ----------
    name, text, channel : str
        What it is called, what is done, and by which way, for people.
    situations : frozenset of str
        For whom, beside those for whom the playbook names it: of each kind that is named here (segments, families of
        reasons, what products say) one must hold.
    is_for_everybody : bool
        Whether it is for every customer.
    contact_cost, incentive_cost, acceptance_rate : float, optional
        Its own terms; those of the whole list where they are not given.
    until : int, optional
        Its last day.
    """

    name: str
    text: str
    channel: str = ""
    situations: frozenset[str] = frozenset()
    is_for_everybody: bool = False
    contact_cost: float | None = None
    incentive_cost: float | None = None
    acceptance_rate: float | None = None
    until: int | None = None

    def terms(self, usual: ContactTerms) -> ContactTerms:
        """Return its terms, those of the list where it has none of its own."""
        own = {name: getattr(self, name) for name in _AMOUNTS}
        return ContactTerms(**{**vars(usual), **{name: value for name, value in own.items() if value is not None}})

    def fits(self, situations: Sequence[str]) -> bool:
        """Tell whether it is for a customer of a segment, a main reason and a habit."""
        if self.is_for_everybody or not self.situations:
            return self.is_for_everybody
        named = [self.situations & kind.keys() for kind in _KINDS]
        return all(not one or here in one for one, here in zip(named, situations, strict=True))


@dataclass(frozen=True)
class Plays:
    """What may be done for whom, on a day.

    Parameters
    ----------
    playbook : mapping of str to str
        From :func:`churnrisk.decide.check_playbook`; it names no action that has ended.
    actions : mapping of str to ShopAction
        Those that the shop has declared and that have not ended.
    """

    playbook: Mapping[str, str]
    actions: Mapping[str, ShopAction]

    def asks(self, kind: Mapping[str, str]) -> bool:
        """Tell whether the choice depends on a kind of situations: families of reasons, or what products say."""
        named = {*self.playbook, *(one for action in self.actions.values() for one in action.situations)}
        return not named.isdisjoint(kind)

    def options(self, segment: str, reason: str, habit: str) -> list[Action]:
        """Return what may be done for a customer: what the playbook says first, then what is declared for such ones."""
        usual = choose_action(segment, reason, habit, self.playbook)
        here = (segment, reason, habit)
        why = "; ".join(say_situation(one) for one in here if one) or "no segment"
        fitting = (one.name for one in self.actions.values() if one.name != usual.action and one.fits(here))
        return [usual, *(Action(name, why) for name in fitting)]

    def offers(self, options: Sequence[Sequence[Action]], terms: ContactTerms) -> Offers:
        """Return the offers of these options to customers; the actions that no one has are left out."""
        names = tuple(dict.fromkeys(one.action for each in options for one in each if one.action != "none"))
        places = {name: place for place, name in enumerate(names)}
        is_open = np.zeros((len(options), len(names)), dtype=bool)
        for row, each in enumerate(options):
            is_open[row, [places[one.action] for one in each if one.action != "none"]] = True
        own = tuple(self.actions[name].terms(terms) if name in self.actions else terms for name in names)
        return Offers(names, own, is_open)

    def text(self, action: str) -> str:
        """Return what is done, in words."""
        return self.actions[action].text if action in self.actions else ACTIONS[action]


@dataclass(frozen=True)
class Playbook:
    """What a shop does for whom, as it has said.

    Parameters
    ----------
    situations : mapping of str to str
        Segment, family of reasons, habit or ``otherwise`` to action, where that is not as usual.
    actions : mapping of str to ShopAction
        The shop's own actions, from :func:`read_actions`.
    """

    situations: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[str, ShopAction] = field(default_factory=dict)

    def on(self, day: int) -> Plays:
        """Return what may be done on a day: an action that has ended is not chosen, and the usual one is in its place.

        Raises
        ------
        SettingsError
            For an unknown name, or an action that is for nobody.
        """
        complete = check_playbook(self.situations, declared=self.actions)
        for one in self.actions.values():
            if not (one.is_for_everybody or one.situations or one.name in complete.values()):
                raise SettingsError(
                    f'[actions.{one.name}] is for nobody: add for = ["{EVERYBODY}"] or its segments, or name it under '
                    "[playbook]."
                )
        ended = {name for name, one in self.actions.items() if one.until is not None and one.until < day}
        kept = {situation: action for situation, action in complete.items() if action not in ended}
        usual = {situation: action for situation, action in DEFAULT_PLAYBOOK.items() if action not in ended}
        going_on = {name: one for name, one in self.actions.items() if name not in ended}
        return Plays({OTHERWISE: "none", **usual, **kept}, going_on)


def read_actions(given: Mapping[str, Mapping[str, Any]]) -> dict[str, ShopAction]:
    """Read the actions that a shop declares.

    Parameters
    ----------
    given : mapping of str to mapping
        Name to ``text, channel, contact_cost, incentive_cost, acceptance_rate, until, for``; the text may be missing
        for one of :data:`churnrisk.decide.ACTIONS`.

    Raises
    ------
    SettingsError
        For a key or a value that cannot be.
    """
    return {name: _read_action(name, dict(fields)) for name, fields in given.items()}


def _read_action(name: str, fields: dict[str, Any]) -> ShopAction:
    where = f"[actions.{name}]"
    if not _NAME.fullmatch(name) or name == "none":
        raise SettingsError(f"{where}: an action is named by small letters, digits and _, such as free_delivery.")
    for key in fields:
        if key not in _KEYS:
            raise SettingsError(f"{where} {key}: not known; known are {', '.join(_KEYS)}.")
    text = fields.get("text", ACTIONS.get(name, ""))
    if not isinstance(text, str) or not text.strip():
        raise SettingsError(f'{where}: text is missing; say what is done, as text = "free delivery on the next order".')
    situations = _read_situations(where, fields.get("for", []))
    return ShopAction(
        name,
        text,
        str(fields.get("channel", "")),
        frozenset(situations) - {EVERYBODY},
        EVERYBODY in situations,
        **{key: _read_amount(where, key, fields.get(key)) for key in _AMOUNTS},
        until=_read_day(where, fields.get("until")),
    )


def _read_situations(where: str, given: Any) -> list[str]:
    known = (EVERYBODY, *(one for one in SITUATIONS if one != OTHERWISE))
    listed = given if isinstance(given, list) else [given]
    for one in listed:
        if one not in known:
            raise SettingsError(f"{where} for: {one!r} is not known; give some of {', '.join(known)}.")
    return listed


def _read_amount(where: str, key: str, given: Any) -> float | None:
    if given is None:
        return None
    is_number = isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given)
    if not is_number or given < 0 or (key == "acceptance_rate" and given > 1):
        least = "a share from 0 to 1" if key == "acceptance_rate" else "an amount of 0 or more"
        raise SettingsError(f"{where} {key} = {given!r}: give {least}.")
    return float(given)


def _read_day(where: str, given: Any) -> int | None:
    try:
        day = given if given is None or type(given) is dt.date else dt.date.fromisoformat(given)
    except (TypeError, ValueError):
        raise SettingsError(f"{where} until = {given!r}: give its last day, as 2026-12-24.") from None
    return None if day is None else day_number(day)
