"""Actions: by the main reason first, then by segment, then the usual one."""

from __future__ import annotations

import pytest

from churnrisk.decide.playbook import ACTIONS, DEFAULT_PLAYBOOK, SITUATIONS, check_playbook, choose_actions
from churnrisk.errors import SettingsError
from churnrisk.retention import SEGMENTS


def test_the_reason_beats_the_segment_which_beats_the_rest() -> None:
    playbook = check_playbook({"lost": "survey", "otherwise": "discount"})
    segment_of = {"a": "cannot_lose", "b": "lost", "c": "hibernating", "d": "champions"}
    found = choose_actions(["a", "b", "c", "d", "x"], segment_of, playbook=playbook, reason_of={"d": "returns"})
    assert [one.action for one in found] == ["service_call", "survey", "discount", "service_call", "discount"]
    assert [one.reason for one in found] == [
        f"segment cannot_lose: {SEGMENTS['cannot_lose']}",
        f"segment lost: {SEGMENTS['lost']}",
        f"segment hibernating: {SEGMENTS['hibernating']}",
        "reason returns: many returns",
        "no segment",
    ]


def test_a_reason_without_an_action_leaves_it_to_the_segment() -> None:
    [found] = choose_actions(["a"], {"a": "loyal"}, playbook=check_playbook({}), reason_of={"a": "recency"})
    assert (found.action, found.reason) == ("loyalty_offer", f"segment loyal: {SEGMENTS['loyal']}")


def test_the_default_names_known_things_only() -> None:
    assert set(DEFAULT_PLAYBOOK) <= set(SITUATIONS)
    assert set(DEFAULT_PLAYBOOK.values()) <= set(ACTIONS) - {"none"}
    assert check_playbook({}) == DEFAULT_PLAYBOOK


@pytest.mark.parametrize(
    ("playbook", "message"),
    [
        ({"champion": "discount"}, r"\[playbook\] champion: not known; give one of champions, loyal"),
        ({"returns": "none"}, r"returns = 'none': reasons and products choose what is done"),
        ({"champions": "flowers"}, r"champions = 'flowers': no such action; give one of win_back_mail, discount"),
    ],
)
def test_unknown_names_are_refused(playbook: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        check_playbook(playbook)
