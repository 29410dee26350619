"""What to do for each customer on a list."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from churnrisk.errors import SettingsError
from churnrisk.features import TOLD_FAMILIES
from churnrisk.products import HABITS
from churnrisk.retention import SEGMENTS

ACTIONS = {
    "win_back_mail": "a mail that reminds of the shop, with the offer in it",
    "discount": "a price reduction on the next order",
    "loyalty_offer": "an advantage for regulars: early access, a gift, free delivery",
    "service_call": "a call: something may have gone wrong",
    "survey": "a question why, without an offer",
    "remind": "a mail that names the product that is due",
    "replace": "a mail with products in place of the one that is not bought any more",
    "complement": "a mail with products that go with what was bought",
    "none": "nothing: customers of this segment are never on the list",
}
"""The actions that a playbook may name, and what is meant."""

OTHERWISE = "otherwise"
SITUATIONS = (*SEGMENTS, *TOLD_FAMILIES, *HABITS, OTHERWISE)
"""What a playbook may name an action for."""

DEFAULT_PLAYBOOK: Mapping[str, str] = {
    "returns": "service_call",
    "cannot_lose": "service_call",
    "champions": "loyalty_offer",
    "loyal": "loyalty_offer",
    "promising": "loyalty_offer",
    "at_risk": "discount",
    "needs_attention": "discount",
    "new": "discount",
    OTHERWISE: "win_back_mail",
}
"""Care for those who mean much, a reason to come for those who slip away, and a mail for the rest."""


@dataclass(frozen=True)
class Action:
    """What to do for a customer, and why this."""

    action: str
    reason: str


def check_playbook(playbook: Mapping[str, str], *, declared: Collection[str] = ()) -> Mapping[str, str]:
    """Complete a playbook with the usual one, and refuse what it cannot name.

    Parameters
    ----------
    playbook : mapping of str to str
        Segment, family of reasons, or ``otherwise``, to action; what is not named is as in
        :data:`DEFAULT_PLAYBOOK`.
    declared : collection of str
        Names of the shop's own actions, which may be named beside :data:`ACTIONS`.

    Raises
    ------
    SettingsError
        For an unknown segment or action; the message has the known ones.
    """
    for situation, action in playbook.items():
        if situation not in SITUATIONS:
            raise SettingsError(f"[playbook] {situation}: not known; give one of {', '.join(SITUATIONS)}.")
        if action not in ACTIONS and action not in declared:
            known = ", ".join(dict.fromkeys((*ACTIONS, *declared)))
            raise SettingsError(f"[playbook] {situation} = {action!r}: no such action; give one of {known}.")
        if situation in (*TOLD_FAMILIES, *HABITS) and action == "none":
            raise SettingsError(
                f"[playbook] {situation} = 'none': reasons and products choose what is done for customers on the list, "
                "and take none off it; only segments and otherwise may be none."
            )
    return {**DEFAULT_PLAYBOOK, **playbook}


def choose_actions(
    customer_ids: Sequence[str],
    segment_of: Mapping[str, str],
    *,
    playbook: Mapping[str, str],
    reason_of: Mapping[str, str] | None = None,
    habit_of: Mapping[str, str] | None = None,
) -> list[Action]:
    """Choose an action for each customer: by the main reason of the score, else by products, else by segment.

    Reasons and products decide where the playbook names an action for them; without a segment the usual one is chosen.

    Parameters
    ----------
    customer_ids : sequence of str
        Who.
    segment_of : mapping of str to str
        Customer to segment.
    playbook : mapping of str to str
        From :func:`check_playbook`.
    reason_of : mapping of str to str, optional
        Customer to the family of features that raises the score most, where that is known.
    habit_of : mapping of str to str, optional
        Customer to one of :data:`churnrisk.products.HABITS`, where that is known.
    """
    reasons, habits = reason_of or {}, habit_of or {}
    return [
        choose_action(segment_of.get(one, ""), reasons.get(one, ""), habits.get(one, ""), playbook)
        for one in customer_ids
    ]


def choose_action(segment: str, reason: str, habit: str, playbook: Mapping[str, str]) -> Action:
    """Choose an action for a customer of a segment, a main reason and a habit, each empty where it is not known."""
    by = next((one for one in (reason, habit) if one in playbook), segment)
    return Action(playbook.get(by, playbook[OTHERWISE]), say_situation(by))


def say_situation(situation: str) -> str:
    """Say what a segment, a family of reasons or a habit means."""
    if situation in TOLD_FAMILIES:
        return f"reason {situation}: {TOLD_FAMILIES[situation]}"
    if situation in HABITS:
        return f"products: {HABITS[situation]}"
    return f"segment {situation}: {SEGMENTS[situation]}" if situation in SEGMENTS else "no segment"
