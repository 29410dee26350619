"""A shop's own actions: for whom they are, until when, under which terms, and what they make of a list."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from churnrisk.decide import Candidates, ContactTerms, Offers, Playbook, choose_target, read_actions
from churnrisk.errors import SettingsError
from churnrisk.timeline import day_number

USUAL = ContactTerms(1.0, 10.0, 0.1)
DAY = day_number(dt.date(2026, 3, 1))
FREE = {"text": "free delivery", "contact_cost": 0.2, "for": ["champions", "loyal", "trend"]}


def playbook(situations: dict[str, str] | None = None, **actions: dict[str, Any]) -> Playbook:
    return Playbook(situations or {}, read_actions(actions))


def options(book: Playbook, *situations: str, day: int = DAY) -> list[str]:
    return [one.action for one in book.on(day).options(*situations)]


def test_an_action_is_for_those_who_fit_each_kind_that_it_names() -> None:
    book = playbook(free=FREE, card={"text": "a card", "for": ["everybody"]})
    assert options(book, "loyal", "trend", "") == ["loyalty_offer", "free", "card"]
    assert options(book, "loyal", "rhythm", "") == ["loyalty_offer", "card"]
    assert options(book, "lost", "trend", "") == ["win_back_mail", "card"]
    [_, free, _] = book.on(DAY).options("loyal", "trend", "")
    assert free.reason == "segment loyal: come back regularly; reason trend: buys less than before"


def test_the_playbook_may_name_it_and_only_that_makes_it_somebodys() -> None:
    named = playbook({"lost": "card"}, card={"text": "a card"})
    assert options(named, "lost", "", "") == ["card"]
    assert options(named, "loyal", "", "") == ["loyalty_offer"]
    with pytest.raises(SettingsError, match=r'\[actions.card\] is for nobody: add for = \["everybody"\]'):
        playbook(card={"text": "a card"}).on(DAY)


def test_an_action_that_has_ended_is_not_chosen() -> None:
    book = playbook(
        {"lost": "card", "otherwise": "discount"},
        card={"text": "a card", "until": "2026-03-01"},
        discount={"until": dt.date(2026, 2, 28)},
        survey={"until": "2026-02-28", "for": ["everybody"]},
    )
    assert options(book, "lost", "", "") == ["card"], "its last day counts"
    assert options(book, "lost", "", "", day=DAY + 1) == ["win_back_mail"], "the usual one is in its place"
    assert options(book, "at_risk", "", "") == ["win_back_mail"]
    assert set(book.on(DAY).actions) == {"card"}


def test_terms_are_its_own_as_far_as_it_has_any() -> None:
    book = playbook(free=FREE).on(DAY)
    offers = book.offers([book.options("loyal", "trend", ""), book.options("lost", "", "")], USUAL)
    assert offers.names == ("loyalty_offer", "free", "win_back_mail")
    assert offers.terms == (USUAL, ContactTerms(0.2, 10.0, 0.1), USUAL)
    assert offers.is_open.tolist() == [[True, True, False], [False, False, True]]


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("Free", {"text": "x"}, r"\[actions.Free\]: an action is named by small letters"),
        ("none", {"text": "x"}, r"\[actions.none\]: an action is named"),
        ("free", {}, r"\[actions.free\]: text is missing"),
        ("free", {"text": "x", "costs": 1}, "costs: not known; known are text, channel"),
        ("free", {"text": "x", "for": ["vip"]}, "for: 'vip' is not known; give some of everybody, champions"),
        ("free", {"text": "x", "contact_cost": -1}, "contact_cost = -1: give an amount of 0 or more"),
        ("free", {"text": "x", "acceptance_rate": 20}, "acceptance_rate = 20: give a share from 0 to 1"),
        ("free", {"text": "x", "until": "24.12.2026"}, "until = '24.12.2026': give its last day, as 2026-12-24"),
    ],
)
def test_what_cannot_be_is_refused(name: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        read_actions({name: fields})


def candidates(n: int) -> Candidates:
    chance = np.random.default_rng(3)
    ids = np.array([f"{k:03d}" for k in range(n)], dtype=object)
    return Candidates(ids, chance.uniform(0.2, 0.9, n), chance.lognormal(4, 1, n))


def test_one_action_for_everybody_is_the_list_as_it_was() -> None:
    everybody = Offers(("mail",), (USUAL,), np.ones((200, 1), dtype=bool))
    for most in (None, 20):
        plain, offered = (choose_target(candidates(200), one, capacity=most) for one in (USUAL, everybody))
        assert offered.to_dict() == plain.to_dict()
        assert offered.chosen.tolist() == plain.chosen.tolist()
    plain, offered = (choose_target(candidates(200), terms, budget=90.0) for terms in (USUAL, everybody))
    assert plain.expected_profit <= offered.expected_profit <= offered.best_possible <= plain.best_possible + 1e-9


def test_a_list_with_several_terms_adds_up() -> None:
    own = (USUAL, ContactTerms(0.5, 0.0, 0.04), ContactTerms(3.0, 30.0, 0.4))
    is_open = np.random.default_rng(4).random((300, 3)) < 0.7
    is_open[:, 0] = True
    everybody, budget = candidates(300), 120.0
    made = choose_target(everybody, Offers(("mail", "card", "gift"), own, is_open), budget=budget)
    assert made.actions is not None
    p, value, at = everybody.churn_probability, everybody.value_kept, made.chosen
    terms = [own[k] for k in made.actions.tolist()]
    assert is_open[at, made.actions[at]].all()
    d, g, c = (
        np.array([getattr(t, f"{name}") for t in terms])
        for name in ("incentive_cost", "acceptance_rate", "contact_cost")
    )
    assert made.profit == pytest.approx(p * g * (value - d) - (1 - p) * d - c)
    assert made.expected_profit == pytest.approx(made.profit[at].sum())
    assert made.cost[at].sum() <= budget
    assert made.interval[0] < made.expected_profit < made.interval[1]
    for alone in ("mail", "card", "gift"):
        only = is_open & (np.array(["mail", "card", "gift"]) == alone)
        rows = only.any(axis=1)
        offers = Offers(("mail", "card", "gift"), own, only[rows])
        assert choose_target(everybody.take(rows), offers, budget=budget).expected_profit <= made.expected_profit + 1e-9
