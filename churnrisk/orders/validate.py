"""Check every row by fixed rules; a row that breaks one is set aside with line, column, value and reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from churnrisk.engines import Database
from churnrisk.errors import TooManyRejects
from churnrisk.messages import mark, wording
from churnrisk.orders import dates, money, numbers
from churnrisk.orders.dates import DatePlan
from churnrisk.orders.missing import is_error_sql, is_missing, is_missing_sql
from churnrisk.orders.numbers import NumberPlan
from churnrisk.orders.report import VALUE_LENGTH, RejectedRow
from churnrisk.schema import MONEY_LIMIT, MONEY_SCALE
from churnrisk.sources import (
    ColumnMatch,
    IntakeOptions,
    RawRows,
    fill_value,
    is_plain_sql,
    pseudonym_sql,
    quote_text,
    trim_sql,
)
from churnrisk.timeline import day_number

ISSUES = {
    1: ("customer_id", mark("a header repeated among the rows")),
    2: ("customer_id", mark("no customer id")),
    3: ("ordered_at", mark("no date")),
    4: ("ordered_at", wording("not a date of the column's format, {date_format}")),
    5: ("ordered_at", mark("a date or time that does not exist")),
    6: ("ordered_at", mark("a date before 1970")),
    7: ("ordered_at", mark("a date in the future")),
    8: ("amount", mark("no amount")),
    9: ("amount", mark("not a finite number")),
    10: ("amount", wording("not a number with the column's decimal sign, {decimal}")),
    11: ("amount", wording("an amount beyond {limit}").format(limit=f"{MONEY_LIMIT:.0e}")),
    12: ("quantity", mark("not a number")),
    14: ("ordered_at", mark("an error of a spreadsheet")),
    15: ("amount", mark("an error of a spreadsheet")),
    16: ("quantity", mark("an error of a spreadsheet")),
    17: ("amount", mark("a date and no amount; a cell of numbers may have a date's format")),
}
"""Number of an issue: the role of its column and the reason; a row has the first issue that it meets."""

NO_CUSTOMER = 2
NUMBER_OR_PHONE = r"'[+-]?[\d\s().,/-]*\d[\d\s().,/-]*"  # our files carry these without an apostrophe
_SHAPES_KEPT = 5000


@dataclass(frozen=True)
class Profile:
    """What all rows together say: their number, shapes of dates and numbers, and the columns that need no trimming.

    Where there were more shapes than are kept, the rarest are left out and ``is_complete`` is False.
    """

    rows: int
    shapes: Mapping[str, Mapping[str, int]]
    plain: frozenset[int] = frozenset()
    is_complete: bool = True


@dataclass(frozen=True)
class Plans:
    """How each kind of value is read; ``factor`` is SQL for what amounts are multiplied by, if anything."""

    dates: DatePlan
    amounts: NumberPlan | None
    quantities: NumberPlan | None
    currency: str | None = None
    factor: str | None = None
    plain: frozenset[int] = frozenset()


def profile_rows(database: Database, raw: RawRows, match: ColumnMatch) -> Profile:
    """Count the rows and the shapes of their values, in one pass over the whole source."""
    roles = [role for role in ("ordered_at", "amount", "unit_price", "quantity") if role in match.positions]
    known = raw.typed if raw.is_parquet else frozenset()
    width, used = len(roles), sorted(set(match.positions.values()) - known)
    names = [f"s{k}" for k in range(width)]
    shapes = [f"{shape_sql(role, f'c{match.positions[role]}')} AS s{k}" for k, role in enumerate(roles)]
    plain = " | ".join(f"CASE WHEN {is_plain_sql(f'c{k}')} THEN {1 << bit} ELSE 0 END" for bit, k in enumerate(used))
    everything = "0" if raw.is_parquet else raw.hash_sql  # a hash of all columns makes the reader look at all of them
    grouped = (
        f"SELECT {', '.join([*names, 'count(*) AS n', 'bit_xor(h) AS h', 'bit_and(plain) AS plain'])} FROM "
        f"(SELECT {', '.join([*shapes, everything + ' AS h', (plain or '0') + ' AS plain'])} FROM {raw.sql}) "
        f"GROUP BY ALL"
    )
    marks = [f"grouping({name})" for name in names]
    query = (
        f"SELECT {', '.join([*names, *marks, 'sum(n) AS total', 'bit_and(plain)', 'bit_xor(h)'])} FROM ({grouped}) "
        f"GROUP BY GROUPING SETS ({', '.join(['()', *(f'({name})' for name in names)])}) "
        f"ORDER BY total DESC LIMIT {_SHAPES_KEPT * 3}"
    )
    found: dict[str, dict[str, int]] = {role: {} for role in roles}
    rows, is_plain = 0, frozenset[int]()
    listed = database.connection.execute(query).fetchall()
    for row in listed:
        kept = [k for k in range(width) if row[width + k] == 0]
        if not kept:
            rows = int(row[2 * width] or 0)
            is_plain = frozenset(k for bit, k in enumerate(used) if int(row[2 * width + 1] or 0) >> bit & 1)
        elif row[kept[0]] is not None and not is_missing(row[kept[0]]):
            found[roles[kept[0]]][row[kept[0]]] = int(row[2 * width])
    return Profile(rows, found, is_plain | known, len(listed) < _SHAPES_KEPT * 3)


def shape_sql(role: str, value: str) -> str:
    """Give SQL for the shape of a text: digits as 9, or one letter for what a clean log has.

    What a cast gives back unchanged is clean, and found so in a fraction of the time that a pattern takes.
    """
    digits = f"translate({trim_sql(value)}, '012345678', '999999999')"
    if role == "ordered_at":
        cases = [
            (f"length({value}) = 10 AND {_is_unchanged(value, 'DATE')}", dates.CANONICAL_SHAPE),
            (f"regexp_full_match({value}, '{dates.CANONICAL}')", dates.CANONICAL_SHAPE),
        ]
    else:
        cases = [
            (f"length({value}) <= 13 AND {_is_unchanged(value, 'BIGINT')}", numbers.WHOLE_SHAPE),
            (_is_unchanged(value, "DECIMAL(15, 2)"), numbers.DECIMAL_SHAPE),
            (f"regexp_full_match({value}, '{numbers.WHOLE}')", numbers.WHOLE_SHAPE),
            (f"regexp_full_match({value}, '{numbers.DECIMAL}')", numbers.DECIMAL_SHAPE),
        ]
    clean = " ".join(f"WHEN {condition} THEN '{shape}'" for condition, shape in cases)
    return f"CASE {clean} ELSE {digits} END"


def _is_unchanged(value: str, kind: str) -> str:
    return f"CAST(try_cast({value} AS {kind}) AS VARCHAR) = {value}"


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
        return numbers.decide_numbers(
            shapes,
            ask_column(role),
            decimal=sign,
            share=options.reject_limit,
            what=role,
            is_complete=profile.is_complete,
        )

    date_plan = dates.decide_dates(
        profile.shapes["ordered_at"],
        ask_column("ordered_at"),
        date_format=options.date_format,
        timezone=options.timezone,
        share=options.reject_limit,
    )
    amounts = plan_number(match.money, options.decimal) if match.money else None
    decimal = amounts.decimal if amounts and options.decimal is None else options.decimal
    quantities = plan_number("quantity", decimal)
    if amounts is None:
        return Plans(date_plan, None, quantities, plain=profile.plain)
    rates = money.parse_rates(options.rates)
    counts = money.count_currencies(database, raw, match, amounts) if money.has_currency(match, amounts) else {}
    currency = money.settle_currency(counts, rates)
    return Plans(date_plan, amounts, quantities, currency, money.factor_sql(rates, options.rate_before), profile.plain)


def check_rows(
    database: Database, raw: RawRows, match: ColumnMatch, plans: Plans, options: IntakeOptions, *, today: dt.date
) -> None:
    """Make the table ``purchase_rows`` of read values; ``issue`` is 0 for a good row, else a key of ISSUES."""
    day = f"CAST({fill_value(plans.dates.stamp, 'ordered_text', 'date_parts')} AS DATE) - DATE '1970-01-01'"
    texts = _texts_sql(raw, match, plans, options)
    quantity = fill_value(plans.quantities.units, "quantity_text", "quantity_parts") if plans.quantities else "0"
    currency = f", {money.currency_sql(match, plans.amounts, 'amount_parts')} AS currency" if plans.factor else ""
    beside = raw.columns_beside
    customer = pseudonym_sql("customer_id", database, options.pseudonym_key)
    query = f"""CREATE OR REPLACE TABLE purchase_rows AS
        SELECT {customer} AS customer_id, order_id, product_id, category, CAST(day AS BIGINT) AS day,
            CAST(coalesce(amount, 0) AS BIGINT) AS amount, CAST(coalesce(quantity, 0) AS BIGINT) AS quantity,
            CAST(issue AS UTINYINT) AS issue,
            CASE WHEN issue = 0 THEN NULL WHEN issue <= {NO_CUSTOMER} THEN customer_id
                WHEN issue <= 7 OR issue = 14 THEN ordered_text
                WHEN issue <= 11 OR issue IN (15, 17) THEN amount_text
                ELSE quantity_text END AS value{beside}
        FROM (SELECT *, {_issue_sql(match, plans, today)} AS issue
            FROM (SELECT *, {_amount_sql(match, plans)} AS amount
                FROM (SELECT *, {day} AS day, {quantity} AS quantity{currency}
                    FROM (SELECT *{_parts_sql(plans)} FROM (SELECT {texts}{beside} FROM {raw.sql})))))"""
    database.connection.execute(query)


def _parts_sql(plans: Plans) -> str:
    """Give the columns into which texts are cut by their patterns, each pattern once."""
    named = (("ordered_text", "date_parts", plans.dates), ("amount_text", "amount_parts", plans.amounts))
    named_too = ("quantity_text", "quantity_parts", plans.quantities)
    plan_parts = [(text, name, plan.parts) for text, name, plan in (*named, named_too) if plan is not None]
    return "".join(f", {fill_value(parts, text)} AS {name}" for text, name, parts in plan_parts if parts)


def _amount_sql(match: ColumnMatch, plans: Plans) -> str:
    """Give SQL for the amount: as written, converted, or the price of a piece times their number."""
    if plans.amounts is None:
        return "0"
    units = fill_value(plans.amounts.units, "amount_text", "amount_parts")
    if plans.factor is not None:
        exact = fill_value(plans.amounts.exact, "amount_text", "amount_parts")
        units = numbers.round_sql(f"(CAST({exact} AS DECIMAL(21, 6)) * {plans.factor})")
    if match.money == "amount":
        return units
    product = f"CAST({units} AS HUGEINT) * quantity"
    scale = MONEY_SCALE
    return (
        f"CASE WHEN abs({product}) > {MONEY_LIMIT * scale * scale} THEN NULL ELSE CAST(sign({product}) * "
        f"(abs({product}) // {scale} + CASE WHEN abs({product}) % {scale} * 2 > {scale} "
        f"OR (abs({product}) % {scale} * 2 = {scale} AND abs({product}) // {scale} % 2 = 1) THEN 1 ELSE 0 END) "
        "AS BIGINT) END"
    )


def _texts_sql(raw: RawRows, match: ColumnMatch, plans: Plans, options: IntakeOptions) -> str:
    texts = {role: f"c{position}" for role, position in match.positions.items()}
    none = "CAST(NULL AS VARCHAR)"
    plain = {role for role, position in match.positions.items() if position in plans.plain}
    ids = {
        role: texts.get(role, none) if role in plain or role not in texts else id_sql(texts[role], raw.is_escaped)
        for role in ("customer_id", "order_id", "product_id", "category")
    }
    if options.fold_case:
        ids["customer_id"] = f"lower({ids['customer_id']})"
    roles = (("ordered_at", "ordered_text"), (match.money, "amount_text"), ("quantity", "quantity_text"))
    values = {
        name: texts.get(role, none) if role in plain or role not in texts else trim_sql(texts[role])
        for role, name in roles
    }
    if plans.factor is not None:
        values["currency_text"] = money.currency_text_sql(match)
    return ", ".join(f"{sql} AS {name}" for name, sql in (ids | values).items())


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


def _issue_sql(match: ColumnMatch, plans: Plans, today: dt.date) -> str:
    headers = match.names
    repeated = (
        f"customer_id = {quote_text(headers['customer_id'].strip())} "
        f"AND ordered_text = {quote_text(headers['ordered_at'].strip())}"
    )
    matches = fill_value(plans.dates.matches, "ordered_text", "date_parts")
    cases = [
        (1, repeated),
        (2, "customer_id IS NULL"),
        (3, f"ordered_text IS NULL OR (day IS NULL AND {is_missing_sql('ordered_text')})"),
        (14, f"day IS NULL AND {is_error_sql('ordered_text')}"),
        (4, f"day IS NULL AND NOT coalesce({matches}, false)"),
        (5, "day IS NULL"),
        (6, "day < 0"),
        (7, f"day > {day_number(today) + 1}"),  # the shop may be a time zone ahead of us
    ]
    if not plans.dates.is_total:
        cases[4] = (4, f"NOT coalesce({matches}, false)")
    if plans.amounts:
        pattern = quote_text(numbers.number_pattern(plans.amounts.decimal))
        is_blank = f"amount_text IS NULL OR (amount IS NULL AND {is_missing_sql('amount_text')})"
        cases += [
            (8, "false" if match.is_blank_zero else is_blank),
            (15, f"amount IS NULL AND {is_error_sql('amount_text')}"),
            (17, f"amount IS NULL AND regexp_full_match(amount_text, '{dates.CANONICAL}')"),
            (9, r"amount IS NULL AND regexp_matches(amount_text, '(?i)^[-+]?(inf|infinity)$')"),
            (11, f"amount IS NULL AND regexp_matches(amount_text, {pattern})"),
            (10, f"amount IS NULL AND NOT ({is_blank})" if match.is_blank_zero else "amount IS NULL"),
        ]
    if plans.quantities:
        is_blank = f"quantity_text IS NULL OR {is_missing_sql('quantity_text')}"
        is_needed = match.money == "unit_price"
        cases += [
            (16, f"quantity IS NULL AND {is_error_sql('quantity_text')}"),
            (12, "quantity IS NULL" + ("" if is_needed else f" AND NOT ({is_blank})")),
        ]
    return "CASE " + " ".join(f"WHEN {condition} THEN {issue}" for issue, condition in cases) + " ELSE 0 END"


def set_aside(database: Database, raw: RawRows, match: ColumnMatch, plans: Plans) -> dict[str, int]:
    """Move the rows that have an issue to the table ``set_aside``; give how many each reason has."""
    reasons = {issue: _reason(issue, plans) for issue in ISSUES}
    names = match.names | ({"amount": match.names[match.money]} if match.money else {})
    columns = {issue: names.get(role, role) for issue, (role, _) in ISSUES.items()}
    reason_sql = " ".join(f"WHEN {issue} THEN {quote_text(text)}" for issue, text in reasons.items())
    column_sql = " ".join(f"WHEN {issue} THEN {quote_text(name)}" for issue, name in columns.items())
    connection = database.connection
    connection.execute(
        f"INSERT INTO set_aside SELECT {raw.place_sql}, CASE issue {column_sql} END, left(value, {VALUE_LENGTH}), "
        f"CASE issue {reason_sql} END, CASE issue WHEN {NO_CUSTOMER} THEN 'without_customer' ELSE 'rejected' END "
        "FROM purchase_rows WHERE issue > 0"
    )
    return count_reasons(database)


def load_rejects(database: Database, raw: RawRows) -> int:
    """Set aside what the reader could not make rows of; give how many there were."""
    columns = "{'line': 'BIGINT', 'value': 'VARCHAR', 'reason': 'VARCHAR'}"
    for number, path in (*raw.many_rejects, *([(0, raw.rejects)] if raw.rejects else [])):
        dialect = "header=false, delim=',', quote='\"', escape='\"', new_line='\\n', parallel=false"
        source = f"read_csv({quote_text(str(path))}, auto_detect=false, columns={columns}, {dialect})"
        row = f"{number}, line, '', left(value, {VALUE_LENGTH}), reason, 'rejected'"
        database.connection.execute(f"INSERT INTO set_aside SELECT {row} FROM {source}")
    return count_kinds(database).get("rejected", 0)


def _reason(issue: int, plans: Plans) -> str:
    decimal = plans.amounts.decimal if plans.amounts else "."
    return ISSUES[issue][1].format(date_format=plans.dates.name, decimal=repr(decimal))


def create_set_aside(database: Database) -> None:
    """Make the empty table of rows that are not used."""
    database.connection.execute(
        "CREATE TABLE set_aside "
        "(file INTEGER, line BIGINT, column_name VARCHAR, value VARCHAR, reason VARCHAR, kind VARCHAR)"
    )


def count_reasons(database: Database) -> dict[str, int]:
    """Count the set-aside rows of each reason, most frequent first."""
    query = "SELECT reason, count(*) FROM set_aside GROUP BY ALL ORDER BY 2 DESC, 1"
    return {str(reason): int(count) for reason, count in database.connection.execute(query).fetchall()}


def count_kinds(database: Database) -> dict[str, int]:
    """Count the set-aside rows of each kind: rejected, without_customer, duplicate."""
    query = "SELECT kind, count(*) FROM set_aside GROUP BY ALL"
    return {str(kind): int(count) for kind, count in database.connection.execute(query).fetchall()}


def first_rejects(database: Database, count: int, files: Sequence[str] = ()) -> tuple[RejectedRow, ...]:
    """Give the first rejected rows, by file and line."""
    query = (
        "SELECT file, line, column_name, value, reason FROM set_aside WHERE kind = 'rejected' "
        f"ORDER BY file, line, column_name, value LIMIT {count}"
    )
    rows = database.connection.execute(query).fetchall()
    return tuple(
        RejectedRow(int(line), str(column), str(value or ""), str(reason), files[file] if files else "")
        for file, line, column, value, reason in rows
    )


def enforce_limit(database: Database, raw: RawRows, *, rows_in: int, limit: float) -> None:
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
        f"{row.file + ' ' if row.file else ''}line {row.line}, {row.column} {row.value[:60]!r}: {row.reason}"
        for row in first_rejects(database, 3, raw.files)
    )
    raise TooManyRejects(
        f"{raw.name}: {rejected} of {considered} rows were rejected ({rejected / considered:.1%}), more than the "
        f"limit of {limit:.1%}, so nothing was used. The first: {examples}. Mend the rows, or raise --reject-limit."
    )
