"""What is a sale, whose, and what it brought: rules over typed rows, the same on every engine.

The words of a column are looked at first, all of them; then one query says of each row what became of it. A row that
is no sale stays in the account under its word, and is nothing else. What a shop paid back is a row of its own.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from churnrisk.engines import SqlEngine
from churnrisk.errors import AmbiguousFormat
from churnrisk.orders.identity import GuestCounts, Guests, count_guests, whose_sql
from churnrisk.orders.issues import NO_CUSTOMER, NO_SALE, OTHER_TYPE, PENDING, REPEATED
from churnrisk.orders.repeats import decide_totals, is_repeated
from churnrisk.orders.rows import KEPT, RowTable
from churnrisk.orders.words import Verdict, judge_row_types, judge_statuses, read_flag
from churnrisk.sources import ColumnMatch, IntakeOptions

_MOST_WORDS = 1000
_NEVER_CANCELLED = ("false", "no", "0", "none", "null", "nan", "0000-00-00", "0000-00-00 00:00:00", "-")
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
    negated : str
        Condition of a row that is a return, whatever the sign of its amount.
    status : str
        The status of a row, or of its order where its own is empty.
    unused : tuple of str
        Headers of columns whose words say nothing of orders, with some of the words.
    """

    fates: tuple[tuple[int, str, str], ...] = ()
    returned: str = "1 = 0"
    negated: str = "1 = 0"
    status: str = ""
    unused: tuple[tuple[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether every row stays what it is."""
        return not self.fates and self.returned == self.negated == "1 = 0"


@dataclass(frozen=True)
class SaleCounts:
    """What became of the rows.

    Parameters
    ----------
    no_sale, pending, other_types, returned : dict of str to int
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
    refunds: int = 0
    dated_refunds: int = 0
    has_repeated_totals: bool = False
    guests: GuestCounts = field(default_factory=GuestCounts)


def plan_sales(engine: SqlEngine, table: RowTable, match: ColumnMatch, options: IntakeOptions) -> SalePlan:
    """Judge the words of all columns that may say what became of a row.

    Raises
    ------
    AmbiguousFormat
        For words that nobody can know, with the option that says what they mean.
    """
    fates: list[tuple[int, str, str]] = []
    unused: list[tuple[str, str]] = []
    status, returned, negated = "", "1 = 0", "1 = 0"
    if "order_status_text" in table.further:
        status = _own_or_order(engine, table, "order_status_text")
        status, returned = _plan_status(engine, table, match, options, status, fates, unused)
    if "cancelled_at_text" in table.further:
        cancelled = _own_or_order(engine, table, "cancelled_at_text")
        listed = _list(engine, _NEVER_CANCELLED)
        condition = f"{cancelled} IS NOT NULL AND lower({cancelled}) NOT IN ({listed})"
        fates.append((NO_SALE, condition, engine.quote_text(match.names["cancelled_at"])))
    for role, issue in _FLAGS.items():
        if f"{role}_text" in table.further:
            fates += _plan_flag(engine, table, match.names[role], f"{role}_text", issue)
    if "row_type_text" in table.further:
        negated = _plan_types(engine, table, match, options, fates, unused)
    if options.count_pending:
        fates = [fate for fate in fates if fate[0] != PENDING]
    return SalePlan(tuple(sorted(fates, key=lambda fate: fate[0])), returned, negated, status, tuple(unused))


def _own_or_order(engine: SqlEngine, table: RowTable, column: str) -> str:
    """Give SQL for a text of a row, or where it is empty that of another row of its order."""
    query = f"SELECT 1 FROM {table.name} WHERE {column} IS NULL AND order_id IS NOT NULL LIMIT 1"
    if not engine.rows_of(query):
        return column
    return f"coalesce({column}, max({column}) OVER (PARTITION BY customer_id, order_id))"


def _words(engine: SqlEngine, table: RowTable, column: str) -> dict[str, int]:
    query = (
        f"SELECT {column}, count(*) AS n FROM {table.name} WHERE {column} IS NOT NULL GROUP BY {column} "
        f"ORDER BY n DESC, {column} LIMIT {_MOST_WORDS + 1}"
    )
    return {str(word): int(count) for word, count in engine.rows_of(query)}


def _plan_status(
    engine: SqlEngine,
    table: RowTable,
    match: ColumnMatch,
    options: IntakeOptions,
    status: str,
    fates: list[tuple[int, str, str]],
    unused: list[tuple[str, str]],
) -> tuple[str, str]:
    """Add the fates of a column of statuses; give SQL for the status, and of sales that were taken back."""
    words, header = _words(engine, table, "order_status_text"), match.names["order_status"]
    is_named = len(header.split()) > 1 or "_" in header or bool(match.system)
    judged = judge_statuses(words, match.system or None, options.status, is_named=is_named)
    if judged.verdict is Verdict.ASK:
        raise AmbiguousFormat(_say_unknown(header, judged.unknown, option="--status"))
    if judged.verdict is Verdict.NOT_STATUS:
        unused.append((header, ", ".join(list(words)[:5])))
        return "", "1 = 0"
    for issue, name in ((NO_SALE, "no_sale"), (PENDING, "pending")):
        of_class = [word for word, one in judged.classes.items() if one == name]
        if of_class:
            fates.append((issue, f"{status} IN ({_list(engine, of_class)})", status))
    taken_back = [word for word, one in judged.classes.items() if one == "returned"]
    return status, f"{status} IN ({_list(engine, taken_back)})" if taken_back else "1 = 0"


def _plan_flag(engine: SqlEngine, table: RowTable, header: str, column: str, issue: int) -> list[tuple[int, str, str]]:
    """Give the fate of rows whose flag is off; a column of other words is left alone."""
    words = _words(engine, table, column)
    flags = {word: read_flag(word) for word in words}
    off = [word for word, flag in flags.items() if flag is False]
    if None in flags.values() or not off:
        return []
    own = _own_or_order(engine, table, column)
    word = f"concat({engine.quote_text(header + ' ')}, {own})"
    return [(issue, f"{own} IN ({_list(engine, off)})", word)]


def _plan_types(
    engine: SqlEngine,
    table: RowTable,
    match: ColumnMatch,
    options: IntakeOptions,
    fates: list[tuple[int, str, str]],
    unused: list[tuple[str, str]],
) -> str:
    """Add the fates of a column of row types; give the condition of returns."""
    words, header = _words(engine, table, "row_type_text"), match.names["row_type"]
    plan = judge_row_types(words, match.system or None, options.status)
    if plan.verdict is Verdict.ASK:
        raise AmbiguousFormat(_say_unknown(header, plan.unknown, option="--status"))
    if plan.verdict is Verdict.NOT_STATUS:
        unused.append((header, ", ".join(list(words)[:5])))
        return "1 = 0"
    if plan.left_out:
        word = f"concat({engine.quote_text(header + ' ')}, row_type_text)"
        fates.append((OTHER_TYPE, f"row_type_text IN ({_list(engine, plan.left_out)})", word))
    return f"row_type_text IN ({_list(engine, plan.negated)})" if plan.negated else "1 = 0"


def _list(engine: SqlEngine, words: Sequence[str]) -> str:
    return ", ".join(engine.quote_text(word) for word in words)


def _say_unknown(header: str, unknown: Mapping[str, int], *, option: str) -> str:
    shown = ", ".join(f"{word!r} ({count} rows)" for word, count in list(unknown.items())[:10])
    more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
    first = shlex.quote(f"{next(iter(unknown))}=sale")
    off = shlex.quote("order_status=")
    return (
        f"the column {header!r} says what became of an order, and these words of it are not known: {shown}{more}. Say "
        f"of each whether it is a sale: {option} {first}, or =no_sale, =pending, =returned; or write them under "
        f"[status] in churnrisk.toml. If the column says something else: --column {off}."
    )


def needs_judging(
    engine: SqlEngine, table: RowTable, plan: SalePlan, guests: Guests, match: ColumnMatch, options: IntakeOptions
) -> bool:
    """Tell whether any row may be something else than it seems; else the rows stay as they are."""
    asks = {"refunded_amount", "email_text", "phone_text"} & set(table.further)
    if asks or guests.rows or not plan.is_empty or options.pseudonym_key is not None:
        return True
    return _has_totals(engine, table, plan, match, options)


def judge_rows(
    engine: SqlEngine, table: RowTable, plan: SalePlan, guests: Guests, match: ColumnMatch, options: IntakeOptions
) -> tuple[RowTable, SaleCounts]:
    """Say of each row what became of it, whose it is, and what it brought; make the rows of what was paid back."""
    is_total = _has_totals(engine, table, plan, match, options)
    has_refunds = "refunded_amount" in table.further
    is_order_refund = has_refunds and is_repeated(engine, table, "refunded_amount", where=_good(plan)) is True
    word = "CASE " + " ".join(f"WHEN {condition} THEN {of}" for _, condition, of in plan.fates) + " END"
    fate = "CASE " + " ".join(f"WHEN {condition} THEN {issue}" for issue, condition, _ in plan.fates) + " ELSE 0 END"
    whose = whose_sql(engine, table, guests, options)
    beside = [name for name in table.further if name in ("group_value", "currency")]
    columns = ", ".join(["order_id", "product_id", "category", "day", "quantity", "value", "h", *beside])
    refund_day = "refund_day" if "refund_day" in table.further else "CAST(NULL AS BIGINT)"
    refunded = "abs(coalesce(refunded_amount, 0))" if has_refunds else "CAST(0 AS BIGINT)"
    inner = f"""SELECT {columns}, {whose.customer} AS customer_id, {whose.guest} AS guest, {whose.by} AS taken_by,
            CASE WHEN {plan.negated} THEN -abs(amount) ELSE amount END AS amount,
            CASE WHEN issue = {NO_CUSTOMER} THEN 0 ELSE issue END AS read_issue,
            {fate if plan.fates else "0"} AS fate, {word if plan.fates else "CAST(NULL AS STRING)"} AS word,
            CASE WHEN {plan.returned} THEN 1 ELSE 0 END AS is_returned,
            {plan.status or "CAST(NULL AS STRING)"} AS status, {refunded} AS refunded, {refund_day} AS refund_day,
            {table.line} AS line, {table.file} AS file
        FROM {table.name}"""
    own = f"WHEN fate > 0 THEN fate WHEN customer_id IS NULL THEN {NO_CUSTOMER} ELSE read_issue"
    issue = f"CASE WHEN read_issue = {REPEATED} THEN {REPEATED} {own} END"
    judged = engine.create_table("judged_rows", f"SELECT *, CAST({issue} AS SMALLINT) AS issue FROM ({inner})")
    engine.drop_table(table.name)
    rows = _with_refunds(engine, judged, beside, is_total=is_total, is_order_refund=is_order_refund)
    counts = _count(engine, judged, rows, has_repeated_totals=is_total)
    engine.drop_table(judged)
    return RowTable(rows, "line", "file", table.reasons, (*beside, "line", "file")), counts


def _good(plan: SalePlan) -> str:
    """Give the condition of rows that are read and counted, as far as their own columns say it."""
    own = [condition for _, condition, _ in plan.fates if "OVER (" not in condition]
    return " AND ".join(["issue = 0", *(f"NOT coalesce({condition}, 1 = 0)" for condition in own)])


def _has_totals(engine: SqlEngine, table: RowTable, plan: SalePlan, match: ColumnMatch, options: IntakeOptions) -> bool:
    return match.money == "amount" and decide_totals(engine, table, match, options, where=_good(plan))


_FIRST = "row_number() OVER (PARTITION BY customer_id, order_id, day, issue ORDER BY file, line) = 1"


def _with_refunds(
    engine: SqlEngine, judged: str, beside: Sequence[str], *, is_total: bool, is_order_refund: bool
) -> str:
    """Make the final rows: totals that stand on every line count once, and what was paid back is a row of its own.

    A sale that was wholly taken back gives back what it brought, unless a column says how much it was.
    """
    amount = "amount"
    if is_total:
        amount = f"CASE WHEN order_id IS NULL OR {_FIRST} THEN amount ELSE 0 END"
    refund = "refunded"
    if is_order_refund:
        refund = f"CASE WHEN order_id IS NULL OR {_FIRST} THEN refunded ELSE 0 END"
    known = "CASE WHEN order_id IS NULL THEN refunded ELSE max(refunded) OVER (PARTITION BY customer_id, order_id) END"
    further = "".join(f", {name}" for name in beside)
    source = (
        f"SELECT *, {amount} AS net, {refund} AS refund, {known} AS order_refund FROM {judged}"
        if is_total or is_order_refund
        else f"SELECT *, amount AS net, refunded AS refund, {known} AS order_refund FROM {judged}"
    )
    needs = engine.rows_of(f"SELECT 1 FROM {judged} WHERE issue = 0 AND (refunded > 0 OR is_returned = 1) LIMIT 1")
    kept = [name for name in KEPT if name not in ("amount",)]
    if not needs:
        plain = f"SELECT {', '.join(kept)}, {amount} AS amount{further}, line, file, 0 AS is_refund FROM {judged}"
        return engine.create_table("sale_rows", plain)
    back = "CASE WHEN order_refund > 0 THEN refund WHEN is_returned = 1 AND net > 0 THEN net ELSE 0 END"
    no_text = "CAST(NULL AS STRING)"
    paid_back = f"""SELECT customer_id, order_id, {no_text} AS product_id, {no_text} AS category,
            greatest(day, coalesce(refund_day, day)) AS day, CAST(0 AS BIGINT) AS quantity, issue, value,
            CAST(NULL AS {_hash_type(engine)}) AS h, -back AS amount{further}, line, file,
            CASE WHEN refund_day IS NULL THEN 1 ELSE 2 END AS is_refund
        FROM (SELECT *, {back} AS back FROM ({source})) WHERE issue = 0 AND back > 0"""
    sold = f"SELECT {', '.join(kept)}, net AS amount{further}, line, file, 0 AS is_refund FROM ({source})"
    order = [*kept, "amount", *beside, "line", "file", "is_refund"]
    query = f"SELECT {', '.join(order)} FROM ({sold}) UNION ALL SELECT {', '.join(order)} FROM ({paid_back})"
    return engine.create_table("sale_rows", query)


def _hash_type(engine: SqlEngine) -> str:
    return "BIGINT" if engine.hash_sql("1").startswith("xx") else "UBIGINT"


def _count(engine: SqlEngine, judged: str, rows: str, *, has_repeated_totals: bool) -> SaleCounts:
    """Count orders, or rows without order ids, by what became of them."""
    key = "count(DISTINCT order_id) + count(*) FILTER (WHERE order_id IS NULL)"
    query = f"SELECT issue, word, {key} FROM {judged} WHERE issue >= {NO_SALE} GROUP BY issue, word ORDER BY 3 DESC, 2"
    found: dict[int, dict[str, int]] = {NO_SALE: {}, PENDING: {}, OTHER_TYPE: {}}
    for issue, word, count in engine.rows_of(query):
        found[int(issue)][str(word)] = int(count)
    query = f"SELECT status, {key} FROM {judged} WHERE issue = 0 AND is_returned = 1 GROUP BY status ORDER BY 2 DESC, 1"
    returned = {str(word): int(count) for word, count in engine.rows_of(query)}
    [(refunds, dated)] = engine.rows_of(
        f"SELECT count(*) FILTER (WHERE is_refund > 0), count(*) FILTER (WHERE is_refund = 2) FROM {rows}"
    )
    return SaleCounts(
        no_sale=found[NO_SALE],
        pending=found[PENDING],
        other_types=found[OTHER_TYPE],
        returned=returned,
        refunds=int(refunds),
        dated_refunds=int(dated),
        has_repeated_totals=has_repeated_totals,
        guests=count_guests(engine, judged),
    )
