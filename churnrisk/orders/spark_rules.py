"""The rules of intake once more, as Spark's SQL: canonical text and typed columns; anything else is refused.

A column's format is decided on all of its rows, as on DuckDB. Where the rows say that DuckDB would read them in another
than the canonical way, Spark stops: the same source must never give two answers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from churnrisk.engines import Spark
from churnrisk.errors import AmbiguousFormat, SourceError
from churnrisk.messages import mark
from churnrisk.orders import dates, numbers
from churnrisk.orders.money import plain_code, settle_currency
from churnrisk.orders.spark_raw import CONVERT, SparkRows, spark_text, trim_spark
from churnrisk.orders.validate import ISSUES, NUMBER_OR_PHONE
from churnrisk.schema import MONEY_LIMIT, MONEY_SCALE
from churnrisk.sources import ColumnMatch, IntakeOptions
from churnrisk.timeline import day_number

CORRUPT_ISSUE = 13
REASONS = {
    **{issue: (role, text.format(date_format="yyyy-mm-dd", decimal="'.'")) for issue, (role, text) in ISSUES.items()},
    CORRUPT_ISSUE: ("", mark("not as many fields as the header has")),
}
"""Number of an issue: the role of its column and the reason, worded as on DuckDB."""

PLAIN = r"-?\d{1,20}(?:\.\d{1,18})?"
_TYPED = r"-?\d{1,38}(?:\.\d{1,36})?(?:[eE][+-]?\d{1,3})?"  # a program has written these
_SHAPES_KEPT = 5000


@dataclass(frozen=True)
class RowPlan:
    """What all rows together say: how many there are, and what the log knows."""

    rows: int
    has_amounts: bool
    has_quantities: bool
    currency: str | None
    notices: tuple[str, ...] = ()


def plan_rows(spark: Spark, raw: SparkRows, match: ColumnMatch, options: IntakeOptions) -> RowPlan:
    """Look at all rows once, and refuse a column that is written in another way than Spark's intake knows."""
    roles = [role for role in ("ordered_at", match.money, "quantity") if role in match.positions]
    written = {"ordered_at": raw.times, match.money: raw.typed, "quantity": raw.typed}
    asked = [role for role in roles if match.positions[role] not in written[role]]
    columns = {role: trim_spark(f"c{match.positions[role]}") for role in roles}
    odd = [f"count_if({columns[role]} IS NOT NULL AND NOT {_is_plain(role, columns[role])})" for role in asked]
    known = [f"count({columns[role]})" for role in roles]
    [(rows, *counts)] = spark.rows(f"SELECT count(*), {', '.join([*known, *odd])} FROM {raw.view}")
    if not rows:
        raise SourceError(f"{raw.name} has a header and no rows; it must have a row per purchase.")
    is_known = dict(zip(roles, counts, strict=False))
    for role, count in zip(asked, counts[len(roles) :], strict=True):
        if not count:
            continue
        shapes = _shapes(spark, raw, role, columns[role])
        if role == "ordered_at":
            _check_dates(shapes, match.names[role])
        else:
            _check_numbers(shapes, match.names[role], role=role, options=options)
    has_amounts = bool(match.money) and bool(is_known.get(match.money))
    currency = _find_currency(spark, raw, match) if has_amounts else None
    is_moved = options.timezone is not None and match.positions["ordered_at"] in raw.zoned
    notices = (dates.TO_ZONE.format(name=options.timezone),) if is_moved else ()
    return RowPlan(int(rows), has_amounts, bool(is_known.get("quantity")), currency, notices)


def _is_plain(role: str, value: str) -> str:
    pattern = dates.CANONICAL if role == "ordered_at" else f"{numbers.WHOLE}|{numbers.DECIMAL}"
    return f"coalesce({value} RLIKE {spark_text(f'^(?:{pattern})$')}, false)"


def _shapes(spark: Spark, raw: SparkRows, role: str, value: str) -> dict[str, int]:
    """Count the shapes of a column: digits as 9, and one letter for what a clean log has."""
    digits = "translate(v, '012345678', '999999999')"
    clean = (
        f"WHEN v RLIKE '^{dates.CANONICAL}$' THEN '{dates.CANONICAL_SHAPE}'"
        if role == "ordered_at"
        else f"WHEN v RLIKE '^{numbers.WHOLE}$' THEN '{numbers.WHOLE_SHAPE}' "
        f"WHEN v RLIKE '^{numbers.DECIMAL}$' THEN '{numbers.DECIMAL_SHAPE}'"
    ).replace("\\", "\\\\")
    query = (
        f"SELECT CASE {clean} ELSE {digits} END AS s, count(*) AS n FROM (SELECT {value} AS v FROM {raw.view}) "
        f"WHERE v IS NOT NULL GROUP BY 1 ORDER BY n DESC, s LIMIT {_SHAPES_KEPT}"
    )
    return {str(shape): int(count) for shape, count in spark.rows(query)}


def _check_dates(shapes: Mapping[str, int], header: str) -> None:
    """Refuse dates that DuckDB's intake would read and this one does not."""
    shape = dates.find_other_format(shapes)
    if shape is not None:
        raise AmbiguousFormat(
            f"dates in {header!r} are written as {shape} (9 for any digit), and Spark reads columns of dates or times, "
            f"or text as 2024-01-31 or 2024-01-31 10:15. {CONVERT}"
        )


def _check_numbers(shapes: Mapping[str, int], header: str, *, role: str, options: IntakeOptions) -> None:
    """Refuse numbers that DuckDB's intake would read, or read otherwise."""

    def ask(_: str) -> list[tuple[object, ...]]:
        raise AmbiguousFormat(f"numbers in {header!r} can be thousands or have three decimals. {CONVERT}")

    sign = options.decimal or numbers.find_decimal(shapes, ask, share=options.reject_limit, what=role)
    pattern = re.compile(numbers.number_pattern(sign))
    letters = (numbers.WHOLE_SHAPE, numbers.DECIMAL_SHAPE)
    odd = [one for one in shapes if one not in letters and not re.fullmatch(PLAIN, one) and pattern.match(one)]
    if sign == "," or odd:
        shown = f" as {odd[0]} (9 for any digit)" if odd else ""
        raise AmbiguousFormat(
            f"numbers in {header!r} are written{shown} with decimal commas, currencies or thousands, and Spark reads "
            f"columns of numbers, or text as 1234.50. {CONVERT}"
        )


def _find_currency(spark: Spark, raw: SparkRows, match: ColumnMatch) -> str | None:
    """Give the one currency of the log; several are refused as everywhere."""
    if "currency" not in match.positions:
        return None
    text, amount = (trim_spark(f"c{match.positions[role]}") for role in ("currency", match.money))
    found = spark.rows(f"SELECT {text}, count(*) FROM {raw.view} WHERE {amount} IS NOT NULL GROUP BY 1 ORDER BY 1")
    codes: dict[str, int] = {}
    for name, count in found:
        codes[plain_code(str(name or ""))] = codes.get(plain_code(str(name or "")), 0) + int(count)
    if len(codes) > 1:
        listed = ", ".join(f"{name or 'none'} ({count} rows)" for name, count in codes.items())
        raise AmbiguousFormat(f"the amounts are in several currencies: {listed}. {CONVERT}")
    return settle_currency(codes, {})


def check_rows_sql(raw: SparkRows, match: ColumnMatch, plan: RowPlan, options: IntakeOptions, *, today: dt.date) -> str:
    """Give the query of read values; ``issue`` is 0 for a good row, else a key of :data:`REASONS`."""
    amount = _amount_sql(match) if plan.has_amounts else "CAST(0 AS BIGINT)"
    quantity = _units_sql("quantity_text") if "quantity" in match.positions else "CAST(0 AS BIGINT)"
    group = ""
    if options.group_column is not None:
        group = f", trim(c{match.headers.index(options.group_column)}) AS group_value"
    hashed = ", ".join(f"c{k}" for k in range(len(match.headers)))
    return f"""SELECT customer_id, order_id, product_id, category, day, coalesce(amount, 0) AS amount,
        coalesce(quantity, 0) AS quantity, issue, file, line, h{", group_value" if group else ""},
        CASE WHEN issue = 0 THEN NULL WHEN issue = {CORRUPT_ISSUE} THEN corrupt WHEN issue <= 2 THEN customer_id
            WHEN issue <= 7 THEN ordered_text WHEN issue <= 11 THEN amount_text ELSE quantity_text END AS value
        FROM (SELECT *, {_issue_sql(match, plan, today)} AS issue
            FROM (SELECT *, {amount} AS amount
                FROM (SELECT *, {_day_sql("ordered_text")} AS day, {quantity} AS quantity
                    FROM (SELECT {_texts_sql(raw, match, options)}, file, line, corrupt,
                        xxhash64({hashed}) AS h{group} FROM {raw.view}))))"""


def _texts_sql(raw: SparkRows, match: ColumnMatch, options: IntakeOptions) -> str:
    def text(role: str) -> str:
        position = match.positions.get(role)
        return "CAST(NULL AS STRING)" if position is None else trim_spark(f"c{position}")

    ids = {role: _id_sql(text(role), raw) for role in ("customer_id", "order_id", "product_id", "category")}
    if options.fold_case:
        ids["customer_id"] = f"lower({ids['customer_id']})"
    roles = (("ordered_at", "ordered_text"), (match.money, "amount_text"), ("quantity", "quantity_text"))
    texts = {name: text(role) for role, name in roles}
    return ", ".join(f"{sql} AS {name}" for name, sql in (ids | texts).items())


def _id_sql(value: str, raw: SparkRows) -> str:
    """Take off the apostrophe that our own files put before a formula sign."""
    if not raw.is_escaped:
        return value
    formula, number = spark_text(r"^'+[=+@\t\r-]"), spark_text(f"^(?:{NUMBER_OR_PHONE})$")
    sign = f"startswith({value}, '\\'') AND {value} RLIKE {formula} AND NOT {value} RLIKE {number}"
    return f"CASE WHEN {sign} THEN substr({value}, 2) ELSE {value} END"


def _day_sql(text: str) -> str:
    """Give the day of a canonical time, NULL for one that does not exist; 24:00 is the next day, as on DuckDB."""
    midnight = f"substr({text}, 12) RLIKE '^24:00(:00(\\\\.0+)?)?$'"
    is_time = (
        f"(length({text}) = 10 OR (substr({text}, 12, 2) < '24' AND substr({text}, 15, 2) < '60' "
        f"AND (length({text}) < 19 OR substr({text}, 18, 2) < '60')))"
    )
    day = f"CAST(unix_date(try_cast(substr({text}, 1, 10) AS DATE)) AS BIGINT)"
    return (
        f"CASE WHEN NOT {_is_plain('ordered_at', text)} THEN NULL WHEN {is_time} THEN {day} "
        f"WHEN {midnight} THEN {day} + 1 END"
    )


def _units_sql(text: str) -> str:
    """Give ten-thousandths, rounded half to even; NULL for no number or one beyond the limit."""
    number = f"CASE WHEN {text} RLIKE {spark_text(f'^(?:{_TYPED})$')} THEN {text} END"
    exact = f"try_cast({number} AS DECIMAL(38, 18))"
    return f"CASE WHEN abs({exact}) <= {MONEY_LIMIT} THEN CAST(bround({exact}, 4) * {MONEY_SCALE} AS BIGINT) END"


def _amount_sql(match: ColumnMatch) -> str:
    """Give the amount of a row: as written, or the price of a piece times their number."""
    units = _units_sql("amount_text")
    if match.money == "amount":
        return units
    product = f"CAST({units} AS DECIMAL(19, 0)) * CAST(quantity AS DECIMAL(19, 0))"
    return (
        f"CASE WHEN abs({product}) <= {MONEY_LIMIT * MONEY_SCALE * MONEY_SCALE} "
        f"THEN CAST(bround({product}, -4) / {MONEY_SCALE} AS BIGINT) END"
    )


def _issue_sql(match: ColumnMatch, plan: RowPlan, today: dt.date) -> str:
    headers = match.names
    repeated = (
        f"customer_id = {spark_text(headers['customer_id'].strip())} "
        f"AND ordered_text = {spark_text(headers['ordered_at'].strip())}"
    )
    finite = r"^[-+]?(?i:nan|inf|infinity)$"
    cases = [
        (CORRUPT_ISSUE, "corrupt IS NOT NULL"),
        (1, repeated),
        (2, "customer_id IS NULL"),
        (3, "ordered_text IS NULL"),
        (4, f"NOT {_is_plain('ordered_at', 'ordered_text')}"),
        (5, "day IS NULL"),
        (6, "day < 0"),
        (7, f"day > {day_number(today) + 1}"),
    ]
    if plan.has_amounts:
        cases += [
            (8, "false" if match.is_blank_zero else "amount_text IS NULL"),
            (9, f"amount IS NULL AND amount_text RLIKE {spark_text(finite)}"),
            (11, f"amount IS NULL AND amount_text RLIKE {spark_text(f'^(?:{_TYPED})$')}"),
            (10, "amount IS NULL AND amount_text IS NOT NULL"),
        ]
    if plan.has_quantities or match.money == "unit_price":
        is_needed = match.money == "unit_price"
        cases.append((12, "quantity IS NULL" + ("" if is_needed else " AND quantity_text IS NOT NULL")))
    return "CASE " + " ".join(f"WHEN {condition} THEN {issue}" for issue, condition in cases) + " ELSE 0 END"
