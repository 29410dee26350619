"""Retell sentences that stages have written, in English, in the language of now.

Reasons for a score, verdicts of campaigns, advice and notices are written once, where their facts are, and kept as they
are: in lists, cards and the state file, some of them for years. A page knows such a sentence again by the wording that
it was written with (:func:`churnrisk.messages.wording`), takes its numbers, days and names out, and says the same in
the reader's language. So nothing that is stored depends on a language, and no wording stands in two places.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from churnrisk.messages import (
    ENGLISH,
    MINUS,
    STAGE,
    fill,
    list_wordings,
    say,
    separators,
    speaking,
    spoken_language,
    translations,
    write_date,
)

FOREIGN = frozenset(("name", "names", "other"))
"""Placeholders that stand for somebody's own text."""

LONGEST = 2000
"""Characters; no stage writes longer sentences."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_WHOLE = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+")
_NUMBER = re.compile(r"([+-]?)((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)(%?)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Wording:
    """A wording, cut at its placeholders.

    Parameters
    ----------
    key : str
        Under which the catalogue has it: the form for one, where there are two.
    many : str
        The form for other counts; empty where there is one form only.
    pieces : tuple of str
        The text around the placeholders; there is one piece more than there are placeholders.
    names : tuple of str
        The placeholders.
    """

    key: str
    many: str
    pieces: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def letters(self) -> int:
        """How much of a sentence is its wording: the longer, the surer it is known again."""
        return sum(map(len, self.pieces))

    def read(self, sentence: str) -> dict[str, str] | None:
        """Return what stands for each placeholder; None where the sentence was not written so."""
        first, *between = self.pieces
        if not between:
            return {} if sentence == first else None
        if not sentence.startswith(first) or not sentence.endswith(between[-1]):
            return None
        values, start, end = [], len(first), len(sentence) - len(between[-1])
        for piece in between[:-1]:
            found = sentence.find(piece, start + 1, end)
            if found < 0:
                return None
            values.append(sentence[start:found])
            start = found + len(piece)
        values.append(sentence[start:end])
        read = dict(zip(self.names, values, strict=True))
        return read if all(values) and _is_right(read) else None


def retell(sentence: str) -> str:
    """Say a sentence of a stage in the language of now; one that no wording fits is given as it is.

    Parameters
    ----------
    sentence : str
        In English, as the stage has written it.
    """
    language = spoken_language()
    if language == ENGLISH or not sentence or len(sentence) > LONGEST:
        return sentence
    return _retell(language, sentence)


@functools.lru_cache(maxsize=4096)
def _retell(language: str, sentence: str) -> str:
    with speaking(language):
        for one in _wordings(language):
            values = one.read(sentence)
            if values is not None:
                return _say_again(language, one, values)
        return say(sentence)


def _say_again(language: str, one: Wording, values: Mapping[str, str]) -> str:
    catalogue = translations(language)
    told = {name: _tell(language, name, value) for name, value in values.items()}
    if one.many:
        count = int(values["count"].replace(",", ""))
        return fill(catalogue.npgettext(STAGE, one.key, one.many, count), **told)
    return fill(catalogue.pgettext(STAGE, one.key), **told)


def _tell(language: str, name: str, value: str) -> str:
    """Say what stands for a placeholder: a number or a day as the language writes it, or a sentence within."""
    if name in FOREIGN:
        return value
    if number := _NUMBER.fullmatch(value):
        sign = MINUS if number[1] == "-" else number[1]
        return sign + number[2].translate(separators(language)) + ("\N{NO-BREAK SPACE}%" if number[3] else "")
    return write_date(value) if _DAY.fullmatch(value) else _retell(language, value)


def _is_right(values: Mapping[str, str]) -> bool:
    """Whether counts are whole numbers, and fractions are not."""
    if "count" in values and not _WHOLE.fullmatch(values["count"]):
        return False
    return "fraction" not in values or bool(_NUMBER.fullmatch(values["fraction"]) and "." in values["fraction"])


@functools.cache
def _wordings(language: str) -> tuple[Wording, ...]:
    """Return every wording of the catalogue, those with most of a sentence in them first."""
    found = [
        cut_wording(text, key=one, many=many) for one, many in list_wordings(language) for text in (one, many) if text
    ]
    return tuple(sorted(found, key=lambda one: (-one.letters, one.pieces)))


def cut_wording(text: str, *, key: str = "", many: str = "") -> Wording:
    """Cut a wording at its placeholders.

    >>> cut_wording("the last gap was {days}; the usual one is {usual}").names
    ('days', 'usual')
    """
    parts = _PLACEHOLDER.split(text)
    return Wording(key or text, many, tuple(parts[::2]), tuple(parts[1::2]))
