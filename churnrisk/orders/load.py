"""Read the rows of a source in one pass: what is written as a clean log has it becomes a number, all else stays text.

Every later question is asked of these rows, and not of the source again. A text that no clean log has waits until all
rows have said how its column is written.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from churnrisk.engines import Database
from churnrisk.orders.dates import CANONICAL, CANONICAL_SHAPE
from churnrisk.orders.missing import is_missing
from churnrisk.orders.numbers import DECIMAL, DECIMAL_SHAPE, WHOLE, WHOLE_SHAPE
from churnrisk.orders.rows import find_group
from churnrisk.schema import MONEY_SCALE
from churnrisk.sources import ColumnMatch, IntakeOptions, RawRows, is_plain_sql, quote_text, trim_sql
from churnrisk.timeline import day_number

NUMBER_OR_PHONE = r"'[+-]?[\d\s().,/-]*\d[\d\s().,/-]*"  # our files carry these without an apostrophe
WORDS = (
    "order_status",
    "payment_status",
    "row_type",
    "cancelled_at",
    "is_captured",
    "is_valid",
    "is_live",
    "email",
    "phone",
)
"""Roles whose texts are kept as they are, for the rules that say what is a sale, and of whom."""

IDS = ("customer_id", "order_id", "product_id", "category")
_DATES, _NUMBERS = ("ordered_at", "refunded_at"), ("amount", "unit_price", "quantity", "refunded_amount", "discount")
_NAMES = {"ordered_at": "ordered", "unit_price": "amount"}
_SHAPES_KEPT = 5000
_FORMATS = {
    "9999-99-99": "%Y-%m-%d",
    "9999-99-99 99:99": "%Y-%m-%d %H:%M",
    "9999-99-99 99:99:99": "%Y-%m-%d %H:%M:%S",
    "9999-99-99T99:99:99": "%Y-%m-%dT%H:%M:%S",
}
_MOST_DIGITS, _FEW_DIGITS = 10, 6  # few where numbers are multiplied: no product of clean ones is too large then
_TABLE = "loaded_rows"


@dataclass(frozen=True)
class Profile:
    """What all rows together say: their number, and the shapes of dates and numbers with the number of each.

    Where there were more shapes than are kept, the rarest are left out and ``is_complete`` is False.
    """

    rows: int
    shapes: Mapping[str, Mapping[str, int]]
    is_complete: bool = True


@dataclass(frozen=True)
class LoadedRows:
    """The rows of a source in the table ``loaded_rows``, in their order.

    It has the ids and ``h``; for each column of dates ``NAME_day``, and for each of numbers ``NAME_units``, which are
    NULL where a text is not written as a clean log has it: ``NAME_text`` has that one, and is NULL elsewhere. Other
    roles that rules ask for have their text.

    Parameters
    ----------
    profile : Profile
        What the rows say.
    texts : frozenset of str
        Names of the columns of dates and numbers that have texts.
    """

    profile: Profile
    texts: frozenset[str] = field(default=frozenset())
    table: str = _TABLE

    def is_text(self, role: str) -> bool:
        """Tell whether a column of dates or numbers has values that are texts yet."""
        return name_of(role) in self.texts


def name_of(role: str) -> str:
    """Give the name under which the values of a role are read."""
    return _NAMES.get(role, role)


def load_rows(
    database: Database, raw: RawRows, match: ColumnMatch, options: IntakeOptions, *, as_text: bool = False
) -> LoadedRows:
    """Read all rows of a source into a table, and look at all of them.

    Parameters
    ----------
    database : Database
        Where they are read.
    raw, match, options
        The source, its columns, and how it is read.
    as_text : bool
        Whether all dates and numbers stay text, as where others of their column decide that it is written otherwise.
    """
    roles = [role for role in (*_DATES, *_NUMBERS) if role in match.positions]
    kept = {**_ids_sql(raw, match), **_words_sql(match, options)}
    written = {f"{name_of(role)}_v": written_sql(match, role) for role in roles}
    clean: list[str] = []
    absent = {"amount", "quantity"} - {name_of(role) for role in roles}
    values = [f"CAST(NULL AS VARCHAR) AS {name}_text" for name in sorted(absent)]
    for role in roles:
        name = name_of(role)
        read = "NULL" if as_text else _clean_sql(database, raw, match, options, role)
        kind, mark = ("INTEGER", "day") if role in _DATES else ("UTINYINT", "form")
        clean.append(f"CAST({read} AS {kind}) AS {name}_{mark}")
        values.append(f"{name}_{mark}, CASE WHEN {name}_{mark} IS NULL THEN {trim_sql(f'{name}_v')} END AS {name}_text")
        if role in _NUMBERS:
            number = f"try_cast({name}_v AS DECIMAL(18, 4)) * {MONEY_SCALE}"
            values.append(f"CASE WHEN {name}_form IS NOT NULL THEN CAST({number} AS BIGINT) END AS {name}_units")
    inner = ", ".join(f"{sql} AS {name}" for name, sql in (kept | written).items())
    inner = f"SELECT {inner}, {raw.hash_sql} AS h{raw.columns_beside} FROM {raw.sql}"
    marked = f"SELECT *, {', '.join(clean)} FROM ({inner})"
    database.create_table(_TABLE, f"SELECT {', '.join([*kept, *values])}, h{raw.columns_beside} FROM ({marked})")
    return _look_at_rows(database, roles)


def _look_at_rows(database: Database, roles: list[str]) -> LoadedRows:
    """Count the shapes of the values of all rows."""
    columns = [f"{name_of(role)}_{part}" for role in roles for part in ("text", "day" if role in _DATES else "form")]
    sums = ", ".join(f"count({name})" for name in columns)
    wholes = ", ".join(f"count(*) FILTER ({name_of(role)}_form = 1)" for role in roles if role in _NUMBERS)
    [(rows, *counts)] = database.rows_of(f"SELECT {', '.join(filter(None, ['count(*)', sums, wholes]))} FROM {_TABLE}")
    found: dict[str, dict[str, int]] = {}
    is_complete = True
    number = 2 * len(roles)
    for place, role in enumerate(roles):
        texts, clean = counts[2 * place : 2 * place + 2]
        shapes = _count_shapes(database, role) if texts else {}
        is_complete &= len(shapes) < _SHAPES_KEPT
        found[role] = {shape: count for shape, count in shapes.items() if not is_missing(shape)}
        known = {CANONICAL_SHAPE: clean}
        if role in _NUMBERS:
            known = {WHOLE_SHAPE: counts[number], DECIMAL_SHAPE: clean - counts[number]}
            number += 1
        for shape, count in known.items():
            if count:
                found[role][shape] = found[role].get(shape, 0) + count
    texts = frozenset(name_of(role) for place, role in enumerate(roles) if counts[2 * place])
    return LoadedRows(Profile(rows, found, is_complete), texts)


def _count_shapes(database: Database, role: str) -> dict[str, int]:
    """Count the shapes of the texts of a column, the most frequent first."""
    text = f"{name_of(role)}_text"
    query = f"SELECT {shape_sql(role, text)} AS s, count(*) AS n FROM {_TABLE} WHERE {text} IS NOT NULL"
    query += f" GROUP BY s ORDER BY n DESC, s LIMIT {_SHAPES_KEPT}"
    return {str(shape): int(count) for shape, count in database.rows_of(query)}


def written_sql(match: ColumnMatch, role: str) -> str:
    """Give SQL for a text as it is written, but for the sign of a percentage."""
    column = f"c{match.positions[role]}"
    return f"replace({column}, '%', '')" if role == "discount" else column


def _ids_sql(raw: RawRows, match: ColumnMatch) -> dict[str, str]:
    """Give SQL for the ids, of which most need nothing done to them."""
    found = dict.fromkeys(IDS, "CAST(NULL AS VARCHAR)")
    for role in match.positions.keys() & found.keys():
        column = f"c{match.positions[role]}"
        found[role] = f"CASE WHEN {is_plain_sql(column)} THEN {column} ELSE {id_sql(column, raw.is_escaped)} END"
    return found


def id_sql(column: str, is_escaped: bool) -> str:
    """Give SQL for an id: trimmed, and without the apostrophe that our own files put before a formula sign."""
    value = trim_sql(column)
    if not is_escaped:
        return value
    sign = (
        f"starts_with({value}, '''') AND regexp_matches({value}, '^''+[=+@\\t\\r-]') "
        f"AND NOT regexp_full_match({value}, {quote_text(NUMBER_OR_PHONE)})"
    )
    return f"CASE WHEN {sign} THEN substr({value}, 2) ELSE {value} END"


def _words_sql(match: ColumnMatch, options: IntakeOptions) -> dict[str, str]:
    """Give SQL for the texts that rules ask for as they are."""
    places = {f"{role}_text": match.positions[role] for role in (*WORDS, "currency") if role in match.positions}
    if options.group_column is not None:
        places["group_value"] = find_group(match.headers, options.group_column)
    columns = {name: f"c{place}" for name, place in places.items()}
    return {name: f"CASE WHEN {is_plain_sql(c)} THEN {c} ELSE {trim_sql(c)} END" for name, c in columns.items()}


def _clean_sql(database: Database, raw: RawRows, match: ColumnMatch, options: IntakeOptions, role: str) -> str:
    """Give SQL for the day of a clean date, or the form of a clean number; NULL for what has to wait."""
    value = f"{name_of(role)}_v"
    if role in _DATES:
        return _clean_day_sql(value, _first_value(database, raw, written_sql(match, role)))
    if options.decimal == "," or options.rates or options.rate_before:
        return "NULL"
    digits = _FEW_DIGITS if match.money == "unit_price" else _MOST_DIGITS
    whole = f"length({value}) <= {digits} AND {_is_unchanged(value, 'BIGINT')}"
    cases = [(whole, 1), (_is_unchanged(value, f"DECIMAL({digits + 2}, 2)"), 2)]
    cases = cases if role == "quantity" else cases[::-1]
    patterns = [(pattern.replace("13", str(digits)), form) for pattern, form in ((WHOLE, 1), (DECIMAL, 2))]
    cases += [(f"regexp_full_match({value}, '{pattern}')", form) for pattern, form in patterns]
    return f"CASE {' '.join(f'WHEN {condition} THEN {form}' for condition, form in cases)} END"


def _first_value(database: Database, raw: RawRows, value: str) -> str:
    """Give the first text of a column, empty where there is none."""
    found = database.rows_of(f"SELECT v FROM (SELECT {value} AS v FROM {raw.sql}) WHERE v IS NOT NULL LIMIT 1")
    return str(found[0][0]) if found else ""


def _clean_day_sql(value: str, first: str) -> str:
    """Give SQL for the day of a date that is neither before 1970 nor in the future.

    Most dates are written as the first one is, which is known without a pattern.
    """
    if not re.fullmatch(CANONICAL, first):
        return "NULL"
    own = _FORMATS.get(re.sub("[0-8]", "9", first))
    stamps = [f"try_strptime({value}, '{own}')"] if own else []
    stamps.append(f"CASE WHEN regexp_full_match({value}, '{CANONICAL}') THEN try_cast({value} AS TIMESTAMP) END")
    day = f"(CAST(coalesce({', '.join(stamps)}) AS DATE) - DATE '1970-01-01')"
    return f"CASE WHEN {day} BETWEEN 0 AND {day_number(dt.date.today()) + 1} THEN {day} END"


def shape_sql(role: str, value: str) -> str:
    """Give SQL for the shape of a text: digits as 9, or one letter for what a clean log has.

    What a cast gives back unchanged is clean, and found so in a fraction of the time that a pattern takes.
    """
    digits = f"translate({trim_sql(value)}, '012345678', '999999999')"
    if role in _DATES:
        cases = [
            (f"length({value}) = 10 AND {_is_unchanged(value, 'DATE')}", CANONICAL_SHAPE),
            (f"regexp_full_match({value}, '{CANONICAL}')", CANONICAL_SHAPE),
        ]
    else:
        cases = [
            (f"length({value}) <= 13 AND {_is_unchanged(value, 'BIGINT')}", WHOLE_SHAPE),
            (_is_unchanged(value, "DECIMAL(15, 2)"), DECIMAL_SHAPE),
            (f"regexp_full_match({value}, '{WHOLE}')", WHOLE_SHAPE),
            (f"regexp_full_match({value}, '{DECIMAL}')", DECIMAL_SHAPE),
        ]
    clean = " ".join(f"WHEN {condition} THEN '{shape}'" for condition, shape in cases)
    return f"CASE {clean} ELSE {digits} END"


def _is_unchanged(value: str, kind: str) -> str:
    return f"CAST(try_cast({value} AS {kind}) AS VARCHAR) = {value}"
