"""Files with one row per customer: lists of ids, and summaries of what each customer has bought."""

from __future__ import annotations

from typing import Any

import numpy as np

from churnrisk.engines import Database, engine_error
from churnrisk.errors import SourceError
from churnrisk.orders.account import say_floats
from churnrisk.orders.cells import plan_day, plan_number
from churnrisk.orders.load import id_sql
from churnrisk.orders.report import EXAMPLES, VALUE_LENGTH, IntakeReport
from churnrisk.orders.rows import (
    count_kinds,
    count_reasons,
    create_set_aside,
    enforce_limit,
    first_rejects,
    load_rejects,
)
from churnrisk.schema import MONEY_SCALE
from churnrisk.sources import (
    ColumnMatch,
    IntakeOptions,
    RawRows,
    name_ignored,
    own_sql,
    quote_text,
    trim_sql,
)

_DATES = {"first_order_on": "first_order_day", "last_order_on": "last_order_day"}
_NUMBERS = ("days_since_last_order", "tenure_days", "order_count", "mean_order_amount")
_MAY_BE_EMPTY = ("mean_order_amount",)


def list_ids(
    raw: RawRows, match: ColumnMatch, database: Database, options: IntakeOptions
) -> tuple[list[str], IntakeReport]:
    """Return each customer id of a file once, in the order of the file."""
    _load(raw, match, database, [], options)
    _set_repeats_aside(raw, database, "duplicate", "the customer stands in the list already")
    report = _make_report(raw, match, database, options)
    query = "SELECT customer_id FROM customer_rows WHERE issue = '' ORDER BY rowid"
    return [str(row[0]) for row in database.connection.execute(query).fetchall()], report


def read_summary(
    raw: RawRows, match: ColumnMatch, database: Database, options: IntakeOptions
) -> tuple[dict[str, np.ndarray], IntakeReport]:
    """Return the columns of a summary per customer as arrays, in the order of the file."""
    present = [role for role in (*_NUMBERS, *_DATES) if role in match.positions]
    read = [_value_sql(role, raw, match, database, options) for role in present]
    _load(raw, match, database, read, options)
    _set_repeats_aside(raw, database, "rejected", "a second row of the same customer")
    report = _make_report(raw, match, database, options)
    names = [_DATES.get(role, role) for role in present]
    columns = ", ".join(["customer_id", *(f"CAST({name} AS DOUBLE) AS {name}" for name in names)])
    query = f"SELECT {columns} FROM customer_rows WHERE issue = '' ORDER BY rowid"
    fetched = database.connection.execute(query).fetchnumpy()
    arrays = {name: _plain(values) for name, values in fetched.items()}
    for name in names:
        if name in _NUMBERS:
            arrays[name] = arrays[name] / MONEY_SCALE
    return arrays, report


def _plain(values: Any) -> np.ndarray:
    if values.dtype == object:
        return np.asarray(values, dtype=object)
    return np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)


def _value_sql(
    role: str, raw: RawRows, match: ColumnMatch, database: Database, options: IntakeOptions
) -> tuple[str, str, str, str]:
    """Return the name, the SQL of the value, the SQL of the text, and the user's header of a column."""
    place = match.positions[role]
    text = trim_sql(f"c{place}")
    if role in _DATES:
        return _DATES[role], plan_day(text, raw, database, options).value, text, match.headers[place]
    is_typed = place in raw.typed
    number = plan_number(text, raw, database, options, what=role, is_typed=is_typed).value
    return role, number, text, match.headers[place]


def _load(
    raw: RawRows,
    match: ColumnMatch,
    database: Database,
    read: list[tuple[str, str, str, str]],
    options: IntakeOptions,
) -> None:
    """Make the table ``customer_rows``; ``issue`` is empty for a good row, else the header of the offending column."""
    create_set_aside(database, load_rejects(raw))
    customer = match.headers[match.positions["customer_id"]]
    identity = id_sql(f"c{match.positions['customer_id']}", raw.is_escaped)
    columns = [
        f"{own_sql(identity, database, options)} AS customer_id",
        f"{raw.hash_sql} AS h",
        *(f"{value} AS {name}" for name, value, _, _ in read),
    ]
    texts = [f"{text} AS t{k}" for k, (_, _, text, _) in enumerate(read)]
    cases = [f"WHEN customer_id IS NULL THEN {quote_text(customer)}"]
    values = ["WHEN customer_id IS NULL THEN NULL"]
    # a customer without an order has no days to tell
    is_buyer = "order_count IS DISTINCT FROM 0" if "order_count" in match.positions else "true"
    for k, (name, _, _, header) in enumerate(read):
        bad = f"{name} IS NULL"
        if name in _MAY_BE_EMPTY:
            bad += f" AND t{k} IS NOT NULL"
        elif name != "order_count":
            bad += f" AND (t{k} IS NOT NULL OR {is_buyer})"
        if name not in _MAY_BE_EMPTY:
            bad += f" OR {name} < 0"
        cases.append(f"WHEN {bad} THEN {quote_text(header)}")
        values.append(f"WHEN {bad} THEN t{k}")
    inner = f"SELECT {', '.join([*columns, *texts])}{raw.columns_beside} FROM {raw.sql}"
    try:
        database.connection.execute(
            f"CREATE TABLE customer_rows AS SELECT *, CASE {' '.join(cases)} ELSE '' END AS issue, "
            f"CASE {' '.join(values)} END AS value FROM ({inner})"
        )
    except engine_error() as error:
        raise SourceError(f"cannot read {raw.name}: {error}") from error
    _set_bad_aside(raw, database, options)


def _set_bad_aside(raw: RawRows, database: Database, options: IntakeOptions) -> None:
    database.connection.execute(
        f"INSERT INTO set_aside SELECT {raw.file_sql}, {raw.line_sql}, issue, left(value, {VALUE_LENGTH}), "
        "if(customer_id IS NULL, 'no customer id', 'not a number or date that can be'), "
        "if(customer_id IS NULL, 'without_customer', 'rejected') FROM customer_rows WHERE issue <> ''"
    )
    if options.pseudonym_key is not None:  # where columns are shifted, any value may be an id
        database.connection.execute("UPDATE set_aside SET value = '' WHERE value <> ''")


def _set_repeats_aside(raw: RawRows, database: Database, kind: str, reason: str) -> None:
    """Keep the first good row of each customer; exact copies of it count as duplicates, others as ``kind``."""
    connection = database.connection
    place = f"{raw.file_sql}, {raw.line_sql.replace('rowid', 'customer_rows.rowid')}"
    connection.execute(
        "CREATE TABLE repeats AS SELECT rowid AS row, first_value(h) OVER same = h AS is_copy FROM customer_rows "
        "WHERE issue = '' WINDOW same AS (PARTITION BY customer_id ORDER BY rowid) "
        "QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY rowid) > 1"
    )
    connection.execute(
        f"INSERT INTO set_aside SELECT {place}, '', left(customer_id, {VALUE_LENGTH}), "
        f"if(is_copy, 'an exact copy of an earlier row', {quote_text(reason)}), if(is_copy, 'duplicate', '{kind}') "
        "FROM customer_rows JOIN repeats ON customer_rows.rowid = repeats.row"
    )
    connection.execute("UPDATE customer_rows SET issue = 'repeat' WHERE rowid IN (SELECT row FROM repeats)")


def _make_report(raw: RawRows, match: ColumnMatch, database: Database, options: IntakeOptions) -> IntakeReport:
    connection = database.connection
    [(rows_in,)] = connection.execute("SELECT count(*) FROM customer_rows").fetchall()
    unread = load_rejects(raw)
    rows_in += database.rows_of(f"SELECT count(*) FROM ({unread})")[0][0] if unread else 0
    kinds = count_kinds(database)
    considered = int(rows_in) - kinds.get("without_customer", 0)
    enforce_limit(database, raw.name, considered=considered, limit=options.reject_limit)
    rejected, anonymous, duplicates = (kinds.get(kind, 0) for kind in ("rejected", "without_customer", "duplicate"))
    used = int(rows_in) - rejected - anonymous - duplicates
    if not used:
        raise SourceError(
            f"{raw.name} has {rows_in} rows and no customer that can be used.", code="source.no_usable_rows"
        )
    return IntakeReport(
        source=raw.name,
        format=raw.format,
        rows_in=int(rows_in),
        rows_used=used,
        rows_rejected=rejected,
        duplicates_dropped=duplicates,
        rows_without_customer=anonymous,
        reasons=count_reasons(database),
        orders=0,
        purchases=0,
        returns=0,
        return_rows=0,
        zero_orders=0,
        customers=used,
        first_on="",
        last_on="",
        columns=match.names,
        ignored_columns=match.ignored,
        notices=(*raw.notices, *say_floats(raw.floats, match), *name_ignored(match)),
        rejected_rows=first_rejects(database, EXAMPLES),
    )
