"""Languages: what the report, the dashboard and the headings of sheets say, and how numbers and dates are written.

The catalogue is ``churnrisk/locale/<language>/LC_MESSAGES/churnrisk.po`` with its compiled ``.mo``; English stands in
the code itself. ``docs/translate.py`` finds every message in code and templates, brings the catalogues up to date and
compiles them; a test holds them complete. The language is a context variable, so that requests in several languages
may be answered at the same time.
"""

from __future__ import annotations

import datetime as dt
import functools
import gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from churnrisk.errors import SettingsError

if TYPE_CHECKING:
    from babel import Locale

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "bg": "Български", "pl": "Polski", "be": "Беларуская"}
"""What can be spoken, each by its own name."""

DOMAIN = "churnrisk"
STAGE = "stage"
"""The context, in the catalogue, of the wordings of sentences that stages below the pages write."""

MINUS = "\N{MINUS SIGN}"
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_current: ContextVar[str] = ContextVar("language", default=ENGLISH)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Say everything in a language until the end of the block.

    Parameters
    ----------
    language : {"en", "bg", "pl", "be"}
        Which one.

    Raises
    ------
    SettingsError
        For another one; the message has the known ones.
    """
    token = _current.set(check_language(language))
    try:
        yield
    finally:
        _current.reset(token)


def speak(language: str) -> None:
    """Say everything in a language from here on: for a program that does one thing; others take :func:`speaking`."""
    _current.set(check_language(language))


def check_language(language: str) -> str:
    """Return the language back, or refuse one that is not known."""
    if language not in LANGUAGES:
        raise SettingsError(f"language {language!r}: not known; give one of {', '.join(LANGUAGES)}.")
    return language


def spoken_language() -> str:
    """Return the language of now."""
    return _current.get()


def say(text: str, **values: Any) -> str:
    """Return a message in the language of now, with its ``{placeholders}`` filled in.

    Parameters
    ----------
    text : str
        The message in English, the key of the catalogue. One that is not in it is given as it is.
    **values
        For the placeholders.
    """
    found = translations(_current.get()).gettext(text) if text else ""
    return fill(found, **values) if values else found


def say_many(one: str, many: str, count: float, **values: Any) -> str:
    """Return the form of a message that goes with a count; ``{count}`` in it is the count as the language writes it.

    Parameters
    ----------
    one, many : str
        The message in English for one, and for any other count.
    count : float
        How many.
    **values
        For further placeholders.
    """
    found = translations(_current.get()).ngettext(one, many, int(count))
    return fill(found, **{"count": write_number(count), **values})


def fill(text: str, **values: Any) -> str:
    """Fill in placeholders; a day that ends in an abbreviation and a full stop share one point.

    >>> fill("{day}.", day="9.12.2011 г.")
    '9.12.2011 г.'
    """
    return text.format(**values).replace("г..", "г.")


def mark(text: str) -> str:
    """Return a message back as it is: it is found for the catalogue here, and said elsewhere."""
    return text


def wording(text: str) -> str:
    """Return a wording as it is: a stage fills in its ``{placeholders}`` in English, and pages retell the sentence.

    What stages write is kept: in lists, in the state file, in cards. So it is written in one language, and told in
    another by :func:`churnrisk.retelling.retell`, which knows a sentence again by its wording. Some placeholders have a
    meaning there: ``{count}`` is a whole number, by which a language chooses its form; ``{fraction}`` is one with
    decimals; ``{name}``, ``{names}`` and ``{other}`` are somebody's own text and stay as they are. All others may
    be numbers, days, or sentences of another wording.
    """
    return text


def wordings(one: str, many: str) -> tuple[str, str]:
    """Return the two wordings of a sentence that depends on its ``{count}`` back as they are; see :func:`wording`."""
    return one, many


HEADINGS = (
    *(mark("customer_id"), mark("as_of"), mark("status"), mark("churn_probability"), mark("risk"), mark("risk_rank")),
    *(mark("days_since_last_order"), mark("order_count"), mark("total_amount"), mark("churn_probability_30_days")),
    *(mark("churn_probability_60_days"), mark("churn_probability_90_days"), mark("churn_probability_180_days")),
    *(mark("next_order_on"), mark("next_order_from_on"), mark("next_order_to_on"), mark("expected_value_horizon")),
    *(mark("expected_value_365_days"), mark("value_at_risk"), mark("value_at_risk_most")),
    *(mark("return_probability"), mark("reason_1")),
    *(mark("reason_2"), mark("reason_3"), mark("rank"), mark("expected_profit"), mark("segment"), mark("action")),
    *(mark("action_reason"), mark("email"), mark("name"), mark("phone"), mark("language"), mark("observation")),
    *(mark("due_product"), mark("next_product_1"), mark("next_product_2"), mark("next_product_3"), mark("why")),
    *(mark("change"), mark("last_order_on"), mark("last_order_amount"), mark("last_order_products")),
    *(mark("return_value"), mark("contact_cost"), mark("incentive_cost"), mark("acceptance_rate"), mark("redemption")),
    mark("margin"),
)
"""Columns of the lists that are written as sheets; in a sheet their headings are said."""


@functools.cache
def known_headings() -> dict[str, str]:
    """Return the column that each heading of each language stands for, so that our own sheets can be read back.

    A heading that begins with a capital is known as well: earlier versions wrote such.
    """
    said = {_head(name, translations(language).gettext(name)): name for language in LANGUAGES for name in HEADINGS}
    return {heading[:1].upper() + heading[1:]: name for heading, name in said.items()} | said


def say_heading(name: str) -> str:
    """Say the heading of a column of a sheet.

    >>> say_heading("churn_probability")
    'churn probability'
    """
    return _head(name, say(name))


def _head(name: str, said: str) -> str:
    """What is said of a column, in small letters; in English, where names say themselves, the name in words."""
    heading = name.replace("_", " ") if said == name else said
    return heading[:1].lower() + heading[1:]


def write_number(value: float, digits: int = 0) -> str:
    """Write a number with so many decimals, as the language does; a zero has no sign.

    >>> write_number(-1234567.8), write_number(-0.01, 1)
    ('−1,234,568', '0.0')
    >>> with speaking("pl"):
    ...     write_number(1234567.891, 2).replace("\N{NO-BREAK SPACE}", "_")
    '1_234_567,89'
    """
    text = f"{abs(value):,.{digits}f}"
    sign = MINUS if value < 0 and any(one in "123456789" for one in text) else ""
    if _current.get() != ENGLISH:
        text = text.translate(separators(_current.get()))
    return sign + text


def write_date(day: str | dt.date) -> str:
    """Write a day as the language does; in English as in ISO 8601, since its other forms are ambiguous.

    >>> write_date("2026-03-04")
    '2026-03-04'
    >>> with speaking("pl"):
    ...     write_date("2026-03-04")
    '4 mar 2026'
    """
    date = dt.date.fromisoformat(day) if isinstance(day, str) else day
    if _current.get() == ENGLISH:
        return date.isoformat()
    from babel.dates import format_date

    return format_date(date, format="medium", locale=_current.get())


def write_period(name: str) -> str:
    """Write the name of a period: a month as the language does, all others (2026-W07, 2026-Q1, 2026) as they are."""
    month = _MONTH.fullmatch(name)
    if month is None or _current.get() == ENGLISH:
        return write_date(name) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", name) else name
    from babel.dates import format_skeleton

    return format_skeleton("yMMM", dt.date(int(month[1]), int(month[2]), 1), locale=_current.get())


@functools.cache
def translations(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language; that of English has nothing in it."""
    if language == ENGLISH:
        return gettext.NullTranslations()
    with as_file(files("churnrisk") / "locale") as folder:
        return gettext.translation(DOMAIN, localedir=folder, languages=[language])


def list_wordings(language: str) -> list[tuple[str, str]]:
    """Return the wordings of stages that a catalogue has: the form for one, and that for many, or nothing."""
    from babel.messages.mofile import read_mo

    path = files("churnrisk") / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
    with path.open("rb") as file:
        contexts = (STAGE, STAGE.encode())  # Babel 2 gives bytes here
        found = [message.id for message in read_mo(file) if message.id and message.context in contexts]
    return [(one, "") if isinstance(one, str) else (one[0], one[1]) for one in found]


@functools.cache
def separators(language: str) -> dict[int, str]:
    """Return what a language writes for the comma and the point of an English number, for :meth:`str.translate`."""
    symbols = _locale(language).number_symbols["latn"]
    return str.maketrans({",": symbols["group"], ".": symbols["decimal"]})


def _locale(language: str) -> Locale:
    from babel import Locale

    return Locale.parse(language)
