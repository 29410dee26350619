"""Customer ids that differ in writing only, brought to one form: the same in SQL and in Python.

An engine folds usual ids by itself; every other one goes through the one function that is written here, so the two
cannot come apart.
"""

from __future__ import annotations

import re
import unicodedata

from churnrisk.engines import SPACES, Database, SqlEngine
from churnrisk.sources.options import IntakeOptions
from churnrisk.sources.pseudonyms import pseudonym_sql

_NUMBER = re.compile(r"0*([0-9]+?)([.]0+)?")
_INVISIBLE = dict.fromkeys(
    [0xAD, 0x34F, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
_TURNED = {0xA0: " ", **dict.fromkeys(range(0x2000, 0x200B), " "), 0x202F: " ", 0x205F: " ", 0x3000: " "}
_TURNED |= {0x2011: "-", ord("ς"): "σ"}
_SAME = (  # Latin, Cyrillic and Greek letters that look alike in one of their cases; a space where there is none
    *("aаα", "bвβ", "eеε", "kкκ", "mмμ", "hнη", "oоο", "pрρ", "cс ", "tтτ", "yуυ", "xхχ", "iіι", "sѕ ", "jј ", "n ν"),
    "z ζ",
)
_SCRIPTS = {
    "latin": re.compile("[a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]"),
    "cyrillic": re.compile("[\u0400-\u052f]"),
    "greek": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
}
_TO = {
    name: {ord(letter): same[place] for same in _SAME for letter in same if letter != " " and same[place] != " "}
    for place, name in enumerate(_SCRIPTS)
}


def fold_id(customer_id: str) -> str:
    r"""Return the form of an id that all its writings have in common.

    Without invisible characters, spaces of one kind, composed (NFC), in small letters, in one alphabet where all
    letters of another look like letters of it, and a whole number without leading zeros and ``.0``.

    >>> fold_id("00123.0"), fold_id("ABC\u200b-7"), fold_id("\u0410BC-7")
    ('123', 'abc-7', 'abc-7')
    """
    text = unicodedata.normalize("NFC", customer_id.translate(_INVISIBLE)).translate(_TURNED).strip(SPACES)
    text = unicodedata.normalize("NFC", _fold_look_alikes(text.lower().translate(_TURNED)))
    number = _NUMBER.fullmatch(text)
    return (number[1] if number else text) or customer_id


def _fold_look_alikes(text: str) -> str:
    """Write letters of several alphabets in one, if all others look like letters of it.

    That is the one of most letters; Latin, where the id has digits, since it is a code then. A word of one alphabet
    without digits stays: it is a name.
    """
    if text.isascii():
        return text
    counts = {name: len(letters.findall(text)) for name, letters in _SCRIPTS.items()}
    present = [name for name, count in counts.items() if count]
    is_code = any(letter in "0123456789" for letter in text)
    if not present or present == ["latin"] or (len(present) == 1 and not is_code):
        return text
    for name in sorted(_SCRIPTS, key=lambda one: 0 if is_code else -counts[one]):
        folded = text.translate(_TO[name])
        if not any(letters.search(folded) for other, letters in _SCRIPTS.items() if other != name):
            return folded
    return text


_LATIN, _CYRILLIC = r"A-Za-z\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{12f}\x{131}-\x{24f}", r"\x{400}-\x{482}\x{48a}-\x{4ff}"
_ONLY_CYRILLIC = "".join(
    letter
    for code in range(0x400, 0x500)
    if (letter := chr(code)).isalpha() and ord(letter.lower()) not in _TO["latin"]
)


def is_unusual_sql(engine: SqlEngine, value: str) -> str:
    """Return the condition of an id whose form only :func:`fold_id` can tell; all others have :func:`usual_form_sql`.

    That is one with a character that is no composed letter of our alphabets, with letters of two, or a code whose
    letters could all be Latin ones.
    """
    other = engine.matches_sql(value, f"[^ -~{_LATIN}{_CYRILLIC}]")
    has_cyrillic, has_latin = (engine.matches_sql(value, f"[{letters}]") for letters in (_CYRILLIC, _LATIN))
    is_code = f"{engine.matches_sql(value, '[0-9]')} AND NOT {engine.matches_sql(value, f'[{_ONLY_CYRILLIC}]')}"
    is_plain = engine.matches_sql(value, "^[ -~]*$")  # asked first, and of most alone: it takes a fraction of the time
    return f"CASE WHEN {is_plain} THEN 1 = 0 ELSE {other} OR ({has_cyrillic} AND ({has_latin} OR ({is_code}))) END"


def usual_form_sql(engine: SqlEngine, value: str) -> str:
    """Return SQL for the form of any other id, in the part that all engines share."""
    digits = f"trim(LEADING '0' FROM regexp_replace({value}, '[.]0+$', ''))"
    return f"CASE WHEN {is_number_sql(engine, value)} THEN coalesce(nullif({digits}, ''), '0') ELSE lower({value}) END"


def is_number_sql(engine: SqlEngine, value: str) -> str:
    """Return the condition of a usual id that is a number with zeros before it or behind its point."""
    return f"(({value} LIKE '0%' OR {value} LIKE '%.0%') AND {engine.matches_sql(value, '^[0-9]+([.]0+)?$')})"


def fold_sql(value: str, database: Database, options: IntakeOptions) -> str:
    """Return SQL for a trimmed id as these options have it, before any pseudonym."""
    if not options.fold_ids:
        return f"lower({value})" if options.fold_case else value
    database.add_function("churnrisk_fold_id", fold_id)
    other = f"churnrisk_fold_id({value})"
    return f"CASE WHEN {is_unusual_sql(database, value)} THEN {other} ELSE {usual_form_sql(database, value)} END"


def own_sql(value: str, database: Database, options: IntakeOptions) -> str:
    """Return SQL for the customer id that stands for one in a file: folded, and replaced, as these options say."""
    return pseudonym_sql(fold_sql(value, database, options), database, options.pseudonym_key)
