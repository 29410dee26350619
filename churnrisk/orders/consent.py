"""Consent to be contacted, as a column of a shop's file says it: a word that is not known is asked about."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from churnrisk.orders.words import is_missing_word, read_consent_word, read_mark

_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}\.?(?:[ T].*)?")
_LONGEST = 40


def read_consents(words: Collection[str], *, of_refusals: bool = False) -> Mapping[str, bool | None]:
    """Tell for each word of a column whether it is a consent; None for one that says neither yes nor no.

    An empty cell is no consent. A date is the day on which it was given. A mark (x, a tick) is a consent where nothing
    in the column is a yes or a no in words, so that an x cannot be a no.

    Parameters
    ----------
    words : collection of str
        The different values of the column.
    of_refusals : bool
        Whether a yes in the column is a no to being contacted; only plain answers are known there.
    """
    said = {word: _read(word, is_plain=of_refusals) for word in words}
    has_words = any(read_consent_word(word, is_plain=of_refusals) is not None for word in words)
    if has_words:
        return said
    return {word: True if found is None and read_mark(word) else found for word, found in said.items()}


def _read(word: str, *, is_plain: bool) -> bool | None:
    if not word.strip() or is_missing_word(word):
        return False
    known = read_consent_word(word, is_plain=is_plain)
    return True if known is None and _DATE.fullmatch(word.strip()) else known


def show_value(value: str) -> str:
    """Return a value for a message, unless it may be an address or a telephone number in the wrong column."""
    is_personal = "@" in value or sum(sign.isdigit() for sign in value) > 5
    return "(withheld, it may be an address)" if is_personal else repr(value[:_LONGEST])
