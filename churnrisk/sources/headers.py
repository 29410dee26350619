"""What a header says: its name without spelling, without a unit behind it, and without letters of another alphabet."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence

CURRENCY_SIGNS = {
    "EUR": "€ EURO ЕВРО",
    "USD": "$",
    "GBP": "£",
    "BGN": "ЛВ ЛЕВА ЛЕВ",
    "PLN": "ZŁ ZL",
    "RUB": "₽ РУБ Р",
    "BYN": "BR БЕЛРУБ БЕЛ.РУБ",
    "CZK": "KČ KC",
    "HUF": "FT",
    "RON": "LEI",
    "UAH": "₴ ГРН",
    "RSD": "ДИН DIN",
}
"""Signs and words that stand for a currency, in capitals."""

_MORE_WORDS = {
    "EUR": "euros eur",
    "USD": "dollars",
    "BGN": "leva lv",
    "PLN": "złotych",
    "RUB": "рублей рубли",
    "BYN": "бел",
    "TRY": "tl ₺",
    "BRL": "reais",
    "UAH": "гривень",
    **dict.fromkeys(("CHF", "SEK", "NOK", "DKK", "JPY", "CNY", "INR", "MXN", "CAD", "AUD", "NZD", "ZAR", "ILS"), ""),
}
_WORDS = {
    word: code
    for table in (CURRENCY_SIGNS, _MORE_WORDS)
    for code, words in table.items()
    for word in (code.casefold(), *words.casefold().split())
}
_BEFORE_TAX = """incl inkl including include inc ex excl exkl excluding exclusive inclusive with without z ze bez с без
    mit ohne avec sans con sin com sem dahil hariç včetně vč s з із hors включая включително in w v в у en em na"""
_TAXES = "vat tax taxes gst ддс ндс пдв mwst ust tva iva kdv dph taxe impuestos impostos imposte podatkiem vatu"
_ALONE = "brutto gross ttc utc gmt"
_PREFIXES, _TAX_WORDS, _LONE = (frozenset(words.split()) for words in (_BEFORE_TAX, _TAXES, _ALONE))

_UNDECOMPOSED = {ord("ł"): "l", ord("Ł"): "l", ord("ß"): "ss", ord("ı"): "i"}
_LATIN = str.maketrans(
    "авекмнорстухіјѕԁһԛԝαβεηικμνορτυχζγ",
    "abekmhopctyxijsdhqwabehikmvoptyxzy",
)
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")


def plain_header(header: str) -> str:
    """Reduce a header to lower-case letters and digits without accents, so that spellings of one name agree."""
    decomposed = unicodedata.normalize("NFKD", header.translate(_UNDECOMPOSED))
    kept = (c for c in decomposed.casefold() if c.isalnum() and not unicodedata.combining(c))
    return "".join(kept)


def split_header(header: str) -> list[str]:
    """Return the words of a header, and signs of currencies, in small letters."""
    spaced = re.sub(r"(?<=[a-zа-я])(?=[A-ZА-Я])", " ", header)
    return re.findall(r"[^\W_]+|[€$£₽₴₺]", spaced.casefold())


def bare_header(header: str) -> tuple[str, str]:
    """Return a header without the unit or the tax that is named behind it, and the currency that it names, or nothing.

    The name is empty where nothing stands behind it.

    >>> bare_header("Amount (EUR)"), bare_header("Total incl. VAT"), bare_header("Сумма, руб.")
    (('amount', 'EUR'), ('total', ''), ('сумма', 'RUB'))
    """
    words = split_header(header)
    currency, count = "", len(words)
    while len(words) > 1:
        if words[-1] in _WORDS:
            currency = _WORDS[words.pop()]
        elif words[-1] in _LONE:
            words.pop()
        elif words[-1] in _TAX_WORDS and len(words) > 2 and words[-2] in _PREFIXES:
            del words[-2:]
        else:
            break
        if len(words) > 1 and words[-1] in _PREFIXES:
            words.pop()
    return (plain_header(" ".join(words)), currency) if 0 < len(words) < count else ("", "")


def is_mixed(header: str) -> bool:
    """Tell whether one word of a header has letters of two alphabets."""
    words = re.findall(r"[^\W\d_]+", header)
    return any(len({script for c in word if (script := _script(c))}) > 1 for word in words)


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "")
    return next((script for script in _SCRIPTS if name.startswith(script)), "")


def fold_letters(plain: str) -> str:
    """Write a plain header in Latin letters wherever other alphabets have a letter that looks alike."""
    return plain.translate(_LATIN)


@functools.cache
def _folded(names: frozenset[str]) -> dict[str, str]:
    return {fold_letters(name): name for name in sorted(names)}


def read_headers(headers: Sequence[str], names: frozenset[str]) -> tuple[list[str], list[str]]:
    """Return the plain names of headers, and those headers in which letters of another alphabet were read as ours.

    Parameters
    ----------
    headers : sequence of str
        As they stand in the file.
    names : frozenset of str
        All plain names that are known.
    """
    plain = [plain_header(header) for header in headers]
    repaired = []
    for place, header in enumerate(headers):
        if plain[place] not in names and is_mixed(header):
            known = _folded(names).get(fold_letters(plain[place]))
            if known is not None:
                plain[place] = known
                repaired.append(header)
    return plain, repaired
