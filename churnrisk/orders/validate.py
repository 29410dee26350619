"""Check every row by fixed rules; a row that breaks one is set aside with line, column, value and reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from churnrisk.engines import Database
from churnrisk.errors import TooManyRejects
from churnrisk.orders import dates, numbers
from churnrisk.orders.columns import ColumnMatch
from churnrisk.orders.dates import DatePlan
from churnrisk.orders.numbers import NumberPlan
from churnrisk.orders.options import IntakeOptions
from churnrisk.orders.raw import RawRows
from churnrisk.orders.report import VALUE_LENGTH, RejectedRow
from churnrisk.orders.sql import fill_value, quote_text, trim_sql
from churnrisk.schema import MONEY_LIMIT
from churnrisk.timeline import day_number

ISSUES = {
    1: ("customer_id", "a header repeated among the rows"),
    2: ("customer_id", "no customer id"),
    3: ("ordered_at", "no date"),
    4: ("ordered_at", "not a date of the column's format, {date_format}"),
    5: ("ordered_at", "a date or time that does not exist"),
    6: ("ordered_at", "a date before 1970"),
    7: ("ordered_at", "a date in the future"),
    8: ("amount", "no amount"),
    9: ("amount", "not a finite number"),
    10: ("amount", "not a number with the column's decimal sign, {decimal}"),
    11: ("amount", f"an amount beyond {MONEY_LIMIT:.0e}"),
    12: ("quantity", "not a number"),
}
"""Number of an issue: the role of its column and the reason; a row has the first issue that it meets."""

NO_CUSTOMER = 2
_SHAPES_KEPT = 5000


@dataclass(frozen=True)
class Profile:
    """What all rows together say: how many there are, and the shapes of dates, amounts and quantities."""

    rows: int
    shapes: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Plans:
    """How each kind of value is read."""

    dates: DatePlan
    amounts: NumberPlan | None
    quantities: NumberPlan | None


def profile_rows(database: Database, raw: RawRows, match: ColumnMatch) -> Profile:
    """Count the rows and the shapes of their values, in one pass over the whole source."""
    roles = [role for role in ("ordered_at", "amount", "quantity") if role in match.positions]
    shapes = [f"{shape_sql(role, trim_sql(f'c{match.positions[role]}'))} AS s{k}" for k, role in enumerate(roles)]
    sets = ", ".join(["()", *(f"(s{k})" for k in range(len(roles)))])
    names = [f"s{k}" for k in range(len(roles))]
    marks = [f"grouping({name})" for name in names]
    query = (
        f"SELECT {', '.join([*names, *marks, 'count(*) AS n', 'bit_xor(h)'])} FROM "
        f"(SELECT {', '.join([*shapes, raw.hash_sql + ' AS h'])} FROM {raw.sql}) "
        f"GROUP BY GROUPING SETS ({sets}) ORDER BY n DESC LIMIT {_SHAPES_KEPT * 3}"
    )  # the hash of all columns makes the reader look at all of them
    found: dict[str, dict[str, int]] = {role: {} for role in roles}
    rows = 0
    width = len(roles)
    for row in database.connection.execute(query).fetchall():
        kept = [k for k in range(width) if row[width + k] == 0]
        if not kept:
            rows = int(row[2 * width])
        elif row[kept[0]] is not None:
            found[roles[kept[0]]][row[kept[0]]] = int(row[2 * width])
    return Profile(rows, found)


def shape_sql(role: str, value: str) -> str:
    """Give SQL for the shape of a text: digits as 9, or one letter for what a clean log has."""
    digits = f"translate({value}, '012345678', '999999999')"
    if role == "ordered_at":
        is_clean = f"regexp_full_match({value}, '{dates.CANONICAL}')"
        return f"CASE WHEN {is_clean} THEN '{dates.CANONICAL_SHAPE}' ELSE {digits} END"
    return (
        f"CASE WHEN regexp_full_match({value}, '{numbers.DECIMAL}') THEN '{numbers.DECIMAL_SHAPE}' "
        f"WHEN regexp_full_match({value}, '{numbers.WHOLE}') THEN '{numbers.WHOLE_SHAPE}' ELSE {digits} END"
    )


def plan_values(
    database: Database, raw: RawRows, match: ColumnMatch, profile: Profile, options: IntakeOptions
) -> Plans:
    """Choose one format per column, by all of its rows."""

    def ask_column(role: str) -> dates.Ask:
        source = f"(SELECT {trim_sql(f'c{match.positions[role]}')} AS v FROM {raw.sql})"
        return lambda what: database.connection.execute(f"SELECT {what} FROM {source}").fetchall()

    def plan_number(role: str, decimal: str | None) -> NumberPlan | None:
        shapes = profile.shapes.get(role)
        if not shapes:
            return None
        sign = "." if match.positions[role] in raw.typed else decimal
        return numbers.decide_numbers(shapes, ask_column(role), decimal=sign, share=options.reject_limit, what=role)

    date_plan = dates.decide_dates(
        profile.shapes["ordered_at"],
        ask_column("ordered_at"),
        date_format=options.date_format,
        share=options.reject_limit,
    )
    amounts = plan_number("amount", options.decimal)
    decimal = amounts.decimal if amounts and options.decimal is None else options.decimal
    return Plans(date_plan, amounts, plan_number("quantity", decimal))


def check_rows(database: Database, raw: RawRows, match: ColumnMatch, plans: Plans, *, today: dt.date) -> None:
    """Make the table ``purchase_rows`` of read values; ``issue`` is 0 for a good row, else a key of ISSUES."""
    texts = {role: f"c{position}" for role, position in match.positions.items()}
    read = ["*"]
    day = fill_value(plans.dates.stamp, "ordered_text")
    read.append(f"CAST({day} AS DATE) - DATE '1970-01-01' AS day")
    for role, plan in (("amount", plans.amounts), ("quantity", plans.quantities)):
        units = fill_value(plan.units, f"{role}_text") if plan else "0"
        read.append(f"{units} AS {role}")
    line = ", line" if raw.has_lines else ""
    query = f"""CREATE OR REPLACE TABLE purchase_rows AS
        SELECT customer_id, order_id, product_id, category, CAST(day AS BIGINT) AS day,
            CAST(coalesce(amount, 0) AS BIGINT) AS amount, CAST(coalesce(quantity, 0) AS BIGINT) AS quantity,
            CAST(issue AS UTINYINT) AS issue,
            CASE WHEN issue = 0 THEN NULL WHEN issue <= {NO_CUSTOMER} THEN customer_id
                WHEN issue <= 7 THEN ordered_text WHEN issue <= 11 THEN amount_text
                ELSE quantity_text END AS value{line}
        FROM (SELECT *, {_issue_sql(match, plans, today)} AS issue
            FROM (SELECT {", ".join(read)} FROM (SELECT {_texts_sql(raw, texts)}{line} FROM {raw.sql})))"""
    database.connection.execute(query)


def _texts_sql(raw: RawRows, texts: Mapping[str, str]) -> str:
    none = "CAST(NULL AS VARCHAR)"
    ids = {
        role: id_sql(texts[role], is_escaped=raw.is_escaped) if role in texts else none
        for role in ("customer_id", "order_id", "product_id", "category")
    }
    values = {
        name: trim_sql(texts[role]) if role in texts else none
        for role, name in (("ordered_at", "ordered_text"), ("amount", "amount_text"), ("quantity", "quantity_text"))
    }
    return ", ".join(f"{sql} AS {name}" for name, sql in (ids | values).items())


def id_sql(column: str, *, is_escaped: bool) -> str:
    """Give SQL for an id: trimmed, and without the apostrophe that our own files put before a formula sign."""
    value = trim_sql(column)
    if not is_escaped:
        return value
    sign = f"starts_with({value}, '''') AND regexp_matches({value}, '^''[=+@\\t\\r-]')"
    return f"CASE WHEN {sign} THEN substr({value}, 2) ELSE {value} END"


def _issue_sql(match: ColumnMatch, plans: Plans, today: dt.date) -> str:
    headers = match.names
    repeated = (
        f"customer_id = {quote_text(headers['customer_id'].strip())} "
        f"AND ordered_text = {quote_text(headers['ordered_at'].strip())}"
    )
    cases = [
        (1, repeated),
        (2, "customer_id IS NULL"),
        (3, "ordered_text IS NULL"),
        (4, f"day IS NULL AND NOT coalesce({fill_value(plans.dates.matches, 'ordered_text')}, false)"),
        (5, "day IS NULL"),
        (6, "day < 0"),
        (7, f"day > {day_number(today) + 1}"),  # the shop may be a time zone ahead of us
    ]
    if not plans.dates.is_total:
        cases[3] = (4, f"NOT coalesce({fill_value(plans.dates.matches, 'ordered_text')}, false)")
    if plans.amounts:
        pattern = quote_text(numbers.number_pattern(plans.amounts.decimal))
        cases += [
            (8, "amount_text IS NULL"),
            (9, r"amount IS NULL AND regexp_matches(amount_text, '(?i)^[-+]?(nan|inf|infinity)$')"),
            (11, f"amount IS NULL AND regexp_matches(amount_text, {pattern})"),
            (10, "amount IS NULL"),
        ]
    if plans.quantities:
        cases.append((12, "quantity IS NULL AND quantity_text IS NOT NULL"))
    return "CASE " + " ".join(f"WHEN {condition} THEN {issue}" for issue, condition in cases) + " ELSE 0 END"


def set_aside(database: Database, raw: RawRows, match: ColumnMatch, plans: Plans) -> dict[str, int]:
    """Move the rows that have an issue to the table ``set_aside``; give how many each reason has."""
    line = "line" if raw.has_lines else f"rowid + {raw.first_line}"
    reasons = {issue: _reason(issue, plans) for issue in ISSUES}
    columns = {issue: match.names.get(role, role) for issue, (role, _) in ISSUES.items()}
    reason_sql = " ".join(f"WHEN {issue} THEN {quote_text(text)}" for issue, text in reasons.items())
    column_sql = " ".join(f"WHEN {issue} THEN {quote_text(name)}" for issue, name in columns.items())
    connection = database.connection
    connection.execute(
        f"INSERT INTO set_aside SELECT {line}, CASE issue {column_sql} END, left(value, {VALUE_LENGTH}), "
        f"CASE issue {reason_sql} END, CASE issue WHEN {NO_CUSTOMER} THEN 'without_customer' ELSE 'rejected' END "
        "FROM purchase_rows WHERE issue > 0"
    )
    return count_reasons(database)


def _reason(issue: int, plans: Plans) -> str:
    decimal = plans.amounts.decimal if plans.amounts else "."
    return ISSUES[issue][1].format(date_format=plans.dates.name, decimal=repr(decimal))


def create_set_aside(database: Database) -> None:
    """Make the empty table of rows that are not used."""
    database.connection.execute(
        "CREATE TABLE set_aside (line BIGINT, column_name VARCHAR, value VARCHAR, reason VARCHAR, kind VARCHAR)"
    )


def count_reasons(database: Database) -> dict[str, int]:
    """Count the set-aside rows of each reason, most frequent first."""
    query = "SELECT reason, count(*) FROM set_aside GROUP BY ALL ORDER BY 2 DESC, 1"
    return {str(reason): int(count) for reason, count in database.connection.execute(query).fetchall()}


def count_kinds(database: Database) -> dict[str, int]:
    """Count the set-aside rows of each kind: rejected, without_customer, duplicate."""
    query = "SELECT kind, count(*) FROM set_aside GROUP BY ALL"
    return {str(kind): int(count) for kind, count in database.connection.execute(query).fetchall()}


def first_rejects(database: Database, count: int) -> tuple[RejectedRow, ...]:
    """Give the first rejected rows, by line."""
    query = (
        "SELECT line, column_name, value, reason FROM set_aside WHERE kind = 'rejected' "
        f"ORDER BY line, column_name, value LIMIT {count}"
    )
    rows = database.connection.execute(query).fetchall()
    return tuple(
        RejectedRow(int(line), str(column), str(value or ""), str(reason)) for line, column, value, reason in rows
    )


def enforce_limit(database: Database, *, rows_in: int, limit: float, name: str) -> None:
    """Stop where more rows were rejected than the limit allows; rows without a customer do not count.

    Raises
    ------
    TooManyRejects
        With the reasons and the first examples.
    """
    kinds = count_kinds(database)
    rejected, considered = kinds.get("rejected", 0), rows_in - kinds.get("without_customer", 0)
    if rejected <= limit * considered:
        return
    examples = "; ".join(
        f"line {row.line}, {row.column} {row.value[:60]!r}: {row.reason}" for row in first_rejects(database, 3)
    )
    raise TooManyRejects(
        f"{name}: {rejected} of {considered} rows were rejected ({rejected / considered:.1%}), more than the limit of "
        f"{limit:.1%}, so nothing was used. The first: {examples}. Mend the rows, or raise --reject-limit."
    )
