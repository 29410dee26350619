"""Small pieces of SQL that the steps of intake share."""

from __future__ import annotations

SPACES = "".join(chr(c) for c in [*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)])
SPACES += "\u2028\u2029\u202f\u205f\u3000\ufeff"
"""What is trimmed from the ends of every value."""


def quote_text(value: str) -> str:
    """Write a text as an SQL literal."""
    parts = value.replace("'", "''").split("\0")
    return " || chr(0) || ".join(f"'{part}'" for part in parts)


def quote_name(value: str) -> str:
    """Write a name as an SQL identifier."""
    return '"' + value.replace('"', '""') + '"'


_SPACE_CLASS = r"[\x09-\x0d\x1c-\x20\x{85}\x{feff}\pZ]"


def is_plain_sql(column: str) -> str:
    """Give SQL that is false where a text may need trimming or unescaping: it begins or ends beyond ``(`` to ``}``."""
    return f"({column} >= '(' AND {column} < '~' AND right({column}, 1) BETWEEN '!' AND '~')"


def trim_sql(column: str) -> str:
    """Trim a text column; what is empty then is NULL."""
    is_padded = f"regexp_matches({column}, '^{_SPACE_CLASS}|{_SPACE_CLASS}$')"  # the trim itself costs 15 times as much
    return f"nullif(CASE WHEN {is_padded} THEN trim({column}, {quote_text(SPACES)}) ELSE {column} END, '')"


VALUE = "«v»"
"""Stands in a plan's SQL for the text that is read; no source can hold it there, since plans are made by us."""

PARTS = "«p»"
"""Stands in a plan's SQL for the parts that its pattern cut the text into: matched once, and used many times."""


def fill_value(template: str, value: str, parts: str = "") -> str:
    """Put the SQL of a value, and of its parts, into the SQL of a plan."""
    return template.replace(PARTS, parts).replace(VALUE, value)
