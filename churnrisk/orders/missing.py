"""Texts that stand where a value is missing: words of programs for nothing, and the errors of a spreadsheet."""

from __future__ import annotations

import re

from churnrisk.sources import quote_text

MISSING_WORDS = (
    *("nan", "NaN", "NAN", "NaT", "<NA>", "None", "NONE", "null", "Null", "NULL", "(null)", "(NULL)", "(none)"),
    r"\N",
)
"""What programs write for nothing, letter for letter: Nat and Nan are names of people."""

_ERROR_CELL = r"#[0-9A-Za-zÀ-žЀ-ӿ/_.]{2,24}[!?]|#N/A|#N/D|#N/V|#NV|#Н/Д"  # in the languages of spreadsheets


def is_missing_sql(text: str) -> str:
    """Return SQL telling whether a text is one of :data:`MISSING_WORDS`."""
    return f"{text} IN ({', '.join(quote_text(word) for word in MISSING_WORDS)})"


def is_error_sql(text: str) -> str:
    """Return SQL telling whether a text is what a spreadsheet shows where a formula failed, such as #N/A or #REF!."""
    return f"(starts_with({text}, '#') AND regexp_full_match({text}, {quote_text(_ERROR_CELL)}))"


def is_missing(shape: str) -> bool:
    """Tell whether a text, or its shape, says nothing about how a column is written."""
    return shape in MISSING_WORDS or re.fullmatch(_ERROR_CELL, shape) is not None
