"""The rows of a table beside the purchases: what becomes of each, and the account of all."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.clock import today
from churnrisk.dated import DatedReport, DatedSource, table_of
from churnrisk.engines import Database
from churnrisk.orders.account import say_floats
from churnrisk.orders.cells import Cells, plan_day
from churnrisk.orders.issues import (
    EARLY,
    FUTURE,
    IMPOSSIBLE_DATE,
    ISSUES,
    NO_CUSTOMER,
    NO_DATE,
    NO_DISCOUNT,
)
from churnrisk.orders.load import id_sql
from churnrisk.orders.missing import is_missing_sql
from churnrisk.orders.rejects import write_reject_rows
from churnrisk.orders.report import VALUE_LENGTH
from churnrisk.orders.rows import (
    count_kinds,
    count_reasons,
    create_set_aside,
    enforce_limit,
    first_rejects,
    load_rejects,
)
from churnrisk.sources import ColumnMatch, IntakeOptions, RawRows, own_sql, quote_text
from churnrisk.timeline import date_of, day_number

TYPED, ASIDE = "beside_rows", "beside_aside"
NOT_READ = ISSUES[IMPOSSIBLE_DATE][1]
NO_NUMBER = ISSUES[NO_DISCOUNT][1]


@dataclass(frozen=True)
class Issue:
    """What can be wrong with a row: SQL of the condition, the role of its column, SQL of the text, and the reason."""

    condition: str
    role: str
    text: str
    reason: str
    kind: str = "rejected"


@dataclass(frozen=True)
class DatedRows:
    """The rows of one table, as they came, and how they are read.

    Parameters
    ----------
    name : str
        Of the table.
    declared : DatedSource
        What the user says of it.
    raw : RawRows
        The rows.
    places : dict of str to int
        The column of each role.
    database, options
        Where they are read, and how.
    rejects : Path, optional
        Where the rows that are set aside are listed.
    has_rejects : bool
        Whether this list has rows of the same reading already.
    """

    name: str
    declared: DatedSource
    raw: RawRows
    places: dict[str, int]
    database: Database
    options: IntakeOptions
    rejects: Path | None = None
    has_rejects: bool = False

    @property
    def key(self) -> str:
        """Where the settings name the table."""
        return f"[{'attributes' if self.declared.family == 'attributes' else 'tables'}.{self.name}]"

    @property
    def where(self) -> str:
        """The table and its file, for messages."""
        return f"{self.name} ({self.raw.name})"

    def text(self, place: int) -> str:
        """Return SQL of the text of a column; NULL for none, and for a word of programs for nothing."""
        value = id_sql(f"c{place}", self.raw.is_escaped)
        return f"CASE WHEN {is_missing_sql(value)} THEN NULL ELSE {value} END"

    def day(self, role: str) -> Cells:
        """Decide how the days of a role are written."""
        text = self.text(self.places[role])
        return plan_day(text, self.raw, self.database, self.options, column=f"{role}_text")

    def type_rows(
        self, texts: dict[str, str], cells: dict[str, tuple[str, Cells]], issues: Sequence[Issue], then: dict[str, str]
    ) -> None:
        """Make the table of all rows, and set those aside that have an issue, or are copies.

        Parameters
        ----------
        texts : dict of str to str
            SQL of each text, by the name that it gets.
        cells : dict of str to tuple
            By the name of a value, the name of its text and how it is read.
        issues : sequence of Issue
            A row has the first that it meets.
        then : dict of str to str
            SQL of what is kept of a row.
        """
        customer = own_sql(id_sql(f"c{self.places['customer_id']}", self.raw.is_escaped), self.database, self.options)
        first = {"customer_id": customer, **texts, "h": self.raw.hash_sql}
        parts = "".join(f", {one.parts} AS {text}_parts" for text, one in cells.values() if one.parts)
        values = "".join(f", {one.value} AS {name}" for name, (_, one) in cells.items())
        listed = ", ".join(f"{sql} AS {name}" for name, sql in first.items())
        found = ", ".join(f"{sql} AS {name}" for name, sql in then.items())
        cases = " ".join(f"WHEN {one.condition} THEN {place}" for place, one in enumerate(issues, start=1))
        bad = " ".join(f"WHEN {place} THEN {one.text}" for place, one in enumerate(issues, start=1))
        inner = f"SELECT {listed}{self.raw.columns_beside} FROM {self.raw.sql}"
        inner = f"SELECT *{values} FROM (SELECT *{parts} FROM ({inner}))"
        judged = f"SELECT *, CASE {cases} ELSE 0 END AS issue FROM (SELECT *, {found} FROM ({inner}))"
        kept = ", ".join(["customer_id", *then, "h"])
        self.database.create_table(
            TYPED,
            f"SELECT {kept}, CAST(issue AS TINYINT) AS issue, left(CASE issue {bad} END, {VALUE_LENGTH}) AS bad"
            f"{self.raw.columns_beside} FROM ({judged})",
        )
        self._set_aside(issues)

    def _set_aside(self, issues: Sequence[Issue]) -> None:
        """List the rows that are not used, exact copies among them; they go from the table of rows."""
        numbered = list(enumerate(issues, start=1))

        def case(values: dict[int, str]) -> str:
            return "CASE issue " + " ".join(f"WHEN {k} THEN {quote_text(v)}" for k, v in values.items()) + " END"

        headers = {place: self.raw.headers[self.places[one.role]] for place, one in numbered}
        place = f"{self.raw.file_sql} AS file, {self.raw.line_sql} AS line"
        bad = (
            f"SELECT {place}, {case(headers)} AS column_name, coalesce(bad, '') AS value, "
            f"{case({k: one.reason for k, one in numbered})} AS reason, "
            f"{case({k: one.kind for k, one in numbered})} AS kind FROM {TYPED} WHERE issue > 0"
        )
        copies = self._find_copies()
        copied = (
            f"SELECT {place}, '' AS column_name, '' AS value, 'an exact copy of an earlier row' AS reason, "
            f"'duplicate' AS kind FROM {TYPED} WHERE rowid IN (SELECT row FROM {copies})"
        )
        parts = [part for part in (load_rejects(self.raw), bad, copied) if part]
        is_withheld = self.options.pseudonym_key is not None
        create_set_aside(self.database, " UNION ALL ".join(parts), is_withheld=is_withheld, name=ASIDE)
        self._list_rejects()
        [(rows,)] = self.database.rows_of(f"SELECT count(*) FROM {TYPED}")
        kinds = count_kinds(self.database, ASIDE)
        considered = int(rows) + self.unread - kinds.get("without_customer", 0)
        limit = self.options.reject_limit
        enforce_limit(self.database, self.where, considered=considered, limit=limit, table=ASIDE)

    def _find_copies(self) -> str:
        """Keep the places of rows that are equal to an earlier one in every column."""
        repeated = f"SELECT h FROM {TYPED} WHERE issue = 0 GROUP BY h HAVING count(*) > 1"
        same = "row_number() OVER (PARTITION BY h, customer_id ORDER BY rowid) > 1"
        return self.database.create_table(
            "beside_copies",
            f"SELECT rowid AS row FROM {TYPED} WHERE issue = 0 AND h IN ({repeated}) QUALIFY {same}",
        )

    @property
    def good(self) -> str:
        """SQL of the rows that are used."""
        return f"(SELECT * FROM {TYPED} WHERE issue = 0 AND rowid NOT IN (SELECT row FROM beside_copies))"

    @property
    def unread(self) -> int:
        """How many lines were no row at all."""
        query = load_rejects(self.raw)
        return int(self.database.rows_of(f"SELECT count(*) FROM ({query})")[0][0]) if query else 0

    def _list_rejects(self) -> None:
        """Add the rows that are set aside to the list of those of the purchases, under the table's name."""
        query = f"SELECT file, line, column_name, value, reason FROM {ASIDE} ORDER BY ALL"
        rows = self.database.rows_of(f"{query} LIMIT 100000")
        if self.rejects is None or not rows:
            return
        earlier: list[list[str]] = []
        if self.has_rejects and self.rejects.exists():
            with self.rejects.open(encoding="utf-8", newline="") as file:
                header, *listed = csv.reader(file)
                earlier = listed if "file" in header else [["", *row] for row in listed]
        own = [(f"{self.name}{f': {file}' if file else ''}", *rest) for file, *rest in rows]
        write_reject_rows([*earlier, *own], self.rejects, has_files=True)

    def keep(self, query: str) -> str:
        """Keep the rows of a query as the table's own."""
        return self.database.create_table(table_of(self.name), query)

    def report(self, **found: Any) -> DatedReport:
        """Return the account, with what was found in the rows that are used."""
        kinds = count_kinds(self.database, ASIDE)
        [(rows,)] = self.database.rows_of(f"SELECT count(*) FROM {TYPED}")
        rows_in, rejected = int(rows) + self.unread, kinds.get("rejected", 0)
        duplicates, anonymous = kinds.get("duplicate", 0), kinds.get("without_customer", 0)
        match = ColumnMatch(self.raw.headers, self.places)
        examples = [
            f"{one.file + ' ' if one.file else ''}line {one.line}, {one.column} {one.value[:60]!r}: {one.reason}"
            for one in first_rejects(self.database, 3, ASIDE)
        ]
        return DatedReport(
            name=self.name,
            family=self.declared.family,
            source=self.raw.name,
            format=self.raw.format,
            rows_in=rows_in,
            rows_used=rows_in - rejected - duplicates - anonymous,
            rows_rejected=rejected,
            duplicates_dropped=duplicates,
            rows_without_customer=anonymous,
            reasons=count_reasons(self.database, ASIDE),
            examples=tuple(examples),
            columns=match.names,
            **{
                "notices": (*self.raw.notices, *say_floats(self.raw.floats, match)),
                "ignored_columns": match.ignored,
                **found,
            },
        )


def no_customer() -> Issue:
    """Return the issue of a row that names nobody."""
    return Issue("customer_id IS NULL", "customer_id", "NULL", ISSUES[NO_CUSTOMER][1], "without_customer")


def day_issues(role: str, day: str, *, is_needed: bool, is_past: bool) -> list[Issue]:
    """Return the issues of a day: not there, not readable, before 1970, or later than tomorrow."""
    text, number = f"{role}_text", str(day_number(today()) + 1)
    issues = [Issue(f"{text} IS NULL", role, text, ISSUES[NO_DATE][1])] if is_needed else []
    issues.append(Issue(f"{day} IS NULL AND {text} IS NOT NULL", role, text, NOT_READ))
    issues.append(Issue(f"{day} < 0", role, text, ISSUES[EARLY][1]))
    if is_past:
        issues.append(Issue(f"{day} > {number}", role, text, ISSUES[FUTURE][1]))
    return issues


def say_day(day: int | None) -> str:
    """Return a day as text; empty for none."""
    return "" if day is None else date_of(int(day)).isoformat()
