"""Small pieces of SQL that the steps of intake share."""

from __future__ import annotations

from churnrisk.engines import SPACES, quote_text, trim_sql

__all__ = ["PARTS", "SPACES", "VALUE", "fill_value", "is_plain_sql", "quote_name", "quote_text", "trim_sql"]


def quote_name(value: str) -> str:
    """Write a name as an SQL identifier."""
    return '"' + value.replace('"', '""') + '"'


def is_plain_sql(column: str) -> str:
    """SQL that is false where a text may need trimming or unescaping: it begins or ends beyond ``(`` to ``}``."""
    return f"({column} >= '(' AND {column} < '~' AND {column}[-1] BETWEEN '!' AND '~')"


VALUE = "«v»"
"""Stands in a plan's SQL for the text that is read; no source can hold it there, since plans are made by us."""

PARTS = "«p»"
"""Stands in a plan's SQL for the parts that its pattern cut the text into: matched once, and used many times."""


def fill_value(template: str, value: str, parts: str = "") -> str:
    """Put the SQL of a value, and of its parts, into the SQL of a plan."""
    return template.replace(PARTS, parts).replace(VALUE, value)
