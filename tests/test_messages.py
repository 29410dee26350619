"""The catalogues: complete, current, true to their placeholders; numbers and dates as each language has them."""

from __future__ import annotations

import gettext
import re
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from churnrisk.errors import SettingsError
from churnrisk.messages import (
    ENGLISH,
    HEADINGS,
    LANGUAGES,
    known_headings,
    say,
    say_heading,
    say_many,
    speaking,
    spoken_language,
    write_date,
    write_number,
    write_period,
)
from support.words import load_script

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
PLACEHOLDER = re.compile(r"\{[a-z_]*\}")


@pytest.fixture(scope="module")
def translate() -> ModuleType:
    """The script that keeps the catalogues."""
    return load_script()


@pytest.fixture(scope="module")
def found(translate: ModuleType) -> list[Any]:
    """Every message of code and templates."""
    return [message for message in translate.find_messages() if message.id]


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return text if isinstance(text, tuple) else (text,)


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_the_placeholders_of_their_messages(
    language: str, translate: ModuleType, found: list[Any]
) -> None:
    catalogue, checked = translate.update(language), 0
    for message in found:
        wanted = set(PLACEHOLDER.findall(forms(message.id)[-1]))
        for form in filter(None, forms(catalogue.get(forms(message.id)[0], message.context).string)):
            assert set(PLACEHOLDER.findall(form)) - {"{count}"} == wanted - {"{count}"}, form
            assert "{count}" not in form or "{count}" in wanted, form
            checked += 1
    assert checked > 250


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_is_compiled(language: str, translate: ModuleType) -> None:
    path = translate.catalogue_path(language)
    assert "fuzzy" not in path.read_text(encoding="utf-8")
    assert translate.compile_catalogue(path, language) == path.with_suffix(".mo").read_bytes(), "run docs/translate.py"


def test_what_is_not_translated_is_listed_and_said_in_english(translate: ModuleType, tmp_path: Path) -> None:
    catalogue = translate.update("bg")
    catalogue.add("new {value}")
    catalogue.add(("{count} new", "{count} new ones"))
    path = tmp_path / "new.po"
    path.write_bytes(translate.write(catalogue))
    told = gettext.GNUTranslations(BytesIO(translate.compile_catalogue(path, "bg")))
    assert {"new {value}", "{count} new"} <= set(translate.list_missing(catalogue))
    assert told.gettext("new {value}") == "new {value}"
    assert told.ngettext("{count} new", "{count} new ones", 2) == "{count} new ones"
    assert told.gettext("Campaigns") == "Кампании"


@pytest.mark.release
@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated(language: str, translate: ModuleType) -> None:
    path, catalogue = translate.catalogue_path(language), translate.update(language)
    assert translate.write(catalogue) == path.read_bytes(), "run docs/translate.py"
    assert translate.list_missing(catalogue) == [], "run docs/translate.py and fill them in"


def test_the_language_is_that_of_the_block_and_english_outside() -> None:
    assert spoken_language() == ENGLISH
    with speaking("bg"):
        assert say("Campaigns") == "Кампании"
        with speaking("pl"):
            assert say("Campaigns") == "Kampanie"
        assert say("Campaigns") == "Кампании"
    assert say("Campaigns") == "Campaigns"
    assert say("nobody has translated this") == "nobody has translated this"
    with speaking("bg"):
        assert "г.." not in say("Each order by its day and size, from {first} to {last}.", first="", last="1.1.2011 г.")
    with pytest.raises(SettingsError, match="en, bg, pl, be"), speaking("xx"):
        pass


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("bg", {1: "Период от 1 ден", 2: "Период от 2 дни", 21: "Период от 21 дни"}),
        ("pl", {1: "Okres 1 dnia", 2: "Okres 2 dni", 5: "Okres 5 dni"}),
        ("be", {1: "Перыяд у 1 дзень", 2: "Перыяд у 2 дні", 5: "Перыяд у 5 дзён", 21: "Перыяд у 21 дзень"}),
    ],
)
def test_counts_take_the_form_that_the_language_has(language: str, written: dict[int, str]) -> None:
    with speaking(language):
        said = {count: say_many("Period of one day", "Period of {count} days", count) for count in written}
    assert said == written


def test_numbers_and_dates_are_written_as_the_language_has_them() -> None:
    space = "\N{NO-BREAK SPACE}"
    for language in OTHERS:
        with speaking(language):
            assert write_number(-1234567.891, 2) == f"−1{space}234{space}567,89"
            assert write_number(-0.001, 1) == "0,0"
    assert write_number(1234567.891, 2) == "1,234,567.89"
    days = {}
    for language in LANGUAGES:
        with speaking(language):
            days[language] = (write_date("2026-03-04"), write_period("2026-03"), write_period("2026-W07"))
    assert days["en"] == ("2026-03-04", "2026-03", "2026-W07")
    assert days["pl"] == ("4 mar 2026", "mar 2026", "2026-W07")
    assert days["bg"][0].startswith("4.03.2026")
    assert days["be"][0].startswith("4 сак 2026")


def test_every_heading_of_a_sheet_can_be_told_from_the_others_and_read_back() -> None:
    known = known_headings()
    for language in LANGUAGES:
        with speaking(language):
            said = [say_heading(name) for name in HEADINGS]
        assert len(set(said)) == len(HEADINGS), language
        assert [known[one] for one in said] == list(HEADINGS)
        assert not any("_" in one for one in said)
        assert [one[:1] for one in said] == [one[:1].lower() for one in said], "one way of writing, in every language"
    assert known["Klient"] == known["Клиент"] == "customer_id", "as earlier versions wrote them"
