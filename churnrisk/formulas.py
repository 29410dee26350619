"""Text that a spreadsheet would run as a formula: the one home of how it is told, defused, and brought back.

Our CSV files and workbooks carry such a text with an apostrophe before it, and our reader takes that off again. The
patterns are of the part that Python, DuckDB and Spark share.
"""

from __future__ import annotations

import re

SIGNS = "=+-@\t\r\n" + "＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋−"
"""What a formula may begin with: the signs, and characters that some programs bring to them (NFKC), or that look so."""

FORMULA = "^'*[=+@\\t\\r\\n" + SIGNS[7:] + "\\-]"
"""Apostrophes before a formula get one more, so that taking one off gives the text back."""

NUMBER_OR_PHONE = r"[+-]?[0-9 ().,/-]*[0-9][0-9 ().,/-]*"
"""What is no formula, and stands in our files as it is; of a whole text."""

SUSPECT = frozenset("'" + SIGNS)
"""The first characters of texts that are worth a look."""

_FORMULA, _NUMBER_OR_PHONE = re.compile(FORMULA), re.compile(NUMBER_OR_PHONE)


def defuse(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula.

    >>> defuse("=1+1"), defuse("+359 2 123 456"), defuse("-17")
    ("'=1+1", '+359 2 123 456', '-17')
    """
    is_formula = _FORMULA.match(text) and not _NUMBER_OR_PHONE.fullmatch(text)
    return "'" + text if is_formula else text


def fuse(text: str) -> str:
    """Take the apostrophe off again that :func:`defuse` has put before a text.

    >>> fuse("'=1+1"), fuse("'quoted'")
    ('=1+1', "'quoted'")
    """
    return text[1:] if text[:1] == "'" and defuse(text[1:]) == text else text
