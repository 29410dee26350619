"""Read the rows of a source in one pass: what is written as a clean log has it becomes a number, all else stays text.

Every later question is asked of these rows, and not of the source again. A text that no clean log has waits until all
rows have said how its column is written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from churnrisk.clock import today
from churnrisk.engines import Database, engine_error
from churnrisk.formulas import FORMULA, NUMBER_OR_PHONE
from churnrisk.orders.dates import CANONICAL, CANONICAL_NAME, CANONICAL_SHAPE, clock_form, strict_strptime_sql
from churnrisk.orders.missing import is_missing
from churnrisk.orders.numbers import DECIMAL, DECIMAL_SHAPE, WHOLE, WHOLE_SHAPE
from churnrisk.orders.rows import find_group
from churnrisk.schema import MONEY_SCALE
from churnrisk.sources import ColumnMatch, IntakeOptions, RawRows, is_plain_sql, quote_text, trim_sql
from churnrisk.timeline import day_number

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
_SHAPES_KEPT, _FEW = 5000, 10_000
_MOST_DIGITS, _FEW_DIGITS = 10, 6  # few where numbers are multiplied: no product of clean ones is too large then
LOADED = "loaded_rows"
_NOTHING = "CAST(NULL AS INTEGER)"
_WAITS = "a text has to wait"


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

    Parameters
    ----------
    profile : Profile
        What the rows say.
    texts : frozenset of str
        Names of the columns of dates and numbers that have texts.
    source : str
        A query of the rows: the ids and ``h``; for each column of dates ``NAME_day``, and for each of numbers
        ``NAME_units``, which are NULL where a text is not written as a clean log has it: ``NAME_text`` has that one,
        and is NULL elsewhere. Other roles that rules ask for have their text.
    has_own_ids : bool
        Whether each row is known to have an order id that no other row of its customer has. No row is a copy of
        another then, and ``h`` is NULL.
    is_good : bool
        Whether every row is known to have a customer, a day, and all numbers.
    """

    profile: Profile
    texts: frozenset[str]
    source: str
    has_own_ids: bool = False
    is_good: bool = False


@dataclass(frozen=True)
class _Column:
    """A column of dates or numbers: its role, its place among them, and SQL of its text, the clean value, the rest."""

    role: str
    place: int
    written: str
    clean: str
    text: str

    @property
    def name(self) -> str:
        return name_of(self.role)

    @property
    def is_date(self) -> bool:
        return self.role in _DATES

    @property
    def mark(self) -> str:
        """Return the name of the day or the form, which is NULL where the text has to wait."""
        return f"{self.name}_{'day' if self.is_date else 'form'}"

    @property
    def value(self) -> str:
        """Return the name of the clean value."""
        return self.mark if self.is_date else f"{self.name}_units"

    def value_sql(self, *, may_wait: bool) -> str:
        """Return SQL for the clean value; a text that has to wait ends the query where none may."""
        units = self.mark if self.is_date else f"CAST({self.name}_d * {MONEY_SCALE} AS BIGINT)"
        other = "" if may_wait else f" WHEN {self.text} IS NOT NULL THEN error('{_WAITS}')"
        return f"CASE WHEN {self.mark} IS NOT NULL THEN {units}{other} END AS {self.value}"

    @property
    def flag(self) -> int:
        """Return the bit that tells a number with a point."""
        return 0 if self.is_date else 1 << self.place


def name_of(role: str) -> str:
    """Return the name under which the values of a role are read."""
    return _NAMES.get(role, role)


def load_rows(
    database: Database, raw: RawRows, match: ColumnMatch, options: IntakeOptions, *, as_text: bool = False
) -> LoadedRows:
    """Read all rows of a source into a table, and look at all of them.

    A clean log is read at the first attempt, without what its table would have for nothing: a column of texts, and the
    hashes by which copies of rows are found.

    Parameters
    ----------
    database : Database
        Where they are read.
    raw, match, options
        The source, its columns, and how it is read.
    as_text : bool
        Whether all dates and numbers stay text, as where others of their column decide that it is written otherwise.
    """
    columns = []
    for place, role in enumerate(role for role in (*_DATES, *_NUMBERS) if role in match.positions):
        clean = _NOTHING if as_text else _clean_sql(database, raw, match, options, role)
        written = written_sql(match, role)
        text = f"{name_of(role)}_v"
        is_plain = raw.is_plain and written == f"c{match.positions[role]}"
        columns.append(_Column(role, place, written, clean, text if is_plain else trim_sql(text)))
    kept = {**_ids_sql(raw, match), **_words_sql(raw, match, options)}
    may_wait, has_hash = as_text, bool(raw.files) or not _seem_own(database, raw, match, options)
    while True:
        try:
            database.create_table(LOADED, _rows_sql(raw, columns, kept, may_wait=may_wait, has_hash=has_hash))
        except engine_error() as error:
            if may_wait or _WAITS not in str(error):
                raise
            may_wait = True
            continue
        if has_hash or _are_own(database, LOADED, ("customer_id", "order_id")):
            return _look_at_rows(database, columns, kept, has_texts=may_wait, has_own_ids=not has_hash)
        has_hash = True


def _rows_sql(
    raw: RawRows, columns: Sequence[_Column], kept: Mapping[str, str], *, may_wait: bool, has_hash: bool
) -> str:
    """Return the query of the rows as they are kept.

    One column has all texts that wait, since each column costs, even an empty one.
    """
    numbers = [one for one in columns if not one.is_date]
    texts = {**kept, **{f"{one.name}_v": one.written for one in columns}}
    texts |= {f"{one.name}_d": f"try_cast({one.written} AS DECIMAL(18, 4))" for one in numbers}
    read = ", ".join(f"{sql} AS {name}" for name, sql in texts.items())
    marks = ", ".join(f"{one.clean} AS {one.mark}" for one in columns)
    last = day_number(today()) + 1
    dates = [one.mark for one in columns if one.is_date]
    days = ", ".join(f"CASE WHEN {day} BETWEEN 0 AND {last} THEN {day} END AS {day}" for day in dates)
    listed = [*kept, *(one.value_sql(may_wait=may_wait) for one in columns), *(["h"] if has_hash else [])]
    if may_wait:
        forms = " + ".join(f"CASE WHEN {one.mark} = 2 THEN {one.flag} ELSE 0 END" for one in numbers)
        is_waiting = " OR ".join(f"{one.mark} IS NULL" for one in columns)
        waiting = ", ".join(f"CASE WHEN {one.mark} IS NULL THEN {one.text} END" for one in columns)
        listed.append(f"CASE WHEN {is_waiting} THEN [{waiting}] END AS texts")
        listed.append(f"CAST({forms or 0} AS UTINYINT) AS forms")
    return (
        f"SELECT {', '.join(listed)}{raw.columns_beside} FROM (SELECT * REPLACE ({days}) FROM "
        f"(SELECT *, {marks} FROM (SELECT {read}, {raw.hash_sql} AS h{raw.columns_beside} FROM {raw.sql})))"
    )


def _seem_own(database: Database, raw: RawRows, match: ColumnMatch, options: IntakeOptions) -> bool:
    """Tell whether the first rows have order ids of their own, so that the others may have some, too."""
    if "order_id" not in match.positions or options.fold_case or options.fold_ids:
        return False
    ids = [f"c{match.positions[role]}" for role in ("customer_id", "order_id")]
    return _are_own(database, f"(SELECT {', '.join(ids)} FROM {raw.sql} LIMIT {_FEW})", ids)


def _are_own(database: Database, rows: str, ids: Sequence[str]) -> bool:
    """Tell whether no two rows have the same customer and order, and each has an order.

    Ids that ascend or descend from row to row, as those of most exports do, are different, and need not be counted.
    """
    customer, order = ids
    [(count, given)] = database.rows_of(f"SELECT count(*), count({order}) FROM {rows}")
    if given < count or not count:
        return False
    compared = f"SELECT {order} AS own, lag({order}) OVER () AS last FROM {rows}"
    for sign in "><":
        is_step = f"last IS NOT NULL AND (length(own), own) {sign} (length(last), last)"
        [(steps,)] = database.rows_of(f"SELECT count(*) FILTER ({is_step}) FROM ({compared})")
        if steps == count - 1:
            return True
    [(different,)] = database.rows_of(f"SELECT count(DISTINCT hash({customer}, {order})) FROM {rows}")
    return bool(different == count)


def _look_at_rows(
    database: Database, columns: Sequence[_Column], kept: Collection[str], *, has_texts: bool, has_own_ids: bool
) -> LoadedRows:
    """Count the shapes of the values of all rows."""
    given = ["customer_id", *(one.value for one in columns)]
    [(rows, customers, *values)] = database.rows_of(
        f"SELECT count(*), {', '.join(f'count({name})' for name in given)} FROM {LOADED}"
    )
    texts, points = [0] * len(columns), [0] * len(columns)
    if has_texts:  # where nothing waits, numbers with a point are as good as those without
        counted = [f"count(texts[{one.place + 1}]), count(*) FILTER (forms & {one.flag} > 0)" for one in columns]
        [row] = database.rows_of(f"SELECT {', '.join(counted)} FROM {LOADED}")
        texts, points = list(row[::2]), list(row[1::2])
    found: dict[str, dict[str, int]] = {}
    is_complete = True
    for one, clean, more, pointed in zip(columns, values, texts, points, strict=True):
        waiting = f"(SELECT texts[{one.place + 1}] AS v FROM {LOADED})"
        shapes, is_all = count_shapes(database, one.role, waiting) if more else ({}, True)
        is_complete &= is_all
        known = {CANONICAL_SHAPE: clean} if one.is_date else {WHOLE_SHAPE: clean - pointed, DECIMAL_SHAPE: pointed}
        known = {shape: shapes.get(shape, 0) + count for shape, count in known.items()}
        counts = (shapes | known).items()
        found[one.role] = {shape: count for shape, count in counts if count and not is_missing(shape)}
    names = frozenset(one.name for one, more in zip(columns, texts, strict=True) if more)
    source = _source(columns, [*kept, *([] if has_own_ids else ["h"])], names)
    is_good = {customers, *values} == {rows}
    return LoadedRows(Profile(rows, found, is_complete), names, source, has_own_ids, is_good)


def _source(columns: Sequence[_Column], kept: Collection[str], texts: Collection[str]) -> str:
    """Return the query of the rows, with what the table does not have since it would be empty."""
    waiting = {one.name: f"texts[{one.place + 1}]" for one in columns if one.name in texts}
    names = dict.fromkeys(("ordered", "amount", "quantity", *(one.name for one in columns)))
    listed = [f"{waiting.get(name, 'CAST(NULL AS VARCHAR)')} AS {name}_text" for name in names]
    listed += [f"CAST(NULL AS VARCHAR) AS {name}" for name in IDS if name not in kept]
    listed += ["CAST(NULL AS UBIGINT) AS h"] if "h" not in kept else []
    return f"(SELECT rowid, *, {', '.join(listed)} FROM {LOADED})"


def count_shapes(database: Database, role: str, source: str) -> tuple[dict[str, int], bool]:
    """Count the shapes of the texts ``v`` of a query, and tell whether these are all.

    A shape has digits as 9; all that a clean log has are one or two, each with one letter.
    """
    query = (
        f"SELECT translate(v, '012345678', '999999999') AS s, count(*) AS n FROM {source} WHERE v IS NOT NULL "
        f"GROUP BY s ORDER BY n DESC, s LIMIT {_SHAPES_KEPT}"
    )
    listed = database.rows_of(query)
    found: dict[str, int] = {}
    for shape, count in listed:
        known = (one for one, pattern in _CLEAN[role in _DATES].items() if re.fullmatch(pattern, shape, re.ASCII))
        name = next(known, str(shape))
        found[name] = found.get(name, 0) + int(count)
    return found, len(listed) < _SHAPES_KEPT


_CLEAN = ({WHOLE_SHAPE: WHOLE, DECIMAL_SHAPE: DECIMAL}, {CANONICAL_SHAPE: CANONICAL})


def written_sql(match: ColumnMatch, role: str) -> str:
    """Return SQL for a text as it is written, but for the sign of a percentage."""
    column = f"c{match.positions[role]}"
    return f"replace({column}, '%', '')" if role == "discount" else column


def _ids_sql(raw: RawRows, match: ColumnMatch) -> dict[str, str]:
    """Return SQL for the ids."""
    columns = {role: f"c{match.positions[role]}" for role in IDS if role in match.positions}
    return {role: _settled_sql(raw, column, id_sql(column, raw.is_escaped)) for role, column in columns.items()}


def _settled_sql(raw: RawRows, column: str, settled: str) -> str:
    """Return SQL for a text that is ``settled`` where it has to be; most need nothing done to them."""
    return column if raw.is_plain else f"CASE WHEN {is_plain_sql(column)} THEN {column} ELSE {settled} END"


def id_sql(column: str, is_escaped: bool) -> str:
    """Return SQL for an id: trimmed, and without the apostrophe that our own files put before a formula sign."""
    value = trim_sql(column)
    if not is_escaped:
        return value
    sign = (
        f"starts_with({value}, '''') AND regexp_matches(substr({value}, 2), {quote_text(FORMULA)}) "
        f"AND NOT regexp_full_match(substr({value}, 2), {quote_text(NUMBER_OR_PHONE)})"
    )
    return f"CASE WHEN {sign} THEN substr({value}, 2) ELSE {value} END"


def _words_sql(raw: RawRows, match: ColumnMatch, options: IntakeOptions) -> dict[str, str]:
    """Return SQL for the texts that rules ask for as they are."""
    places = {f"{role}_text": match.positions[role] for role in (*WORDS, "currency") if role in match.positions}
    if "description" in match.positions:
        places["description"] = match.positions["description"]
    if options.group_column is not None:
        places["group_value"] = find_group(match.headers, options.group_column)
    columns = {name: f"c{place}" for name, place in places.items()}
    return {name: _settled_sql(raw, column, trim_sql(column)) for name, column in columns.items()}


def _clean_sql(database: Database, raw: RawRows, match: ColumnMatch, options: IntakeOptions, role: str) -> str:
    """Return SQL for the day of a clean date, or the form of a clean number; NULL for what has to wait."""
    value = f"{name_of(role)}_v"
    if role in _DATES:
        return _clean_day_sql(value, _first_value(database, raw, written_sql(match, role)), is_plain=raw.is_plain)
    if options.decimal == "," or options.rates or options.rate_before:
        return _NOTHING
    digits = _FEW_DIGITS if match.money == "unit_price" else _MOST_DIGITS
    number = f"{name_of(role)}_d"
    kinds = ((1, f"DECIMAL({digits}, 0)"), (2, f"DECIMAL({digits + 2}, 2)"))
    cases = [(f"CAST(try_cast({number} AS {kind}) AS VARCHAR) = {value}", form) for form, kind in kinds]
    cases = cases if role == "quantity" else cases[::-1]
    patterns = [(pattern.replace("13", str(digits)), form) for pattern, form in ((WHOLE, 1), (DECIMAL, 2))]
    cases += [(f"regexp_full_match({value}, '{pattern}')", form) for pattern, form in patterns]
    found = " ".join(f"WHEN {condition} THEN {form}" for condition, form in cases)
    return f"CASE WHEN {number} IS NULL THEN NULL {found} END"


def _first_value(database: Database, raw: RawRows, value: str) -> str:
    """Return the first text of a column, empty where there is none."""
    found = database.rows_of(f"SELECT v FROM (SELECT {value} AS v FROM {raw.sql}) WHERE v IS NOT NULL LIMIT 1")
    return str(found[0][0]) if found else ""


def _clean_day_sql(value: str, first: str, *, is_plain: bool) -> str:
    """SQL for the day of a clean date; most are written as the first one is, which is known without a pattern."""
    if not re.fullmatch(CANONICAL, first):
        return _NOTHING
    own = clock_form(CANONICAL_NAME, re.sub("[0-8]", "9", first))
    strptime = f"try_strptime({value}, '{own}')" if is_plain else strict_strptime_sql(value, own)
    stamps = [strptime] if own else []
    stamps.append(f"CASE WHEN regexp_full_match({value}, '{CANONICAL}') THEN try_cast({value} AS TIMESTAMP) END")
    return f"CAST(CAST(coalesce({', '.join(stamps)}) AS DATE) - DATE '1970-01-01' AS INTEGER)"
