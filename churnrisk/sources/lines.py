"""Rows that are no purchase rows by themselves: continuation lines and rows of totals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from churnrisk.engines import Database, engine_error
from churnrisk.messages import wording
from churnrisk.sources.aliases import TOTALS
from churnrisk.sources.columns import ColumnMatch
from churnrisk.sources.missing import Row
from churnrisk.sources.raw import RawRows
from churnrisk.sources.sql import quote_text, trim_sql
from churnrisk.sources.text import number_rows

_IN_TAIL = re.compile(
    rf"(?:^|[\n\r,;\t|\"])\s*(?:{'|'.join(map(re.escape, TOTALS))})\s*:?\s*(?=[\",;\t|\r\n]|$)", re.IGNORECASE
)
_TAIL = 1 << 16
_SAMPLE = 1000
_FEW = 500_000  # so many rows are looked through whole where no end of a text file can be looked at
_ORDER_ROLES = (
    *("customer_id", "ordered_at", "order_id", "order_status", "payment_status", "currency", "email", "phone"),
    *("cancelled_at", "is_captured", "is_valid", "is_live", "row_type"),
)
_NEED_VALUES = ("customer_id", "ordered_at", "amount", "order_id", "quantity", "unit_price", "currency")
_STATUS = "order_status"
_TABLE = "settled_rows"

_CONTINUED = wording("{number} rows continue the order of a row above them, and have its customer, date and order id.")
_SUMS = wording("{number} rows of totals ({names}) were passed over, in {other}.")


def sample_rows(raw: RawRows, database: Database) -> Sequence[Row]:
    """Return some rows of a source, the first ones where it has an order."""
    fields = ", ".join(f"c{place}" for place in range(len(raw.headers)))
    try:
        return database.connection.execute(f"SELECT {fields} FROM {raw.sql} LIMIT {_SAMPLE}").fetchall()
    except engine_error():
        return sample_rows(raw.fallback(), database) if raw.fallback else []


def settle_lines(raw: RawRows, match: ColumnMatch, database: Database, *, rows: int, undated: int) -> RawRows:
    """Return purchase rows only; the source itself where all of its rows are some.

    A **continuation line** has no date, and no customer or the order id of the row above, as exports write the further
    lines of an order; it takes what the first line of its order says about the order. A **row of totals** has a word
    such as *Total* in the place of the customer or the order, or in its first cells where it has no customer; it is
    passed over.

    Parameters
    ----------
    raw : RawRows
        The rows, known to be cut rightly.
    match : ColumnMatch
        Their columns.
    database : Database
        Where they are read.
    rows, undated : int
        How many rows there are, and how many have no date.
    """
    settled = _set_odd_aside(raw, match, database) if raw.odd else raw
    settled = _pass_totals(settled, match, database, rows=rows)
    has_blank = bool(raw.texts) and _has_blank_status(raw, match, database)
    if raw.texts and (undated or has_blank):
        settled = _continue_orders(settled, match, database, has_blank=has_blank)
    return settled


def _is_export(raw: RawRows) -> bool:
    """Tell whether the rows are no Parquet, which programs write, and which every engine reads alike."""
    return "Parquet" not in raw.format


def _keep(raw: RawRows, query: str, database: Database, *notices: str) -> RawRows:
    """Keep the rows of a query, which has the columns of ``raw`` and their lines, in place of it."""
    number = raw.sql.removeprefix(_TABLE) if raw.sql.startswith(_TABLE) else "0"
    table = f"{_TABLE}{int(number) + 1}"
    database.connection.execute(f"CREATE TABLE {table} AS {query}")
    if raw.sql.startswith(_TABLE):
        database.connection.execute(f"DROP TABLE {raw.sql}")
    said = (*raw.notices, *notices)
    return replace(raw, sql=table, has_lines=True, notices=said, fallback=None, expected_rows=None)


def _set_odd_aside(raw: RawRows, match: ColumnMatch, database: Database) -> RawRows:
    """Set aside the rows in which a column that is used has a cell that is no value."""
    numbered, file = number_rows(raw).sql, _file(raw)
    database.connection.execute(f"CREATE OR REPLACE TABLE odd_cells AS {_odd_sql(raw, match)}")
    odd = database.create_table(
        "odd_rows",
        "SELECT file, line, min(name) AS name, min(value) AS value, min(reason) AS reason FROM odd_cells "
        f"SEMI JOIN (SELECT {file} AS file, line FROM {numbered}) USING (file, line) GROUP BY file, line",
    )
    if not database.rows_of(f"SELECT 1 FROM {odd} LIMIT 1"):
        return raw
    raw = raw.without(f"SELECT {raw.file_sql}, line, name, value, reason, 'rejected' FROM {odd}")
    return _keep(
        raw, f"SELECT * FROM {numbered} WHERE ({file}, line) NOT IN (SELECT file, line FROM odd_cells)", database
    )


def _odd_sql(raw: RawRows, match: ColumnMatch) -> str:
    """Return SQL for the cells that are no value, with the headers of their columns."""
    fields = "{'line': 'BIGINT', 'place': 'INTEGER', 'value': 'VARCHAR', 'reason': 'VARCHAR'}"
    dialect = "auto_detect=false, header=false, delim=',', quote='\"', escape='\"'"
    selects = ["SELECT 0 AS file, 0 AS line, '' AS name, '' AS value, '' AS reason WHERE false"]
    for number, path, places in raw.odd:
        used = [role for role in _NEED_VALUES if match.positions.get(role, -2) in places]
        here = {places.index(match.positions[role]): match.names[role] for role in used}
        cases = " ".join(f"WHEN {place} THEN {quote_text(header)}" for place, header in here.items())
        source = f"read_csv({quote_text(str(path))}, {dialect}, columns={fields})"
        where = f"place IN ({', '.join(map(str, here))})"
        if here:
            selects.append(f"SELECT {number}, line, CASE place {cases} END, value, reason FROM {source} WHERE {where}")
    return " UNION ALL ".join(selects)


def _file(raw: RawRows) -> str:
    return "file" if raw.files else "0"


def _cell(match: ColumnMatch, role: str) -> str:
    """Return SQL for the trimmed text of a role; NULL where there is no such column."""
    return trim_sql(f"c{match.positions[role]}") if role in match.positions else "CAST(NULL AS VARCHAR)"


def _fields(raw: RawRows) -> list[str]:
    return [f"c{place}" for place in range(len(raw.headers))]


def _pass_totals(raw: RawRows, match: ColumnMatch, database: Database, *, rows: int) -> RawRows:
    if not _may_have_totals(raw, rows):
        return raw
    numbered = number_rows(raw)
    is_total, is_lone = _total_sql(raw, match)
    file, word = _file(raw), _word_sql(raw, match)
    query = f"SELECT {file}, line, {word}, {is_lone} FROM {numbered.sql} WHERE {is_total} ORDER BY 1, 2"
    found = database.connection.execute(query).fetchall()
    lone = Counter(word for *_, word, needs_lone in found if needs_lone)
    found = [one for one in found if not one[3] or lone[one[2]] == 1]
    if not found:
        return raw
    places = [(f"{raw.files[number]}, " if raw.files else "") + f"line {line}" for number, line, *_ in found]
    listed = "; ".join(places[:5]) + (f" and {len(places) - 5} more" if len(places) > 5 else "")
    words = ", ".join(dict.fromkeys(str(word) for _, _, word, _ in found))
    gone = ", ".join(f"({number}, {line})" for number, line, *_ in found)
    kept = f"SELECT * FROM {numbered.sql} WHERE ({file}, line) NOT IN ({gone})"
    return _keep(raw, kept, database, _SUMS.format(number=len(found), names=words, other=listed))


def _may_have_totals(raw: RawRows, rows: int) -> bool:
    """Look at the ends of text files, where a sum stands; other sources are looked through where they are small."""
    if not raw.texts:
        return rows <= _FEW and _is_export(raw)
    for path in raw.texts:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            if _IN_TAIL.search(file.read().decode("utf-8", "ignore")):
                return True
    return False


def _is_word(text: str) -> str:
    words = ", ".join(map(quote_text, TOTALS))
    return f"coalesce(lower(rtrim({text}, ': ')) IN ({words}), false)"


def _first_cells(raw: RawRows) -> list[str]:
    return [trim_sql(cell) for cell in _fields(raw)[:3]]


def _word_sql(raw: RawRows, match: ColumnMatch) -> str:
    cells = [_cell(match, "customer_id"), _cell(match, "order_id"), *_first_cells(raw)]
    return f"CASE {' '.join(f'WHEN {_is_word(cell)} THEN {cell}' for cell in cells)} END"


def _total_sql(raw: RawRows, match: ColumnMatch) -> tuple[str, str]:
    """Return SQL that is true for rows of totals, and for those of them that are some only if there is no other."""
    customer, order, product = (_cell(match, role) for role in ("customer_id", "order_id", "product_id"))
    dated = f"({_cell(match, 'ordered_at')} IS NOT NULL AND NOT {_is_word(_cell(match, 'ordered_at'))})"
    blank = " AND ".join(f"({cell} IS NULL OR {_is_word(cell)})" for cell in (order, product))
    elsewhere = " OR ".join(_is_word(cell) for cell in (order, *_first_cells(raw)))
    is_total = f"{blank} AND ({_is_word(customer)} OR ({customer} IS NULL AND ({elsewhere})))"
    has_order = "order_id" in match.positions
    return is_total, "false" if has_order else f"({_is_word(customer)} AND {dated})"


def _has_blank_status(raw: RawRows, match: ColumnMatch, database: Database) -> bool:
    """Tell whether some row has no status where the row above, of the same order, has one."""
    places = [match.positions.get(role) for role in ("order_status", "order_id")]
    if None in places:
        return False
    last: tuple[str, str] = ("", "")
    for row in sample_rows(raw, database):
        status, order = ((row[place] or "").strip() for place in places if place is not None)
        if order and not status and order == last[1] and last[0]:
            return True
        last = (status or last[0], order)
    return False


def _continue_orders(raw: RawRows, match: ColumnMatch, database: Database, *, has_blank: bool) -> RawRows:
    """Fill continuation lines with what the first line of their order says, and an absent amount with zero."""
    rows = _mark_rest(raw, match, has_blank=has_blank)
    [(count,)] = database.connection.execute(f"SELECT count(*) FROM ({rows}) WHERE is_rest AND head > 0").fetchall()
    if not count:
        return raw
    file = ", file" if raw.files else ""
    known = [match.positions[role] for role in _ORDER_ROLES if role in match.positions]
    filled = {place: f"first_value(c{place}) OVER w" for place in known}
    if "amount" in match.positions:
        filled[match.positions["amount"]] = "'0'"
    fields = [
        f"CASE WHEN is_rest AND head > 0 THEN coalesce({trim_sql(cell)}, {filled[place]}) ELSE {cell} END AS {cell}"
        if place in filled
        else cell
        for place, cell in enumerate(_fields(raw))
    ]
    kept = (
        f"SELECT {', '.join(fields)}, line{file} FROM ({rows}) WINDOW w AS (PARTITION BY head{file} ORDER BY line) "
        f"ORDER BY {'file, ' if raw.files else ''}line"
    )
    return _keep(raw, kept, database, _CONTINUED.format(number=count))


def _mark_rest(raw: RawRows, match: ColumnMatch, *, has_blank: bool) -> str:
    """Return SQL for the rows with ``is_rest``, and with ``head``, which numbers the rows that continue no other."""
    window = f"OVER ({'PARTITION BY file ' if raw.files else ''}ORDER BY line)"
    customer, day, order = (_cell(match, role) for role in ("customer_id", "ordered_at", "order_id"))
    others = [cell for place, cell in enumerate(_fields(raw)) if place not in match.positions.values()]
    others += [f"c{match.positions[role]}" for role in ("product_id", "category") if role in match.positions]
    says_what = f"regexp_matches(concat_ws(' ', {', '.join(others)}), '\\p{{L}}')" if others else "false"
    is_blank = f"({day} IS NULL{f' OR {_cell(match, _STATUS)} IS NULL' if has_blank else ''})"
    is_rest = (
        f"({day} IS NULL AND {customer} IS NULL AND {order} IS NULL AND {says_what}) "
        f"OR coalesce({order} = order_above AND {is_blank} "
        f"AND coalesce({customer} = customer_above, true), false)"
    )
    lags = f"lag({order}) {window} AS order_above, lag({customer}) {window} AS customer_above"
    above = f"SELECT *, {lags} FROM {number_rows(raw).sql}"
    marked = f"SELECT *, {is_rest} AS is_rest FROM ({above})"
    return f"SELECT *, count(*) FILTER (NOT is_rest) {window} AS head FROM ({marked})"
