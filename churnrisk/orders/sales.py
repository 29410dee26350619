"""What is a sale, whose, and what it brought: rules over typed rows, the same on every engine.

The words of a column are looked at first, all of them; then one query says of each row what became of it. A row that
is no sale stays in the account under its word, and is nothing else.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from churnrisk.engines import SqlEngine
from churnrisk.errors import AmbiguousFormat
from churnrisk.orders.identity import GuestCounts, Guests, count_guests, list_sql, whose_sql
from churnrisk.orders.issues import COPY, HEADER, NO_CUSTOMER, NO_SALE, OTHER_TYPE, PENDING, REPEATED
from churnrisk.orders.repeats import decide_totals
from churnrisk.orders.rows import RowTable
from churnrisk.orders.words import Verdict, is_missing_word, judge_row_types, judge_statuses, read_flag, spell_flags
from churnrisk.schema import MONEY_SCALE
from churnrisk.sources import ColumnMatch, IntakeOptions

JUDGED = ("is_returned", "status", "refunded", "refund_day")
"""Columns that judged rows have beside the others: whether a sale was taken back (1 whole, 2 in part), and for what."""

_MOST_WORDS = 1000
_NEVER_CANCELLED = ("none", "null", "nan", "0000-00-00", "0000-00-00 00:00:00", "-")
_TAKEN_BACK = ("returned", "partly_returned")
_STATUSES = ("order_status", "payment_status")
_FLAGS = {"is_valid": NO_SALE, "is_live": NO_SALE, "is_captured": PENDING}


@dataclass(frozen=True)
class SalePlan:
    """What becomes of rows, as SQL over their columns.

    Parameters
    ----------
    fates : tuple of (int, str, str)
        Issue, condition, and the word under which a row that meets it is counted; the first counts.
    returned : str
        Condition of a sale that was wholly taken back.
    partly : str
        Condition of a sale of which a part was taken back, and no column says how much.
    negated : str
        Condition of a row that is a return, whatever the sign of its amount.
    sold_pieces, returned_pieces : str
        The quantity of a row, and that of a return.
    status : str
        The word by which a sale that was taken back is told.
    blank : tuple of (str, int)
        Headers of columns of statuses, and how many rows have no word there; they count as sales.
    unused : tuple of str
        Headers of columns whose words say nothing of orders, with some of the words.
    """

    fates: tuple[tuple[int, str, str], ...] = ()
    returned: str = "1 = 0"
    partly: str = "1 = 0"
    negated: str = "1 = 0"
    sold_pieces: str = "quantity"
    returned_pieces: str = "-abs(quantity)"
    status: str = ""
    blank: tuple[tuple[str, int], ...] = ()
    unused: tuple[tuple[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether every row stays what it is."""
        return not self.fates and self.returned == self.partly == self.negated == "1 = 0"


@dataclass(frozen=True)
class SaleCounts:
    """What became of the rows.

    Parameters
    ----------
    no_sale, pending, other_types, returned, partly : dict of str to int
        Orders (rows, where there are no order ids) by the word that says so.
    refunds : int
        Rows of money paid back that were made of a column of refunds, or of sales that were taken back.
    dated_refunds : int
        Those of them that have a day of their own.
    has_repeated_totals : bool
        Whether amounts are totals of orders that stand on each line.
    guests : GuestCounts
        Rows without an id of their own.
    """

    no_sale: Mapping[str, int] = field(default_factory=dict)
    pending: Mapping[str, int] = field(default_factory=dict)
    other_types: Mapping[str, int] = field(default_factory=dict)
    returned: Mapping[str, int] = field(default_factory=dict)
    partly: Mapping[str, int] = field(default_factory=dict)
    refunds: int = 0
    dated_refunds: int = 0
    has_repeated_totals: bool = False
    guests: GuestCounts = field(default_factory=GuestCounts)


def plan_sales(
    engine: SqlEngine,
    table: RowTable,
    match: ColumnMatch,
    options: IntakeOptions,
    *,
    has_amounts: bool,
    has_quantities: bool,
) -> SalePlan:
    """Judge the words of all columns that may say what became of a row.

    In a log without amounts nothing can be taken off a sale: one that was taken back is none, and where there are no
    quantities either, each row that is a return is one of one piece.

    Raises
    ------
    AmbiguousFormat
        For words that nobody can know, with the option that says what they mean.
    """
    plan = _Planner(engine, table, match, options, has_amounts=has_amounts).plan()
    if plan.negated == "1 = 0" or has_amounts or has_quantities:
        return plan
    return replace(plan, sold_pieces=f"{MONEY_SCALE}", returned_pieces=f"-{MONEY_SCALE}")


@dataclass
class _Planner:
    """Judges the columns of a table one by one, and collects what becomes of its rows; the lists as in ``SalePlan``."""

    engine: SqlEngine
    table: RowTable
    match: ColumnMatch
    options: IntakeOptions
    has_amounts: bool
    fates: list[tuple[int, str, str]] = field(default_factory=list)
    blank: list[tuple[str, int]] = field(default_factory=list)
    unused: list[tuple[str, str]] = field(default_factory=list)

    def plan(self) -> SalePlan:
        returns = [one for role in _STATUSES if self._has(role) for one in self._statuses(role)]
        returned, partly = (
            " OR ".join(condition for of, condition, _ in returns if of == one) or "1 = 0" for one in _TAKEN_BACK
        )
        status = " ".join(f"WHEN {condition} THEN {word}" for _, condition, word in returns)
        if self._has("cancelled_at"):
            self._cancellations()
        said = " OR ".join(f"coalesce({condition}, 1 = 0)" for condition in (returned, *(one[1] for one in self.fates)))
        for role in _FLAGS:
            if self._has(role):
                self._flags(role, said)
        negated = self._types() if self._has("row_type") else "1 = 0"
        fates = [fate for fate in self.fates if fate[0] != PENDING or not self.options.count_pending]
        return SalePlan(
            tuple(sorted(fates, key=_issue_of)),
            returned,
            "1 = 0" if "refunded_amount" in self.table.further else partly,
            negated,
            status=status and f"CASE {status} END",
            blank=tuple(self.blank),
            unused=tuple(self.unused),
        )

    def _has(self, role: str) -> bool:
        return f"{role}_text" in self.table.further

    def _listed(self, words: Sequence[str]) -> str:
        return list_sql(self.engine, words)

    def _own_or_order(self, column: str) -> str:
        """Return SQL for a text of a row, or where it is empty that of another row of its order."""
        query = f"SELECT 1 FROM {self.table.name} WHERE {column} IS NULL AND order_id IS NOT NULL LIMIT 1"
        if not self.engine.rows_of(query):
            return column
        of_order = f"max({column}) OVER (PARTITION BY customer_id, order_id, day)"
        return f"coalesce({column}, CASE WHEN order_id IS NOT NULL THEN {of_order} END)"

    def _words(self, role: str) -> dict[str, int]:
        column = f"{role}_text"
        query = (
            f"SELECT {column}, count(*) AS n FROM {self.table.name} WHERE {column} IS NOT NULL AND issue <> {HEADER} "
            f"GROUP BY {column} ORDER BY n DESC, {column} LIMIT {_MOST_WORDS + 1}"
        )
        return {str(word): int(count) for word, count in self.engine.rows_of(query)}

    def _pass_over(self, role: str, words: Mapping[str, int]) -> None:
        self.unused.append((self.match.names[role], ", ".join(list(words)[:5])))

    def _statuses(self, role: str) -> list[tuple[str, str, str]]:
        """Add the fates of a column of statuses; give class, condition and word of sales that were taken back."""
        words, header = self._words(role), self.match.names[role]
        is_named = len(header.split()) > 1 or "_" in header or bool(self.match.system)
        judged = judge_statuses(words, self.match.system or None, self.options.status, is_named=is_named)
        if judged.verdict is Verdict.ASK:
            raise AmbiguousFormat(_say_unknown(header, judged.unknown, role=role), code="sales.status_unknown")
        if judged.verdict is Verdict.NOT_STATUS:
            self._pass_over(role, words)
            return []
        status = self._own_or_order(f"{role}_text")
        if role == "order_status" or not self._has("order_status"):
            self._count_blank(header, status)
        classes = dict(judged.classes)
        if not self.has_amounts:
            classes = {word: "no_sale" if of == "returned" else of for word, of in classes.items()}
        for issue, name in ((NO_SALE, "no_sale"), (PENDING, "pending")):
            of_class = [word for word, one in classes.items() if one == name]
            if of_class:
                self.fates.append((issue, f"{status} IN ({self._listed(of_class)})", status))
        found = {of: [word for word, one in classes.items() if one == of] for of in _TAKEN_BACK}
        return [
            (of, f"coalesce({status} IN ({self._listed(taken)}), 1 = 0)", status)
            for of, taken in found.items()
            if taken
        ]

    def _count_blank(self, header: str, word: str) -> None:
        """Count the good rows that have no word."""
        words = f"SELECT {word} AS word FROM {self.table.name} WHERE issue = 0"
        [(count,)] = self.engine.rows_of(f"SELECT count(*) FROM ({words}) WHERE word IS NULL")
        if count:
            self.blank.append((header, int(count)))

    def _cancellations(self) -> None:
        cancelled = self._own_or_order("cancelled_at_text")
        listed = self._listed([*_NEVER_CANCELLED, *spell_flags(is_set=False)])
        condition = f"{cancelled} IS NOT NULL AND lower({cancelled}) NOT IN ({listed})"
        self.fates.append((NO_SALE, condition, self.engine.quote_text(self.match.names["cancelled_at"])))

    def _flags(self, role: str, said: str) -> None:
        """Add the fate of rows whose flag is off; a column in which no word is a flag is left alone.

        An order that is not valid may wait or may have been taken back, which statuses tell (``said``).
        """
        words = {word: count for word, count in self._words(role).items() if not is_missing_word(word)}
        header, flags = self.match.names[role], {word: read_flag(word, self.options.status) for word in words}
        unknown = {word: count for word, count in words.items() if flags[word] is None}
        off = [word for word, flag in flags.items() if flag is False]
        if unknown and len(unknown) == len(words):
            self._pass_over(role, words)
        elif unknown:
            raise AmbiguousFormat(_say_unknown(header, unknown, role=role), code="sales.status_unknown")
        elif off:
            own = self._own_or_order(f"{role}_text")
            condition = f"{own} IN ({self._listed(off)})" + (f" AND NOT ({said})" if role == "is_valid" else "")
            word = f"concat({self.engine.quote_text(header + ' ')}, {own})"
            self.fates.append((_FLAGS[role], condition, word))

    def _types(self) -> str:
        """Add the fates of a column of row types; give the condition of returns."""
        words, header = self._words("row_type"), self.match.names["row_type"]
        plan = judge_row_types(words, self.match.system or None, self.options.status)
        if plan.verdict is Verdict.ASK:
            raise AmbiguousFormat(_say_unknown(header, plan.unknown, role="row_type"), code="sales.row_type_unknown")
        if plan.verdict is Verdict.NOT_STATUS:
            self._pass_over("row_type", words)
            return "1 = 0"
        if plan.left_out:
            word = f"concat({self.engine.quote_text(header + ' ')}, row_type_text)"
            self.fates.append((OTHER_TYPE, f"row_type_text IN ({self._listed(plan.left_out)})", word))
        return f"row_type_text IN ({self._listed(plan.negated)})" if plan.negated else "1 = 0"


def _issue_of(fate: tuple[int, str, str]) -> int:
    return fate[0]


def _say_unknown(header: str, unknown: Mapping[str, int], *, role: str) -> str:
    shown = ", ".join(f"{word!r} ({count} rows)" for word, count in list(unknown.items())[:10])
    more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
    first = shlex.quote(f"{next(iter(unknown))}=sale")
    off = shlex.quote(f"{role}=")
    return (
        f"the column {header!r} says what became of an order, and these words of it are not known: {shown}{more}. Say "
        f"of each whether it is a sale: --status {first} (or =no_sale, =pending, =returned), or write them under "
        f"[status] in churnrisk.toml. Give --column {off} if the column says something else."
    )


def needs_judging(
    engine: SqlEngine, table: RowTable, plan: SalePlan, guests: Guests, match: ColumnMatch, options: IntakeOptions
) -> bool:
    """Tell whether any row may be something else than it seems; else the rows stay as they are."""
    asks = {"refunded_amount", "email_text", "phone_text"} & set(table.further)
    if asks or guests.rows or not plan.is_empty or options.pseudonym_key is not None:
        return True
    return _has_totals(engine, table, match, options)


def judge_rows(
    engine: SqlEngine, table: RowTable, plan: SalePlan, guests: Guests, options: IntakeOptions, *, last_day: int
) -> tuple[RowTable, SaleCounts]:
    """Say of each row what became of it and whose it is; what was paid back stands beside it, for the rules of money.

    A day of a refund after ``last_day`` is none.
    """
    word = "CASE " + " ".join(f"WHEN {condition} THEN {of}" for _, condition, of in plan.fates) + " END"
    fate = "CASE " + " ".join(f"WHEN {condition} THEN {issue}" for issue, condition, _ in plan.fates) + " ELSE 0 END"
    whose = whose_sql(engine, table, guests, options)
    beside = [name for name in table.further if name in ("group_value", "currency", "description")]
    columns = ", ".join(["order_id", "product_id", "category", "day", "value", "h", *beside])
    nothing = "CAST(NULL AS BIGINT)"
    refund_day = f"CASE WHEN refund_day <= {last_day} THEN refund_day END" if "refund_day" in table.further else nothing
    refunded = "abs(coalesce(refunded_amount, 0))" if "refunded_amount" in table.further else "CAST(0 AS BIGINT)"
    inner = f"""SELECT {columns}, {whose.customer} AS customer_id, {whose.guest} AS guest, {whose.by} AS taken_by,
            CASE WHEN {plan.negated} THEN -abs(amount) ELSE amount END AS amount,
            CASE WHEN {plan.negated} THEN {plan.returned_pieces} ELSE {plan.sold_pieces} END AS quantity,
            CASE WHEN issue = {NO_CUSTOMER} THEN 0 ELSE issue END AS read_issue,
            {fate if plan.fates else "0"} AS fate, {word if plan.fates else "CAST(NULL AS STRING)"} AS word,
            CASE WHEN {plan.returned} THEN 1 WHEN {plan.partly} THEN 2 ELSE 0 END AS is_returned,
            {plan.status or "CAST(NULL AS STRING)"} AS status, {refunded} AS refunded, {refund_day} AS refund_day,
            {table.line} AS line, {table.file} AS file
        FROM {table.name}"""
    own = f"WHEN fate > 0 THEN fate WHEN customer_id IS NULL THEN {NO_CUSTOMER} ELSE read_issue"
    issue = f"CASE WHEN read_issue IN ({HEADER}, {REPEATED}) THEN read_issue {own} END"
    judged = engine.create_table("judged_rows", f"SELECT *, CAST({issue} AS SMALLINT) AS issue FROM ({inner})")
    engine.drop_table(table.name)
    engine.drop_table(table.customers)
    rows = RowTable(judged, "line", "file", table.reasons, (*beside, *JUDGED, "line", "file"))
    return rows, _count(engine, judged)


def _has_totals(engine: SqlEngine, table: RowTable, match: ColumnMatch, options: IntakeOptions) -> bool:
    return match.money == "amount" and decide_totals(engine, table, match, options)


def _count(engine: SqlEngine, judged: str) -> SaleCounts:
    """Count orders, or rows without order ids, by what became of them."""
    key = f"count(DISTINCT CASE WHEN order_id IS NOT NULL THEN {engine.hash_sql('customer_id, order_id')} END)"
    key += " + count(*) FILTER (WHERE order_id IS NULL)"
    query = f"""SELECT issue, word, {key} FROM {judged} WHERE issue >= {NO_SALE} AND issue < {COPY}
        GROUP BY issue, word ORDER BY 3 DESC, 2"""
    found: dict[int, dict[str, int]] = {NO_SALE: {}, PENDING: {}, OTHER_TYPE: {}}
    for issue, word, count in engine.rows_of(query):
        found[int(issue)][str(word)] = int(count)
    query = f"""SELECT is_returned, status, {key} FROM {judged} WHERE issue = 0 AND is_returned > 0
        GROUP BY is_returned, status ORDER BY 3 DESC, 2"""
    taken: dict[int, dict[str, int]] = {1: {}, 2: {}}
    for how, word, count in engine.rows_of(query):
        taken[int(how)][str(word)] = int(count)
    return SaleCounts(
        no_sale=found[NO_SALE],
        pending=found[PENDING],
        other_types=found[OTHER_TYPE],
        returned=taken[1],
        partly=taken[2],
        guests=count_guests(engine, judged),
    )
