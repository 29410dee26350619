"""What words of exports say about a row: sold or not, a refund, nobody in particular, a total. The words are data."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib.resources import files
from typing import Any

from churnrisk.orders.missing import MISSING_WORDS

STATUS_CLASSES = ("sale", "no_sale", "pending", "returned", "partly_returned")
OWN_CLASSES = STATUS_CLASSES[:4]
"""What a user may say of a word."""

ROW_CLASSES = ("sale", "order", "refund", "detail", "payment", "no_sale")
_ROW_CLASS_OF_OWN = {"sale": "sale", "no_sale": "no_sale", "pending": "no_sale", "returned": "refund"}
_REPEATING = ("sale", "detail", "payment")
"""Classes of rows that tell of the same money; the first that a file has counts, the others repeat it."""

MOST_WORDS = 100
"""A column with more words than that, none of them known, is text, and no column of statuses."""

_CYRILLIC, _LATIN = "АВЕКМНОРСТУХІЅЈаеорсухіѕј", "ABEKMHOPCTYXISJaeopcyxisj"
_TO_LATIN, _TO_CYRILLIC = str.maketrans(_CYRILLIC, _LATIN), str.maketrans(_LATIN, _CYRILLIC)
_HYPHENS = r"\-" "\N{HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}"
_GAP = re.compile(rf"(?<=[^\s_{_HYPHENS}])[\s_{_HYPHENS}]+(?=[^\s_{_HYPHENS}])")
_INVISIBLE = re.compile("[\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}\ufeff\N{SOFT HYPHEN}]")


class Verdict(Enum):
    """What is to be done with a column of words."""

    STATUS = "status"
    """Its words say what became of the rows."""
    NOT_STATUS = "not_status"
    """They speak of something else; the column is not used."""
    ASK = "ask"
    """Some could say it and are not known; only the user can tell."""


@dataclass(frozen=True)
class StatusJudgement:
    """What a column of statuses says.

    Parameters
    ----------
    verdict : Verdict
        Whether it speaks of the order's fate.
    classes : mapping of str to str
        The class of each known word, by the word as it stands in the file.
    unknown : mapping of str to int
        How many rows have a word that is not known, the most frequent first.
    """

    verdict: Verdict
    classes: Mapping[str, str]
    unknown: Mapping[str, int]


@dataclass(frozen=True)
class RowTypePlan:
    """What becomes of the rows of each type.

    Parameters
    ----------
    verdict : Verdict
        Whether the column says it; ``NOT_STATUS`` for types of products or customers.
    counted, negated, left_out : tuple of str
        Words, as they stand in the file, of rows that count as they are, that are returns whatever the sign of their
        amount, and that are no sale or repeat one.
    unknown : mapping of str to int
        How many rows have a word of which the user must say what it is, the most frequent first.
    """

    verdict: Verdict
    counted: tuple[str, ...] = ()
    negated: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    unknown: Mapping[str, int] = field(default_factory=dict)


def plain_form(word: str) -> str:
    """Reduce a word to the form in which words are compared.

    >>> plain_form(" WC-On_Hold "), plain_form("Отменён"), plain_form("-1")
    ('on hold', 'отменен', '-1')
    """
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", word))
    letters = (letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    bare = _GAP.sub(" ", "".join(letters).translate(_PLAIN_LETTERS))
    return " ".join(map(fold_look_alikes, bare.split())).casefold().removeprefix("wc ")


_PLAIN_LETTERS = str.maketrans({"ł": "l", "Ł": "L", "ı": "i", "ø": "o", "Ø": "O", "ß": "ss", "ẞ": "SS"})
"""Letters that no decomposition makes plain."""


def fold_look_alikes(word: str) -> str:
    """Return a word that mixes Latin and Cyrillic letters in one script, if its letters look alike in both."""
    if word.isascii() or not (_has(word, "CYRILLIC") and _has(word, "LATIN")):
        return word
    latin, cyrillic = word.translate(_TO_LATIN), word.translate(_TO_CYRILLIC)
    if not _has(cyrillic, "LATIN"):
        return cyrillic
    return word if _has(latin, "CYRILLIC") else latin


def _has(word: str, script: str) -> bool:
    return any(unicodedata.name(letter, "").startswith(script) for letter in word if letter.isalpha())


def classify_status(word: str, system: str | None = None, own: Mapping[str, str] = {}) -> str | None:
    """Say what a status means for the order: one of ``STATUS_CLASSES``, or None where nobody knows.

    Parameters
    ----------
    word : str
        As it stands in the file.
    system : str, optional
        The program that wrote the file, such as ``"Shopify"``; its words come before the plain ones.
    own : mapping of str to str
        The user's words and their classes, which come first.

    Examples
    --------
    >>> classify_status("Closed", "Magento"), classify_status("Closed", "Vend"), classify_status("Closed")
    ('returned', 'sale', None)
    >>> classify_status("wc-cancelled"), classify_status("Zamówienie anulowane")
    ('no_sale', 'no_sale')
    """
    return _classify("status", word, system, own)


def classify_row_type(word: str, system: str | None = None, own: Mapping[str, str] = {}) -> str | None:
    """Say what a row of this type is: one of ``ROW_CLASSES``, or None; parameters as in :func:`classify_status`."""
    said = {word: _ROW_CLASS_OF_OWN[of] for word, of in own.items()}
    return _classify("row_type", word, system, said)


def _classify(kind: str, word: str, system: str | None, own: Mapping[str, str]) -> str | None:
    tables = [{plain_form(one): of for one, of in own.items()}, _words_of_system(kind, system), _plain_words(kind)]
    forms = [plain_form(word), _spelt_out(word)]
    if kind == "status":
        forms.append(" ".join(part for part in forms[1].split() if part not in _beside()))
    return next((table[form] for table in tables for form in forms if form in table), None)


def _spelt_out(word: str) -> str:
    """Write a word without signs, and with spaces where it has them by capitals: ``PartiallyRefunded``, ``Paid!``."""
    return plain_form(re.sub(r"\W+", " ", re.sub(r"(?<=[a-zа-я])(?=[A-ZА-Я])", " ", word)))


def judge_statuses(
    values: Mapping[str, int],
    system: str | None = None,
    own: Mapping[str, str] = {},
    *,
    is_named: bool = False,
) -> StatusJudgement:
    """Judge whether a column of words says what became of the orders, and what each word says.

    Levels of customers (Gold, VIP, active, new and returning) say nothing of an order; a word that is not known beside
    known ones must be asked about, since a guess would sell what was cancelled.

    Parameters
    ----------
    values : mapping of str to int
        How many rows have each word; empty and missing ones do not matter.
    system, own
        As in :func:`classify_status`; a system that is not given is told by its words.
    is_named : bool
        Whether the header names the status of an order, so that no other meaning is left.
    """
    words = _present(values)
    system = system if system is not None and _system_key("status", system) else tell_system(words)
    found = {word: classify_status(word, system, own) for word in words}
    classes = {word: of for word, of in found.items() if of is not None}
    unknown = _by_count({word: count for word, count in words.items() if word not in classes})
    is_text = not classes and len(words) > MOST_WORDS
    if not words or (not is_named and (is_text or _are_of_customers(words, own))):
        return StatusJudgement(Verdict.NOT_STATUS, {}, {})
    return StatusJudgement(Verdict.ASK if unknown else Verdict.STATUS, classes, unknown)


def tell_system(words: Iterable[str]) -> str | None:
    """Tell the program that wrote a file by statuses that no other has; None where there are none, or of two."""
    present = {plain_form(word) for word in words}
    told = [name for name, table in _load()["status"]["system"].items() if not present.isdisjoint(_telltales(table))]
    return told[0] if len(told) == 1 else None


def _telltales(table: Mapping[str, str]) -> frozenset[str]:
    return _forms(table.get("told_by", ""))


def _are_of_customers(words: Iterable[str], own: Mapping[str, str]) -> bool:
    customer, either = (_forms(_load()["customer"][name]) for name in ("words", "either"))
    forms = {plain_form(word) for word in words}
    is_own = not forms.isdisjoint(map(plain_form, own))
    return not is_own and forms <= customer | either and not forms.isdisjoint(customer)


def judge_row_types(
    values: Mapping[str, int],
    system: str | None = None,
    own: Mapping[str, str] = {},
) -> RowTypePlan:
    """Plan what becomes of the rows of each type, given which others the file has.

    A payment is the sale where no sale stands beside it, and so is a line of a sale. An order beside an invoice may be
    the same money twice, or not: that is asked. Where no word is of a sale or a return, and some are not known (types
    of products, of customers), the column is not used.

    Parameters
    ----------
    values : mapping of str to int
        How many rows have each word; empty and missing ones do not matter.
    system, own
        As in :func:`classify_row_type`.
    """
    words = _present(values)
    found = {word: classify_row_type(word, system, own) for word in words}
    present = set(found.values())
    unknown = {word: count for word, count in words.items() if found[word] is None}
    if not present & {"sale", "order", "refund", "detail", "payment"} and (unknown or not words):
        return RowTypePlan(Verdict.NOT_STATUS)
    if {"order", "sale"} <= present:
        unknown |= {word: words[word] for word, of in found.items() if of == "order"}
    if unknown:
        return RowTypePlan(Verdict.ASK, unknown=_by_count(unknown))
    merged = {word: "sale" if of == "order" else of for word, of in found.items()}
    first = next((of for of in _REPEATING if of in merged.values()), None)
    counted = tuple(word for word, of in merged.items() if of == first)
    negated = tuple(word for word, of in merged.items() if of == "refund")
    left_out = tuple(word for word, of in merged.items() if of not in (first, "refund"))
    return RowTypePlan(Verdict.STATUS, counted, negated, left_out)


def _present(values: Mapping[str, int]) -> dict[str, int]:
    return {word: count for word, count in values.items() if word.strip() and not is_missing_word(word)}


def _by_count(words: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(words.items(), key=lambda one: (-one[1], one[0])))


def read_flag(word: str, own: Mapping[str, str] = {}) -> bool | None:
    """Read a yes or no, or a mode that is live or test; None for any other word. What ``own`` calls a sale is a yes.

    >>> read_flag("TRUE"), read_flag("нет"), read_flag("Test"), read_flag("maybe")
    (True, False, False, None)
    """
    said = {plain_form(one): meaning for one, meaning in own.items()}.get(plain_form(word))
    return _flags().get(plain_form(word)) if said is None else said == "sale"


def read_consent_word(word: str, *, is_plain: bool = False) -> bool | None:
    """Read a yes or no to being contacted, or a plain yes or no alone; None for any other word.

    >>> read_consent_word("NOT_SUBSCRIBED"), read_consent_word("tak"), read_consent_word("maybe")
    (False, True, None)
    """
    return _answers("flag" if is_plain else "consent").get(plain_form(word), _answers("flag").get(plain_form(word)))


def read_mark(word: str) -> bool:
    """Tell whether a word is a mark as people make it in a form: x, a tick."""
    return word.strip().casefold() in _split(_load()["consent"]["mark"])


def spell_flags(*, is_set: bool) -> list[str]:
    """Give, in small letters, the words of :func:`read_flag` for yes or for no as they are written."""
    return [word.casefold() for name, one in _FLAGS.items() if one is is_set for word in _split(_load()["flag"][name])]


def spell_guests() -> list[str]:
    """Return the ids that stand for nobody in small letters, as they are written, with spaces for hyphens."""
    written = [word for text in _load()["guest"].values() for word in _split(text)]
    words = [word.casefold() for word in (*written, *MISSING_WORDS)]
    return sorted({*words, *(word.replace("-", " ") for word in words), *guests()})


def is_guest_word(text: str) -> bool:
    """Tell whether a customer id stands for nobody in particular: empty, 0, guest, walk-in customer."""
    form = plain_form(text)
    return not form or form in guests() or text.strip() in MISSING_WORDS  # Nan and Nat are names


def is_missing_word(text: str) -> bool:
    """Tell whether a text is what a program writes where there is nothing: nan, None, NULL."""
    return text.strip().casefold() in missing_words()


@functools.cache
def guests() -> frozenset[str]:
    """Return the plain forms of ids that stand for nobody in particular."""
    return _forms(*_load()["guest"].values())


@functools.cache
def missing_words() -> frozenset[str]:
    """Give, in small letters, what programs write where there is nothing."""
    return frozenset(_split(_load()["missing"]["words"]))


def list_words(kind: str) -> dict[str, dict[str, list[str]]]:
    """Return all words of a kind, ``"status"`` or ``"row_type"``, by language or system and by class."""
    tables = {**_load()[kind]["plain"], **_load()[kind].get("system", {})}
    return {
        name: {of: _split(words) for of, words in table.items() if of != "told_by"} for name, table in tables.items()
    }


@functools.cache
def _load() -> dict[str, Any]:
    return tomllib.loads((files("churnrisk.orders") / "words.toml").read_text(encoding="utf-8"))


@functools.cache
def _plain_words(kind: str) -> dict[str, str]:
    return {form: of for table in _load()[kind]["plain"].values() for form, of in _table(table).items()}


def _words_of_system(kind: str, system: str | None) -> dict[str, str]:
    key = _system_key(kind, system)
    return _table_of_system(kind, key) if key else {}


@functools.cache
def _table_of_system(kind: str, key: str) -> dict[str, str]:
    return _table(_load()[kind]["system"][key])


def _system_key(kind: str, system: str | None) -> str | None:
    """Find a system by its name or a word of it: the analytics of WooCommerce have the words of the shop."""
    names = [] if system is None else [system.casefold().replace(" ", ""), *re.findall(r"\w+", system.casefold())]
    return next((name for name in names if name in _load()[kind]["system"]), None)


def _table(words: Mapping[str, str]) -> dict[str, str]:
    return {form: of for of, text in words.items() if of != "told_by" for form in _forms(text)}


@functools.cache
def _beside() -> frozenset[str]:
    return _forms(_load()["status"]["beside"]["words"])


@functools.cache
def _flags() -> dict[str, bool]:
    table = _load()["flag"]
    return {form: is_set for name, is_set in _FLAGS.items() for form in _forms(table[name])}


@functools.cache
def _answers(kind: str) -> dict[str, bool]:
    return {form: said for name, said in (("yes", True), ("no", False)) for form in _forms(_load()[kind][name])}


_FLAGS = {"yes": True, "live": True, "no": False, "test": False}


@functools.cache
def _forms(*texts: str) -> frozenset[str]:
    """Return the plain forms of lists of words, an umlaut also as two letters."""
    words = [word for text in texts for word in _split(text)]
    return frozenset(plain_form(one) for word in words for one in (word, word.translate(_UMLAUTS)))


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def _split(text: str) -> list[str]:
    """Cut a list of words at its bars, and give each word its endings."""
    return [one for word in text.split("|") for one in _with_endings(" ".join(word.split()))]


def _with_endings(word: str) -> list[str]:
    place = re.search(r"(?<=\w)\(([^()]+)\)", word)
    if place is None:
        return [word]
    before, after = word[: place.start()], word[place.end() :]
    endings = ["" if ending == "-" else ending for ending in place[1].split()]
    return [one for ending in endings for one in _with_endings(before + ending + after)]
