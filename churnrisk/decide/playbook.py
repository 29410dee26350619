"""What to do for each customer on a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from churnrisk.errors import SettingsError
from churnrisk.features import TOLD_FAMILIES
from churnrisk.retention import SEGMENTS

ACTIONS = {
    "win_back_mail": "a mail that reminds of the shop, with the offer in it",
    "discount": "a price reduction on the next order",
    "loyalty_offer": "an advantage for regulars: early access, a gift, free delivery",
    "service_call": "a call: something may have gone wrong",
    "survey": "a question why, without an offer",
    "none": "nothing: customers of this segment are never on the list",
}
"""The actions that a playbook may name, and what is meant."""

OTHERWISE = "otherwise"
SITUATIONS = (*SEGMENTS, *TOLD_FAMILIES, OTHERWISE)
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


def check_playbook(playbook: Mapping[str, str]) -> Mapping[str, str]:
    """Complete a playbook with the usual one, and refuse what it cannot name.

    Parameters
    ----------
    playbook : mapping of str to str
        Segment, family of reasons, or ``otherwise``, to action; what is not named is as in
        :data:`DEFAULT_PLAYBOOK`.

    Raises
    ------
    SettingsError
        For an unknown segment or action; the message has the known ones.
    """
    for situation, action in playbook.items():
        if situation not in SITUATIONS:
            raise SettingsError(f"[playbook] {situation}: not known; give one of {', '.join(SITUATIONS)}.")
        if action not in ACTIONS:
            raise SettingsError(
                f"[playbook] {situation} = {action!r}: no such action; give one of {', '.join(ACTIONS)}."
            )
        if situation in TOLD_FAMILIES and action == "none":
            raise SettingsError(
                f"[playbook] {situation} = 'none': a reason chooses what is done for a customer on the list, and takes "
                "nobody off it; only segments and otherwise may be none."
            )
    return {**DEFAULT_PLAYBOOK, **playbook}


def choose_actions(
    customer_ids: Sequence[str],
    segment_of: Mapping[str, str],
    *,
    playbook: Mapping[str, str],
    reason_of: Mapping[str, str] | None = None,
) -> list[Action]:
    """Choose an action for each customer: by the main reason of the score, else by segment, else the usual one.

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
    """
    reasons = reason_of or {}
    return [_choose_action(segment_of.get(one, ""), reasons.get(one, ""), playbook) for one in customer_ids]


def _choose_action(segment: str, reason: str, playbook: Mapping[str, str]) -> Action:
    if reason in playbook:
        return Action(playbook[reason], f"reason {reason}: {TOLD_FAMILIES.get(reason, reason)}")
    why = f"segment {segment}: {SEGMENTS[segment]}" if segment in SEGMENTS else "no segment"
    return Action(playbook.get(segment, playbook[OTHERWISE]), why)
