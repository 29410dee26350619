"""Typed purchase rows in an engine: checked, told apart from what is no row, and counted."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from churnrisk.engines import SqlEngine
from churnrisk.errors import ColumnError, LimitExceeded, TooManyRejects
from churnrisk.orders.issues import COPY, EARLY, FUTURE, ISSUES, NO_CUSTOMER, NO_SALE, REPEATED, issue_sql, value_sql
from churnrisk.orders.rejects import write_reject_rows
from churnrisk.orders.report import VALUE_LENGTH, RejectedRow
from churnrisk.schema import MONEY_SCALE
from churnrisk.sources import RawRows, quote_text
from churnrisk.timeline import day_number
from churnrisk.writing import Holds

TOTAL_LIMIT = 9 * 10**18  # sums of amounts must fit 64 bits, in every engine
KEPT = ("customer_id", "order_id", "product_id", "category", "day", "amount", "quantity", "issue", "value", "h")
"""Columns that purchase rows always have: what they say, what is wrong with them, and a hash of all that they say."""


@dataclass(frozen=True, kw_only=True)
class TypedRows:
    """The query of typed rows, of any source and on any engine that takes SQL.

    Parameters
    ----------
    source : str
        A query with ``customer_id``, ``order_id``, ``product_id``, ``category``, the texts ``ordered_text``,
        ``amount_text`` and ``quantity_text``, ``h``, and whatever the expressions below name.
    day, amount, quantity : str
        SQL of whole numbers: days since 1970-01-01, ten-thousandths of a currency unit, ten-thousandths of a piece;
        NULL for what cannot be read. ``amount`` may name ``day`` and ``quantity``.
    conditions : mapping of int to str
        SQL of the issues that only the reader of values can tell, by their numbers.
    reasons : mapping of int to tuple of str
        Header and reason of each issue, in this source's words.
    further : mapping of str to str
        Name and SQL of further columns that rules ask for.
    kept : tuple of str
        Columns of the source that rules ask for as they are.
    line, file : str
        SQL for the place of a row in the table that is made of these rows.
    places : tuple of str
        Columns of the source that tell the place.
    date_format : str
        How days are written, for people; empty where they are days already.
    has_amounts, has_quantities : bool
        What the rows know.
    has_own_ids : bool
        Whether each row is known to have an order id that no other row of its customer has.
    is_ready : bool
        Whether the rows lie in a table and cost nothing to read, so that no other table need be made of them; the
        source has their ``rowid`` then.
    is_good : bool
        Whether no row is known to have an issue.
    """

    source: str
    day: str
    amount: str
    quantity: str
    conditions: Mapping[int, str]
    reasons: Mapping[int, tuple[str, str]]
    further: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    line: str = "line"
    file: str = "''"
    places: tuple[str, ...] = ()
    date_format: str = ""
    has_amounts: bool = True
    has_quantities: bool = False
    has_own_ids: bool = False
    is_ready: bool = False
    is_good: bool = False


@dataclass(frozen=True)
class RowTable:
    """Purchase rows in a table: its name, SQL for the place of a row, and the columns beside :data:`KEPT`.

    What was asked of the rows once goes with them, and is unknown of any other table that is made of them: whether each
    good row has an order id that no other good row of its customer has, and the table of customers with the numbers of
    their rows, ``n``, and of their good rows, ``good``; and whether all rows are known to be good.
    """

    name: str
    line: str
    file: str
    reasons: Mapping[int, tuple[str, str]]
    further: tuple[str, ...] = ()
    has_own_ids: bool = False
    customers: str = ""
    is_good: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return (*KEPT, *self.further)


def make_rows(engine: SqlEngine, typed: TypedRows, *, today: dt.date) -> RowTable:
    """Make the table of typed rows; ``issue`` is 0 for a good row, else a number of :mod:`churnrisk.orders.issues`."""
    others = [name for name in ("email_text", "phone_text") if name in typed.kept]  # they may name the customer
    conditions = {
        **typed.conditions,
        NO_CUSTOMER: " AND ".join(f"{name} IS NULL" for name in ("customer_id", *others)),
        EARLY: "day < 0",
        FUTURE: f"day > {day_number(today) + 1}",  # the shop may be a time zone ahead of us
    }
    further = "".join(f", {sql} AS {name}" for name, sql in typed.further.items())
    beside = (*typed.further, *typed.kept, *typed.places)
    names = "".join(f", {name}" for name in (*beside, *(["rowid"] if typed.is_ready else [])))
    name = engine.create_table(
        "purchase_rows",
        f"""SELECT customer_id, order_id, product_id, category, CAST(day AS BIGINT) AS day,
            CAST(coalesce(amount, 0) AS BIGINT) AS amount, CAST(coalesce(quantity, 0) AS BIGINT) AS quantity,
            CAST(issue AS SMALLINT) AS issue, {value_sql(conditions)} AS value, h{names}
        FROM (SELECT *, {issue_sql(conditions)} AS issue
            FROM (SELECT *, {typed.amount} AS amount
                FROM (SELECT *, {typed.day} AS day, {typed.quantity} AS quantity{further} FROM ({typed.source}))))""",
        is_view=typed.is_ready,
    )
    return RowTable(
        name, typed.line, typed.file, typed.reasons, beside, has_own_ids=typed.has_own_ids, is_good=typed.is_good
    )


@dataclass(frozen=True)
class RowCounts:
    """How many rows have which issue, 0 for the good ones."""

    issues: Mapping[int, int]

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.issues.values())

    @property
    def used(self) -> int:
        """Rows that are good."""
        return self.issues.get(0, 0)

    @property
    def no_sale(self) -> int:
        """Rows that are whole, and no sale."""
        return sum(count for issue, count in self.issues.items() if NO_SALE <= issue < COPY)

    @property
    def without_customer(self) -> int:
        """Rows that name no customer."""
        return self.issues.get(NO_CUSTOMER, 0)


def count_rows(engine: SqlEngine, table: RowTable) -> RowCounts:
    """Count the rows of each issue.

    Raises
    ------
    LimitExceeded
        Where sums over the good rows would not fit 64 bits.
    """
    sums = ", ".join(f"sum(abs(CAST({name} AS DECIMAL(38, 0))))" for name in ("amount", "quantity"))
    issue, grouped = ("0", "") if table.is_good else ("issue", "GROUP BY issue ORDER BY issue")
    found = engine.rows_of(f"SELECT {issue}, count(*), {sums} FROM {table.name} {grouped}")
    for issue, _, *totals in found:
        for what, total in zip(("amounts", "quantities"), totals, strict=True):
            if issue == 0 and int(total) > TOTAL_LIMIT:
                raise LimitExceeded(
                    f"the {what} of the log add up to {int(total) // MONEY_SCALE:.3e}, more than "
                    f"{TOTAL_LIMIT // MONEY_SCALE:.0e}; look for rows with absurd values, or bring the log in a "
                    "larger unit.",
                    code="limit.total_of_amounts",
                )
    return RowCounts({int(issue): int(count) for issue, count, *_ in found})


def create_set_aside(engine: SqlEngine, query: str = "", *, is_withheld: bool = False, name: str = "set_aside") -> str:
    """Make the table of rows that are not used, empty or of a query of file, line, column, value, reason, kind."""
    empty = (
        "SELECT CAST('' AS STRING) AS file, CAST(0 AS BIGINT) AS line, '' AS column_name, '' AS value, "
        "'' AS reason, '' AS kind WHERE 1 = 0"
    )
    value = "''" if is_withheld else "value"  # where columns are shifted, any value may be an id
    shown = f"SELECT file, line, column_name, {value} AS value, reason, kind FROM ({query or empty})"
    return engine.create_table(name, shown)


def load_rejects(raw: RawRows) -> str:
    """Return the query of what a reader of text could make no rows of; empty where there was nothing."""
    columns = "{'line': 'BIGINT', 'value': 'VARCHAR', 'reason': 'VARCHAR'}"
    dialect = "header=false, delim=',', quote='\"', escape='\"', new_line='\\n', parallel=false"
    parts = [
        f"SELECT {quote_text(raw.files[number] if raw.files else '')} AS file, line, '' AS column_name, "
        f"left(value, {VALUE_LENGTH}) AS value, reason, 'rejected' AS kind "
        f"FROM read_csv({quote_text(str(path))}, auto_detect=false, columns={columns}, {dialect})"
        for number, path in (*raw.many_rejects, *([(0, raw.rejects)] if raw.rejects else []))
    ]
    names = "SELECT '' AS file, 0 AS line, '' AS column_name, '' AS value, '' AS reason, '' AS kind WHERE 1 = 0"
    return " UNION ALL ".join([names, *parts, *raw.aside]) if parts or raw.aside else ""


def rejects_sql(engine: SqlEngine, table: RowTable) -> str:
    """Return the query of the rows of a table that are to be set aside; empty where none is known to be."""
    if table.is_good:
        return ""
    reasons = " ".join(f"WHEN {k} THEN {engine.quote_text(reason)}" for k, (_, reason) in table.reasons.items())
    headers = " ".join(f"WHEN {k} THEN {engine.quote_text(header)}" for k, (header, _) in table.reasons.items())
    return (
        f"SELECT CAST({table.file} AS STRING) AS file, CAST({table.line} AS BIGINT) AS line, "
        f"CASE issue {headers} END AS column_name, left(coalesce(value, ''), {VALUE_LENGTH}) AS value, "
        f"CASE issue {reasons} END AS reason, "
        f"CASE issue WHEN {NO_CUSTOMER} THEN 'without_customer' WHEN {REPEATED} THEN 'duplicate' ELSE 'rejected' END "
        f"AS kind FROM {table.name} WHERE (issue > 0 AND issue < {NO_SALE}) OR issue = {REPEATED}"
    )


def name_reasons(names: Mapping[str, str], *, date_format: str, decimal: str) -> dict[int, tuple[str, str]]:
    """Return the header and the reason of each issue."""
    return {
        issue: (names.get(role, role), reason.format(date_format=date_format, decimal=repr(decimal)))
        for issue, (role, reason) in ISSUES.items()
    }


def count_reasons(engine: SqlEngine, table: str = "set_aside") -> dict[str, int]:
    """Count the set-aside rows of each reason, most frequent first."""
    query = f"SELECT reason, count(*) AS n FROM {table} GROUP BY reason ORDER BY n DESC, reason"
    return {str(reason): int(count) for reason, count in engine.rows_of(query)}


def count_kinds(engine: SqlEngine, table: str = "set_aside") -> dict[str, int]:
    """Count the set-aside rows of each kind: rejected, without_customer, duplicate."""
    query = f"SELECT kind, count(*) FROM {table} GROUP BY kind"
    return {str(kind): int(count) for kind, count in engine.rows_of(query)}


def first_rejects(engine: SqlEngine, count: int, table: str = "set_aside") -> tuple[RejectedRow, ...]:
    """Return the first rejected rows, by file and line."""
    query = (
        f"SELECT file, line, column_name, value, reason FROM {table} WHERE kind = 'rejected' "
        f"ORDER BY file, line, column_name, value LIMIT {count}"
    )
    return tuple(
        RejectedRow(int(line), str(column), str(value or ""), str(reason), str(file or ""))
        for file, line, column, value, reason in engine.rows_of(query)
    )


def write_rejects(
    engine: SqlEngine,
    path: Path,
    *,
    table: str = "set_aside",
    has_files: bool,
    holds: Holds | None = "rejected rows",
) -> int:
    """Write every row that was set aside, whole or not at all; give how many there were."""
    query = (
        f"SELECT file, line, column_name, value, reason FROM {table} ORDER BY file, line, column_name, value, reason"
    )
    return write_reject_rows(engine.iterate_rows(query), path, has_files=has_files, holds=holds)


def enforce_limit(
    engine: SqlEngine,
    name: str,
    *,
    considered: int,
    limit: float,
    table: str = "set_aside",
    rejects: Path | None = None,
    has_files: bool = False,
) -> None:
    """Stop where more rows were rejected than the limit allows; the list of all of them is written, for the repair.

    Raises
    ------
    TooManyRejects
        With the reasons and the first examples.
    """
    rejected = count_kinds(engine, table).get("rejected", 0)
    if rejected <= limit * considered:
        return
    examples = "; ".join(
        f"{row.file + ' ' if row.file else ''}line {row.line}, {row.column} {row.value[:60]!r}: {row.reason}"
        for row in first_rejects(engine, 3, table)
    )
    written = ""
    if rejects is not None:
        count = write_rejects(engine, rejects, table=table, has_files=has_files)
        written = f" All {count} rows that were set aside: {rejects}."
    raise TooManyRejects(
        f"{name}: {rejected} of {considered} rows were rejected ({rejected / considered:.1%}), more than the "
        f"limit of {limit:.1%}, so nothing was used. The first: {examples}. Mend the rows, or raise --reject-limit."
        f"{written}"
    )


def find_group(headers: Sequence[str], column: str) -> int:
    """Return the place of the column that figures are asked for by.

    Raises
    ------
    ColumnError
        Where there is no such column, or two.
    """
    found = [place for place, header in enumerate(headers) if header == column]
    if len(found) == 1:
        return found[0]
    if found:
        raise ColumnError(
            f"--by {column}: {len(found)} columns have this name; rename all but one.", code="columns.several_fit"
        )
    near = difflib.get_close_matches(column, headers, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ColumnError(
        f"--by {column}: there is no such column; found {', '.join(headers)}.{hint}", code="columns.not_found"
    )
