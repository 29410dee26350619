"""Sentences of stages in other languages: each is known again by its wording, and nothing of it stays English."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest

from churnrisk.campaigns.effect import Effect
from churnrisk.campaigns.result import judge
from churnrisk.explain.facts import FACTS
from churnrisk.explain.numbers import Numbers
from churnrisk.messages import ENGLISH, LANGUAGES, STAGE, list_wordings, speaking, translations
from churnrisk.retelling import cut_wording, retell
from churnrisk.schema import OUTCOMES, Outcome
from churnrisk.timeline import Snapshot

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
CYRILLIC = ("bg", "be")
LATIN = re.compile(r"[A-Za-z]{2,}")
OWN_TEXT = {"name": "5 days", "names": "no order for 5 days {x}", "other": "7"}
WHOLE = ("days_since_last_order", "days_since_last_return", "purchase_day_count", "return_count", "tenure_days")
NUMBERS = {"count": "1,205", "fraction": "2.5"}


def fill(text: str) -> dict[str, str]:
    """Something for each placeholder: hostile names, a count, a fraction, and numbers for the rest."""
    names = cut_wording(text).names
    return {name: OWN_TEXT.get(name) or NUMBERS.get(name) or "-7.25%" for name in names}


@pytest.mark.parametrize("language", OTHERS)
def test_every_wording_is_known_again_with_all_that_stands_in_it(language: str) -> None:
    catalogue, checked = translations(language), 0
    told = {"count": "1\N{NO-BREAK SPACE}205", "fraction": "2,5"} | OWN_TEXT
    for one, many in list_wordings(language):
        values = fill(many or one)
        wanted = {name: told.get(name, "\N{MINUS SIGN}7,25\N{NO-BREAK SPACE}%") for name in values}
        with speaking(language):
            found = retell((many or one).format(**values))
        if many:
            assert found == catalogue.npgettext(STAGE, one, many, 1205).format(**wanted)
        else:
            assert found == catalogue.pgettext(STAGE, one).format(**wanted), one
        checked += 1
    assert checked > 100


def customers() -> Iterator[Numbers]:
    """Customers of every kind, beside typical ones of another kind."""
    names = sorted({name for fact in FACTS for name in fact.columns} | {"tenure_days", "median_gap_days"})
    for own, typical, raises, horizon in itertools.product(
        (0, 1, 2.0, 21, 7.25, 0.5, 1234.5), (3.25, 5), (True, False), (1, 90)
    ):
        yield Numbers(
            dict.fromkeys(names, float(own)) | dict.fromkeys(WHOLE, max(1.0, float(own // 1))),
            dict.fromkeys(names, typical),
            Snapshot(15_000, 365, horizon),
            raises,
        )
    known = dict.fromkeys(names, 4.0) | {"days_since_last_order": 12.0} | {"median_gap_days": float("nan")}
    for raises in (True, False):
        yield Numbers(known, dict.fromkeys(names, float("nan")), Snapshot(15_000, 365, 30), raises)


@pytest.mark.release
def test_nothing_of_a_reason_stays_english() -> None:
    said = {text for numbers in customers() for fact in FACTS if (text := fact.say(numbers))}
    assert len(said) > 200
    told = {language: {text: retold(text, language) for text in said} for language in OTHERS}
    for text in said:
        for language in CYRILLIC:
            assert not LATIN.findall(told[language][text]), (text, told[language][text])
        assert told["pl"][text] != text
        assert not re.search(r"\b(days?|order|bought|spent|ago|last|the|of)\b", told["pl"][text]), told["pl"][text]
        assert retold(text, ENGLISH) == text


def retold(text: str, language: str) -> str:
    with speaking(language):
        return retell(text)


def test_forms_go_with_their_numbers() -> None:
    texts = [f"no order for {count} days" for count in ("1", "2", "5", "21")]
    assert [retold(text, "be") for text in texts] == [
        *("без заказаў 1 дзень", "без заказаў 2 дні", "без заказаў 5 дзён", "без заказаў 21 дзень"),
    ]
    assert retold("no order for 1 day", "pl") == "bez zamówienia od 1 dnia"
    assert retold("the last gap between orders was 2.5 days; the usual one is 3", "pl") == (
        "ostatni odstęp między zamówieniami: 2,5 dnia; zwykły: 3"
    )
    assert retold("no order for 236 days (typical here: 1,041)", "bg") == (
        "без поръчка от 236 дни (типично за клиентите: 1\N{NO-BREAK SPACE}041)"
    )


@pytest.mark.release
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_nothing_of_a_verdict_stays_english(outcome: Outcome) -> None:
    ends = ((0.02, 0.01, 0.03), (-0.02, -0.03, -0.01), (0.0, -0.01, 0.01), (0.05, -0.2, 0.3))
    said = {
        judge(outcome, Effect(0.5 + difference, 0.5, difference, low, high, 0.01), treated=size, control=size)
        for difference, low, high in ends
        for size in (20, 20_000)
    }
    assert len(said) > 2
    for text in said:
        for language in CYRILLIC:
            assert not LATIN.findall(retold(text, language)), (text, retold(text, language))


def test_what_no_wording_fits_stays_as_it_is() -> None:
    for text in ("", "nobody wrote this", "x" * 5000, "{count} days", "no order for many days"):
        assert retold(text, "bg") == text
